//! Resolves `$ref` (OpenAPI 3.1, section 4.8.23).

use serde_json::Value;

/// The maximum number of references that lead from one to the next.
const MAX_CHAIN: usize = 16;

/// The tree of a description.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiDocument<'d> {
    /// The root.
    pub(super) root: &'d Value,
    /// Whether the import takes no sentence of the description.
    pub(super) facts_only: bool,
}

impl<'d> ApiDocument<'d> {
    /// Returns the value of a reference within this file. Google discovery refers to schemas without a path.
    pub(super) fn target(self, reference: &str) -> Option<&'d Value> {
        if let Some(pointer) = reference.strip_prefix('#') {
            return self.root.pointer(pointer).or_else(|| self.root.pointer(&decoded(pointer)));
        }
        let is_name = reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if is_name { self.root.get("schemas")?.get(reference) } else { None }
    }

    /// Returns the value, or the value that it refers to.
    pub(super) fn resolved(self, value: &'d Value) -> Option<&'d Value> {
        let mut value = value;
        for _ in 0..MAX_CHAIN {
            match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => value = self.target(reference)?,
                None => return Some(value),
            }
        }
        None
    }
}

/// Returns a part of a URL without percent-encoding (RFC 3986 section 2.1), such as a JSON Pointer in its fragment
/// (RFC 6901 section 6).
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        let digit = |at: usize| more.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &more[2..];
            }
            _ => {
                bytes.push(first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_names_and_chains_are_followed_and_loops_end() {
        let root = json!({
            "a b": {"x/y": 1}, "schemas": {"File": {"type": "object"}},
            "one": {"$ref": "#/two"}, "two": {"$ref": "#/schemas/File"}, "loop": {"$ref": "#/loop"},
        });
        let document = ApiDocument { root: &root, facts_only: false };
        assert_eq!(document.target("#/a%20b/x~1y"), Some(&json!(1)));
        assert_eq!(document.target("File"), Some(&json!({"type": "object"})));
        assert_eq!(document.resolved(&root["one"]), Some(&json!({"type": "object"})));
        assert_eq!(document.resolved(&root["loop"]), None);
        assert_eq!(document.target("other.yaml#/x"), None);
        assert_eq!(document.target("#/%zz%é"), None);
    }
}
