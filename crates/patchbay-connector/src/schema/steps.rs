//! Steps, arguments and the parameters of each step function.

use serde_json::{Value, json};

use super::format::{boolean, choice, list, map_of, names, object, reference, text, texts, whole};
use crate::{
    definition::JwtAlgorithm,
    load::{function, step},
};

/// Adds the definitions of steps.
pub(super) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    add("argument", argument());
    add("customError", custom_error());
    let saml = [("lifetime", whole()), ("attributes", map_of(&text())), ("encoding", names(&["base64", "base64url"]))];
    add("saml", object(&function::SAML, &["objectKey", "key", "clientId"], &saml));
    let pems = || json!({ "type": "array", "minItems": 1, "items": text() });
    add("certificates", object(&["certs", "keys"], &["certs", "keys"], &[("certs", pems()), ("keys", pems())]));
    add("step", step_schema());
    add("stepFunction", step_function());
    for (name, schema) in parameters() {
        add(&format!("parameters_{name}"), schema);
    }
}

fn argument() -> Value {
    object(
        &["name", "value", "in", "condition", "spread", "inline", "arrayFormat"],
        &["name", "value", "in"],
        &[
            ("value", json!(true)),
            ("in", names(&["body", "query", "headers"])),
            ("spread", boolean()),
            ("inline", boolean()),
            ("arrayFormat", names(&["indexed", "repeat", "brackets", "comma", "stringify"])),
        ],
    )
}

fn custom_error() -> Value {
    let status = json!({ "type": "integer", "minimum": 100, "maximum": 599 });
    object(
        &["receivedStatus", "targetStatus", "message", "condition"],
        &["receivedStatus", "targetStatus"],
        &[("receivedStatus", status.clone()), ("targetStatus", status)],
    )
}

fn step_schema() -> Value {
    let mut schema = object(
        &step::KEYS,
        &["stepId"],
        &[
            ("stepFunction", reference("stepFunction")),
            ("stepFunctions", list(&reference("stepFunction"))),
            ("onConditionError", json!({ "enum": [true, false, "true", "false", "break"] })),
            ("ignoreError", boolean()),
            ("async", boolean()),
            ("label", json!(true)),
        ],
    );
    schema["anyOf"] = json!([{ "required": ["stepFunction"] }, { "required": ["stepFunctions"] }]);
    schema
}

fn step_function() -> Value {
    let known = parameters();
    let all = known.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let rules = known.iter().map(|(name, _)| {
        json!({
            "if": { "properties": { "functionName": { "const": name } } },
            "then": { "properties": { "parameters": reference(&format!("parameters_{name}")) } },
        })
    });
    let mut schema = object(
        &["functionName", "version", "parameters"],
        &["functionName", "parameters"],
        &[
            ("functionName", names(&all)),
            ("version", json!({ "enum": ["1", "2", 1, 2] })),
            ("parameters", json!({ "type": "object" })),
        ],
    );
    schema["allOf"] = rules.collect();
    schema
}

fn parameters() -> Vec<(&'static str, Value)> {
    let paging = ["iterator", "cursor"];
    let request = [&step::REQUEST[..]].concat();
    let paginated = [&step::REQUEST[..], &paging].concat();
    let download = [&step::REQUEST[..], &step::DOWNLOAD].concat();
    let soap_paginated = [&function::SOAP[..], &paging].concat();
    vec![
        ("request", requesting(&request, &["url"])),
        ("paginated_request", requesting(&paginated, &["url", "iterator"])),
        ("download_file", requesting(&download, &["url"])),
        ("static_values", object(&["values"], &["values"], &[("values", json!(true))])),
        ("soap_request", requesting(&function::SOAP, &["url"])),
        ("soap_paginated_request", requesting(&soap_paginated, &["url", "iterator"])),
        (
            "group_data",
            object(
                &["stepsDataToGroup", "isSingleRecord"],
                &["stepsDataToGroup"],
                &[("stepsDataToGroup", texts()), ("isSingleRecord", boolean())],
            ),
        ),
        (
            "map_fields",
            object(
                &["fields", "dataSource", "externalSources"],
                &[],
                &[("fields", list(&reference("fieldMapping"))), ("externalSources", map_of(&text()))],
            ),
        ),
        (
            "typecast",
            object(&["fields", "dataSource"], &["dataSource"], &[("fields", list(&reference("typecastField")))]),
        ),
        ("upload_file", requesting(&function::UPLOAD, &["url", "file"])),
        ("upload_binary", requesting(&function::BINARY, &["url", "binaryContent"])),
        (
            "emit_event",
            object(
                &["event"],
                &[],
                &[(
                    "event",
                    object(&["eventType", "eventId", "eventDate", "data"], &["eventType"], &[("data", json!(true))]),
                )],
            ),
        ),
        (
            "sign_jwt",
            object(
                &function::JWT,
                &["algorithm", "privateKey", "claims"],
                &[
                    ("algorithm", choice(&JwtAlgorithm::ALL)),
                    ("claims", json!({ "type": "object" })),
                    ("headers", json!({ "type": "object" })),
                    ("lifetime", whole()),
                ],
            ),
        ),
        ("mcp_request", mcp()),
    ]
}

fn mcp() -> Value {
    let arg = object(&["name", "value", "condition"], &["name", "value"], &[("value", json!(true))]);
    let mut schema = object(
        &function::MCP,
        &[],
        &[
            ("method", names(&["tools/call", "tools/list"])),
            ("timeout", whole()),
            ("authorization", reference("authorization")),
            ("args", list(&arg)),
        ],
    );
    schema["anyOf"] = json!([
        { "required": ["toolName"] },
        { "required": ["method"], "properties": { "method": { "const": "tools/list" } } },
    ]);
    schema
}

fn requesting(keys: &[&str], required: &[&str]) -> Value {
    let iterator = object(
        &["key", "in", "condition", "mode", "startPage", "maxPage"],
        &["key"],
        &[
            ("in", names(&["query", "body"])),
            ("mode", names(&["cursor", "offset", "page"])),
            ("startPage", whole()),
            ("maxPage", whole()),
        ],
    );
    let response = object(
        &step::RESPONSE,
        &[],
        &[
            ("collection", boolean()),
            ("nextKeyIn", names(&["headers", "data"])),
            ("contentIsBase64", boolean()),
            ("forwardAuth", boolean()),
        ],
    );
    let namespace = object(&["namespaceIdentifier", "namespace"], &["namespaceIdentifier", "namespace"], &[]);
    let form_field =
        object(&["name", "value", "condition", "contentType"], &["name", "value"], &[("value", json!(true))]);
    object(
        keys,
        required,
        &[
            ("method", choice(&step::METHODS)),
            ("authorization", reference("authorization")),
            ("args", list(&reference("argument"))),
            ("response", response),
            ("customErrors", list(&reference("customError"))),
            ("encodeQueryParams", boolean()),
            ("cacheTTL", whole()),
            ("certificates", reference("certificates")),
            ("saml", reference("saml")),
            ("description", json!(true)),
            ("context", json!(true)),
            ("iterator", iterator),
            ("cursor", object(&["token", "position"], &[], &[])),
            ("responseMode", names(&["buffer", "stream"])),
            ("responseType", names(&["arraybuffer", "blob", "text", "json"])),
            ("encoding", names(&["base64", "utf8", "binary", "raw", "none"])),
            ("maxRedirects", whole()),
            ("followRedirects", boolean()),
            ("envelope", json!(true)),
            ("namespaces", list(&namespace)),
            ("useSoapContext", boolean()),
            (
                "file",
                object(
                    &["fieldName", "content", "filename", "contentType"],
                    &["fieldName", "content", "filename"],
                    &[],
                ),
            ),
            ("additionalFields", list(&form_field)),
            ("binaryContent", object(&["content", "contentType"], &["content"], &[])),
        ],
    )
}
