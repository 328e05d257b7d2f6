//! The generated files match the code: the schema of the format, the reference of functions.
//!
//! After a change: `cargo test -p patchbay-connector --test generated -- --ignored`.

use std::{fmt::Write as _, path::PathBuf};

use patchbay_connector::{
    expr::{Bindings, Template, reference},
    format_schema,
};
use serde_json::{Value, json};

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn schema() -> String {
    format!("{}\n", serde_json::to_string_pretty(&format_schema()).unwrap())
}

fn functions() -> String {
    let mut page =
        "---\ntitle: Functions\ndescription: The functions of expressions, each with an example.\n\
         section: Build connectors\norder: 52\n---\n\nThe functions of `{{…}}` and `${…}`. A test runs every example, with this context:\n\n"
            .to_owned();
    let _ = writeln!(page, "```json\n{}\n```\n", serde_json::to_string_pretty(&context()).unwrap());
    page.push_str("This page is generated from the code. See [expressions](expressions.md) for the language.\n");
    for function in reference() {
        let _ = write!(page, "\n## `{}({})`\n\n{}\n\n", function.name, function.arguments, function.description);
        let methods = function.methods.iter().map(|name| format!("`.{name}()`")).collect::<Vec<_>>();
        if !methods.is_empty() {
            let _ = writeln!(page, "As a method: {}.\n", methods.join(", "));
        }
        let _ = writeln!(page, "```text\n{{{{{}}}}}  →  {}\n```", function.example, function.result);
    }
    page
}

/// Returns a short description of a schema's type.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(names) = schema["enum"].as_array() {
        // Readers do not distinguish `true` and `"true"`.
        let mut values =
            names.iter().map(|name| format!("`{}`", name.to_string().trim_matches('"'))).collect::<Vec<_>>();
        let all = values.clone();
        let mut place = 0..all.len();
        values.retain(|name| !all[..place.next().unwrap_or_default()].contains(name));
        return values.join(", ");
    }
    if !schema["const"].is_null() {
        return format!("`{}`", schema["const"].to_string().trim_matches('"'));
    }
    if let Some(several) = schema["anyOf"].as_array() {
        return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::Array(_) => "string".to_owned(),
        Value::String(name) if name == "string" => "string".to_owned(),
        Value::String(name) if name == "array" && schema["items"].is_object() => {
            format!("list of {}", kind(&schema["items"]))
        }
        Value::String(name) if name == "object" && schema["properties"].is_object() => {
            let keys =
                schema["properties"].as_object().unwrap().keys().map(|key| format!("`{key}`")).collect::<Vec<_>>();
            format!("mapping of {}", keys.join(", "))
        }
        Value::String(name) if name == "object" && schema["additionalProperties"].is_object() => {
            format!("mapping of names to {}", kind(&schema["additionalProperties"]))
        }
        Value::String(name) if name == "object" => "mapping".to_owned(),
        Value::String(name) => name.clone(),
        _ => "anything".to_owned(),
    }
}

fn keys(page: &mut String, schema: &Value) {
    page.push_str("| Key | Value | Required |\n|---|---|---|\n");
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
        let _ = writeln!(page, "| `{key}` | {} | {} |", kind(value), if required { "yes" } else { "" });
    }
}

fn format() -> String {
    let schema = format_schema();
    let mut page = "---\ntitle: The connector format\ndescription: Every key of a connector file, and every diagnostic.\n\
                    section: Build connectors\norder: 90\n---\n\nThis page lists every key; it is generated from the code. For completion in an editor, refer to \
                    [`schema/connector.schema.json`](../../schema/connector.schema.json) in the first line of a main file or a partial:\n\n\
                    ```yaml\n# yaml-language-server: $schema=../../schema/connector.schema.json\n```\n\n\
                    The main file is `NAME.connector.yaml`. Its partials are `NAME.RESOURCE.partial.yaml` (a list of actions); the \
                    main file refers to them with `$ref: NAME.RESOURCE`. Strings can contain [expressions](expressions.md).\n\n## Connector\n\n"
        .to_owned();
    keys(&mut page, &schema["$defs"]["connector"]);
    let parts =
        schema["$defs"].as_object().unwrap().iter().filter(|(name, _)| *name != "connector" && *name != "partial");
    for (name, definition) in parts {
        let _ = write!(page, "\n## {name}\n\n");
        if definition["properties"].is_object() {
            keys(&mut page, definition);
        } else if let Some(variants) = definition["oneOf"].as_array() {
            for variant in variants {
                let constants =
                    ["type", "strategy", "scheme"].map(|key| (key, variant["properties"][key]["const"].as_str()));
                let (key, value) = constants.into_iter().find_map(|(key, value)| Some((key, value?))).unwrap();
                let _ = write!(page, "\nWith `{key}: {value}`:\n\n");
                keys(&mut page, variant);
            }
        } else {
            let _ = writeln!(page, "{}", kind(definition));
        }
    }
    page.push_str("\n## Diagnostics\n\n| Code | Meaning |\n|---|---|\n");
    for (code, meaning) in patchbay_connector::diagnostic::CODES {
        let _ = writeln!(page, "| `{code}` | {meaning} |");
    }
    page
}

fn context() -> Value {
    json!({
        "inputs": { "name": "Ada", "nothing": null, "tags": ["x", "y"] },
        "users": [{ "name": "Ada", "age": 36 }, { "name": "Grace", "age": 45 }],
        "context": { "now": "2026-06-15T12:00:00Z", "actionRunId": "run-1" },
    })
}

/// Returns the content of a file.
type Writer = fn() -> String;

const FILES: [(&str, Writer); 3] = [
    ("schema/connector.schema.json", schema),
    ("docs/build/functions.md", functions),
    ("docs/build/format.md", format),
];

#[test]
fn generated_files_are_up_to_date() {
    for (path, text) in FILES {
        let stored = std::fs::read_to_string(root(path)).unwrap_or_default();
        assert!(stored == text(), "{path} is stale; see the head of this file");
    }
}

#[test]
#[ignore = "writes the files"]
fn write_generated_files() {
    for (path, text) in FILES {
        std::fs::write(root(path), text()).unwrap();
    }
}

#[test]
fn every_example_has_its_documented_result() {
    let context = context();
    let roots = context.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    for function in reference() {
        let template = Template::parse(&format!("{{{{{}}}}}", function.example)).unwrap();
        let result: Value = serde_json::from_str(function.result).unwrap();
        assert_eq!(template.eval(&Bindings { roots: &roots }), Ok(Some(result)), "{}", function.example);
        assert!(!function.description.is_empty());
    }
}

#[test]
fn required_functions_and_methods_exist() {
    let names = "nextAnniversary yearsElapsed hasPassed now includes includesSome present missing keys values \
                 encodeBase64 decodeBase64 urlEncode hmac sha256 md5 uuid lower upper trim split join replace slice length \
                 first last map filter sum number string toJson fromJson formatDate parseDate addDays";
    for name in names.split_whitespace() {
        assert!(reference().iter().any(|function| function.name == name), "{name}");
    }
    for method in ["toUpperCase", "toLowerCase", "split", "trim", "includes", "startsWith", "replace"] {
        assert!(reference().iter().any(|function| function.methods.contains(&method)), "{method}");
    }
}
