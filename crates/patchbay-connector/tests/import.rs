//! The import of API descriptions: fixtures with snapshots, and random descriptions.

use std::fmt::Write as _;

use patchbay_connector::{
    Connector, Severity,
    definition::{StepFunction, ValueTemplate},
    import::{ImportError, ImportOptions, ImportProgress, Imported, Selection, Topic, import},
    load, render,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const OPENAPI3: &str = include_str!("import/openapi3.yaml");
const SWAGGER2: &str = include_str!("import/swagger2.json");
const GOOGLE_DISCOVERY: &str = include_str!("import/google_discovery.json");

fn imported(text: &str, options: &ImportOptions) -> Imported {
    import(text, options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"))
}

fn from(source: &str) -> ImportOptions {
    ImportOptions { source: source.to_owned(), ..ImportOptions::default() }
}

/// Returns the connector, which must have neither errors nor warnings.
fn connector(imported: &Imported) -> Connector {
    let loaded = load(&imported.files);
    assert_eq!(render(&loaded.diagnostics, &imported.files), "");
    loaded.connector.unwrap()
}

/// Returns all generated files and notes as one text.
fn shown(imported: &Imported) -> String {
    let mut text = format!("{} ({}): {} of {}\n", imported.key, imported.format, imported.actions, imported.operations);
    for note in &imported.notes {
        let _ = writeln!(text, "! {} | {} | {}", note.topic.title(), note.place, note.detail);
    }
    for file in &imported.files {
        let _ = write!(text, "\n=== {}\n{}", file.name, file.text);
    }
    text
}

#[test]
fn an_openapi_document_with_everything_in_it() {
    let imported = imported(OPENAPI3, &from("openapi3.yaml"));
    insta::assert_snapshot!(shown(&imported));
    connector(&imported);
}

#[test]
fn a_swagger_document() {
    let imported = imported(SWAGGER2, &from("swagger2.json"));
    insta::assert_snapshot!(shown(&imported));
    connector(&imported);
}

#[test]
fn a_discovery_document() {
    let imported = imported(GOOGLE_DISCOVERY, &from("google_discovery.json"));
    insta::assert_snapshot!(shown(&imported));
    connector(&imported);
}

#[test]
fn json_and_yaml_make_the_same_connector() {
    let tree: Value = serde_json::from_str(SWAGGER2).unwrap();
    let text = tree.to_string().replace("\":", "\": ");
    let yaml = format!("# YAML, since it has a comment.\n{text}");
    assert_eq!(shown(&imported(&yaml, &from("x"))), shown(&imported(SWAGGER2, &from("x"))));
}

#[test]
fn operations_are_selected_by_tag_path_and_id() {
    let ids = |selection: Selection| {
        let made = imported(OPENAPI3, &ImportOptions { selection, ..from("x") });
        let connector = connector(&made);
        connector.actions.iter().map(|action| action.id.clone()).collect::<Vec<_>>()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(Selection { tags: texts(&["berths"]), ..Selection::default() }).len(), 4);
    let papers = ids(Selection { paths: texts(&["/papers"]), ..Selection::default() });
    assert_eq!(papers, ["download_paper", "put_paper_file", "add_note", "set_note"]);
    let two = ids(Selection { operations: texts(&["getShip", "GET /berths"]), ..Selection::default() });
    assert_eq!(two, ["get_ship", "list_berths"]);
    let wrong = Selection { tags: texts(&["Shps"]), ..Selection::default() };
    let error = import(OPENAPI3, &ImportOptions { selection: wrong, ..from("x") }, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("did you mean `Ships`?"), "{error}");
}

#[test]
fn key_title_and_base_url_can_be_set() {
    let options = ImportOptions {
        key: Some("port".to_owned()),
        title: Some("The Port".to_owned()),
        base_url: Some("https://port.example/v9/".to_owned()),
        ..from("x")
    };
    let made = imported(OPENAPI3, &options);
    let connector = connector(&made);
    assert_eq!((connector.key.as_str(), connector.title.as_str()), ("port", "The Port"));
    assert_eq!(connector.base_url.as_ref().unwrap().source(), "https://port.example/v9");
    assert_eq!(made.files[0].name, "port.connector.yaml");
    let refused = |options: ImportOptions| import(OPENAPI3, &options, &mut |_| ()).unwrap_err();
    assert!(matches!(refused(ImportOptions { key: Some("9".to_owned()), ..from("x") }), ImportError::Key(_)));
    for url in ["http://x.example", "https://x.example?a=b", "https://${credentials.x}", "x"] {
        let error = refused(ImportOptions { base_url: Some(url.to_owned()), ..from("x") });
        assert!(matches!(error, ImportError::BaseUrl(_)), "{url}");
    }
}

#[test]
fn invalid_descriptions_are_rejected_with_a_reason() {
    let refused = |text: &str| import(text, &from("x"), &mut |_| ()).unwrap_err();
    for text in ["", "{", "[1, 2]", "a: [", "plain"] {
        assert!(matches!(refused(text), ImportError::Syntax(_) | ImportError::Format), "{text:?}");
    }
    for text in ["{}", "openapi: 4.0.0", "swagger: '1.2'"] {
        assert!(matches!(refused(text), ImportError::Format), "{text:?}");
    }
    assert!(matches!(refused("openapi: 3.0.0\npaths: {}"), ImportError::Nothing(_)));
}

#[test]
fn progress_is_reported_for_every_operation() {
    let mut reported = Vec::new();
    import(SWAGGER2, &from("x"), &mut |progress| reported.push(progress)).unwrap();
    assert_eq!(reported.first(), Some(&ImportProgress::Reading));
    assert_eq!(reported.last(), Some(&ImportProgress::Operations(8, 8)));
}

#[test]
fn a_large_body_is_cut_evenly_with_a_note() {
    let leaf = json!({ "type": "object", "properties": (0..30).map(|n| (format!("leaf{n}"), json!({"type": "string"}))).collect::<serde_json::Map<_, _>>() });
    let branch = json!({ "type": "object", "properties": (0..30).map(|n| (format!("branch{n}"), leaf.clone())).collect::<serde_json::Map<_, _>>() });
    let schema = json!({ "type": "object", "properties": { "a": branch, "b": branch, "c": { "type": "string" } } });
    let body = json!({ "content": { "application/json": { "schema": schema } } });
    let root = json!({ "openapi": "3.0.0", "servers": [{ "url": "https://x.example" }],
        "paths": { "/a": { "post": { "operationId": "createA", "requestBody": body, "responses": {} } } } });
    let made = imported(&root.to_string(), &from("x"));
    let connector = connector(&made);
    let inputs = &connector.actions[0].inputs;
    let names = inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["a", "b", "c"], "nothing at the top is lost");
    assert_eq!((inputs[0].properties.len(), inputs[1].properties.len()), (30, 30));
    assert!(inputs[0].properties.iter().all(|property| property.properties.is_empty()));
    assert!(made.notes.iter().any(|note| note.topic == Topic::TooLarge && note.place == "POST /a"));
}

#[test]
fn a_family_of_filter_parameters_becomes_one_list_of_filters() {
    let schema_of = |fields: &[&str]| {
        let names =
            fields.iter().flat_map(|field| ["eq", "gt", "lt", "in"].map(|operator| format!("{field}[{operator}]")));
        let parameters = names
            .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "integer" } }))
            .chain(["page", "size"].map(|name| json!({ "name": name, "in": "query", "schema": { "type": "integer" } })))
            .collect::<Vec<_>>();
        let root = json!({ "openapi": "3.0.0", "servers": [{ "url": "https://x.example" }],
            "paths": { "/a": { "get": { "operationId": "listA", "parameters": parameters, "responses": {} } } } });
        let made = imported(&root.to_string(), &from("x"));
        connector(&made).actions[0].input_schema()["properties"]["query"]["properties"].clone()
    };
    let small = schema_of(&["size", "age"]);
    assert_eq!(small.as_object().unwrap().len(), 10, "{small}");
    let large = schema_of(&["size", "age", "weight"]);
    let names = large.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(names, ["page", "filters"]);
    let filter = &large["filters"]["items"]["properties"];
    assert_eq!(
        (&filter["field"]["enum"], &filter["operator"]["enum"]),
        (&json!(["size", "age", "weight"]), &json!(["eq", "gt", "lt", "in"]))
    );
}

/// Texts with a meaning in YAML or in expressions.
const HOSTILE: [&str; 14] = [
    "${credentials.key}",
    "{{1 +}}",
    "$.x",
    "a: b # c",
    "- x",
    "'",
    "\"",
    "\\",
    "\u{2028}\u{0}\u{1b}[31m",
    "no",
    "null",
    "é",
    "{x}",
    "[x]",
];

#[test]
fn texts_with_special_meaning_stay_literal() {
    for text in HOSTILE {
        let root = json!({
            "openapi": "3.0.0",
            "info": { "title": text, "description": text },
            "servers": [{ "url": "https://x.example" }],
            "tags": [],
            "paths": { format!("/a/{text}"): { "get": {
                "operationId": text, "summary": text, "description": format!("{text}\n\n{text}\n    {text}"), "tags": [text],
                "parameters": [
                    { "name": text, "in": "query", "description": text, "schema": { "type": "string", "enum": [text, "x"], "default": text }, "required": true },
                    { "name": text, "in": "header", "schema": { "type": "string", "pattern": text } },
                ],
                "responses": {},
            } } },
            "components": { "securitySchemes": { text: { "type": "apiKey", "in": "header", "name": text }, "o": { "type": "oauth2", "flows": {
                "authorizationCode": { "authorizationUrl": "https://x.example/a", "tokenUrl": "https://x.example/t", "scopes": { text: text } } } } } },
        });
        let made = imported(&root.to_string(), &from(text));
        let loaded = load(&made.files);
        let errors =
            loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error).cloned().collect::<Vec<_>>();
        assert_eq!(render(&errors, &made.files), "", "{text:?}");
        let connector = loaded.connector.unwrap();
        let action = &connector.actions[0];
        let StepFunction::Request(request) = &action.steps[0].function else { panic!("{text:?}") };
        for arg in &request.args {
            let value =
                if let ValueTemplate::Text(value) = &arg.value { value.source().to_owned() } else { String::new() };
            assert!(value.starts_with("$.inputs.") || value.starts_with("{{inputs."), "{text:?}: {value}");
        }
    }
}

/// A random tree with the keys of API descriptions.
fn tree() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "object",
        "array",
        "string",
        "integer",
        "properties",
        "items",
        "$ref",
        "#/components/schemas/A",
        "#/paths",
        "allOf",
        "oneOf",
        "anyOf",
        "required",
        "enum",
        "format",
        "binary",
        "date-time",
        "name",
        "in",
        "query",
        "path",
        "header",
        "schema",
        "content",
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "get",
        "post",
        "parameters",
        "requestBody",
        "responses",
        "200",
        "default",
        "security",
        "operationId",
        "tags",
        "/a/{b}",
        "{",
        "}",
        "${",
        "pattern",
        "nullable",
        "additionalProperties",
        "page",
        "cursor",
        "oauth2",
        "flows",
        "authorizationCode",
        "apiKey",
        "http",
        "scheme",
        "bearer",
        "minimum",
        "",
    ])
    .prop_map(str::to_owned);
    let leaf = prop_oneof![
        words.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn is_sound(root: &Value) -> Result<(), TestCaseError> {
    match import(&root.to_string(), &from("x"), &mut |_| ()) {
        Err(_) => Ok(()),
        Ok(made) => {
            let mut found = load(&made.files).diagnostics;
            found.retain(|found| found.severity == Severity::Error);
            prop_assert_eq!(render(&found, &made.files), "", "{}", root);
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_description_results_in_a_connector_or_an_error(schema in tree(), operation in tree(), schemes in tree(), server in any::<String>()) {
        let operation = match operation {
            Value::Object(mut members) => {
                members.insert("parameters".to_owned(), json!([
                    { "name": "b", "in": "path", "schema": schema }, { "name": "c[]", "in": "query", "required": true, "schema": schema },
                ]));
                members.insert("requestBody".to_owned(), json!({ "content": { "application/json": { "schema": schema } } }));
                Value::Object(members)
            }
            other => other,
        };
        is_sound(&json!({
            "openapi": "3.1.0", "servers": [{ "url": server }], "paths": { "/a/{b}": { "get": operation, "post": operation } },
            "components": { "schemas": { "A": schema }, "securitySchemes": { "s": schemes, "t": operation } }, "security": schemes,
        }))?;
    }

    #[test]
    fn importing_a_mangled_description_never_panics(cuts in prop::collection::vec((0_usize..400, 0_u8..3), 1..10)) {
        for text in [OPENAPI3, GOOGLE_DISCOVERY, SWAGGER2] {
            let mut lines = text.lines().collect::<Vec<_>>();
            for (at, how) in &cuts {
                let at = at % lines.len();
                match how {
                    0 => _ = lines.remove(at),
                    1 => lines.insert(at, lines[at]),
                    _ => lines.swap(at, 0),
                }
            }
            if let Ok(made) = import(&lines.join("\n"), &from("x"), &mut |_| ()) {
                let mut found = load(&made.files).diagnostics;
                found.retain(|found| found.severity == Severity::Error);
                prop_assert_eq!(render(&found, &made.files), "");
            }
        }
    }
}
