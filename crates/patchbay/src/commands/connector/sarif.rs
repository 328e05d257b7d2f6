//! Problems as a SARIF 2.1.0 log (OASIS), what code hosts show beside the lines.

use std::{collections::BTreeSet, fmt::Write as _};

use patchbay_connector::{Diagnostic, Severity};
use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One log with one run.
pub fn log(diagnostics: &[Diagnostic]) -> Value {
    let rules = diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<BTreeSet<_>>();
    let rules = rules.into_iter().map(|code| json!({ "id": code })).collect::<Vec<_>>();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "patchbay", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let text = match &diagnostic.hint {
        Some(hint) => format!("{} ({hint})", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut place = json!({ "artifactLocation": { "uri": uri(&diagnostic.file) } });
    let (start, end) = (diagnostic.span.start, diagnostic.span.end);
    // Line 0 is the file as a whole; SARIF counts from 1.
    if start.line > 0 {
        place["region"] = json!({
            "startLine": start.line,
            "startColumn": start.column.max(1),
            "endLine": end.line.max(start.line),
            "endColumn": end.column.max(1),
        });
    }
    json!({
        "ruleId": diagnostic.code,
        "level": if diagnostic.severity == Severity::Error { "error" } else { "warning" },
        "message": { "text": text },
        "locations": [{ "physicalLocation": place }],
    })
}

/// A path as a URI reference.
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
