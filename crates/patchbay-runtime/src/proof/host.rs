//! The host of a connector's API.

use patchbay_connector::{Connector, expr::Template};
use url::Url;

/// The host of a connector's base URL, if the file names it.
#[derive(Clone, Debug, Default)]
pub struct ApiHost(Option<String>);

impl ApiHost {
    /// Returns the host of a connector; it is unknown if each account has its own.
    pub fn of(connector: &Connector) -> Self {
        let base = connector.base_url.as_ref().map(Template::source);
        let literal = base.filter(|base| !base.contains(['$', '{'])).and_then(|base| Url::parse(base).ok());
        Self(literal.and_then(|url| url.host_str().map(str::to_owned)))
    }

    /// Returns true if a request is not one to the API.
    pub fn is_other(&self, url: &Url) -> bool {
        self.0.as_deref().is_some_and(|host| url.host_str() != Some(host))
    }
}
