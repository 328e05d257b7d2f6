//! Guides: HTML, Markdown, and the indexes.

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
    extract::{PerhapsAuthenticated, QueryMap},
    guides::{GuidePage, GuideScopes, guide_path, to_html, to_markdown},
    state::AppState,
};

/// `/guides/{connector}/{auth}`, and the same with `.md`. `?actions=a,b` shows what these actions need,
/// `?scopes=x,y` what these scopes need; otherwise it is
/// what all actions need, and says so.
pub(crate) async fn guide(
    State(state): State<AppState>,
    PerhapsAuthenticated(caller): PerhapsAuthenticated,
    Path((connector, auth)): Path<(String, String)>,
    query: QueryMap,
) -> Response {
    let (auth, as_markdown) = auth.strip_suffix(".md").map_or((auth.as_str(), false), |auth| (auth, true));
    let registry = match connectors(&state, caller.as_deref()).await {
        Ok(registry) => registry,
        Err(error) => return error.into_response(),
    };
    let found = registry.get(&connector).and_then(|connector| Some((connector, connector.auth_method(auth)?)));
    let Some((connector, method)) = found else {
        return ApiError::from(Error::new(
            ErrorCode::GuideNotFound,
            "there is no such guide; /guides lists them, also those of a project's own connectors for those who are signed in",
        ))
        .into_response();
    };
    let actions = query.list(&["actions"]);
    let scopes = if query.pairs().any(|(name, _)| name == "scopes") {
        GuideScopes::named(query.list(&["scopes"]))
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
            headings => headings, markdown_path => format!("{}.md", guide_path(connector, method)),
        },
    )
}

/// What everyone can use; for a caller who may read connectors, what the project can.
async fn connectors(state: &AppState, caller: Option<&Caller>) -> Result<Arc<Registry>, ApiError> {
    match caller.filter(|caller| caller.scopes.contains(&ApiScope::ConnectorsRead)) {
        Some(caller) => Ok(state.engine.connectors(caller).await?),
        None => Ok(state.engine.registry()),
    }
}

/// (connector's title, method's label, path, description)
fn entries(registry: &Registry) -> Vec<(String, String, String, String)> {
    let entries = registry.iter().flat_map(|connector| {
        connector.authentication.iter().map(|method| {
            let path = guide_path(connector, method);
            (connector.title.clone(), method.label.clone(), path, connector.description.clone())
        })
    });
    entries.collect()
}

/// `/guides`
pub(crate) async fn guide_index(
    State(state): State<AppState>,
    PerhapsAuthenticated(caller): PerhapsAuthenticated,
) -> Response {
    let registry = match connectors(&state, caller.as_deref()).await {
        Ok(registry) => registry,
        Err(error) => return error.into_response(),
    };
    let entries = entries(&registry).into_iter().map(|(title, label, path, description)| context! { title => title, label => label, path => path, description => description });
    page("guides.html", context! { entries => entries.collect::<Vec<Value>>() })
}

/// `/llms.txt`: the documentation's index, for language models (<https://llmstxt.org>).
pub(crate) async fn llms(State(state): State<AppState>) -> Response {
    let url = &state.config.public_url;
    let mut text = format!(
        "# Patchbay\n\n> The self-hosted integration gateway: link customers' accounts, then act on them through one API.\n\n## API\n\n- [API reference]({url}/docs): every endpoint\n- [OpenAPI document]({url}/openapi.json): the same for machines\n\n## Guides\n\n"
    );
    for (title, label, path, description) in entries(&state.engine.registry()) {
        let _ = writeln!(text, "- [Connect {title} with {label}]({url}{path}.md): {description}");
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
