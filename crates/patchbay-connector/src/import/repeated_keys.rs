//! Finds keys that an object of a JSON text has twice. Parsers keep the last value without a word.

use std::collections::HashSet;

use crate::json_tree::string_length;

/// The maximum number of keys that are named.
pub(super) const MAX_NAMED: usize = 20;

/// Returns the repeated keys of a valid JSON text.
pub(super) fn repeated_keys(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let (mut open, mut found): (Vec<Option<HashSet<&str>>>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut at, mut is_key) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Some(HashSet::new()));
                is_key = true;
            }
            b'[' => {
                open.push(None);
                is_key = false;
            }
            b'}' | b']' => {
                open.pop();
                is_key = false;
            }
            b',' => is_key = matches!(open.last(), Some(Some(_))),
            b'"' => {
                let end = at + 1 + string_length(&bytes[at + 1..]);
                if let (true, Some(Some(keys)), Some(key)) = (is_key, open.last_mut(), text.get(at + 1..end))
                    && !keys.insert(key)
                    && found.len() < MAX_NAMED
                {
                    found.push(key.to_owned());
                }
                is_key = false;
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_one_object_count() {
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":2},"a":3}"#, vec!["a"]),
            (r#"{"a":["a","a",{"x":"x","x":"\"x"}],"c":"a"}"#, vec!["x"]),
            (r#"[{"a":1},{"a":1}]"#, vec![]),
            (r#"{"a\"":1,"a\"":2}"#, vec![r#"a\""#]),
            ("{", vec![]),
            ("\"", vec![]),
        ] {
            assert_eq!(repeated_keys(text), expected, "{text}");
        }
    }
}
