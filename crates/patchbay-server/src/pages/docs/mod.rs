//! The documentation: pages from `docs/`, and pages from what this instance knows, such as its connectors.

mod api;
mod connectors;
mod guides;
mod indexes;
mod negotiation;
mod samples;
mod schema;
mod search;
mod settings;
mod shell;
mod sites;
mod text;
mod writer;

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use patchbay_docs::{Page, Rendering, SitePage};
use patchbay_engine::{Error, ErrorCode};

use crate::{
    compression::{Documentation, Held},
    docs_cache::DocsSite,
    error::ApiError,
    extract::{EntityTag, OptionalAuth, QueryMap},
    limits::ClientAddress,
    state::AppState,
};

pub(crate) use indexes::{llms, llms_full, robots, sitemap};
pub(super) use negotiation::{accepts_html, prefers_markdown};
pub(crate) use search::search;
pub(super) use shell::with_policy;

/// `GET /docs` and `GET /docs/{path}`: returns a page of the documentation, for the path's ending `.md` and for clients that
/// prefer it as Markdown. Callers who may read connectors also see their project's own connectors.
pub(crate) async fn page(
    State(state): State<AppState>,
    OptionalAuth(caller): OptionalAuth,
    address: ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    mut query: QueryMap,
    tag: EntityTag,
) -> Response {
    if let Some(location) = canonical(uri.path()) {
        return moved(&location, uri.query());
    }
    let (path, is_file) = match uri.path().strip_suffix(".md") {
        Some(path) => (path, true),
        None => (uri.path(), false),
    };
    let site = match sites::of(&state, caller.as_deref()).await {
        Ok(site) => site,
        Err(error) => return error.into_response(),
    };
    let as_markdown = is_file || prefers_markdown(&headers);
    let mut held = None;
    let page = match site.site.page(path) {
        Some(page) if uri.query().is_none() => Some(page.clone()),
        _ => {
            let Some(place) = state.limits.made_pages.take(address) else {
                return ApiError::from(too_many_pages()).into_response();
            };
            held = Some(Held::new(place));
            let (site, path) = (site.clone(), path.to_owned());
            // A page that is made for a request highlights code: requests that are in progress do not wait for it.
            match state.docs.turns.work(move || find(&site, &path, &mut query)).await {
                Some(page) => page,
                None => {
                    let error = Error::new(ErrorCode::Internal, "the page could not be made; see the log");
                    return ApiError::from(error).into_response();
                }
            }
        }
    };
    let mut response = match page {
        Some(page) => {
            let mut response = respond(&state, &site, page, as_markdown, tag).await;
            // Otherwise the page was made for this request.
            if held.is_none() {
                site.share(&mut response, format!("{path}{}", if as_markdown { ".md" } else { "" }));
            }
            response
        }
        None => match site.site.redirect(path) {
            Some(location) => moved(&format!("{location}{}", if is_file { ".md" } else { "" }), uri.query()),
            None => missing(&state, &site, path, accepts_html(&headers) && !is_file),
        },
    };
    if let Some(held) = held {
        response.extensions_mut().insert(held);
    }
    with_vary(response)
}

/// Returns 503 for a page that would be made while too many are made or sent.
fn too_many_pages() -> Error {
    let message = "too many pages are made for requests of this address, or for all; try again in a second";
    Error::new(ErrorCode::ServerBusy, message).with_retry_after(1)
}

/// Returns the page at a path: one of the site, or one that is made for this request.
fn find(site: &DocsSite, path: &str, query: &mut QueryMap) -> Option<Arc<SitePage>> {
    if let Some(guide) = guides::limited(path, &site.registry, query) {
        return Some(Arc::new(guide.into()));
    }
    if let Some(list) = connectors::filtered(path, &site.registry, query) {
        return Some(Arc::new(list.into()));
    }
    let page = site.site.page(path).cloned();
    page.or_else(|| {
        let page = connectors::resolve(path, &site.registry)?;
        Some(Arc::new(page.into()))
    })
}

/// Returns a page, or 304 if the client has it.
async fn respond(
    state: &AppState,
    site: &DocsSite,
    page: Arc<SitePage>,
    as_markdown: bool,
    mut tag: EntityTag,
) -> Response {
    tag.add((site.serial, as_markdown));
    if as_markdown {
        let index_url = state.config.urls.index();
        return tag
            .respond(|| ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page.to_markdown(&index_url)));
    }
    if !page.is_rendered() {
        // The first rendering highlights code; requests that are in progress do not wait for it.
        let page = page.clone();
        let _ = state
            .docs
            .turns
            .work(move || {
                page.rendering();
            })
            .await;
    }
    tag.respond(|| shell(state, site, &page, page.rendering()))
}

/// Returns a page with everything around it: navigation, contents, search.
pub(crate) fn shell(state: &AppState, site: &DocsSite, page: &Page, rendering: &Rendering) -> Response {
    shell::page(state, site, page, rendering)
}

/// Returns 404: a page with a search for people, an error for programs.
fn missing(state: &AppState, site: &DocsSite, path: &str, as_html: bool) -> Response {
    if as_html {
        let mut response = shell::missing(state, site, path);
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let error = if path.starts_with("/docs/connectors/") && path.contains("/guides/") {
        Error::new(
            ErrorCode::GuideNotFound,
            "this guide does not exist; /docs/connectors lists all guides, also those of a project's own connectors if you are logged in",
        )
    } else {
        Error::new(
            ErrorCode::RouteNotFound,
            "this page does not exist; /llms.txt lists all pages, /docs/search finds words",
        )
    };
    ApiError::from(error).into_response()
}

/// Returns the redirect of an old path, if it is one of a page that everyone can see.
pub(crate) async fn old_path(state: &AppState, uri: &Uri) -> Option<Response> {
    if !state.docs.has_written() {
        let state = state.clone();
        // Building the pages takes long: requests that are in progress do not wait for it.
        let _ = tokio::task::spawn_blocking(move || {
            sites::written(&state);
        })
        .await;
    }
    let (path, ending) = uri.path().strip_suffix(".md").map_or((uri.path(), ""), |path| (path, ".md"));
    // The pages that make redirects are known without the connectors.
    let location = sites::written(state).redirect(path).map(|location| format!("{location}{ending}"))?;
    Some(moved(&location, uri.query()))
}

/// `GET /guides`: the list of guides is that of connectors.
pub(crate) async fn guide_index(uri: Uri) -> Response {
    moved("/docs/connectors", uri.query())
}

/// `GET /guides/{connector}/{method}`, with or without `.md`: guides are pages of the documentation.
pub(crate) async fn guide(Path((connector, method)): Path<(String, String)>, uri: Uri) -> Response {
    moved(&crate::urls::guide_path_of(&connector, &method), uri.query())
}

/// `GET /connectors/{connector}/guides/{path}`: where the original's documentation has its guides. The last part of the path
/// is the authentication method.
pub(crate) async fn original_guide(Path((connector, rest)): Path<(String, String)>, uri: Uri) -> Response {
    let method = rest.rsplit('/').next().unwrap_or_default();
    moved(&crate::urls::guide_path_of(&connector, method), uri.query())
}

/// `GET /docs/images/{file}`: returns a picture.
pub(crate) async fn image(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(bytes) = patchbay_docs::image(&file) else {
        return ApiError::from(Error::new(ErrorCode::RouteNotFound, "this picture does not exist")).into_response();
    };
    super::web::revalidated(&headers, &file, HeaderValue::from_static("public, max-age=3600"), bytes)
}

/// Returns the path of a page for other spellings of it: with a slash at its end, or with the name of the file of a folder.
fn canonical(path: &str) -> Option<String> {
    let (bare, ending) = path.strip_suffix(".md").map_or((path, ""), |path| (path, ".md"));
    let short = bare.trim_end_matches('/');
    let short = short.strip_suffix("/index").unwrap_or(short);
    (short != bare).then(|| format!("{short}{ending}"))
}

/// Returns a redirect that keeps the query (308).
fn moved(path: &str, query: Option<&str>) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{path}{query}")).into_response()
}

/// Says that the response depends on what the client accepts.
fn with_vary(mut response: Response) -> Response {
    response.extensions_mut().insert(Documentation);
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn pages_have_one_path() {
        for (path, expected) in [
            ("/docs/build/", Some("/docs/build")),
            ("/docs/build/index", Some("/docs/build")),
            ("/docs/build/index.md", Some("/docs/build.md")),
            ("/docs/index.md", Some("/docs.md")),
            ("/docs/a//", Some("/docs/a")),
            ("/docs/a", None),
            ("/docs/a.md", None),
            ("/docs/reindex", None),
        ] {
            assert_eq!(canonical(path).as_deref(), expected, "{path}");
        }
    }
}
