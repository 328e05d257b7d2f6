//! What the workspace is made of: types, templates, entities, facets, tags, analytics, flags.

use serde_json::{Map, Value, json};

use super::{OperationResult, created, ok};
use crate::spotdraft::{
    OperationCall,
    errors::Rejection,
    state::{Workspace, merge, number},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /contract_types/" => ok(workspace.contract_types.values().cloned().collect::<Value>()),
        "POST /contract_types/{contract_type_id}/access_control" => access_control(workspace, call),
        "GET /contract_types/{contract_type_id}/entities" => contract_type(workspace, call).and_then(|_| {
            let entities = workspace.entities.values().map(|entity| {
                json!({ "entity_id": entity["id"], "entity_name": entity["name"], "entity_type": entity["organization_type"]["name"], "jurisdiction_of_incorporation": entity["jurisdiction"]["name"], "address": { "city": entity["primary_address"]["city_name"], "country": entity["primary_address"]["country"]["name"], "line_one": entity["primary_address"]["line_one"] }, "is_primary": entity["is_primary"] })
            });
            ok(entities.collect::<Value>())
        }),
        "GET /contract_types/{contract_type_id}/intake_form/questionnaire/" => contract_type(workspace, call).and_then(|kind| {
            let question = json!({ "display_label": "Contract value", "variable": "contract_value", "type": "float", "required": true, "question": "What is the contract worth?" });
            ok(json!({ "contract_type_id": kind, "id": kind, "questions": [question], "questionnaire": [question], "descriptors": [question] }))
        }),
        "GET /templates/" => ok(json!({ "items": workspace.templates.values().filter(|template| tagged(template, call)).collect::<Vec<_>>() })),
        "GET /templates/{template_id}/" => template(workspace, call).and_then(|id| ok(workspace.templates[&id].clone())),
        "PATCH /templates/{template_id}/" => template(workspace, call).and_then(|id| {
            merge(&mut workspace.templates[&id], &call.body);
            ok(workspace.templates[&id].clone())
        }),
        "GET /templates/{template_id}/metadata" => template(workspace, call).and_then(|_| {
            let attribute = |label: &str, variable: &str, kind: &str| json!({ "display_label": label, "variable": variable, "type": kind, "required": true });
            ok(json!({ "attributes": [attribute("Effective date", "effective_date", "date"), attribute("Contract value", "contract_value", "float")] }))
        }),
        "GET /organizations/entities/" => ok(workspace.entities.values().cloned().collect::<Value>()),
        "POST /organizations/entities/" => create_entity(workspace, call),
        "GET /organizations/types/" => {
            let code = call.query("jurisdiction_iso_code");
            let types = workspace.organization_types.values().filter(|kind| code.is_none_or(|code| kind["jurisdiction"]["code2"] == code));
            ok(types.cloned().collect::<Value>())
        }
        "GET /facets/" => facets(workspace),
        "GET /facets/options/{field_name}/" => facet_options(workspace, call),
        "POST /workspace/tags/" => create_tags(workspace, call),
        "POST /workspace/feature-flags/" => {
            let flags = call.body["feature_flags"].as_array().or_else(|| call.body["flags"].as_array()).cloned().unwrap_or_default();
            ok(flags.iter().filter_map(|flag| Some((flag.as_str()?.to_owned(), json!(false)))).collect::<Value>())
        }
        "POST /analytics/query/" => analytics(workspace, call),
        _ => return None,
    })
}

fn contract_type(workspace: &Workspace, call: &OperationCall<'_>) -> Result<i64, Rejection> {
    let id = number(&call.path[0])?;
    if workspace.contract_types.contains_key(&id) { Ok(id) } else { Err(Rejection::not_found()) }
}

fn template(workspace: &Workspace, call: &OperationCall<'_>) -> Result<i64, Rejection> {
    let id = number(&call.path[0])?;
    if workspace.templates.contains_key(&id) { Ok(id) } else { Err(Rejection::not_found()) }
}

fn tagged(template: &Value, call: &OperationCall<'_>) -> bool {
    let tags = template["tags"].as_array().cloned().unwrap_or_default();
    call.query("tags").is_none_or(|wanted| wanted.split(',').any(|wanted| tags.iter().any(|tag| tag == wanted)))
}

fn access_control(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let id = contract_type(workspace, call)?;
    let asked = call.body["permission_filter_list"].as_array().cloned().unwrap_or_default();
    let roles = workspace.roles.values().map(|role| json!({ "kind": "ROLE", "subject_id": role["id"], "role": role }));
    let roles = roles.collect::<Vec<_>>();
    let permissions =
        asked.iter().map(|permission| json!({ "permission_label": permission, "authorized_list": roles }));
    ok(
        json!({ "contract_type_id": id, "contract_type_name": workspace.contract_types[&id]["name"], "permission_list": permissions.collect::<Vec<_>>() }),
    )
}

fn create_entity(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let kind = call.body["organization_type_id"].as_i64().unwrap_or_default();
    let Some(kind) = workspace.organization_types.get(&kind).cloned() else {
        return Err(Rejection::field("organization_type_id", "The organization type does not exist."));
    };
    let (id, address_id) = (workspace.fresh(), workspace.fresh());
    let code = &call.body["jurisdiction_iso_code"];
    let mut entity = call.body.clone();
    entity["id"] = json!(id);
    entity["organization_type"] = kind;
    entity["jurisdiction"] = json!({ "id": 92, "name": code, "code2": code });
    entity["primary_address"]["id"] = json!(address_id);
    entity["primary_address"]["country"] =
        json!({ "id": 92, "code2": call.body["primary_address"]["country_iso_code"] });
    workspace.entities.insert(id, entity.clone());
    created(entity)
}

/// Fields that the list can be narrowed by, with their values.
const FACETS: [(&str, &str); 4] = [
    ("contract_type_name", "Contract type"),
    ("contract_status", "Status"),
    ("counter_party_name", "Counterparty"),
    ("created_by", "Created by"),
];

fn counts(workspace: &Workspace, field: &str) -> Map<String, Value> {
    let mut counts = Map::new();
    for value in workspace.contracts.values().filter_map(|contract| contract.fields[field].as_str()) {
        let count = counts.get(value).and_then(Value::as_i64).unwrap_or(0);
        counts.insert(value.to_owned(), json!(count + 1));
    }
    counts
}

fn facets(workspace: &mut Workspace) -> OperationResult {
    let facets = FACETS.map(
        |(field, label)| json!({ "field_name": field, "label": label, "options": counts(workspace, field).len() }),
    );
    ok(json!({ "facets": facets }))
}

fn facet_options(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let field = call.path[0].as_str();
    if !FACETS.iter().any(|(known, _)| *known == field) {
        return Err(Rejection::not_found());
    }
    let wanted = call.query("q").unwrap_or_default().to_lowercase();
    let options = counts(workspace, field);
    let options = options.iter().filter(|(value, _)| value.to_lowercase().contains(&wanted));
    ok(
        json!({ "field_name": field, "options": options.map(|(value, count)| json!({ "value": value, "count": count })).collect::<Vec<_>>() }),
    )
}

fn create_tags(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let asked = call.body["tags"].as_array().cloned().unwrap_or_default();
    if let Some(taken) = asked.iter().find(|new| workspace.tags.values().any(|tag| tag["name"] == new["name"])) {
        return Err(Rejection::invalid(format!("The tag {} exists already.", taken["name"])));
    }
    let made = asked.iter().map(|new| {
        let id = workspace.fresh();
        let mut tag = json!({ "colour_code": "#5B8DEF", "tag_entity_type": "Contract", "workspace_id": workspace.id });
        merge(&mut tag, new);
        tag["id"] = json!(id);
        workspace.tags.insert(id, tag.clone());
        tag
    });
    created(json!({ "tags": made.collect::<Vec<_>>() }))
}

/// A small, honest part of SQL: `SELECT columns|COUNT(*) FROM contracts [WHERE column = 'value'] [LIMIT n]`.
fn analytics(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let query = call.body["query"].as_str().unwrap_or_default().trim().trim_end_matches(';');
    let unsupported = || {
        Rejection::not_implemented(
            "The simulator runs SELECT columns FROM contracts [WHERE column = 'value'] [LIMIT n].",
        )
    };
    let lower = query.to_ascii_lowercase();
    let (from, start) = (lower.find(" from contracts").ok_or_else(unsupported)?, "select ".len());
    if !lower.starts_with("select ") || from < start {
        return Err(unsupported());
    }
    let columns = query[start..from].split(',').map(|column| column.trim().to_owned()).collect::<Vec<_>>();
    let mut rest = query[from + " from contracts".len()..].trim();
    let mut limit = 100;
    if let Some(at) = rest.to_ascii_lowercase().find("limit ") {
        limit = rest[at + 6..].trim().parse::<usize>().map_err(|_| unsupported())?.min(1000);
        rest = rest[..at].trim();
    }
    let condition = match rest.get(..6).map(str::to_ascii_lowercase).as_deref() {
        None if rest.is_empty() => None,
        Some("where ") => {
            let (column, value) = rest[6..].split_once('=').ok_or_else(unsupported)?;
            Some((column.trim().to_owned(), value.trim().trim_matches('\'').to_owned()))
        }
        _ => return Err(unsupported()),
    };
    let passes = |fields: &&Value| {
        condition.as_ref().is_none_or(|(column, value)| match &fields[column] {
            Value::String(text) => text == value,
            Value::Number(number) => value.parse().is_ok_and(|value: f64| number.as_f64() == Some(value)),
            _ => false,
        })
    };
    let found = workspace.contracts.values().map(|contract| &contract.fields).filter(passes).collect::<Vec<_>>();
    let total = found.len();
    let (columns, rows) = if columns.len() == 1 && columns[0].eq_ignore_ascii_case("count(*)") {
        (vec!["count".to_owned()], vec![json!({ "count": total })])
    } else if columns == ["*"] {
        let columns = ["id", "contract_name", "contract_status", "contract_type_name"].map(str::to_owned).to_vec();
        (columns.clone(), found.iter().take(limit).map(|fields| pick(fields, &columns)).collect())
    } else {
        (columns.clone(), found.iter().take(limit).map(|fields| pick(fields, &columns)).collect())
    };
    ok(
        json!({ "columns": columns, "row_count": rows.len(), "truncated": total > limit, "rows": rows, "execution_ms": 1.5 }),
    )
}

fn pick(fields: &Value, columns: &[String]) -> Value {
    columns.iter().map(|column| (column.clone(), fields[column].clone())).collect()
}
