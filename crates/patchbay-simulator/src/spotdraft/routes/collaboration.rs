//! People round a contract: comments, notes, approvals, recipients, members, tasks.

use serde_json::{Value, json};

use super::{OperationResult, contracts::contract, created, ok};
use crate::spotdraft::{
    OperationCall,
    errors::Rejection,
    filters::page,
    state::{Workspace, merge, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /contracts/{contract_id}/comments/" => contract(workspace, call, |contract, call| {
            ok(page(call, contract.comments.values().rev().cloned().collect())?)
        }),
        "POST /contracts/{contract_id}/comments/" => comment(workspace, call),
        "GET /contracts/{composite_id}/notes" => contract(workspace, call, |contract, _| {
            ok(contract.notes.values().next().cloned().unwrap_or_else(|| json!({ "id": 0, "text": "" })))
        }),
        "PUT /contracts/{contract_id}/notes/{note_id}" => contract(workspace, call, |contract, call| {
            let note = contract.notes.get_mut(&number(&call.path[1])?).ok_or_else(Rejection::not_found)?;
            note["text"] = call.body["text"].clone();
            if let Some(tag) = call.body["note_tag"]["name"].as_str() {
                note["note_tag"] = json!(tag);
            }
            ok(note.clone())
        }),
        "GET /contracts/approvals/{contract_id}/" => contract(workspace, call, |contract, _| {
            let results = contract.approvals.values().map(|approval| {
                let author = json!({ "id": 501, "name": "Amara Okafor", "email": "amara.okafor@example.com" });
                json!({ "approval_actions": [], "approval": {
                    "id": approval["id"], "contract_id": contract.id, "approval_name": approval["name"], "approval_type": "AD_HOC",
                    "sent_for_approval": approval["is_sent"], "notes": approval["notes"], "created_by_org_user": author, "status": "PENDING",
                } })
            });
            ok(json!({ "results": results.collect::<Vec<_>>() }))
        }),
        "POST /contracts/approvals/{contract_id}/" => approvals(workspace, call),
        "GET /contracts/{composite_id}/recipients/" => contract(workspace, call, |contract, _| {
            ok(json!({ "items": contract.recipients.values().collect::<Vec<_>>() }))
        }),
        "GET /contracts/{contract_id}/recipients/recipient_link/" => contract(workspace, call, |contract, call| {
            let email = call.query("recipient_email").unwrap_or_default();
            let found = contract.recipients.values().find(|recipient| recipient["recipient"]["user"]["email"] == email);
            let recipient = found.ok_or_else(Rejection::not_found)?;
            let url =
                format!("https://app.spotdraft.test/sign/{}?recipient={}", contract.id, recipient["recipient"]["id"]);
            ok(json!({ "recipient_link": url, "url": url, "link": url }))
        }),
        "GET /contracts/embedded/contracts/{contract_id}/counter_party/" => contract(workspace, call, |contract, _| {
            ok(json!({ "url": format!("https://app.spotdraft.test/embedded/{}", contract.id) }))
        }),
        "GET /contracts/{contract_id}/authorized_users/" => {
            let members = match workspace.contract(&call.path[0]) {
                Ok(contract) => contract.members.clone(),
                Err(rejection) => return Some(Err(rejection)),
            };
            let users = members.iter().filter_map(|id| workspace.users.get(id).cloned()).collect();
            page(call, users).and_then(ok)
        }
        "PATCH /contracts/{contract_id}/business_user/" => business_user(workspace, call),
        "POST /contracts/{contract_id}/invite/" => invite(workspace, call),
        "POST /contracts/{contract_id}/uninvite/" => contract(workspace, call, |contract, call| {
            let users =
                call.body["user_ids"].as_array().or_else(|| call.body["items"].as_array()).cloned().unwrap_or_default();
            let named =
                |id: &i64| users.iter().any(|user| user.as_i64() == Some(*id) || user["user_id"].as_i64() == Some(*id));
            contract.members.retain(|id| !named(id));
            ok(json!({}))
        }),
        "POST /contracts/{contract_id}/uninvite_all/" => contract(workspace, call, |contract, _| {
            contract.members.clear();
            ok(json!({}))
        }),
        "POST /contracts/{contract_id}/tasks/bulk/" => {
            let id = match workspace.contract(&call.path[0]) {
                Ok(contract) => contract.id,
                Err(rejection) => return Some(Err(rejection)),
            };
            let tasks = call.body.as_array().cloned().unwrap_or_default();
            created(tasks.iter().map(|new| task(workspace, call, new, Some(id))).collect::<Value>())
        }
        "POST /user_tasks/" => {
            let contract = call.body["contract_id"].as_i64();
            if contract.is_some_and(|id| !workspace.contracts.contains_key(&id)) {
                return Some(Err(Rejection::field("contract_id", "The contract does not exist.")));
            }
            created(task(workspace, call, &call.body, contract))
        }
        _ => return None,
    })
}

fn comment(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let id = workspace.fresh();
    let contract = workspace.contract(&call.path[0])?;
    let comment = json!({ "id": id, "contract_id": contract.id, "comment": call.body["comment"], "replies": [] });
    contract.comments.insert(id, comment.clone());
    let mut summary = contract.summary();
    summary["comment"] = comment.clone();
    workspace.happened("CONTRACT_ACTIVITY_LOG_COMMENT_CREATED", summary);
    created(comment)
}

fn approvals(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract_id = workspace.contract(&call.path[0])?.id;
    workspace.contracts[&contract_id].must_be_open("An approval")?;
    let asked = call.body["approvals"].as_array().or_else(|| call.body.as_array()).cloned().unwrap_or_default();
    let mut made = Vec::new();
    for new in &asked {
        let id = workspace.fresh();
        let mut approval = json!({ "id": id, "contract_id": contract_id, "name": "Approval", "is_sent": false, "order": made.len() + 1 });
        merge(&mut approval, new);
        workspace.contracts[&contract_id].approvals.insert(id, approval.clone());
        made.push(approval);
    }
    let summary = workspace.contracts[&contract_id].summary();
    workspace.happened("CONTRACT_APPROVAL_REQUESTED", summary);
    created(Value::Array(made))
}

fn business_user(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let id = call.body["user_id"].as_i64().unwrap_or_default();
    let user = workspace.users.get(&id).cloned().ok_or_else(Rejection::not_found)?;
    let contract = workspace.contract(&call.path[0])?;
    contract.fields["business_user_id"] = json!(id);
    let mut answer = user.clone();
    merge(&mut answer, &json!({ "contract_id": contract.id, "user": user, "user_id": id, "type": "BUSINESS" }));
    ok(answer)
}

fn invite(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let items = call.body["items"].as_array().cloned().unwrap_or_default();
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for item in &items {
        if let Some(id) = item["user_id"].as_i64() {
            users.push(
                workspace
                    .users
                    .get(&id)
                    .cloned()
                    .ok_or_else(|| Rejection::field("items", "The user does not exist."))?,
            );
        }
        if let Some(id) = item["role_id"].as_i64() {
            roles.push(
                workspace
                    .roles
                    .get(&id)
                    .cloned()
                    .ok_or_else(|| Rejection::field("items", "The role does not exist."))?,
            );
        }
    }
    let contract = workspace.contract(&call.path[0])?;
    for id in users.iter().filter_map(|user| user["id"].as_i64()) {
        if !contract.members.contains(&id) {
            contract.members.push(id);
        }
    }
    ok(json!({ "impacted_users": users, "impacted_roles": roles }))
}

fn task(workspace: &mut Workspace, call: &OperationCall<'_>, new: &Value, contract: Option<i64>) -> Value {
    let id = workspace.fresh();
    let mut task = new.clone();
    merge(&mut task, &json!({ "id": id, "created": call.now, "status": "UPCOMING" }));
    if let Some(assignees) = new["assignees"].as_array() {
        let users =
            assignees.iter().filter_map(|assignee| workspace.users.get(&assignee["org_user_id"].as_i64()?).cloned());
        task["assignees"] = users.map(|user| json!({ "user": user, "org_user": user, "id": user["id"] })).collect();
    }
    if let Some(contract) = contract.and_then(|id| workspace.contracts.get(&id)) {
        let mut short = contract.fields.clone();
        merge(
            &mut short,
            &json!({ "id": contract.id, "public_id": contract.composite_id(), "status": contract.status(), "display_status": contract.status(), "display_status_without_on_hold_check": contract.status() }),
        );
        task["contract"] = short;
    }
    workspace.tasks.insert(id, task.clone());
    task
}
