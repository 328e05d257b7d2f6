//! Counterparties with their contacts and addresses.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{OperationResult, created, ok};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    filters::page,
    state::{Workspace, merge, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /counter_parties/" => list(workspace, call),
        "POST /counter_parties/" => create(workspace, call),
        "GET /counter_parties/{counterparty_id}" => owner(workspace, call).and_then(|id| ok(whole(workspace, id))),
        "PATCH /counter_parties/{counterparty_id}" => owner(workspace, call).and_then(|id| {
            merge(&mut workspace.counterparties[&id], &call.body);
            workspace.happened("COUNTER_PARTY_UPDATED", json!({ "counter_party_id": id }));
            ok(whole(workspace, id))
        }),
        "GET /counter_parties/{counterparty_id}/contacts" => {
            owner(workspace, call).and_then(|id| ok(page(call, of(&workspace.contacts, id))?))
        }
        "POST /counter_parties/{counterparty_id}/contacts" => add(workspace, call, Kind::Contact),
        "PATCH /counter_parties/{counterparty_id}/contacts/bulk/" => bulk(workspace, call),
        "PATCH /counter_parties/{counterparty_id}/contacts/{contact_id}/" => change(workspace, call, Kind::Contact),
        "DELETE /counter_parties/{counterparty_id}/contacts/{contact_id}/" => owner(workspace, call).and_then(|id| {
            let contact = number(&call.path[1])?;
            if workspace.contacts.get(&contact).is_none_or(|(of, _)| *of != id) {
                return Err(Rejection::not_found());
            }
            workspace.contacts.shift_remove(&contact);
            Ok(Reply::Empty(204))
        }),
        "GET /counter_parties/{counterparty_id}/addresses/" => {
            owner(workspace, call).and_then(|id| ok(page(call, of(&workspace.addresses, id))?))
        }
        "POST /counter_parties/{counterparty_id}/addresses/" => add(workspace, call, Kind::Address),
        "PATCH /counter_parties/{counterparty_id}/addresses/{address_id}/" => change(workspace, call, Kind::Address),
        _ => return None,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Contact,
    Address,
}

fn rows(workspace: &mut Workspace, kind: Kind) -> &mut IndexMap<i64, (i64, Value)> {
    match kind {
        Kind::Contact => &mut workspace.contacts,
        Kind::Address => &mut workspace.addresses,
    }
}

fn of(rows: &IndexMap<i64, (i64, Value)>, owner: i64) -> Vec<Value> {
    rows.values().filter(|(of, _)| *of == owner).map(|(_, row)| row.clone()).collect()
}

/// The counterparty in the path.
fn owner(workspace: &Workspace, call: &OperationCall<'_>) -> Result<i64, Rejection> {
    let id = number(&call.path[0])?;
    if workspace.counterparties.contains_key(&id) { Ok(id) } else { Err(Rejection::not_found()) }
}

fn whole(workspace: &Workspace, id: i64) -> Value {
    let mut counterparty = workspace.counterparties[&id].clone();
    counterparty["contacts"] = Value::Array(of(&workspace.contacts, id));
    if let Some(address) = of(&workspace.addresses, id).into_iter().next() {
        counterparty["primary_address"] = address;
    }
    counterparty
}

fn list(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let email = call.query("filter__client_email_address");
    let has_email =
        |id: i64| email.is_none_or(|email| of(&workspace.contacts, id).iter().any(|contact| contact["email"] == email));
    let custom = call
        .query
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("filter_custom__")?, value)))
        .collect::<Vec<_>>();
    let found = workspace.counterparties.iter().filter(|(id, row)| {
        has_email(**id) && custom.iter().all(|(field, value)| row["custom_fields"][*field] == value.as_str())
    });
    ok(page(call, found.map(|(id, _)| whole(workspace, *id)).collect())?)
}

fn create(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let body = &call.body;
    let name =
        body["organization_name"].as_str().or_else(|| body["contact_name"].as_str()).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Rejection::field(
            "organization_name",
            "Give the organisation's name, or the contact's for an individual.",
        ));
    }
    if workspace.counterparties.values().any(|row| row["name"] == name.as_str()) {
        return Err(Rejection::conflict("A counterparty with this name exists already."));
    }
    let id = workspace.fresh();
    let mut row = json!({ "id": id, "name": name, "is_individual": body["is_individual"], "status": "ACTIVE", "custom_fields": {} });
    for field in ["custom_fields", "brand_name"] {
        if !body[field].is_null() {
            row[field] = body[field].clone();
        }
    }
    workspace.counterparties.insert(id, row);
    if let Some(email) = body["contact_email"].as_str() {
        let contact = workspace.fresh();
        let name = body["contact_name"].as_str().unwrap_or(email);
        workspace
            .contacts
            .insert(contact, (id, json!({ "id": contact, "name": name, "email": email, "is_primary": true })));
    }
    if body["primary_address"].is_object() {
        let address = workspace.fresh();
        let mut row = body["primary_address"].clone();
        row["id"] = json!(address);
        workspace.addresses.insert(address, (id, row));
    }
    workspace.happened("COUNTER_PARTY_CREATED", json!({ "counter_party_id": id, "name": name }));
    created(whole(workspace, id))
}

fn add(workspace: &mut Workspace, call: &OperationCall<'_>, kind: Kind) -> OperationResult {
    let owner = owner(workspace, call)?;
    let id = workspace.fresh();
    let mut row = json!({ "is_primary": false });
    merge(&mut row, &call.body);
    row["id"] = json!(id);
    rows(workspace, kind).insert(id, (owner, row.clone()));
    let event = if kind == Kind::Contact { "COUNTER_PARTY_CONTACT_CREATED" } else { "COUNTER_PARTY_ADDRESS_CREATED" };
    workspace.happened(event, json!({ "counter_party_id": owner, "id": id }));
    created(row)
}

fn change(workspace: &mut Workspace, call: &OperationCall<'_>, kind: Kind) -> OperationResult {
    let (owner, id) = (owner(workspace, call)?, number(&call.path[1])?);
    let row = rows(workspace, kind).get_mut(&id).filter(|(of, _)| *of == owner).ok_or_else(Rejection::not_found)?;
    merge(&mut row.1, &call.body);
    let changed = row.1.clone();
    let event = if kind == Kind::Contact { "COUNTER_PARTY_CONTACT_UPDATED" } else { "COUNTER_PARTY_ADDRESS_UPDATED" };
    workspace.happened(event, json!({ "counter_party_id": owner, "id": id }));
    ok(changed)
}

fn bulk(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let owner = owner(workspace, call)?;
    let changes = call.body["contacts"].as_array().cloned().unwrap_or_default();
    let mut changed = Vec::new();
    for change in &changes {
        let id = change["id"].as_i64().unwrap_or_default();
        if workspace.contacts.get(&id).is_none_or(|(of, _)| *of != owner) {
            return Err(Rejection::field("contacts", &format!("The contact {id} does not exist.")));
        }
    }
    for change in &changes {
        let row = &mut workspace.contacts[&change["id"].as_i64().unwrap_or_default()].1;
        merge(row, change);
        changed.push(row.clone());
    }
    ok(json!({ "contacts": changed, "results": changed, "updated_contacts": changed }))
}
