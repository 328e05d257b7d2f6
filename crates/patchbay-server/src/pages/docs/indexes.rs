//! The indexes of the documentation: for language models and for search engines.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
};

use super::sites;
use crate::{
    compression::Documentation,
    config::ServerConfig,
    docs_cache::DocsSite,
    extract::{EntityTag, OptionalAuth},
    state::AppState,
};

/// Paths that are not documentation.
const PRIVATE_PATHS: [&str; 6] = ["/dashboard", "/embedded", "/connect/", "/hub", "/demo", "/assets"];

/// `GET /llms.txt`: returns the documentation's index for language models (<https://llmstxt.org>).
pub(crate) async fn llms(state: State<AppState>, auth: OptionalAuth, uri: Uri, tag: EntityTag) -> Response {
    text(state, auth, uri, tag, "text/plain; charset=utf-8", DocsSite::llms).await
}

/// `GET /llms-full.txt`: returns the whole documentation as one text.
pub(crate) async fn llms_full(state: State<AppState>, auth: OptionalAuth, uri: Uri, tag: EntityTag) -> Response {
    text(state, auth, uri, tag, "text/plain; charset=utf-8", DocsSite::llms_full).await
}

/// `GET /sitemap.xml`: returns the list of pages for search engines.
pub(crate) async fn sitemap(state: State<AppState>, auth: OptionalAuth, uri: Uri, tag: EntityTag) -> Response {
    text(state, auth, uri, tag, "application/xml", DocsSite::sitemap).await
}

/// A text of a site, which all clients that read it share: it may be large.
struct SharedText {
    site: Arc<DocsSite>,
    config: Arc<ServerConfig>,
    read: for<'a> fn(&'a DocsSite, &str) -> &'a str,
}

impl AsRef<[u8]> for SharedText {
    fn as_ref(&self) -> &[u8] {
        (self.read)(&self.site, self.config.urls.base()).as_bytes()
    }
}

async fn text(
    State(state): State<AppState>,
    OptionalAuth(caller): OptionalAuth,
    uri: Uri,
    mut tag: EntityTag,
    content_type: &'static str,
    read: for<'a> fn(&'a DocsSite, &str) -> &'a str,
) -> Response {
    match sites::of(&state, caller.as_deref()).await {
        Ok(site) => {
            tag.add(site.serial);
            let shown = site.clone();
            let text = SharedText { site, config: state.config.clone(), read };
            let mut response = tag.respond(|| ([(header::CONTENT_TYPE, content_type)], Bytes::from_owner(text)));
            response.extensions_mut().insert(Documentation);
            shown.share(&mut response, uri.path().to_owned());
            response
        }
        Err(error) => error.into_response(),
    }
}

/// `GET /robots.txt`: tells search engines what to read.
pub(crate) async fn robots(State(state): State<AppState>) -> Response {
    let mut text = "User-agent: *\nAllow: /docs\n".to_owned();
    for path in PRIVATE_PATHS {
        text.push_str("Disallow: ");
        text.push_str(path);
        text.push('\n');
    }
    text.push_str("Sitemap: ");
    text.push_str(state.config.urls.base());
    text.push_str("/sitemap.xml\n");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
