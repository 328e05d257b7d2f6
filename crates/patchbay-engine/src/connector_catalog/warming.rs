//! Compiles what projects pushed after the start, so that the start does not wait for it and the first call need not.

use crate::{Engine, background_task::BackgroundTask};

/// Goes through the projects once. What a call needs before its turn is compiled for the call.
pub(crate) fn start_warming(engine: Engine) -> BackgroundTask {
    BackgroundTask::start(|stop| async move {
        let projects =
            engine.connector_catalog().state().projects().map(|(project, _)| project.clone()).collect::<Vec<_>>();
        for project in projects {
            let warmed = tokio::select! {
                () = stop.cancelled() => return,
                warmed = engine.connectors_of(&project) => warmed,
            };
            if let Err(error) = warmed {
                tracing::warn!(%project, error = error.message, "a project's connectors could not be read yet");
            }
        }
    })
}
