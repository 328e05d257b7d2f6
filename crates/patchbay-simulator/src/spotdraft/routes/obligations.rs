//! Obligations of a contract.

use serde_json::{Value, json};

use super::{OperationResult, contracts::contract, created, ok};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    state::{Workspace, merge, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /contracts/{contract_id}/obligations/" => {
            contract(workspace, call, |contract, _| ok(contract.obligations.values().cloned().collect::<Value>()))
        }
        "POST /contracts/{contract_id}/obligations/" => {
            make(workspace, call, std::slice::from_ref(&call.body)).and_then(|mut made| created(made.remove(0)))
        }
        "POST /contracts/{contract_id}/obligations/bulk/" => {
            let new = call.body.as_array().cloned().unwrap_or_default();
            make(workspace, call, &new).and_then(|made| created(Value::Array(made)))
        }
        "PATCH /contracts/{contract_id}/obligations/bulk/" => contract(workspace, call, |contract, call| {
            let changes = call.body.as_array().cloned().unwrap_or_default();
            let ids = changes.iter().map(|change| change["id"].as_i64().unwrap_or_default()).collect::<Vec<_>>();
            if let Some(stranger) = ids.iter().find(|id| !contract.obligations.contains_key(*id)) {
                return Err(Rejection::field("id", &format!("The obligation {stranger} does not exist.")));
            }
            for (id, change) in ids.iter().zip(&changes) {
                merge(&mut contract.obligations[id], change);
            }
            ok(ids.iter().map(|id| contract.obligations[id].clone()).collect::<Value>())
        }),
        "GET /contracts/{contract_id}/obligations/{obligation_id}/" => contract(workspace, call, |contract, call| {
            ok(contract.obligations.get(&number(&call.path[1])?).cloned().ok_or_else(Rejection::not_found)?)
        }),
        "PATCH /contracts/{contract_id}/obligations/{obligation_id}/" => contract(workspace, call, |contract, call| {
            let obligation = contract.obligations.get_mut(&number(&call.path[1])?).ok_or_else(Rejection::not_found)?;
            merge(obligation, &call.body);
            ok(obligation.clone())
        }),
        "DELETE /contracts/{contract_id}/obligations/{obligation_id}/" => {
            contract(workspace, call, |contract, call| {
                contract.obligations.shift_remove(&number(&call.path[1])?).ok_or_else(Rejection::not_found)?;
                Ok(Reply::Empty(204))
            })
        }
        _ => return None,
    })
}

fn make(workspace: &mut Workspace, call: &OperationCall<'_>, new: &[Value]) -> Result<Vec<Value>, Rejection> {
    let contract_id = workspace.contract(&call.path[0])?.id;
    let mut made = Vec::new();
    for new in new {
        let id = workspace.fresh();
        let mut obligation = json!({ "status": "PENDING", "tasks": [] });
        merge(&mut obligation, new);
        // Tasks come back as they are kept; the request's shape is another one.
        merge(&mut obligation, &json!({ "id": id, "entity_id": contract_id, "tasks": [] }));
        workspace.contracts[&contract_id].obligations.insert(id, obligation.clone());
        made.push(obligation);
    }
    Ok(made)
}
