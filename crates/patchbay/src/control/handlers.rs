//! Executes the commands, in the server or in the command's own process.

use anyhow::Context;
use patchbay_engine::{Engine, KeyRotator, RevocationQuery};
use patchbay_model::ProjectId;
use patchbay_server::{RevocationReportOut, RouteUrls};
use patchbay_vault::Secret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{AccountsCommand, ControlRequest, KeyRingCommand, KeyRingReport, RotationReport};
use crate::data_dir::DataDir;

/// Executes a request in the server's process and returns its response.
pub(super) async fn handle(
    engine: &Engine,
    urls: &RouteUrls,
    data_dir: &DataDir,
    request: ControlRequest,
    stop: &CancellationToken,
    on_progress: impl FnMut(u64, u64) + Send,
) -> anyhow::Result<Value> {
    let command = match request {
        ControlRequest::KeyRing(command) => command,
        ControlRequest::Accounts(command) => return run_accounts_command(engine, command).await,
        ControlRequest::LoginLink { public_url } => {
            let link = match public_url {
                Some(url) => create_login_link(engine, &RouteUrls::new(&url)).await?,
                None => create_login_link(engine, urls).await?,
            };
            return Ok(Value::String(link.expose().to_owned()));
        }
    };
    let file = data_dir.key_ring();
    let outcome = run_key_ring_command(&engine.key_rotation.rotator(&file), &command, stop, on_progress).await;
    // A rotation replaces the envelopes in storage, so that the cached ones are stale.
    engine.key_rotation.evict_envelopes();
    outcome
}

/// Creates a one-time link to log in to the dashboard of the first project.
pub async fn create_login_link(engine: &Engine, urls: &RouteUrls) -> anyhow::Result<Secret> {
    let projects = engine.projects.list().await?;
    let project = projects.first().context("the data directory has no project; start the server once to create one")?;
    let token = engine.members.create_login_token(&project.id).await?;
    Ok(urls.login_link(&token))
}

async fn run_accounts_command(engine: &Engine, command: AccountsCommand) -> anyhow::Result<Value> {
    let AccountsCommand::Revoke { project, connector, since, until, dry_run } = command;
    let operator = engine.projects.operator_caller(&ProjectId::new(project)).await?;
    let query = RevocationQuery { connector, since, until, is_dry_run: dry_run };
    let report = engine.revocations.revoke(&operator, query).await?;
    Ok(serde_json::to_value(RevocationReportOut::new(&report, dry_run))?)
}

/// Executes a command on the key ring and returns its report as JSON.
pub async fn run_key_ring_command(
    rotator: &KeyRotator<'_>,
    command: &KeyRingCommand,
    stop: &CancellationToken,
    mut on_progress: impl FnMut(u64, u64) + Send,
) -> anyhow::Result<Value> {
    Ok(match command {
        KeyRingCommand::Status => serde_json::to_value(KeyRingReport::from(rotator.status().await?))?,
        KeyRingCommand::Rotate => {
            let outcome = rotator.rotate(stop, |progress| on_progress(progress.done, progress.total)).await?;
            serde_json::to_value(RotationReport::from(outcome))?
        }
        KeyRingCommand::Retire { id } => {
            rotator.retire(id.parse()?).await?;
            json!({ "retired": id })
        }
    })
}
