//! What the commands do, in the server and without one.

use patchbay_engine::{Engine, KeyRotator, RevocationQuery};
use patchbay_model::ProjectId;
use patchbay_server::RevocationOut;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{AccountsRequest, KeysRequest, Request};
use crate::{commands::keys::report, data_dir::DataDir};

/// Does what was asked in the process that serves.
pub(super) async fn perform(
    engine: &Engine,
    data_dir: &DataDir,
    request: Request,
    stop: &CancellationToken,
    on_progress: impl FnMut(u64, u64) + Send,
) -> anyhow::Result<Value> {
    let request = match request {
        Request::Keys(request) => request,
        Request::Accounts(request) => return perform_on_accounts(engine, request).await,
    };
    let file = data_dir.key_ring();
    let outcome = perform_on_keys(&engine.key_rotator(&file), &request, stop, on_progress).await;
    // Whatever was exchanged is read again.
    engine.evict_envelopes();
    outcome
}

async fn perform_on_accounts(engine: &Engine, request: AccountsRequest) -> anyhow::Result<Value> {
    let AccountsRequest::Revoke { project, connector, since, until, dry_run } = request;
    let operator = engine.operator_caller(&ProjectId::new(project)).await?;
    let query = RevocationQuery { connector, since, until, is_dry_run: dry_run };
    let report = engine.revoke_accounts(&operator, query).await?;
    Ok(serde_json::to_value(RevocationOut::new(&report, dry_run))?)
}

/// Does what was asked of the key ring.
pub async fn perform_on_keys(
    keeper: &KeyRotator<'_>,
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
