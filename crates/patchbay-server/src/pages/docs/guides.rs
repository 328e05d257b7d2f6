//! The pages of guides: how to get the credentials of a method at the provider, and how to link an account.

use patchbay_connector::{Connector, Registry, definition::AuthMethod};
use patchbay_docs::{Body, Page, Section};

use super::{
    connectors,
    text::{description_of, shortened, without_markup},
};
use crate::{
    extract::QueryMap,
    guides::{GuidePage, GuideScopes, to_html, to_markdown},
    urls::guide_path,
};

/// The longest title of a page, in characters.
const MOST_TITLE_CHARS: usize = 150;

/// Returns the guide of each authentication method, for the scopes of all actions.
pub(super) fn pages(registry: &Registry) -> Vec<Page> {
    let methods = connectors::shown(registry)
        .flat_map(|connector| connector.authentication.iter().map(move |method| (connector, method)));
    methods.map(|(connector, method)| page(connector, method, &GuideScopes::of_all(connector, method))).collect()
}

/// Returns the guide at a path if the query limits it: `?actions=a,b` to what these actions need, `?scopes=x,y` to what these
/// scopes need. Also returns the guide of an internal connector, which is not listed: the Hub links it.
pub(super) fn limited(path: &str, registry: &Registry, query: &mut QueryMap) -> Option<Page> {
    let (connector, method) = path.strip_prefix("/docs/connectors/")?.split_once("/guides/")?;
    let mut actions = query.list(&["actions"]);
    let mut named = query.list(&["scopes"]);
    let connector = registry.get(connector)?;
    if actions.is_empty() && named.is_empty() && !connectors::is_internal(connector) {
        return None;
    }
    actions.retain(|id| !id.is_empty());
    let method = connector.auth_method(method)?;
    let scopes = if !named.is_empty() {
        named.retain(|name| !name.is_empty());
        GuideScopes::named(connector, method, named)
    } else if actions.is_empty() {
        GuideScopes::of_all(connector, method)
    } else {
        GuideScopes::of_actions(connector, method, &actions)
    };
    Some(page(connector, method, &scopes))
}

fn page(connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> Page {
    let mut guide = GuidePage::new(connector, method, scopes);
    guide.title = shortened(&without_markup(&guide.title), MOST_TITLE_CHARS);
    guide.intro = description_of(&guide.intro);
    let body = Body::Both { markdown: to_markdown(&guide), html: to_html(&guide) };
    Page {
        path: guide_path(connector, method),
        title: guide.title,
        nav_title: Some(shortened(&without_markup(&format!("Connect with {}", method.label)), MOST_TITLE_CHARS)),
        description: guide.intro,
        section: Section::Connectors,
        order: 10,
        redirects: Vec::new(),
        body,
    }
}
