//! Contracts: list, make, upload, read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{OperationResult, created, ok};
use crate::spotdraft::{
    OperationCall, Reply,
    errors::Rejection,
    filters::{page, passes},
    state::{Contract, StoredFile, Table, Workspace},
};

pub fn run(key: &str, workspace: &mut Workspace, call: &OperationCall<'_>) -> Option<OperationResult> {
    Some(match key {
        "GET /contracts/" => list(workspace, call),
        "POST /contracts/" => create(workspace, call),
        "POST /contracts/preview/" => preview(workspace, call),
        "POST /contracts/executed_contracts/" => upload(workspace, call, "file_content", "EXECUTED", "UPLOAD_EXECUTED"),
        "POST /contracts/upload_review_contracts/" => {
            upload(workspace, call, "file_base64", "REDLINING", "UPLOAD_EDITABLE")
        }
        "POST /contracts/upload_sign_contracts/" => upload(workspace, call, "file_base64", "SIGN", "UPLOAD_SIGN"),
        "GET /contracts/by_external_metadata/{external_metadata_id}" => by_external_metadata(workspace, call),
        "GET /contracts/{composite_id}/status" => contract(workspace, call, |contract, _| {
            ok(json!({ "contract_status": contract.status(), "contract_name": contract.name() }))
        }),
        "GET /contracts/{composite_id}/content" => contract(workspace, call, |contract, call| {
            let text = latest_text(contract);
            let segments = text.split("\n\n").map(|part| json!({ "segment_text": part })).collect::<Vec<_>>();
            let format = if call.query("text_format") == Some("segments") { "segments" } else { "text" };
            ok(
                json!({ "contract_id": contract.composite_id(), "content_format": format, "content": text, "segments": segments, "extraction_status": "completed", "last_updated": call.now }),
            )
        }),
        "GET /contracts/{composite_id}/content/scanned" => contract(workspace, call, |contract, _| {
            ok(json!({ "contract_id": contract.composite_id(), "content": latest_text(contract) }))
        }),
        "GET /contracts/{contract_id}/related_contracts/" => related(workspace, call),
        "POST /contracts/{contract_id}/contract_relation/" => relate(workspace, call),
        "GET /contracts/{contract_id}/questionnaire/responses/" => contract(workspace, call, |contract, call| {
            ok(
                json!({ "questionnaire_response_data": contract.questionnaire, "respondents": [{ "created_at": call.now, "created_by": contract.fields["created_by"], "org_name": "Fernwood Software Inc." }] }),
            )
        }),
        "PATCH /contracts/{composite_id}/intake_form/response" => contract(workspace, call, |contract, call| {
            contract.must_be_open("Editing the intake form")?;
            crate::spotdraft::state::merge(&mut contract.questionnaire, &call.body);
            ok(json!({ "questionnaire_response_data": contract.questionnaire }))
        }),
        "PATCH /contracts/{contract_id}/contract_data" => contract_data(workspace, call),
        _ => return None,
    })
}

/// Runs on the contract that the path names first.
pub(super) fn contract(
    workspace: &mut Workspace,
    call: &OperationCall<'_>,
    work: impl FnOnce(&mut Contract, &OperationCall<'_>) -> OperationResult,
) -> OperationResult {
    work(workspace.contract(&call.path[0])?, call)
}

fn latest_text(contract: &Contract) -> String {
    contract.versions.last().map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default()
}

fn list(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    // The newest first.
    let found = workspace
        .contracts
        .values()
        .rev()
        .filter(|contract| passes(call, contract))
        .map(|contract| contract.fields.clone());
    ok(page(call, found.collect())?)
}

fn create(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let template_id = call.body["contract_template_id"].as_i64().unwrap_or_default();
    let Some(template) = workspace.templates.get(&template_id).cloned() else {
        return Err(Rejection::field("contract_template_id", "The template does not exist."));
    };
    let party = &call.body["counter_party_details"][0];
    let party_name = party["organization_name"].as_str().map_or_else(
        || {
            format!(
                "{} {}",
                party["poc_details"]["first_name"].as_str().unwrap_or_default(),
                party["poc_details"]["last_name"].as_str().unwrap_or_default()
            )
        },
        str::to_owned,
    );
    let name = call.body["contract_name"]
        .as_str()
        .map_or_else(|| format!("{} with {party_name}", template["name"].as_str().unwrap_or_default()), str::to_owned);
    let text = format!("{name}\n\n{}\n", call.body["contract_data"]);
    let file = StoredFile { name: format!("{name}.txt"), content_type: "text/plain", bytes: text.into_bytes() };
    let type_id = template["contract_type_id"].as_i64().unwrap_or_default();
    let id = add(
        workspace,
        call,
        &New { kind: 'T', name: &name, party: &party_name, type_id, status: "DRAFT", contract_kind: "TEMPLATE" },
        file,
    );
    let contract = &mut workspace.contracts[&id];
    contract.fields["contract_template_id"] = json!(template_id);
    contract.questionnaire = call.body["contract_data"].clone();
    if call.body["external_metadata"].is_object() {
        contract.external_metadata = Some(call.body["external_metadata"].clone());
        contract.fields["external_metadata"] = call.body["external_metadata"].clone();
    }
    let mut answer = contract.fields.clone();
    answer["contract_id"] = json!(id);
    answer["composite_id"] = json!(contract.composite_id());
    answer["url"] = contract.fields["contract_link"].clone();
    created(answer)
}

struct New<'a> {
    kind: char,
    name: &'a str,
    party: &'a str,
    type_id: i64,
    status: &'a str,
    contract_kind: &'a str,
}

fn add(workspace: &mut Workspace, call: &OperationCall<'_>, new: &New<'_>, file: StoredFile) -> i64 {
    let id = workspace.fresh();
    let type_name = workspace.contract_types.get(&new.type_id).map_or(Value::Null, |kind| kind["name"].clone());
    let contract = Contract {
        id,
        kind: new.kind,
        fields: json!({
            "id": format!("{}-{id}", new.kind), "created": call.now, "contract_name": new.name,
            "contract_link": format!("https://app.spotdraft.test/contracts/v2/{id}"), "contract_status": new.status,
            "created_by": "API", "counter_party_name": new.party, "contract_type_name": type_name, "contract_type_id": new.type_id,
            "contract_kind": new.contract_kind, "created_by_workspace": workspace.id, "tags": [], "last_updated_on": call.now,
        }),
        versions: vec![file],
        comments: Table::new(),
        notes: Table::new(),
        approvals: Table::new(),
        obligations: Table::new(),
        key_pointers: Table::new(),
        relations: Table::new(),
        recipients: Table::new(),
        members: vec![501],
        external_metadata: None,
        questionnaire: json!({}),
        marked_for_execution: false,
        turns: 0,
    };
    let summary = contract.summary();
    workspace.contracts.insert(id, contract);
    workspace.happened("CONTRACT_CREATED", summary);
    id
}

fn preview(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let template = call.body["contract_template_id"].as_i64().and_then(|id| workspace.templates.get(&id));
    let name = template
        .map_or_else(|| "Preview".to_owned(), |template| template["name"].as_str().unwrap_or_default().to_owned());
    let text = format!("%PDF-1.4\n% preview of {name}\n{}\n%%EOF\n", call.body);
    Ok(Reply::File { name: "preview.pdf".to_owned(), content_type: "application/pdf", bytes: text.into_bytes() })
}

fn upload(
    workspace: &mut Workspace,
    call: &OperationCall<'_>,
    content: &str,
    status: &str,
    contract_kind: &str,
) -> OperationResult {
    let text = |name: &str| call.body[name].as_str().unwrap_or_default().to_owned();
    let bytes = decode(&text(content), content)?;
    let type_id = call.body["contract_type_id"].as_i64().unwrap_or_default();
    if !workspace.contract_types.contains_key(&type_id) {
        return Err(Rejection::field("contract_type_id", "The contract type does not exist."));
    }
    let details = &call.body["counterparty_details"][0]["organization_name"];
    let party = call.body["counterparty_organization_name"]
        .as_str()
        .or_else(|| details.as_str())
        .unwrap_or_default()
        .to_owned();
    let file = StoredFile { content_type: content_type(&text("file_name")), name: text("file_name"), bytes };
    let name = text("contract_name");
    let id = add(workspace, call, &New { kind: 'H', name: &name, party: &party, type_id, status, contract_kind }, file);
    let contract = &mut workspace.contracts[&id];
    if call.body["external_metadata"].is_object() {
        contract.external_metadata = Some(call.body["external_metadata"].clone());
        contract.fields["external_metadata"] = call.body["external_metadata"].clone();
    }
    let fields = contract.fields.clone();
    if status == "EXECUTED" {
        let summary = workspace.contracts[&id].summary();
        workspace.happened("CONTRACT_EXECUTED", summary);
    }
    created(fields)
}

/// The bytes of a base64 text, or what the provider says of a wrong one.
pub(super) fn decode(text: &str, field: &str) -> Result<Vec<u8>, Rejection> {
    match STANDARD.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(Rejection::field(field, "The file is not valid base64, or is empty.")),
    }
}

pub(super) fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    }
}

fn by_external_metadata(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let wanted = call.path[0].as_str();
    let has = |contract: &&Contract| {
        contract.external_metadata.as_ref().is_some_and(|metadata| metadata["id"].as_str() == Some(wanted))
    };
    let found = workspace.contracts.values().filter(has).map(|contract| {
        let mut fields = contract.fields.clone();
        fields["id"] = json!(contract.id);
        fields["status"] = json!(contract.status());
        fields
    });
    ok(found.collect::<Value>())
}

fn relate(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let other = call.body["related_contract_id"].as_i64().unwrap_or_default();
    let id = workspace.contract(&call.path[0])?.id;
    if !workspace.contracts.contains_key(&other) {
        return Err(Rejection::field("related_contract_id", "The contract does not exist."));
    }
    let circular = other == id
        || workspace.contracts[&other].relations.values().any(|relation| relation["related_contract_id"] == id);
    if circular {
        return Err(Rejection::invalid("Unable to set the relation: it would lead in a circle."));
    }
    let relation = json!({ "id": workspace.fresh(), "related_contract_id": other, "relation_type": call.body["relation_type"], "created": call.now });
    workspace.contracts[&id].relations.insert(relation["id"].as_i64().unwrap_or_default(), relation.clone());
    created(relation)
}

fn related(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let relations = workspace.contract(&call.path[0])?.relations.values().cloned().collect::<Vec<_>>();
    let items = relations.iter().filter_map(|relation| {
        let other = workspace.contracts.get(&relation["related_contract_id"].as_i64()?)?;
        let mut item = other.fields.clone();
        item["id"] = json!(other.id);
        item["relation_type"] = relation["relation_type"].clone();
        item["related_contract_id"] = json!(other.id);
        Some(item)
    });
    ok(page(call, items.collect())?)
}

fn contract_data(workspace: &mut Workspace, call: &OperationCall<'_>) -> OperationResult {
    let contract = workspace.contract(&call.path[0])?;
    if matches!(contract.status(), "EXECUTED" | "VOIDED") {
        return Err(Rejection::invalid("Contract cannot be updated because it has been executed."));
    }
    crate::spotdraft::state::merge(&mut contract.questionnaire, &call.body["data"]);
    let (data, summary) = (contract.questionnaire.clone(), contract.summary());
    workspace.happened("CONTRACT_DATA_UPDATED", summary);
    ok(json!({ "data": data }))
}
