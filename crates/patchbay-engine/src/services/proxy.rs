//! The raw proxy: a request to the connector's own host with the account's credentials.

use bytes::Bytes;
use patchbay_connector::definition::HttpMethod;
use patchbay_model::{AccountId, CallId};

use super::{Caller, Engine};
use crate::Error;

/// A proxied request.
#[derive(Clone, Debug)]
pub struct ProxyRequest {
    /// The account to act with.
    pub account_id: AccountId,
    /// A base URL in place of the connector's; must be on the same scheme, host and port, else 400.
    pub url: Option<String>,
    /// The method.
    pub method: HttpMethod,
    /// Path with query, beginning with `/`; no `..`, no scheme, no other host.
    pub path: String,
    /// Headers to add; credentials, hop-by-hop headers and `host` are refused.
    pub headers: Vec<(String, String)>,
    /// The JSON body as it stood in the request, to be sent on without being parsed again.
    pub body: Option<Bytes>,
}

/// The provider's answer, whatever its status.
#[derive(Clone, Debug)]
pub struct ProxyOutcome {
    /// The call's id.
    pub call_id: CallId,
    /// The provider's status.
    pub status: u16,
    /// The provider's headers, lower-case names, hop-by-hop and cookies dropped.
    pub headers: Vec<(String, String)>,
    /// Its body: valid JSON, checked; a text body as a JSON string; nothing as `null`. Account secrets
    /// that the provider echoes are redacted.
    pub body: Bytes,
}

impl Engine {
    /// Sends the request with the account's credentials. The connector's base URL decides the host.
    pub async fn run_proxy(&self, _caller: &Caller, _request: ProxyRequest) -> Result<ProxyOutcome, Error> {
        todo!()
    }
}
