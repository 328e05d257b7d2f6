//! `patchbay connector prove` and `patchbay connector test --against`: a connector and its cases compared with an API
//! description.

use std::{fs, path::Path};

use serde_json::Value;

use crate::authoring::{json_of, patchbay};

const MAIN: &str = include_str!("data/larder/larder.connector.yaml");
const JARS: &str = include_str!("data/larder/larder.jars.partial.yaml");
const CASES: &str = include_str!("data/larder/tests/jars.test.yaml");
const DESCRIPTION: &str = include_str!("data/larder/larder.openapi.json");

/// The replacement that leaves the connector as it is.
const UNCHANGED: (&str, &str) = ("", "");

/// Returns a folder with the connector `larder` and its description. In the partial, the first text is replaced by the second.
fn larder((from, to): (&str, &str)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(JARS.contains(from), "{from}");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir_all(folder.path().join("larder/tests")).unwrap();
    write("larder/larder.connector.yaml", MAIN);
    write("larder/larder.jars.partial.yaml", &JARS.replacen(from, to, 1));
    write("larder/tests/jars.test.yaml", CASES);
    write("larder.json", DESCRIPTION);
    folder
}

fn prove(folder: &Path, more: &[&str]) -> (i32, String, String) {
    patchbay(folder, &[&["connector", "prove", "larder", "--against", "larder.json"], more].concat())
}

#[test]
fn a_connector_that_follows_its_description_is_proven() {
    let folder = larder(UNCHANGED);
    let (code, out, error) = prove(folder.path(), &[]);
    assert_eq!(
        (code, out.as_str()),
        (0, "larder: 3 of 3 actions are proven against the description (OpenAPI 3.1, 3 operations)\n"),
        "{error}"
    );
    let report = json_of(&prove(folder.path(), &["--json"]).1);
    assert_eq!(report["proven"], 3);
    let runs = |place: usize| report["actions"][place]["runs"].clone();
    assert_eq!(runs(0), serde_json::json!(["required inputs", "all inputs", "other choices", "second page"]));
    assert_eq!(runs(2), serde_json::json!(["required inputs", "all inputs", "described error"]));
    assert_eq!(report["actions"][1]["operations"], serde_json::json!(["POST /jars"]));
}

#[test]
fn evidence_is_written_shown_and_belongs_to_the_connector() {
    let folder = larder(("dataKey: items", "dataKey: records"));
    let path = folder.path().join("larder/larder.evidence.json");
    assert_eq!(prove(folder.path(), &["--write"]).0, 1);
    let written = json_of(&fs::read_to_string(&path).unwrap());
    assert_eq!(written["contract_proven"], serde_json::json!(["add_jar", "get_jar"]));
    assert_eq!(written["description"]["name"], "larder.json, OpenAPI 3.1, version 2");
    let show = |more: &[&str]| patchbay(folder.path(), &[&["connector", "show", "larder"], more].concat()).1;
    assert!(show(&[]).contains("  2 of 3  contract-proven: "), "{}", show(&[]));
    assert_eq!(json_of(&show(&["get_jar", "--json"]))["evidence"], "contract_proven");
    assert_eq!(json_of(&show(&["list_jars", "--json"]))["evidence"], "declared");
    // What people maintain is kept.
    let checked = fs::read_to_string(&path)
        .unwrap()
        .replace("\"contract_proven\"", "\"checked\": [\"list_jars\"],\n  \"contract_proven\"");
    fs::write(&path, checked).unwrap();
    assert_eq!(prove(folder.path(), &["--write"]).0, 1);
    assert_eq!(json_of(&show(&["list_jars", "--json"]))["evidence"], "checked");
    // The evidence of another connector does not count.
    let main = folder.path().join("larder/larder.connector.yaml");
    fs::write(&main, MAIN.replace("larder.example/v2", "larder.example/v3")).unwrap();
    assert_eq!(json_of(&show(&["get_jar", "--json"]))["evidence"], "declared");
    let (code, _, error) = prove(folder.path(), &["--write", "--action", "get_jar"]);
    assert!(code == 1 && error.contains("leave out --action"), "{error}");
}

#[test]
fn each_difference_is_told_with_its_action_and_place() {
    for (from, to, kind, place) in [
        ("{ name: color, value", "{ name: colour, value", "member", "body.colour"),
        (
            "{ name: name, value: \"$.inputs.name\", in: body }",
            "{ name: grams, value: \"$.inputs.grams\", in: body }",
            "missing",
            "body.name",
        ),
        ("value: \"$.inputs.grams\"", "value: \"${inputs.grams}g\"", "type", "body.grams"),
        ("{ name: limit, value", "{ name: max, value", "parameter", "query.max"),
        ("oneOf: { values: [age, name] }", "oneOf: { values: [age, name, size] }", "value", "query.sort"),
        ("key: cursor, in: query, mode: cursor", "key: page, in: query, mode: page", "parameter", "query.page"),
        ("method: post", "method: put", "method", "method"),
        ("/jars/${inputs.id}", "/jar/${inputs.id}", "path", "path"),
        ("/jars/${inputs.id}", "/jars/no-${inputs.id}", "type", "path.id"),
        ("dataKey: items", "dataKey: records", "answer", "answer"),
    ] {
        let folder = larder((from, to));
        let (code, out, error) = prove(folder.path(), &["--json"]);
        let report = json_of(&out);
        let actions = report["actions"].as_array().unwrap();
        let found = actions.iter().flat_map(|action| action["findings"].as_array().unwrap());
        let found = found.map(|finding| (finding["kind"].clone(), finding["place"].clone())).collect::<Vec<_>>();
        assert!(found.contains(&(Value::from(kind), Value::from(place))), "{from} -> {to}: {found:?} {error}");
        assert_eq!(code, 1, "{out}");
    }
}

#[test]
fn recorded_cases_are_compared_with_the_description() {
    let test = |folder: &Path| patchbay(folder, &["connector", "test", "larder", "--against", "larder.json"]);
    let folder = larder(UNCHANGED);
    let (code, out, error) = test(folder.path());
    assert_eq!(
        (code, out.as_str()),
        (0, "larder: 2 cases, 0 failed; 2 of 3 actions covered\n  actions without a case: list_jars\n"),
        "{error}"
    );
    // A case that the description does not permit still passes without it.
    let changed = CASES.replace("{ id: 7, name: Salt }", "{ id: 7, name: Salt, lid: red }");
    fs::write(folder.path().join("larder/tests/jars.test.yaml"), &changed).unwrap();
    assert_eq!(patchbay(folder.path(), &["connector", "test", "larder"]).0, 0);
    let (code, out, _) = test(folder.path());
    assert!(code == 1 && out.contains("GET /v2/jars/7: answer.lid: the description has no member `lid`"), "{out}");
    let abridged = changed.replace("    action: get_jar", "    abridged: true\n    action: get_jar");
    fs::write(folder.path().join("larder/tests/jars.test.yaml"), abridged).unwrap();
    assert_eq!(test(folder.path()).0, 0);
    let wrong = CASES.replace("{ id: 8, name: Salt }", "{ id: eight, name: Salt }");
    fs::write(folder.path().join("larder/tests/jars.test.yaml"), wrong).unwrap();
    let (code, out, _) = test(folder.path());
    assert!(code == 1 && out.contains("POST /v2/jars: answer.id: a string is recorded"), "{out}");
}

#[test]
fn a_description_that_cannot_be_used_is_told() {
    let folder = larder(UNCHANGED);
    fs::write(folder.path().join("other.json"), "{\"asyncapi\": \"3.0.0\"}").unwrap();
    let (code, _, error) = patchbay(folder.path(), &["connector", "prove", "larder", "--against", "other.json"]);
    assert!(code == 1 && error.contains("cannot use other.json") && error.contains("supported are OpenAPI"), "{error}");
    let (code, _, error) = prove(folder.path(), &["--action", "get_jars"]);
    assert!(code == 1 && error.contains("did you mean `get_jar`?"), "{error}");
}
