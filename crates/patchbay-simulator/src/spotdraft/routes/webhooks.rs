//! Webhooks.

use serde_json::json;

use super::{OperationResult, created, ok};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    state::{Activity, Workspace, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "POST /webhooks/" => create(workspace, call),
        "DELETE /webhooks/{webhook_id}" => match number(&call.path[0]).map(|id| workspace.webhooks.shift_remove(&id)) {
            Ok(Some(_)) => Ok(Reply::Empty(204)),
            Ok(None) => Err(Rejection::not_found()),
            Err(rejection) => Err(rejection),
        },
        "GET /webhooks/hmac_key/" => ok(json!({ "hmac_key": workspace.hmac_key })),
        "POST /contracts/webhooks/re_trigger_latest/" => re_trigger(workspace, call),
        _ => return None,
    })
}

fn create(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let url = call.body["url"].as_str().unwrap_or_default();
    let parsed = url::Url::parse(url);
    // The provider wants https; the sandbox's own receivers are on loopback.
    let is_fine = parsed.is_ok_and(|url| {
        url.scheme() == "https" || matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    });
    if !is_fine {
        return Err(Rejection::field("url", "Enter a valid https URL."));
    }
    let id = workspace.fresh();
    let mut webhook = call.body.clone();
    webhook["id"] = json!(id);
    webhook["status"] = json!("ACTIVE");
    webhook["created_by_user"] = workspace.users[0].clone();
    workspace.webhooks.insert(id, webhook.clone());
    created(webhook)
}

fn re_trigger(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let ids = call.body["contract_ids"].as_array().cloned().unwrap_or_default();
    let found = ids.iter().filter_map(|id| workspace.last_activities.get(&id.as_i64()?).cloned()).collect::<Vec<_>>();
    if found.is_empty() {
        return Err(Rejection::not_found());
    }
    for event in found {
        if let Some(kind) = KINDS.iter().find(|kind| event["activity_type"] == **kind) {
            workspace.activities.push(Activity { kind, data: event["data"].clone() });
        }
    }
    ok(json!({ "message": "Success" }))
}

/// The activities that the simulator emits for contracts.
const KINDS: [&str; 14] = [
    "CONTRACT_CREATED",
    "CONTRACT_DATA_UPDATED",
    "CONTRACT_EXECUTED",
    "CONTRACT_VOIDED",
    "CONTRACT_VERSION_UPLOADED",
    "CONTRACT_APPROVAL_REQUESTED",
    "CONTRACT_SENT_TO_COUNTERPARTY",
    "CONTRACT_MARK_FOR_EXECUTION",
    "CONTRACT_UNMARK_FOR_EXECUTION",
    "CONTRACT_KEY_POINTER_UPDATION",
    "CONTRACT_ACTIVITY_LOG_COMMENT_CREATED",
    "CONTRACT_EXTERNAL_METADATA_CREATED",
    "CONTRACT_EXTERNAL_METADATA_UPDATED",
    "CONTRACT_ENTITY_UPDATED",
];
