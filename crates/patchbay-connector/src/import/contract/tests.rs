//! Tests of the contract: what is found in a request and in an answer, and what is not.

use serde_json::{Value, json};
use url::Url;

use super::*;

fn described() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Larder", "version": "4"},
        "servers": [{"url": "https://{tenant}.larder.example/api/v1"}],
        "security": [{"key": []}],
        "paths": {
            "/jars": {
                "get": {
                    "parameters": [
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                        {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["name", "age"]}},
                        {"name": "shelf", "in": "query", "required": true, "schema": {"type": "string"}},
                        {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                        {"name": "filter", "in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {"age": {"type": "integer"}}}},
                        {"name": "X-Pantry", "in": "header", "required": true, "schema": {"type": "string"}}
                    ],
                    "responses": {
                        "200": {
                            "headers": {"Link": {"schema": {"type": "string"}}},
                            "description": "ok",
                            "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Jar"}}}}
                        },
                        "404": {"description": "no", "content": {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}}
                    }
                },
                "post": {
                    "requestBody": {"required": true, "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Jar"}},
                        "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Jar"}}
                    }},
                    "responses": {"201": {"description": "made"}}
                }
            },
            "/jars/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "ok"}}}},
            "/jars/newest": {"get": {"responses": {"200": {"description": "ok"}}}}
        },
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            "schemas": {
                "Jar": {
                    "type": "object",
                    "required": ["id", "name"],
                    "properties": {
                        "id": {"type": "integer", "readOnly": true},
                        "name": {"type": "string"},
                        "age": {"type": "integer", "nullable": true},
                        "lids": {"type": "array", "items": {"$ref": "#/components/schemas/Lid"}},
                        "content": {"oneOf": [{"$ref": "#/components/schemas/Jam"}, {"$ref": "#/components/schemas/Salt"}]},
                        "inner": {"$ref": "#/components/schemas/Jar"},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}}
                    }
                },
                "Lid": {"allOf": [{"type": "object", "properties": {"size": {"type": "number"}}}, {"type": "object", "properties": {"color": {"type": "string"}}}]},
                "Jam": {"type": "object", "required": ["kind", "fruit"], "properties": {"kind": {"type": "string", "enum": ["jam"]}, "fruit": {"type": "string"}}},
                "Salt": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["salt"]}, "grams": {"type": "integer"}}}
            }
        }
    })
}

/// Returns what is found in a request: kind and place.
fn found(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Vec<(FindingKind, String)> {
    let description = Description { tree: described() };
    let contract = description.contract().unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let url = Url::parse(url).unwrap();
    let content_type = (!body.is_empty()).then_some("application/json; charset=utf-8");
    let request = SentRequest { method, url: &url, headers: Some(&headers), content_type, body: Some(&body) };
    let findings = contract.check_request(&request).findings.into_iter().filter(|finding| !finding.kind.is_note());
    findings.map(|finding| (finding.kind, finding.place)).collect()
}

const LIST: &str = "https://acme.larder.example/api/v1/jars?shelf=top";
const GOOD: [(&str, &str); 3] = [("x-key", "k"), ("x-pantry", "p"), ("user-agent", "patchbay")];

#[test]
fn a_right_request_has_no_finding() {
    for query in ["", "&limit=5", "&sort=age", "&tags=a&tags=b", "&filter[age]=3"] {
        assert_eq!(found("GET", &format!("{LIST}{query}"), &GOOD, None), [], "{query}");
    }
    let jar = json!({
        "name": "a", "age": null, "lids": [{"size": 1.5, "color": "red"}], "content": {"kind": "salt", "grams": 3},
        "labels": {"any": "thing"}, "inner": {"name": "b"},
    });
    let url = "https://acme.larder.example/api/v1/jars";
    assert_eq!(found("POST", url, &GOOD, Some(&jar)), []);
}

#[test]
fn each_part_of_a_request_is_compared() {
    let one = |kind: FindingKind, place: &str| vec![(kind, place.to_owned())];
    for (query, kind, place) in [
        ("&limit=many", FindingKind::Type, "query.limit"),
        ("&limit=51", FindingKind::Value, "query.limit"),
        ("&limits=5", FindingKind::Parameter, "query.limits"),
        ("&sort=size", FindingKind::Value, "query.sort"),
        ("&tags[]=a", FindingKind::Parameter, "query.tags[]"),
        ("&filter[age]=old", FindingKind::Type, "query.filter.age"),
        ("&filter[ages]=3", FindingKind::Member, "query.filter.ages"),
    ] {
        assert_eq!(found("GET", &format!("{LIST}{query}"), &GOOD, None), one(kind, place), "{query}");
    }
    let base = "https://acme.larder.example/api/v1";
    assert_eq!(found("GET", &format!("{base}/jars"), &GOOD, None), one(FindingKind::Missing, "query.shelf"));
    assert_eq!(found("PUT", &format!("{base}/jars"), &GOOD, None), one(FindingKind::Method, "method"));
    assert_eq!(found("GET", &format!("{base}/jugs"), &GOOD, None), one(FindingKind::Path, "path"));
    assert_eq!(found("GET", &format!("{base}/jars/x"), &GOOD, None).first().map(|one| one.0), Some(FindingKind::Type));
    assert_eq!(found("GET", &format!("{base}/jars/newest"), &[("x-key", "k")], None), []);
    assert_eq!(found("GET", LIST, &GOOD[..1], None), one(FindingKind::Missing, "headers.x-pantry"));
    assert_eq!(found("GET", LIST, &GOOD[1..], None), one(FindingKind::Credentials, "credentials"));
    let url = format!("{base}/jars");
    for (body, kind, place) in [
        (json!({"name": 1}), FindingKind::Type, "body.name"),
        (json!({"name": null}), FindingKind::Type, "body.name"),
        (json!({"age": 1}), FindingKind::Missing, "body.name"),
        (json!({"name": "a", "nam": 1}), FindingKind::Member, "body.nam"),
        (json!({"name": "a", "lids": [{"colour": "red"}]}), FindingKind::Member, "body.lids[0].colour"),
        (json!({"name": "a", "lids": {"color": "red"}}), FindingKind::Type, "body.lids"),
        (json!({"name": "a", "inner": {"name": "b", "age": "old"}}), FindingKind::Type, "body.inner.age"),
        (json!({"name": "a", "content": {"kind": "jam"}}), FindingKind::Missing, "body.content.fruit"),
        (json!({"name": "a", "labels": {"any": 1}}), FindingKind::Type, "body.labels.any"),
    ] {
        assert_eq!(found("POST", &url, &GOOD, Some(&body)), one(kind, place), "{body}");
    }
    assert_eq!(found("POST", &url, &GOOD, None), one(FindingKind::Missing, "body"));
    assert_eq!(found("GET", LIST, &GOOD, Some(&json!({"a": 1}))), one(FindingKind::Body, "body"));
}

#[test]
fn forms_and_other_media_types_are_compared() {
    let description = Description { tree: described() };
    let contract = description.contract().unwrap();
    let url = Url::parse("https://acme.larder.example/api/v1/jars").unwrap();
    let check = |content_type: &str, body: &str| {
        let request = SentRequest {
            method: "POST",
            url: &url,
            headers: None,
            content_type: Some(content_type),
            body: Some(body.as_bytes()),
        };
        let findings = contract.check_request(&request).findings;
        findings.into_iter().map(|finding| (finding.kind, finding.place)).collect::<Vec<_>>()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(check(form, "name=a&age=3&lids[0][size]=2&labels[x]=y"), []);
    assert_eq!(check(form, "name=a&age=old"), [(FindingKind::Type, "body.age".to_owned())]);
    assert_eq!(
        check(form, "names=a"),
        [(FindingKind::Member, "body.names".to_owned()), (FindingKind::Missing, "body.name".to_owned())]
    );
    assert_eq!(check("text/xml", "<a/>"), [(FindingKind::MediaType, "headers.content-type".to_owned())]);
}

#[test]
fn a_base_path_of_another_host_is_told_and_does_not_hide_a_wrong_path() {
    let description = Description { tree: described() };
    let contract = description.contract().unwrap();
    let check = |url: &str| {
        let url = Url::parse(url).unwrap();
        contract.check_request(&SentRequest { method: "GET", url: &url, headers: None, content_type: None, body: None })
    };
    let checked = check("https://gateway.example/tenant/7/jars/newest");
    assert_eq!((checked.findings, checked.foreign_base.as_deref()), (Vec::new(), Some("/tenant/7")));
    assert_eq!(check("https://gateway.example/tenant/7/jugs/newest").operation, None);
}

#[test]
fn made_answers_have_every_member_and_are_answers_of_the_description() {
    let description = Description { tree: described() };
    let contract = description.contract().unwrap();
    let url = Url::parse(LIST).unwrap();
    let request = SentRequest { method: "GET", url: &url, headers: None, content_type: None, body: None };
    let index = contract.check_request(&request).operation.unwrap();
    let made = contract.success(index);
    assert_eq!((made.status, made.has_link, made.is_described), (200, true, true));
    let body: Value = serde_json::from_slice(&made.body).unwrap();
    // A jar in a jar ends there.
    let jar = json!({
        "id": 1, "name": "text", "age": 1, "lids": [{"size": 1, "color": "text"}],
        "content": {"kind": "jam", "fruit": "text"}, "labels": {"key": "text"},
    });
    assert_eq!(body, json!([jar]));
    let check = |status: u16, body: &Value, is_abridged: bool| {
        let findings = contract.check_answer(index, RecordedAnswer { status, body: Some(body), is_abridged });
        findings.into_iter().map(|finding| (finding.kind, finding.place)).collect::<Vec<_>>()
    };
    assert_eq!(check(200, &body, false), []);
    assert_eq!(check(200, &json!([{"name": "an extract"}]), false), []);
    assert_eq!(check(200, &json!([{"nmae": "a"}]), false), [(FindingKind::Member, "answer[0].nmae".to_owned())]);
    assert_eq!(check(200, &json!([{"nmae": "a", "age": 1}]), true), []);
    assert_eq!(check(200, &json!([{"age": "1"}]), true), [(FindingKind::Type, "answer[0].age".to_owned())]);
    assert_eq!(check(204, &Value::Null, false), [(FindingKind::Answer, "status".to_owned())]);
    assert_eq!(check(429, &json!({"any": 1}), false), []);
    let failure = contract.failure(index).unwrap();
    assert_eq!((failure.status, failure.body), (404, br#"{"error":"text"}"#.to_vec()));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let tree = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}, "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
        "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}], "properties": {"a": {"$ref": "#/components/schemas/B"}}}, "B": {"$ref": "#/components/schemas/B"}}},
    });
    let description = Description { tree };
    let contract = description.contract().unwrap();
    let url = Url::parse("https://x.example/a").unwrap();
    let body = br#"{"a": {"a": 1}}"#;
    let request = SentRequest { method: "POST", url: &url, headers: None, content_type: None, body: Some(body) };
    let checked = contract.check_request(&request);
    assert!(checked.operation.is_some());
    assert_eq!(contract.success(checked.operation.unwrap()).status, 200);
}
