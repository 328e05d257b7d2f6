//! The search of the documentation: a page that needs no script, and JSON for the dialogs that show results as one types.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{Value, context};
use patchbay_connector::{Connector, Registry, definition::Action};
use patchbay_docs::{
    Section,
    search::{Entry, Hits, Index, Query, QueryTooLong},
};
use patchbay_engine::{Error, ErrorCode};
use serde::Serialize;

use super::{connectors, negotiation::prefers_json, shell, sites, with_vary};
use crate::{
    docs_cache::DocsSite,
    error::ApiError,
    extract::{OptionalAuth, QueryMap},
    pages::render::page as render,
    state::AppState,
};

/// What the search finds, as JSON.
#[derive(Serialize)]
struct SearchResults<'a> {
    query: &'a str,
    results: Vec<SearchResult<'a>>,
    suggestion: Option<&'a str>,
}

#[derive(Serialize)]
struct SearchResult<'a> {
    title: &'a str,
    heading: Option<&'a str>,
    section: &'static str,
    path: &'a str,
    /// Escaped HTML with `<mark>`.
    snippet: &'a str,
}

/// `GET /docs/search?q=`: finds pages and their parts, action IDs, error codes and settings. Callers who may read connectors
/// also find their project's own connectors.
pub(crate) async fn search(
    State(state): State<AppState>,
    OptionalAuth(caller): OptionalAuth,
    headers: HeaderMap,
    mut query: QueryMap,
) -> Response {
    let site = match sites::of(&state, caller.as_deref()).await {
        Ok(site) => site,
        Err(error) => return error.into_response(),
    };
    let query = Query::new(&query.text(&["q"]).unwrap_or_default());
    let hits = match &query {
        Ok(query) if !query.is_empty() => find(&site, query).await,
        Ok(_) | Err(QueryTooLong) => Hits::default(),
    };
    let mut response = if prefers_json(&headers) { json(&query, &hits) } else { html(&state, &site, &query, &hits) };
    // Results can depend on the caller.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    with_vary(response)
}

async fn find(site: &Arc<DocsSite>, query: &Query) -> Hits {
    if !site.has_search() {
        let site = site.clone();
        // Building the index takes long: requests that are in progress do not wait for it.
        let _ = tokio::task::spawn_blocking(move || {
            index(&site);
        })
        .await;
    }
    index(site).search(query)
}

fn index(site: &DocsSite) -> &Index {
    site.search(|site| Index::of(&site.site, actions(&site.registry)))
}

fn json(query: &Result<Query, QueryTooLong>, hits: &Hits) -> Response {
    let query = match query {
        Ok(query) => query.text(),
        Err(error) => return ApiError::from(Error::new(ErrorCode::Validation, error.to_string())).into_response(),
    };
    let results = hits.hits.iter().map(|hit| SearchResult {
        title: &hit.title,
        heading: hit.heading.as_deref(),
        section: hit.section.title(),
        path: &hit.path,
        snippet: &hit.snippet,
    });
    Json(SearchResults { query, results: results.collect(), suggestion: hits.suggestion.as_deref() }).into_response()
}

fn html(state: &AppState, site: &DocsSite, query: &Result<Query, QueryTooLong>, hits: &Hits) -> Response {
    let results = hits.hits.iter().map(|hit| {
        context! {
            path => &hit.path, section => hit.section.title(), snippet => &hit.snippet,
            page => hit.heading.is_some().then_some(&hit.title), name => hit.heading.as_ref().unwrap_or(&hit.title),
        }
    });
    let text = query.as_ref().map_or("", Query::text);
    let values = context! {
        query => text, is_too_long => query.is_err(), results => results.collect::<Vec<_>>(), starts => starts(site),
        suggestion => &hits.suggestion, suggestion_path => hits.suggestion.as_deref().map(path_of),
    };
    let around = shell::around(state, &site.site, "/docs/search");
    let mut response = shell::with_policy(render("docs_search.html", context! { ..values, ..around }));
    if query.is_err() {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// Returns the first page of each section, for readers who found nothing.
fn starts(site: &DocsSite) -> Vec<Value> {
    let first = |section: Section| site.site.pages().iter().find(|page| page.section == section);
    let starts = Section::ALL.into_iter().filter_map(|section| Some((section, first(section)?)));
    starts
        .map(|(section, page)| context! { path => &page.path, title => section.title(), about => &page.description })
        .collect()
}

fn path_of(query: &str) -> String {
    let query = url::form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
    format!("/docs/search?q={query}")
}

/// Returns the actions of all connectors: their pages are made on request, so they are not among a site's pages.
pub(super) fn actions(registry: &Registry) -> impl Iterator<Item = Entry> {
    let actions = connectors::shown(registry)
        .flat_map(|connector| connectors::shown_actions(connector).map(move |action| (connector, action)));
    actions.map(|(connector, action)| action_entry(connector, action))
}

fn action_entry(connector: &Connector, action: &Action) -> Entry {
    let inputs = action.inputs.iter().map(|input| input.name.as_str());
    let scopes = action.required_scopes.iter().map(String::as_str);
    let phrases = action.search_phrases.iter().map(String::as_str);
    Entry {
        path: format!("/docs/connectors/{}/actions/{}", connector.key, action.public_id),
        title: format!("{}: {}", connector.title, action.label),
        heading: None,
        section: Section::Connectors,
        description: action.description.clone(),
        text: action.details.clone().unwrap_or_default(),
        terms: Vec::new(),
        code: inputs.chain(scopes).chain(phrases).collect::<Vec<_>>().join("\n"),
        identifiers: vec![action.public_id.clone()],
    }
}
