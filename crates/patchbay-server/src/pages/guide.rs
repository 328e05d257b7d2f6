//! Connection guides as HTML and Markdown, their index, and the index for language models.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use minijinja::{Value, context};
use patchbay_connector::Registry;
use patchbay_engine::{Caller, Error, ErrorCode};
use patchbay_model::ApiScope;

use super::render::page;
use crate::{
    error::ApiError,
    extract::{OptionalAuth, QueryMap},
    guides::{GuidePage, GuideScopes, to_html, to_markdown},
    state::AppState,
    urls::{guide_path, markdown_path},
};

/// `GET /guides/{connector}/{auth}` and `GET /guides/{connector}/{auth}.md`: returns a guide. `?actions=a,b` limits it to
/// what these actions need, `?scopes=x,y` to what these scopes need. Otherwise it shows what all actions need, and says so.
pub(crate) async fn guide(
    State(state): State<AppState>,
    OptionalAuth(caller): OptionalAuth,
    Path((connector, auth)): Path<(String, String)>,
    mut query: QueryMap,
) -> Response {
    let (auth, as_markdown) = auth.strip_suffix(".md").map_or((auth.as_str(), false), |auth| (auth, true));
    let registry = match connectors(&state, caller.as_deref()).await {
        Ok(registry) => registry,
        Err(error) => return error.into_response(),
    };
    let found = registry.get(&connector).and_then(|connector| Some((connector, connector.auth_method(auth)?)));
    let Some((connector, method)) = found else {
        return ApiError::from(Error::new(ErrorCode::GuideNotFound, "this guide does not exist; /guides lists all guides, also those of a project's own connectors if you are logged in",
        ))
        .into_response();
    };
    let mut actions = query.list(&["actions"]);
    actions.retain(|id| !id.is_empty());
    let mut named = query.list(&["scopes"]);
    let scopes = if !named.is_empty() {
        named.retain(|name| !name.is_empty());
        GuideScopes::named(named)
    } else if actions.is_empty() {
        GuideScopes::of_all(connector, method)
    } else {
        GuideScopes::of_actions(connector, method, &actions)
    };
    let guide = GuidePage::new(connector, method, &scopes);
    let markdown = to_markdown(&guide);
    if as_markdown {
        return ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], markdown).into_response();
    }
    let (html, headings) = to_html(&markdown);
    let headings =
        headings.into_iter().map(|heading| context! { id => &heading.id, text => &heading.text }).collect::<Vec<_>>();
    page(
        "guide.html",
        context! {
            title => guide.title, description => guide.intro, connector => connector.title.clone(), icon => connector.icon.clone(), body => html,
            headings => headings, markdown_path => markdown_path(&guide_path(connector, method)),
        },
    )
}

/// Returns the connectors that everyone can use or, for a caller that may read connectors, those that its project can use.
async fn connectors(state: &AppState, caller: Option<&Caller>) -> Result<Arc<Registry>, ApiError> {
    match caller.filter(|caller| caller.scopes.contains(&ApiScope::ConnectorsRead)) {
        Some(caller) => Ok(state.engine.connector_catalog.of_project(&caller.project_id).await?),
        None => Ok(state.engine.connector_catalog.instance()),
    }
}

/// A guide in an index.
struct GuideEntry {
    /// The connector's name.
    title: String,
    /// The authentication method's label.
    label: String,
    path: String,
    description: String,
}

fn entries(registry: &Registry) -> Vec<GuideEntry> {
    let entries = registry.iter().flat_map(|connector| {
        connector.authentication.iter().map(|method| GuideEntry {
            title: connector.title.clone(),
            label: method.label.clone(),
            path: guide_path(connector, method),
            description: connector.description.clone(),
        })
    });
    entries.collect()
}

/// `GET /guides`: returns the index of guides.
pub(crate) async fn guide_index(State(state): State<AppState>, OptionalAuth(caller): OptionalAuth) -> Response {
    let registry = match connectors(&state, caller.as_deref()).await {
        Ok(registry) => registry,
        Err(error) => return error.into_response(),
    };
    let entries = entries(&registry).into_iter().map(|GuideEntry { title, label, path, description }| {
        context! { title => title, label => label, path => path, description => description }
    });
    page("guides.html", context! { entries => entries.collect::<Vec<Value>>() })
}

/// `GET /llms.txt`: returns the documentation's index for language models (<https://llmstxt.org>).
pub(crate) async fn llms(State(state): State<AppState>) -> Response {
    let urls = &state.config.urls;
    let mut text = format!(
        "# Patchbay\n\n> A self-hosted integration gateway: link customers' accounts, then act on them through one API.\n\n## API\n\n- [API reference]({}): every endpoint\n- [OpenAPI document]({}): every endpoint, for programs\n\n## Guides\n\n",
        urls.reference(),
        urls.openapi()
    );
    for GuideEntry { title, label, path, description } in entries(&state.engine.connector_catalog.instance()) {
        let url = urls.guide_markdown(&path);
        let _ = writeln!(text, "- [Connect {title} with {label}]({url}): {description}");
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
