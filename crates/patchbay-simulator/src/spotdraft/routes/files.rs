//! Workspace files and the assistant's side bar.

use serde_json::{Value, json};

use super::{OperationResult, ok};
use crate::spotdraft::{
    OperationCall,
    errors::Rejection,
    state::{StoredFile, Workspace},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "POST /workspace/files/uploads/" => {
            let asked = call.body["files"].as_array().cloned().unwrap_or_default();
            let files = asked.iter().map(|file| {
                let id = workspace.fresh_uuid();
                let entry = json!({ "file_id": id, "filename": file["filename"], "upload_url": format!("{}/files/{id}", call.mount), "expires_at": call.now });
                workspace.uploads.insert(id, entry.clone());
                entry
            });
            ok(json!({ "files": files.collect::<Vec<_>>() }))
        }
        "GET /workspace/files/{file_id}/" => match workspace.uploads.get(&call.path[0]).cloned() {
            None => Err(Rejection::not_found()),
            Some(entry) => {
                let name = entry["filename"].as_str().unwrap_or("file").to_owned();
                let bytes = format!("{name}\n").into_bytes();
                let url = workspace.share(call.mount, StoredFile { name, content_type: "text/plain", bytes });
                ok(json!({ "signed_url": url }))
            }
        },
        "POST /sidebar/files/" => ok(json!({ "file_id": workspace.fresh_uuid(), "status": "COMPLETED" })),
        "POST /sidebar/query/" => query(workspace, call),
        _ => return None,
    })
}

/// The assistant answers with what it finds in the named contracts.
fn query(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let chat = call.body["chat_id"].as_str().map_or_else(|| workspace.fresh_uuid(), str::to_owned);
    let named = call.body["contracts"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for contract in &named {
        let contract = workspace.contract(contract["contract_id"].as_str().unwrap_or_default())?;
        found.push(json!({ "title": contract.name(), "url": contract.fields["contract_link"], "source_id": contract.composite_id() }));
    }
    let names = found.iter().filter_map(|source| source["title"].as_str()).collect::<Vec<_>>().join("; ");
    let response =
        if names.is_empty() { "I need a contract to look at.".to_owned() } else { format!("I looked at: {names}.") };
    ok(json!({ "chat_id": chat, "response": response, "sources": Value::Array(found) }))
}
