//! The operations, by noun.

#![expect(clippy::unnecessary_wraps, reason = "all operations have one signature, whether they can be refused or not")]

mod collaboration;
mod contracts;
mod counterparties;
mod files;
mod lifecycle;
mod metadata;
mod obligations;
mod people;
mod webhooks;
mod workspace;

use super::{OperationCall, Reply, errors::Rejection, shapes::Operation, state::Workspace};

type OperationResult = Result<Reply, Rejection>;

/// Runs an operation.
pub fn run(operation: &Operation, workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let key = operation.key.as_str();
    let families = [
        contracts::run,
        lifecycle::run,
        collaboration::run,
        metadata::run,
        obligations::run,
        counterparties::run,
        people::run,
        files::run,
        webhooks::run,
        workspace::run,
    ];
    for family in families {
        if let Some(outcome) = family(key, workspace, call) {
            return outcome;
        }
    }
    Err(Rejection::not_implemented("The simulator does not know this operation."))
}

/// 200 with a body.
fn ok(value: impl Into<serde_json::Value>) -> OperationResult {
    Ok(Reply::Json(200, value.into()))
}

/// 201 with a body.
fn created(value: impl Into<serde_json::Value>) -> OperationResult {
    Ok(Reply::Json(201, value.into()))
}
