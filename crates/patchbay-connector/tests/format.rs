//! The fixtures contain every key of the format. The schema and the loader agree on valid and invalid files.

use patchbay_connector::{Severity, SourceFile, format_schema, load};
use proptest::prelude::*;
use saphyr_json::to_json;
use serde_json::{Value, json};

/// Converts a file's YAML to JSON with the parser of the loader.
mod saphyr_json {
    use patchbay_connector::syntax;
    use serde_json::Value;

    pub fn to_json(text: &str) -> Value {
        syntax::parse("x", text).map_or(Value::Null, |node| node.to_json())
    }
}

/// Every key of the format that one file can contain.
const WHOLE: &str = include_str!("whole.connector.yaml");
/// The keys that the first file cannot contain.
const REST: &str = include_str!("rest.connector.yaml");

fn file(text: &str) -> [SourceFile; 1] {
    [SourceFile { name: "whole.connector.yaml".to_owned(), text: text.to_owned() }]
}

/// The codes of errors that a schema cannot express: unsupported parts, references, expressions, patterns.
const BEYOND_SCHEMA: [&str; 10] =
    ["PB0101", "PB0102", "PB0103", "PB0104", "PB0105", "PB0106", "PB0107", "PB0108", "PB0003", "PB0001"];

fn loader_accepts(text: &str) -> bool {
    load(&file(text))
        .diagnostics
        .iter()
        .all(|found| found.severity == Severity::Warning || BEYOND_SCHEMA.contains(&found.code))
}

#[test]
fn every_key_is_loaded() {
    for text in [WHOLE, REST] {
        let loaded = load(&file(text));
        let others = loaded
            .diagnostics
            .iter()
            .filter(|found| found.code != "PB0106" && found.severity == Severity::Error)
            .map(|found| format!("{} {} {}", found.span.start, found.code, found.message))
            .collect::<Vec<_>>();
        assert_eq!(others, Vec::<String>::new());
    }
}

#[test]
fn the_schema_accepts_the_fixtures_and_built_in_connectors() {
    let validator = jsonschema::validator_for(&format_schema()).unwrap();
    for text in [WHOLE, REST] {
        let errors = validator
            .iter_errors(&to_json(text))
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect::<Vec<_>>();
        assert_eq!(errors, Vec::<String>::new());
    }

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let tree = to_json(&std::fs::read_to_string(&path).unwrap());
            let errors = validator
                .iter_errors(&tree)
                .map(|error| format!("{} {error}", error.instance_path()))
                .collect::<Vec<_>>();
            assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10);
}

/// Misspells the key on each line of the fixtures: neither the schema nor the loader accepts it. Keys that are free and
/// blocks of text are exceptions, on which both must agree.
#[test]
fn the_schema_and_the_loader_agree_on_every_misspelt_key() {
    let validator = jsonschema::validator_for(&format_schema()).unwrap();
    let (mut refused, mut differ) = (0, Vec::new());
    let lines = [WHOLE, REST].into_iter().flat_map(|text| text.lines().enumerate().map(move |line| (text, line)));
    for (file, (number, line)) in lines {
        let Some((key, _)) = line.split_once(':') else { continue };
        let name = key.trim_start_matches([' ', '-', '{']);
        if name.is_empty() || name.contains(' ') || line.trim_start().starts_with('#') {
            continue;
        }
        let text = file
            .lines()
            .enumerate()
            .map(
                |(place, line)| {
                    if place == number { line.replacen(name, &format!("{name}Zz"), 1) } else { line.to_owned() }
                },
            )
            .collect::<Vec<_>>()
            .join("\n");
        // In a file of the original format, a misspelt parameter is only a warning.
        let own = text.replace("StackOne: 1.0.0", "Patchbay: 1.0.0");
        let (by_schema, by_loader) = (validator.is_valid(&to_json(&text)), loader_accepts(&own));
        refused += usize::from(!by_loader);
        // Only the loader checks these blocks.
        let is_loose = name == "events";
        if by_schema != by_loader && !is_loose && !in_loose_block(file, number) {
            differ.push(format!("{}: {line} (schema {by_schema}, loader {by_loader})", number + 1));
        }
    }
    assert_eq!(differ, Vec::<String>::new());
    assert!(refused > 240, "{refused}");
}

/// Returns true for blocks that the schema only describes as an object.
fn in_loose_block(file: &str, number: usize) -> bool {
    let lines = file.lines().collect::<Vec<_>>();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mut limit = indent(lines[number]);
    for line in lines[..number].iter().rev() {
        if !line.trim().is_empty() && indent(line) < limit {
            limit = indent(line);
            let key = line.trim_start_matches([' ', '-']).split(':').next().unwrap_or_default();
            if ["events", "dataSync", "concurrency"].contains(&key) {
                return true;
            }
        }
    }
    false
}

#[test]
fn the_schema_and_the_loader_agree_on_bad_files() {
    let validator = jsonschema::validator_for(&format_schema()).unwrap();
    for (from, to) in [
        ("Patchbay: 1.0.0", "Patchbay: 2.0.0"),
        ("Patchbay: 1.0.0", "info2: 1"),
        ("  title: Whole", "  titel: Whole"),
        ("actionType: list", "actionType: lst"),
        ("method: get", "method: fetch"),
        ("type: bearer", "type: baerer"),
        ("in: query", "in: qurey"),
        ("functionName: sign_jwt", "functionName: sign_jwtt"),
        ("required: true", "required: perhaps"),
        ("algorithm: RS256", "algorithm: none"),
        ("cacheTTL: 60", "cacheTTL: soon"),
        ("receivedStatus: 404", "receivedStatus: 4040"),
        ("authentication:", "authentification:"),
    ] {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let invalid = loader_accepts(&text);
        assert!(!validator.is_valid(&to_json(&text)), "the schema takes {to}");
        assert!(!invalid || to.contains("4040"), "the loader takes {to}");
    }
    let errors = |value: &Value| validator.iter_errors(value).count();
    assert!(errors(&json!({})) > 0 && errors(&json!("x")) > 0 && errors(&json!([1])) > 0);
}

#[test]
fn unsupported_step_functions_are_rejected_with_a_reason() {
    for (name, reason) in [("code_execution_lambda", "on AWS"), ("browser_use", "language model")] {
        let text = WHOLE.replace("functionName: sign_jwt", &format!("functionName: {name}"));
        let found = load(&file(&text)).diagnostics;
        assert!(found.iter().any(|found| found.code == "PB0106" && found.message.contains(reason)), "{name}");
    }
}

proptest! {
    /// Removes, duplicates and swaps lines: the loader returns, within its limit of diagnostics.
    #[test]
    fn loading_a_mangled_file_never_panics(cuts in proptest::collection::vec((0_usize..400, 0_u8..3), 1..12)) {
        let mut lines = WHOLE.lines().collect::<Vec<_>>();
        for (at, how) in cuts {
            let at = at % lines.len();
            match how {
                0 => _ = lines.remove(at),
                1 => lines.insert(at, lines[at]),
                _ => lines.swap(at, 0),
            }
            if lines.is_empty() { break; }
        }
        let loaded = load(&file(&lines.join("\n")));
        prop_assert!(loaded.diagnostics.len() <= 202);
    }
}
