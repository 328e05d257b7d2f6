//! Problems as machines read them: our own JSON, and SARIF 2.1.0 for code hosts and editors.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{CODES, Diagnostic};

/// A list of problems: `code`, `severity`, `message`, `file`, `line`, `column`, `endLine`, `endColumn`,
/// `hint`. Lines and columns count from 1; a problem of the whole file has none.
pub fn to_json(diagnostics: &[Diagnostic]) -> Value {
    let one = |found: &Diagnostic| {
        let (start, end) = (found.span.start, found.span.end);
        let mut value = json!({
            "code": found.code,
            "severity": found.severity.as_str(),
            "message": found.message,
            "file": found.file,
        });
        if start.line > 0 {
            value["line"] = json!(start.line);
            value["column"] = json!(start.column);
            value["endLine"] = json!(end.line);
            value["endColumn"] = json!(end.column);
        }
        if let Some(hint) = &found.hint {
            value["hint"] = json!(hint);
        }
        value
    };
    diagnostics.iter().map(one).collect()
}

/// A SARIF log of one run.
pub fn to_sarif(diagnostics: &[Diagnostic]) -> Value {
    let rules = CODES.iter().map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "patchbay",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(found: &Diagnostic) -> Value {
    let (start, end) = (found.span.start, found.span.end);
    let mut location = json!({ "artifactLocation": { "uri": uri(&found.file) } });
    if start.line > 0 {
        location["region"] = json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        });
    }
    let text = match &found.hint {
        Some(hint) => format!("{} ({hint})", found.message),
        None => found.message.clone(),
    };
    let rule = CODES.iter().position(|(id, _)| *id == found.code);
    let mut value = json!({
        "ruleId": found.code,
        "level": found.severity.as_str(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location }],
    });
    if let Some(rule) = rule {
        value["ruleIndex"] = json!(rule);
    }
    value
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/');
    let mut out = String::new();
    for character in path.replace('\\', "/").chars() {
        if plain(character) {
            out.push(character);
        } else {
            let mut bytes = [0; 4];
            character.encode_utf8(&mut bytes).bytes().for_each(|byte| _ = write!(out, "%{byte:02X}"));
        }
    }
    out
}
