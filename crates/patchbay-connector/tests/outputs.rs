//! Diagnostics as JSON and SARIF, their limits, and diagnostics across files and connectors.

use std::sync::Arc;

use patchbay_connector::{Registry, SourceFile, load, render, to_json, to_sarif};

const HEAD: &str = "\
Patchbay: 1.0.0
info: { title: T, key: KEY, version: 1.0.0, description: D }
authentication:
  - custom: { type: custom, label: L }
actions:
";
const ACTION: &str = "  - actionId: ID
    label: L
    description: D
    steps:
      - { stepId: s, description: d, stepFunction: { functionName: static_values, parameters: { values: {} } } }
";

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), text: text.to_owned() }
}

fn connector(key: &str, action: &str) -> String {
    format!("{HEAD}{ACTION}").replace("KEY", key).replace("ID", action)
}

#[test]
fn json_and_sarif_have_message_and_position() {
    let files = [file("a b/x.connector.yaml", &connector("t", "list").replace("label: L\n", "lable: L\n"))];
    let found = load(&files).diagnostics;
    let json = to_json(&found);
    assert_eq!(json[0]["code"], "PB0002");
    let slip = json.as_array().unwrap().iter().find(|one| one["code"] == "PB0002").unwrap();
    assert_eq!((&slip["line"], &slip["column"], &slip["endColumn"]), (&7.into(), &5.into(), &10.into()));
    assert_eq!(slip["hint"], "did you mean `label`?");

    let sarif = to_sarif(&found);
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), found.len());
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/x.connector.yaml");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
    }
}

#[test]
fn diagnostics_are_limited_and_rendered_in_one_pass() {
    let keys = (0..50_000).map(|key| format!("k{key}: 1\n")).collect::<String>();
    let files = [file("x.connector.yaml", &format!("{}{keys}", connector("t", "list")))];
    let loaded = load(&files);
    assert!(loaded.connector.is_none());
    assert_eq!(loaded.diagnostics.len(), 201);
    let text = render(&loaded.diagnostics, &files);
    assert!(text.contains("49800 more problems"), "{}", &text[..400]);
}

#[test]
fn a_number_keeps_its_spelling_as_a_string() {
    let text = connector("t", "list").replace("title: T", "title: 2.10");
    assert_eq!(load(&[file("x.connector.yaml", &text)]).connector.unwrap().title, "2.10");
}

#[test]
fn an_unreferenced_partial_is_reported() {
    let files = [file("t.connector.yaml", &connector("t", "list")), file("t.more.partial.yaml", "[]")];
    let loaded = load(&files);
    assert!(loaded.connector.is_some());
    assert_eq!(loaded.diagnostics[0].code, "PB0203");
    let text = format!("{HEAD}  - $ref: t.more\n  - $ref: t.more\n");
    let both = [file("t.connector.yaml", &text.replace("KEY", "t")), files[1].clone()];
    assert_eq!(load(&both).diagnostics[0].message, "the file refers to `t.more` twice");
}

#[test]
fn public_id_collisions_are_found() {
    let connector =
        |key, action| Arc::new(load(&[file("x.connector.yaml", &connector(key, action))]).connector.unwrap());
    let registry = Registry::new().with(connector("a", "b_c")).with(connector("a_b", "c")).with(connector("d", "e"));
    let found = registry.collisions();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].public_id.as_str(), found[0].connectors.join(" ").as_str()), ("a_b_c", "a a_b"));
}
