//! Compiles pushed connectors in the background after the start, so that neither the start nor the first call waits.

use std::sync::Arc;

use super::ConnectorCatalog;
use crate::background_task::BackgroundTask;

/// Compiles the connectors of each project once. A connector that a call needs earlier is compiled by that call.
pub(crate) fn start_warming(catalog: Arc<ConnectorCatalog>) -> BackgroundTask {
    BackgroundTask::start(|stop| async move {
        let projects = catalog.state().projects().map(|(project, _)| project.clone()).collect::<Vec<_>>();
        for project in projects {
            let warmed = tokio::select! {
                () = stop.cancelled() => return,
                warmed = catalog.of_project(&project) => warmed,
            };
            if let Err(error) = warmed {
                tracing::warn!(%project, error = error.message, "could not compile a project's connectors; calls will retry");
            }
        }
    })
}
