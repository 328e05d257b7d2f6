//! Diagnostics for machines: Patchbay's JSON, and SARIF 2.1.0 (OASIS) for code hosts and editors.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{CODES, Diagnostic, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Returns a list of diagnostics: `code`, `severity`, `message`, `hint` (may be null), `file`, `line`, `column`,
/// `endLine`, `endColumn`, and `earlier` if two places exclude each other (the first one). Lines and columns count from 1;
/// line 0 is the whole file.
pub fn to_json(diagnostics: &[Diagnostic]) -> Value {
    let one = |found: &Diagnostic| {
        let (start, end) = (found.span.start, found.span.end);
        let mut one = json!({
            "code": found.code,
            "severity": found.severity.as_str(),
            "message": found.message,
            "hint": found.hint,
            "file": found.file,
            "line": start.line,
            "column": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        });
        if let Some((file, span)) = &found.earlier {
            one["earlier"] = json!({
                "file": file,
                "line": span.start.line,
                "column": span.start.column,
                "endLine": span.end.line,
                "endColumn": span.end.column,
            });
        }
        one
    };
    diagnostics.iter().map(one).collect()
}

/// Returns a SARIF log with one run.
pub fn to_sarif(diagnostics: &[Diagnostic]) -> Value {
    let rules = CODES.iter().map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    json!({
        "$schema": SCHEMA,
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
    let text = match &found.hint {
        Some(hint) => format!("{} ({hint})", found.message),
        None => found.message.clone(),
    };
    let mut value = json!({
        "ruleId": found.code,
        "level": found.severity.as_str(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(&found.file, found.span) }],
    });
    if let Some((file, span)) = &found.earlier {
        value["relatedLocations"] =
            json!([{ "physicalLocation": location(file, *span), "message": { "text": "The first one is here." } }]);
    }
    if let Some(rule) = CODES.iter().position(|(id, _)| *id == found.code) {
        value["ruleIndex"] = json!(rule);
    }
    value
}

fn location(file: &str, span: Span) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": uri(file) } });
    // In SARIF, lines count from 1; a diagnostic of the whole file has no region.
    if span.start.line > 0 {
        location["region"] = json!({
            "startLine": span.start.line,
            "startColumn": span.start.column.max(1),
            "endLine": span.end.line.max(span.start.line),
            "endColumn": span.end.column.max(1),
        });
    }
    location
}

/// Returns a path as a URI reference (RFC 3986 section 4.1).
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
