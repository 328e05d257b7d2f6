//! What the commands do, in the server and without one.

use patchbay_engine::{Engine, KeyKeeper};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{KeysRequest, Request};
use crate::{commands::keys::report, data_dir::DataDir};

/// Does what was asked in the process that serves.
pub(super) async fn perform(
    engine: &Engine,
    data_dir: &DataDir,
    request: Request,
    stop: &CancellationToken,
    on_progress: impl FnMut(u64, u64) + Send,
) -> anyhow::Result<Value> {
    let Request::Keys(request) = request;
    let file = data_dir.key_ring();
    let outcome = perform_on_keys(&engine.key_keeper(&file), &request, stop, on_progress).await;
    // Whatever was exchanged is read again.
    engine.forget_envelopes();
    outcome
}

/// Does what was asked of the key ring.
pub async fn perform_on_keys(
    keeper: &KeyKeeper<'_>,
    request: &KeysRequest,
    stop: &CancellationToken,
    mut on_progress: impl FnMut(u64, u64) + Send,
) -> anyhow::Result<Value> {
    Ok(match request {
        KeysRequest::Status => serde_json::to_value(report::Status::from(keeper.status().await?))?,
        KeysRequest::Rotate => {
            let rotated = keeper.rotate(stop, |progress| on_progress(progress.done, progress.total)).await?;
            serde_json::to_value(report::Rotation::from(rotated))?
        }
        KeysRequest::Retire { id } => {
            keeper.retire(id.parse()?).await?;
            json!({ "retired": id })
        }
    })
}
