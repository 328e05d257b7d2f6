//! What moves a contract along: sending, signing, voiding, versions, downloads.

use serde_json::{Value, json};

use super::{
    OperationResult,
    contracts::{content_type, contract, decode},
    created, ok,
};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    state::{StoredFile, Workspace},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "POST /contracts/{composite_id}/status/void" => void(workspace, call),
        "POST /contracts/{composite_id}/send_to_counterparties" => send(workspace, call),
        "POST /contracts/{composite_id}/mark_for_execution/" => mark(workspace, call, true),
        "POST /contracts/{composite_id}/unmark_for_execution" => mark(workspace, call, false),
        "POST /contracts/{composite_id}/signatories/resend_email/" => contract(workspace, call, |contract, call| {
            let email = call.body["email_id"].as_str().unwrap_or_default();
            if contract.status() != "SIGN" {
                return Err(Rejection::business_rule("The contract is not out for signature."));
            }
            let known = contract.recipients.values().any(|recipient| recipient["recipient"]["user"]["email"] == email);
            if known {
                ok(json!({}))
            } else {
                Err(Rejection::field("email_id", "No signatory has this e-mail address."))
            }
        }),
        "POST /contracts/{contract_id}/contract_version/" => new_version(workspace, call),
        "POST /contracts/{composite_id}/download_link" => download_link(workspace, call),
        "POST /contracts/{composite_id}/download" => file(workspace, call),
        "POST /contracts/{contract_id}/download_docx/" => file(workspace, call),
        "GET /contracts/{contract_id}/process_metrics/" => contract(workspace, call, |contract, _| {
            ok(json!({
                "contract_id": contract.id, "contract_turns": { "no_of_turns": contract.turns }, "contract_status": contract.status(),
                "contract_signed_by_signatory_list": [], "type_of_workflow": if contract.kind == 'T' { "TEMPLATE" } else { "UPLOAD" },
            }))
        }),
        "POST /contracts/{contract_id}/review_request/" => contract(workspace, call, |contract, _| {
            contract.must_be_open("A review")?;
            ok(json!({}))
        }),
        "POST /supported_documents/{contract_id}/" => supported_document(workspace, call),
        _ => return None,
    })
}

fn void(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    contract.must_be_open("Voiding")?;
    contract.set_status("VOIDED");
    let mut summary = contract.summary();
    summary["note"] = call.body["note"].clone();
    workspace.happened("CONTRACT_VOIDED", summary);
    Ok(Reply::Empty(204))
}

fn send(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    contract.must_be_open("Sending to counterparties")?;
    if contract.status() == "ON_HOLD" {
        return Err(Rejection::business_rule("The contract is on hold."));
    }
    contract.set_status("REDLINING");
    contract.turns += 1;
    let summary = contract.summary();
    workspace.happened("CONTRACT_SENT_TO_COUNTERPARTY", summary);
    ok(json!({}))
}

fn mark(workspace: &mut Workspace, call: &OperationCall<'_>, mark: bool) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    contract.must_be_open("Execution")?;
    if contract.marked_for_execution == mark {
        let message = if mark {
            "The contract is already marked for execution."
        } else {
            "The contract is not marked for execution."
        };
        return Err(if mark { Rejection::conflict(message) } else { Rejection::invalid(message) });
    }
    contract.marked_for_execution = mark;
    contract.set_status(if mark { "SIGN" } else { "REDLINING" });
    let summary = contract.summary();
    workspace.happened(if mark { "CONTRACT_MARK_FOR_EXECUTION" } else { "CONTRACT_UNMARK_FOR_EXECUTION" }, summary);
    ok(json!({}))
}

fn new_version(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let name = call.body["document_name"].as_str().unwrap_or_default().to_owned();
    let bytes = decode(call.body["document_base_64"].as_str().unwrap_or_default(), "document_base_64")?;
    let executed = call.body["is_executed_version"] == true;
    let contract = workspace.contract(&call.path[0])?;
    contract.must_be_open("A new version")?;
    contract.versions.push(StoredFile { content_type: content_type(&name), name, bytes });
    if executed {
        contract.set_status("EXECUTED");
    }
    let summary = contract.summary();
    workspace.happened("CONTRACT_VERSION_UPLOADED", summary.clone());
    if executed {
        workspace.happened("CONTRACT_EXECUTED", summary);
    }
    created(Value::Null)
}

fn download_link(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    let version = contract.versions.len();
    let Some(file) = contract.versions.last().cloned() else { return Err(Rejection::not_found()) };
    let name = file.name.clone();
    let url = workspace.share(call.mount, file);
    ok(json!({ "url": url, "file_name": name, "current_version_id": version }))
}

fn file(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    let file = contract.versions.last().cloned().ok_or_else(Rejection::not_found)?;
    Ok(Reply::File { name: file.name, content_type: file.content_type, bytes: file.bytes })
}

fn supported_document(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let name = call.body["name"].clone();
    decode(call.body["file_base64"].as_str().unwrap_or_default(), "file_base64")?;
    workspace.contract(&call.path[0])?.must_be_open("A supporting document")?;
    created(json!({ "id": workspace.fresh(), "name": name, "created": call.now }))
}
