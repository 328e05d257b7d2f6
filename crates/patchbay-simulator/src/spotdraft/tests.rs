//! Every operation is called, and every answer is one that the provider's document has.

use std::{path::Path, sync::Arc};

use patchbay_model::testing::ManualClock;
use serde_json::{Value, json};

use super::{PREFIX, Rejection, Reply, SpotDraft, shapes::Shapes};
use crate::{SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SimulatorConfig};

fn spotdraft(limit: Option<u32>) -> SpotDraft {
    let mut config = SimulatorConfig::sandbox(Arc::new(ManualClock::at("2026-06-01T09:00:00Z")));
    config.rate_limit_per_second = limit;
    SpotDraft::new(config, Arc::default(), Arc::default())
}

struct Answer {
    status: u16,
    body: Value,
}

fn send_as(
    spotdraft: &SpotDraft,
    secret: &str,
    member: Option<&str>,
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let mut request = http::Request::builder()
        .method(method)
        .uri("/")
        .header("client-id", SANDBOX_CLIENT_ID)
        .header("client-secret", secret);
    if let Some(member) = member {
        request = request.header("user-email", member);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    match spotdraft.handle("us", &parts, &format!("{PREFIX}{path}"), query, &bytes) {
        Ok(Reply::Json(status, body)) => Answer { status, body },
        Ok(Reply::File { bytes, .. }) => {
            Answer { status: 200, body: Value::String(String::from_utf8_lossy(&bytes).into_owned()) }
        }
        Ok(Reply::Empty(status)) => Answer { status, body: Value::Null },
        Err(rejection) => refused(rejection),
    }
}

fn refused(rejection: Rejection) -> Answer {
    let response = super::errors::response(rejection);
    let status = response.status().as_u16();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bytes = runtime.block_on(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap();
    let body = location.map_or_else(|| serde_json::from_slice(&bytes).unwrap_or(Value::Null), Value::String);
    Answer { status, body }
}

fn send(spotdraft: &SpotDraft, method: &str, path: &str, body: &Value) -> Answer {
    send_as(spotdraft, SANDBOX_CLIENT_SECRET, None, method, path, body)
}

/// One call of each operation: method, documented path, path as called, body, status.
fn calls() -> Vec<(&'static str, &'static str, &'static str, Value, u16)> {
    let null = Value::Null;
    let file = "aGVsbG8=";
    let party = json!([{ "is_individual": false, "organization_name": "Wren & Co", "poc_details": { "first_name": "W", "last_name": "Ren", "email": "w@wren.example" } }]);
    let obligation =
        json!({ "obligation_type_id": 1, "title": "Pay", "end_date": "2026-12-01T00:00:00Z", "priority": "HIGH" });
    let task = json!({ "title": "Read it", "assignees": [{ "org_user_id": 501 }] });
    vec![
        (
            "POST",
            "/analytics/query/",
            "/analytics/query/",
            json!({ "query": "SELECT id, contract_name FROM contracts WHERE contract_status = 'DRAFT' LIMIT 2" }),
            200,
        ),
        ("GET", "/auth/roles/", "/auth/roles/", null.clone(), 200),
        ("POST", "/auth/roles/{role_id}/members", "/auth/roles/32/members", json!({ "user_ids_to_add": [504] }), 200),
        ("DELETE", "/auth/roles/{role_id}/members", "/auth/roles/34/members", null.clone(), 204),
        ("GET", "/auth/users/", "/auth/users/?page=1&limit=2&user_name=a", null.clone(), 200),
        (
            "POST",
            "/auth/users/",
            "/auth/users/",
            json!({ "first_name": "Gil", "email": "gil@example.com", "role_ids": [33] }),
            200,
        ),
        ("GET", "/contract_types/", "/contract_types/", null.clone(), 200),
        (
            "POST",
            "/contract_types/{contract_type_id}/access_control",
            "/contract_types/11/access_control",
            json!({ "permission_filter_list": ["READ"] }),
            200,
        ),
        ("GET", "/contract_types/{contract_type_id}/entities", "/contract_types/11/entities", null.clone(), 200),
        (
            "GET",
            "/contract_types/{contract_type_id}/intake_form/questionnaire/",
            "/contract_types/11/intake_form/questionnaire/",
            null.clone(),
            200,
        ),
        ("GET", "/contracts/", "/contracts/?page=2&limit=5&filter__display_status[$in]=DRAFT,SIGN", null.clone(), 200),
        (
            "POST",
            "/contracts/",
            "/contracts/",
            json!({ "contract_template_id": 71, "contract_data": { "contract_value": 5 }, "counter_party_details": party }),
            201,
        ),
        ("GET", "/contracts/approvals/{contract_id}/", "/contracts/approvals/8/", null.clone(), 200),
        (
            "POST",
            "/contracts/approvals/{contract_id}/",
            "/contracts/approvals/8/",
            json!({ "approvals": [{ "name": "Finance", "approver_user_id": 502, "notes": "Above budget", "order": 1 }] }),
            201,
        ),
        (
            "POST",
            "/contracts/{contract_id}/external_metadata",
            "/contracts/T-8/external_metadata",
            json!({ "external_metadata": { "id": "006XYZ", "integration_name": "Salesforce", "record_type": "Opportunity", "record_data": {} } }),
            200,
        ),
        ("GET", "/contracts/{contract_id}/external_metadata", "/contracts/T-8/external_metadata", null.clone(), 200),
        (
            "GET",
            "/contracts/by_external_metadata/{external_metadata_id}",
            "/contracts/by_external_metadata/006XYZ",
            null.clone(),
            200,
        ),
        (
            "GET",
            "/contracts/embedded/contracts/{contract_id}/counter_party/",
            "/contracts/embedded/contracts/8/counter_party/?cp_email_id=a@b.example",
            null.clone(),
            200,
        ),
        (
            "POST",
            "/contracts/executed_contracts/",
            "/contracts/executed_contracts/",
            json!({ "contract_name": "Old", "file_name": "old.pdf", "file_content": file, "contract_type_id": 11, "organization_entity_id": 61 }),
            201,
        ),
        (
            "POST",
            "/contracts/preview/",
            "/contracts/preview/",
            json!({ "contract_template_id": 71, "contract_data": {}, "counter_party_details": party }),
            200,
        ),
        (
            "POST",
            "/contracts/upload_review_contracts/",
            "/contracts/upload_review_contracts/",
            json!({ "contract_name": "Rev", "contract_type_id": 11, "file_name": "a.docx", "file_base64": file }),
            201,
        ),
        (
            "POST",
            "/contracts/upload_sign_contracts/",
            "/contracts/upload_sign_contracts/",
            json!({ "contract_name": "Sig", "contract_type_id": 11, "file_name": "a.pdf", "file_base64": file, "counterparty_organization_name": "Wren & Co" }),
            201,
        ),
        ("GET", "/contracts/{composite_id}/content", "/contracts/T-8/content?text_format=segments", null.clone(), 200),
        ("GET", "/contracts/{composite_id}/content/scanned", "/contracts/H-3/content/scanned", null.clone(), 200),
        ("POST", "/contracts/{composite_id}/download", "/contracts/T-8/download", null.clone(), 200),
        (
            "POST",
            "/contracts/{composite_id}/download_link",
            "/contracts/T-8/download_link",
            json!({ "format": "PDF" }),
            200,
        ),
        (
            "PATCH",
            "/contracts/{composite_id}/intake_form/response",
            "/contracts/T-8/intake_form/response",
            json!({}),
            200,
        ),
        ("GET", "/contracts/{composite_id}/key_pointers", "/contracts/T-8/key_pointers", null.clone(), 200),
        (
            "POST",
            "/contracts/{composite_id}/key_pointers/bulk",
            "/contracts/T-8/key_pointers/bulk",
            json!({ "key_pointers": [{ "key_pointer_field_name": "governing_law", "value": "Delaware" }] }),
            200,
        ),
        (
            "PATCH",
            "/contracts/{contract_id}/key_pointers/{contract_key_pointer_id}",
            "/contracts/8/key_pointers/10164",
            json!({ "value": 9 }),
            200,
        ),
        ("POST", "/contracts/{composite_id}/mark_for_execution/", "/contracts/T-8/mark_for_execution/", json!({}), 200),
        (
            "POST",
            "/contracts/{composite_id}/signatories/resend_email/",
            "/contracts/T-8/signatories/resend_email/",
            json!({ "email_id": "amara.okafor@example.com" }),
            200,
        ),
        (
            "POST",
            "/contracts/{composite_id}/unmark_for_execution",
            "/contracts/T-8/unmark_for_execution",
            json!({}),
            200,
        ),
        ("GET", "/contracts/{composite_id}/notes", "/contracts/T-8/notes", null.clone(), 200),
        ("PUT", "/contracts/{contract_id}/notes/{note_id}", "/contracts/8/notes/10160", json!({ "text": "New" }), 200),
        ("GET", "/contracts/{composite_id}/recipients/", "/contracts/T-8/recipients/", null.clone(), 200),
        (
            "GET",
            "/contracts/{contract_id}/recipients/recipient_link/",
            "/contracts/8/recipients/recipient_link/?recipient_email=amara.okafor@example.com",
            null.clone(),
            200,
        ),
        (
            "POST",
            "/contracts/{composite_id}/send_to_counterparties",
            "/contracts/T-8/send_to_counterparties",
            json!({ "attachment_formats": ["PDF"] }),
            200,
        ),
        ("GET", "/contracts/{composite_id}/status", "/contracts/T-8/status", null.clone(), 200),
        ("GET", "/contracts/{contract_id}/authorized_users/", "/contracts/8/authorized_users/", null.clone(), 200),
        (
            "PATCH",
            "/contracts/{contract_id}/business_user/",
            "/contracts/8/business_user/",
            json!({ "user_id": 503 }),
            200,
        ),
        ("GET", "/contracts/{contract_id}/comments/", "/contracts/8/comments/?page=1&limit=5", null.clone(), 200),
        ("POST", "/contracts/{contract_id}/comments/", "/contracts/8/comments/", json!({ "comment": "Fine." }), 201),
        (
            "PATCH",
            "/contracts/{contract_id}/contract_data",
            "/contracts/8/contract_data",
            json!({ "data": { "contract_value": 12 } }),
            200,
        ),
        (
            "POST",
            "/contracts/{contract_id}/contract_relation/",
            "/contracts/8/contract_relation/",
            json!({ "related_contract_id": 9, "relation_type": "CHILD" }),
            201,
        ),
        ("GET", "/contracts/{contract_id}/related_contracts/", "/contracts/8/related_contracts/", null.clone(), 200),
        (
            "POST",
            "/contracts/{contract_id}/contract_version/",
            "/contracts/8/contract_version/",
            json!({ "document_name": "v2.txt", "document_base_64": file }),
            201,
        ),
        ("POST", "/contracts/{contract_id}/download_docx/", "/contracts/8/download_docx/", json!({}), 200),
        (
            "POST",
            "/contracts/{contract_id}/invite/",
            "/contracts/8/invite/",
            json!({ "items": [{ "user_id": 504, "permission_name": "CONTRACT.READ" }] }),
            200,
        ),
        ("POST", "/contracts/{contract_id}/uninvite/", "/contracts/8/uninvite/", json!({}), 200),
        ("POST", "/contracts/{contract_id}/uninvite_all/", "/contracts/8/uninvite_all/", null.clone(), 200),
        ("GET", "/contracts/{contract_id}/obligations/", "/contracts/8/obligations/", null.clone(), 200),
        ("POST", "/contracts/{contract_id}/obligations/", "/contracts/8/obligations/", obligation.clone(), 201),
        (
            "POST",
            "/contracts/{contract_id}/obligations/bulk/",
            "/contracts/8/obligations/bulk/",
            json!([obligation]),
            201,
        ),
        (
            "PATCH",
            "/contracts/{contract_id}/obligations/bulk/",
            "/contracts/8/obligations/bulk/",
            json!([{ "id": 10168, "status": "COMPLETED" }]),
            200,
        ),
        (
            "GET",
            "/contracts/{contract_id}/obligations/{obligation_id}/",
            "/contracts/8/obligations/10168/",
            null.clone(),
            200,
        ),
        (
            "PATCH",
            "/contracts/{contract_id}/obligations/{obligation_id}/",
            "/contracts/8/obligations/10168/",
            json!({ "title": "Pay late" }),
            200,
        ),
        (
            "DELETE",
            "/contracts/{contract_id}/obligations/{obligation_id}/",
            "/contracts/8/obligations/10168/",
            null.clone(),
            204,
        ),
        ("GET", "/contracts/{contract_id}/process_metrics/", "/contracts/8/process_metrics/", null.clone(), 200),
        (
            "GET",
            "/contracts/{contract_id}/questionnaire/responses/",
            "/contracts/8/questionnaire/responses/?questionnaire_type=INTAKE",
            null.clone(),
            200,
        ),
        (
            "POST",
            "/contracts/{contract_id}/review_request/",
            "/contracts/8/review_request/",
            json!({ "assignee_user_id": 502 }),
            200,
        ),
        ("POST", "/contracts/{contract_id}/tasks/bulk/", "/contracts/8/tasks/bulk/", json!([task]), 201),
        (
            "POST",
            "/contracts/{composite_id}/status/void",
            "/contracts/T-9/status/void",
            json!({ "note": "Superseded" }),
            204,
        ),
        (
            "POST",
            "/supported_documents/{contract_id}/",
            "/supported_documents/8/",
            json!({ "name": "Annex", "file_name": "annex.pdf", "file_base64": file }),
            201,
        ),
        ("POST", "/user_tasks/", "/user_tasks/", task, 201),
        ("GET", "/counter_parties/", "/counter_parties/?page=1&limit=3", null.clone(), 200),
        (
            "POST",
            "/counter_parties/",
            "/counter_parties/",
            json!({ "is_individual": false, "organization_name": "Wren & Co", "contact_email": "w@wren.example" }),
            201,
        ),
        ("GET", "/counter_parties/{counterparty_id}", "/counter_parties/101", null.clone(), 200),
        ("PATCH", "/counter_parties/{counterparty_id}", "/counter_parties/101", json!({ "brand_name": "NW" }), 200),
        ("GET", "/counter_parties/{counterparty_id}/addresses/", "/counter_parties/101/addresses/", null.clone(), 200),
        (
            "POST",
            "/counter_parties/{counterparty_id}/addresses/",
            "/counter_parties/101/addresses/",
            json!({ "line_one": "1 Main", "city_name": "Bath", "country_name": "United Kingdom" }),
            201,
        ),
        (
            "PATCH",
            "/counter_parties/{counterparty_id}/addresses/{address_id}/",
            "/counter_parties/101/addresses/301/",
            json!({ "city_name": "Bristol" }),
            200,
        ),
        ("GET", "/counter_parties/{counterparty_id}/contacts", "/counter_parties/101/contacts", null.clone(), 200),
        (
            "POST",
            "/counter_parties/{counterparty_id}/contacts",
            "/counter_parties/101/contacts",
            json!({ "name": "N", "email": "n@northwind.example", "is_primary": false }),
            201,
        ),
        (
            "PATCH",
            "/counter_parties/{counterparty_id}/contacts/bulk/",
            "/counter_parties/101/contacts/bulk/",
            json!({ "contacts": [{ "id": 201, "name": "M" }] }),
            200,
        ),
        (
            "PATCH",
            "/counter_parties/{counterparty_id}/contacts/{contact_id}/",
            "/counter_parties/101/contacts/201/",
            json!({ "name": "O" }),
            200,
        ),
        (
            "DELETE",
            "/counter_parties/{counterparty_id}/contacts/{contact_id}/",
            "/counter_parties/101/contacts/201/",
            null.clone(),
            204,
        ),
        ("GET", "/facets/", "/facets/", null.clone(), 200),
        ("GET", "/facets/options/{field_name}/", "/facets/options/contract_status/", null.clone(), 200),
        ("GET", "/key_pointers/", "/key_pointers/?contract_type_id=11", null.clone(), 200),
        (
            "POST",
            "/key_pointers/field-name-mapping/",
            "/key_pointers/field-name-mapping/",
            json!({ "old_field_names": ["governing_law"] }),
            200,
        ),
        ("GET", "/organizations/entities/", "/organizations/entities/", null.clone(), 200),
        (
            "POST",
            "/organizations/entities/",
            "/organizations/entities/",
            json!({ "name": "Fern GmbH", "reference_id": "F2", "jurisdiction_iso_code": "DE", "organization_type_id": 84, "is_primary": false, "primary_address": { "line_one": "1", "city_name": "Berlin", "state_name": "", "zipcode": "10115", "country_iso_code": "DE" } }),
            201,
        ),
        ("GET", "/organizations/types/", "/organizations/types/?jurisdiction_iso_code=US", null.clone(), 200),
        (
            "POST",
            "/sidebar/files/",
            "/sidebar/files/",
            json!({ "file": "https://files.example.com/a.pdf", "upload_source": "chat", "entity_id": "00000000-0000-4000-8000-000000000001" }),
            200,
        ),
        (
            "POST",
            "/sidebar/query/",
            "/sidebar/query/",
            json!({ "user_input": "What is the cap?", "contracts": [{ "contract_id": "T-8", "contract_name": "x" }] }),
            200,
        ),
        ("GET", "/templates/", "/templates/", null.clone(), 200),
        ("GET", "/templates/{template_id}/", "/templates/71/", null.clone(), 200),
        ("PATCH", "/templates/{template_id}/", "/templates/71/", json!({ "tags": ["x"] }), 200),
        ("GET", "/templates/{template_id}/metadata", "/templates/71/metadata", null.clone(), 200),
        (
            "POST",
            "/webhooks/",
            "/webhooks/",
            json!({ "title": "t", "url": "https://example.com/hook", "only_for_activities": ["CONTRACT_VOIDED"] }),
            201,
        ),
        ("GET", "/webhooks/hmac_key/", "/webhooks/hmac_key/", null.clone(), 200),
        (
            "POST",
            "/contracts/webhooks/re_trigger_latest/",
            "/contracts/webhooks/re_trigger_latest/",
            json!({ "contract_ids": [8] }),
            200,
        ),
        (
            "POST",
            "/workspace/feature-flags/",
            "/workspace/feature-flags/",
            json!({ "feature_flags": ["x"], "flags": ["x"] }),
            200,
        ),
        (
            "POST",
            "/workspace/files/uploads/",
            "/workspace/files/uploads/",
            json!({ "files": [{ "filename": "a.txt", "content_type": "text/plain" }] }),
            200,
        ),
        ("POST", "/workspace/tags/", "/workspace/tags/", json!({ "tags": [{ "name": "Urgent" }] }), 201),
        ("GET", "/workspace/files/{file_id}/", "/workspace/files/FILE/", null.clone(), 200),
        ("DELETE", "/webhooks/{webhook_id}", "/webhooks/WEBHOOK", null, 204),
    ]
}

#[tokio::test]
async fn every_operation_answers_as_documented() {
    let outcome = tokio::task::spawn_blocking(|| {
        let context = tokio::runtime::Runtime::new().unwrap();
        let _guard = context.enter();
        let (spotdraft, shapes) = (spotdraft(None), Shapes::get());
        let (mut failures, mut called) = (Vec::new(), Vec::new());
        let (mut webhook, mut file) = (String::new(), String::new());
        for (method, documented, path, body, status) in calls() {
            let path = path.replace("WEBHOOK", &webhook).replace("FILE", &file);
            let answer = send(&spotdraft, method, &path, &body);
            if documented == "/webhooks/" {
                webhook = answer.body["id"].to_string();
            }
            if documented == "/workspace/files/uploads/" {
                file = answer.body["files"][0]["file_id"].as_str().unwrap_or_default().to_owned();
            }
            if answer.status != status {
                failures.push(format!("{method} {path}: {} in place of {status}: {}", answer.status, answer.body));
                continue;
            }
            let key = format!("{method} {documented}");
            let operation =
                shapes.operations().iter().find(|operation| operation.key == key).unwrap_or_else(|| panic!("{key}"));
            let body = (!answer.body.is_null()).then_some(&answer.body);
            if let Err(error) = shapes.check_answer(operation, answer.status, body) {
                failures.push(error);
            }
            called.push(key);
        }
        for operation in shapes.operations() {
            if !called.contains(&operation.key) {
                failures.push(format!("{} was not called", operation.key));
            }
        }
        failures
    });
    let failures = outcome.await.unwrap();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
#[ignore = "needs PATCHBAY_SPECIFICATION, the folder with spotdraft-openapi.json, which is not in this repository"]
fn shapes_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) = option_env!("PATCHBAY_SPECIFICATION") else {
        panic!("PATCHBAY_SPECIFICATION must name a folder")
    };
    let document = Path::new(folder).join("spotdraft-openapi.json");
    let directory = tempfile::tempdir().unwrap();
    let made = directory.path().join("shapes.json");
    let done =
        std::process::Command::new("python3").arg(root.join("tools/shapes.py")).arg(&document).arg(&made).status();
    assert!(done.unwrap().success());
    let same = std::fs::read(&made).unwrap() == std::fs::read(root.join("src/spotdraft/shapes.json")).unwrap();
    assert!(
        same,
        "run: python3 tools/shapes.py $PATCHBAY_SPECIFICATION/spotdraft-openapi.json src/spotdraft/shapes.json"
    );
}

#[test]
fn both_headers_are_checked() {
    let spotdraft = spotdraft(None);
    assert_eq!(send_as(&spotdraft, "wrong", None, "GET", "/contract_types/", &Value::Null).status, 401);
    let as_member =
        |email| send_as(&spotdraft, SANDBOX_CLIENT_SECRET, Some(email), "GET", "/contract_types/", &Value::Null).status;
    assert_eq!(as_member("amara.okafor@example.com"), 200);
    assert_eq!(as_member("farid.haddad@example.com"), 403);
    assert_eq!(as_member("stranger@example.com"), 403);
}

#[test]
fn a_wrong_trailing_slash_is_redirected() {
    let answer = send(&spotdraft(None), "GET", "/contract_types?x=1", &Value::Null);
    assert_eq!((answer.status, answer.body), (302, json!("/spotdraft/us/api/v2.1/public/contract_types/?x=1")));
    let answer = send(&spotdraft(None), "GET", "/contracts/T-8/status/", &Value::Null);
    assert_eq!((answer.status, answer.body), (302, json!("/spotdraft/us/api/v2.1/public/contracts/T-8/status")));
}

#[test]
fn what_does_not_fit_the_document_is_refused() {
    let spotdraft = spotdraft(None);
    for (method, path, body, field) in [
        ("GET", "/contracts/?page=x", Value::Null, "page"),
        ("GET", "/contracts/?colour=red", Value::Null, "colour"),
        ("POST", "/contracts/8/comments/", json!({}), "non_field_errors"),
        ("POST", "/contracts/8/comments/", json!({ "comment": 5 }), "comment"),
        (
            "POST",
            "/contracts/T-8/send_to_counterparties",
            json!({ "attachment_formats": ["TIFF"] }),
            "attachment_formats.0",
        ),
    ] {
        let answer = send(&spotdraft, method, path, &body);
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(answer.body.get(field).is_some(), "{path}: {}", answer.body);
    }
    assert_eq!(send(&spotdraft, "GET", "/nothing/", &Value::Null).status, 404);
    assert_eq!(send(&spotdraft, "DELETE", "/contracts/", &Value::Null).status, 405);
}

#[test]
fn the_workflow_has_rules() {
    let spotdraft = spotdraft(None);
    let void =
        |id: &str| send(&spotdraft, "POST", &format!("/contracts/{id}/status/void"), &json!({ "note": "x" })).status;
    let executed = send(&spotdraft, "GET", "/contracts/?filter__display_status=EXECUTED&limit=1", &Value::Null);
    assert_eq!(void(executed.body["results"][0]["id"].as_str().unwrap()), 402);
    assert_eq!(void("T-8"), 204);
    assert_eq!(void("T-8"), 409);
    assert_eq!(void("H-8"), 404);
    let status = send(&spotdraft, "GET", "/contracts/T-8/status", &Value::Null);
    assert_eq!(status.body["contract_status"], "VOIDED");
}

#[test]
fn pages_and_filters_agree() {
    let spotdraft = spotdraft(None);
    let all = send(&spotdraft, "GET", "/contracts/?limit=500", &Value::Null).body;
    assert_eq!((all["limit"].clone(), all["total_results"].clone()), (json!(100), json!(42)));
    let second = send(&spotdraft, "GET", "/contracts/?page=2&limit=5", &Value::Null).body;
    assert_eq!(second["results"][0], all["results"][5]);
    let count = |filter: &str| {
        send(&spotdraft, "GET", &format!("/contracts/?{filter}"), &Value::Null).body["total_results"].as_i64().unwrap()
    };
    assert_eq!(count("filter__display_status=DRAFT") + count("filter__display_status[$ne]=DRAFT"), 42);
    assert_eq!(count("filter__contract_id[$in]=3,4"), 2);
    assert!(count("query=northwind") > 0 && count("query=nobody") == 0);
    assert_eq!(count("filter__created_at[$gte]=2026-05-01") + count("filter__created_at[$lt]=2026-05-01"), 42);
    assert_eq!(send(&spotdraft, "GET", "/contracts/?page=0", &Value::Null).status, 400);
}

#[test]
fn uploads_are_given_back() {
    let spotdraft = spotdraft(None);
    let body = json!({ "contract_name": "Old", "file_name": "old.txt", "file_content": "aGVsbG8=", "contract_type_id": 11, "organization_entity_id": 61 });
    let made = send(&spotdraft, "POST", "/contracts/executed_contracts/", &body).body;
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("H-"));
    assert_eq!(send(&spotdraft, "POST", &format!("/contracts/{id}/download"), &Value::Null).body, json!("hello"));
    let mut broken = body;
    broken["file_content"] = json!("%%%");
    assert_eq!(send(&spotdraft, "POST", "/contracts/executed_contracts/", &broken).status, 400);
}

#[test]
fn the_rate_limit_is_the_provider_s() {
    let spotdraft = spotdraft(Some(10));
    let statuses =
        (0..11).map(|_| send(&spotdraft, "GET", "/contract_types/", &Value::Null).status).collect::<Vec<_>>();
    assert_eq!((statuses[9], statuses[10]), (200, 429));
}
