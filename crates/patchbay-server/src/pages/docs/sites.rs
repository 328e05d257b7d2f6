//! The documentation of each set of connectors: that of the instance, and those of projects with connectors of their own.

use std::sync::Arc;

use patchbay_connector::Registry;
use patchbay_docs::{Site, written_pages};
use patchbay_engine::{Caller, Error, ErrorCode};
use patchbay_model::ApiScope;

use super::{api, connectors, guides, settings};
use crate::{docs_cache::DocsSite, error::ApiError, state::AppState};

/// Returns the pages that do not depend on connectors.
pub(super) fn written(state: &AppState) -> &Site {
    state.docs.written(|| {
        let pages = written_pages().unwrap_or_else(|error| {
            tracing::error!(%error, "a file of the documentation is not a page");
            Vec::new()
        });
        let settings = settings::page(&state.config.settings);
        Site::new(pages.into_iter().chain([settings]).chain(api::pages(state.document())))
    })
}

fn build(state: &AppState, registry: &Registry) -> Site {
    written(state).with(connectors::pages(registry).into_iter().chain(guides::pages(registry)))
}

/// Returns the site with the connectors that everyone can use or, for a caller that may read connectors, those that its
/// project can use.
///
/// # Errors
///
/// Errors of the storage.
pub(crate) async fn of(state: &AppState, caller: Option<&Caller>) -> Result<Arc<DocsSite>, ApiError> {
    let catalog = &state.engine.connector_catalog;
    let registry = match caller.filter(|caller| caller.scopes.contains(&ApiScope::ConnectorsRead)) {
        Some(caller) => catalog.of_project(&caller.project_id).await?,
        None => catalog.instance(),
    };
    let for_build = state.clone();
    // The pages of connectors need them compiled.
    let site = state.docs.sites.get_or_make(catalog, registry, false, move |registry, is_public| {
        let site = build(&for_build, registry);
        DocsSite::new(site, registry.clone(), is_public, for_build.docs.next_serial())
    });
    let site = site.await;
    Ok(site.ok_or_else(|| Error::new(ErrorCode::Internal, "the documentation could not be built; see the log"))?)
}
