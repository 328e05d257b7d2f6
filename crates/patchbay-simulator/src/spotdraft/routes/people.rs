//! Users and roles.

use serde_json::{Value, json};

use super::{OperationResult, ok};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    filters::page,
    state::{Workspace, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /auth/users/" => list(workspace, call),
        "POST /auth/users/" => invite(workspace, call),
        "GET /auth/roles/" => {
            let roles = workspace.roles.values().cloned().collect::<Vec<_>>();
            ok(json!({ "active_roles": roles }))
        }
        "POST /auth/roles/{role_id}/members" => add_members(workspace, call),
        "DELETE /auth/roles/{role_id}/members" => role(workspace, call).map(|role| {
            workspace.role_members.retain(|(of, _)| *of != role);
            Reply::Empty(204)
        }),
        _ => return None,
    })
}

fn role(workspace: &Workspace, call: &OperationCall<'_>) -> Result<i64, Rejection> {
    let id = number(&call.path[0])?;
    if workspace.roles.contains_key(&id) { Ok(id) } else { Err(Rejection::not_found()) }
}

fn list(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let matches = |user: &&Value, query: &str, field: &str| {
        call.query(query).is_none_or(|wanted| {
            user[field].as_str().is_some_and(|value| value.to_lowercase().contains(&wanted.to_lowercase()))
        })
    };
    let users = workspace
        .users
        .values()
        .filter(|user| matches(user, "user_email", "email") && matches(user, "user_name", "name"));
    let with_roles = users.map(|user| {
        let id = user["id"].as_i64().unwrap_or_default();
        let roles = workspace
            .role_members
            .iter()
            .filter(|(_, member)| *member == id)
            .filter_map(|(role, _)| workspace.roles.get(role));
        let mut user = user.clone();
        user["roles"] = roles.cloned().collect();
        user
    });
    ok(page(call, with_roles.collect())?)
}

fn invite(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let email = call.body["email"].as_str().unwrap_or_default().to_owned();
    if !email.contains('@') {
        return Err(Rejection::field("email", "Enter a valid email address."));
    }
    if workspace.users.values().any(|user| user["email"] == email.as_str()) {
        return Err(Rejection::conflict("A user with this e-mail address exists already."));
    }
    let roles = call.body["role_ids"].as_array().cloned().unwrap_or_default();
    let roles = roles.iter().filter_map(Value::as_i64).collect::<Vec<_>>();
    if roles.iter().any(|role| !workspace.roles.contains_key(role)) {
        return Err(Rejection::field("role_ids", "The role does not exist."));
    }
    let id = workspace.fresh();
    let last = call.body["last_name"].as_str().unwrap_or_default();
    let name = format!("{} {last}", call.body["first_name"].as_str().unwrap_or_default()).trim().to_owned();
    workspace.users.insert(id, json!({ "id": id, "name": name, "email": email, "designation": call.body["designation"].as_str().unwrap_or_default(), "is_active": true }));
    workspace.role_members.extend(roles.iter().map(|role| (*role, id)));
    let mut answer = call.body.clone();
    answer["token"] = json!(workspace.fresh_uuid());
    answer["disabled_token"] = json!(false);
    answer["created_by_user"] = json!("Amara Okafor");
    ok(answer)
}

fn add_members(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let role = role(workspace, call)?;
    let asked = call.body["user_ids_to_add"].as_array().cloned().unwrap_or_default();
    let asked = asked.iter().filter_map(Value::as_i64).collect::<Vec<_>>();
    if asked.iter().any(|id| !workspace.users.contains_key(id)) {
        return Err(Rejection::field("user_ids_to_add", "The user does not exist."));
    }
    for id in &asked {
        if !workspace.role_members.contains(&(role, *id)) {
            workspace.role_members.push((role, *id));
        }
    }
    let members =
        workspace.role_members.iter().filter(|(of, _)| *of == role).filter_map(|(_, id)| workspace.users.get(id));
    ok(members.cloned().collect::<Value>())
}
