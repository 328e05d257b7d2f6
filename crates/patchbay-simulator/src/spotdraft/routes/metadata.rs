//! Facts about a contract: key pointers, external metadata.

use serde_json::{Value, json};

use super::{OperationResult, contracts::contract, ok};
use crate::spotdraft::{
    OperationCall,
    errors::Rejection,
    state::{Contract, Workspace, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /contracts/{composite_id}/key_pointers" => contract(workspace, call, |contract, _| all(contract)),
        "POST /contracts/{composite_id}/key_pointers/bulk" => bulk(workspace, call),
        "PATCH /contracts/{contract_id}/key_pointers/{contract_key_pointer_id}" => {
            let changed = contract(workspace, call, |contract, call| {
                let pointer =
                    contract.key_pointers.get_mut(&number(&call.path[1])?).ok_or_else(Rejection::not_found)?;
                pointer["value"] = call.body["value"].clone();
                ok(pointer.clone())
            });
            if changed.is_ok() {
                updated(workspace, call, "CONTRACT_KEY_POINTER_UPDATION");
            }
            changed
        }
        "GET /contracts/{contract_id}/external_metadata" => contract(workspace, call, |contract, _| {
            let metadata = contract.external_metadata.clone().ok_or_else(Rejection::not_found)?;
            ok(json!({ "external_metadata": metadata }))
        }),
        "POST /contracts/{contract_id}/external_metadata" => set_external(workspace, call),
        "GET /key_pointers/" => ok(descriptors(workspace)),
        "POST /key_pointers/field-name-mapping/" => {
            let names = |key: &str| call.body[key].as_array().cloned().unwrap_or_default();
            let known = ["effective_date", "contract_value", "governing_law"];
            let asked: Vec<Value> = names("old_field_names").into_iter().chain(names("new_field_names")).collect();
            let pairs = known
                .iter()
                .filter(|name| asked.is_empty() || asked.iter().any(|asked| asked == *name))
                .map(|name| json!({ "old_field_name": name, "new_field_name": name, "label": name.replace('_', " ") }));
            ok(pairs.collect::<Value>())
        }
        _ => return None,
    })
}

fn all(contract: &Contract) -> OperationResult {
    ok(contract.key_pointers.values().cloned().collect::<Value>())
}

fn updated(workspace: &mut Workspace, call: &OperationCall<'_>, kind: &'static str) {
    if let Ok(summary) = workspace.contract(&call.path[0]).map(|contract| contract.summary()) {
        workspace.happened(kind, summary);
    }
}

fn bulk(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let changes = call.body["key_pointers"].as_array().cloned().unwrap_or_default();
    let contract = workspace.contract(&call.path[0])?;
    // All or none: every name is checked before a value changes.
    let mut found = Vec::new();
    for change in &changes {
        let by_id = change["key_pointer_id"].as_i64();
        let by_name = change["key_pointer_field_name"].as_str();
        let place = contract.key_pointers.values().position(|pointer| {
            by_id.is_some_and(|id| pointer["id"] == id) || by_name.is_some_and(|name| pointer["field_name"] == name)
        });
        found.push((
            place.ok_or_else(|| Rejection::field("key_pointers", "The key pointer does not exist."))?,
            change["value"].clone(),
        ));
    }
    for (place, value) in found {
        if let Some((_, pointer)) = contract.key_pointers.get_index_mut(place) {
            pointer["value"] = value;
        }
    }
    let outcome = all(contract);
    updated(workspace, call, "CONTRACT_KEY_POINTER_UPDATION");
    outcome
}

fn set_external(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    let given = call.body.get("external_metadata").filter(|given| given.is_object()).unwrap_or(&call.body).clone();
    let kind = if contract.external_metadata.is_some() {
        "CONTRACT_EXTERNAL_METADATA_UPDATED"
    } else {
        "CONTRACT_EXTERNAL_METADATA_CREATED"
    };
    contract.external_metadata = Some(given.clone());
    contract.fields["external_metadata"] = given.clone();
    updated(workspace, call, kind);
    ok(json!({ "external_metadata": given }))
}

fn descriptors(workspace: &Workspace) -> Value {
    let kinds = [
        ("Effective date", "effective_date", "date"),
        ("Contract value", "contract_value", "float"),
        ("Governing law", "governing_law", "string"),
    ];
    let of_type = |id: &Value| {
        let descriptors = kinds.map(|(label, variable, kind)| json!({ "display_label": label, "variable": variable, "type": kind, "required": false }));
        json!({ "id": id, "descriptors": descriptors })
    };
    workspace.contract_types.values().map(|kind| of_type(&kind["id"])).collect()
}
