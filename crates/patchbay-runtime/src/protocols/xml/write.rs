//! Writes values as XML: the inverse of [`read`](super::read()).
//!
//! An element or attribute with the value null is omitted; empty text is an empty element. Names are checked and text is
//! escaped, so that no value can end its element.

use std::{borrow::Cow, io};

use patchbay_connector::expr::escape_xml;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event, attributes::Attribute},
    name::QName,
};
use serde_json::Value;

use super::{ATTRIBUTE, MAX_DEPTH, TEXT, XmlError};
use crate::json::to_text;

/// Writes `{root: …}` as a document with an XML declaration.
///
/// # Errors
///
/// [`XmlError`] if the value does not have exactly one root, or contains a name, a character or a nesting that XML does
/// not allow.
pub(crate) fn write_document(value: &Value) -> Result<String, XmlError> {
    let roots = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect::<Vec<_>>();
    let [(name, root)] = roots[..] else {
        let names = roots.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { "none".to_owned() } else { names };
        return Err(XmlError::new(format!("a document has exactly one root element; found: {names}")));
    };
    if root.is_array() || name.starts_with(ATTRIBUTE) || name == TEXT {
        return Err(XmlError::new(format!("`{name}` is not a single element, which the root of a document must be")));
    }
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).map_err(|error| write_error(&error))?;
    element(&mut writer, name, root, 0)?;
    Ok(finish(writer))
}

/// Writes one element, without an XML declaration.
///
/// # Errors
///
/// [`XmlError`] if the value contains a name, a character or a nesting that XML does not allow.
pub(crate) fn write_fragment(name: &str, value: &Value) -> Result<String, XmlError> {
    let mut writer = Writer::new(Vec::new());
    element(&mut writer, name, value, 0)?;
    Ok(finish(writer))
}

fn finish(writer: Writer<Vec<u8>>) -> String {
    // Only strings were written.
    String::from_utf8_lossy(&writer.into_inner()).into_owned()
}

/// Converts an error of the writer, which does not occur in memory.
fn write_error(error: &io::Error) -> XmlError {
    XmlError::new(format!("it cannot be written: {error}"))
}

/// Writes an element, or each item of a list as an element.
fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value, depth: usize) -> Result<(), XmlError> {
    if depth == MAX_DEPTH {
        return Err(XmlError::new(format!("its elements are nested deeper than {MAX_DEPTH} levels")));
    }
    let members = match value {
        Value::Null => return Ok(()),
        Value::Array(items) => {
            for item in items {
                if item.is_array() {
                    return Err(XmlError::new(format!("`{name}` is a list of lists, which XML cannot represent")));
                }
                element(writer, name, item, depth)?;
            }
            return Ok(());
        }
        Value::Object(members) => Some(members),
        _ => None,
    };
    if !is_name(name) {
        return Err(XmlError::new(format!("`{name}` is not a valid element name")));
    }
    let mut start = BytesStart::new(name);
    for (key, value) in members.into_iter().flatten() {
        if let Some(key) = key.strip_prefix(ATTRIBUTE)
            && !value.is_null()
        {
            if !is_name(key) {
                return Err(XmlError::new(format!("`{key}` is not a valid attribute name")));
            }
            // A parser normalizes white space in attributes to spaces (XML 1.0, section 3.3.3).
            let value = escaped(key, value)?.replace('\n', "&#10;").replace('\t', "&#9;");
            start.push_attribute(Attribute { key: QName(key), value: Cow::Owned(value) });
        }
    }
    writer.write_event(Event::Start(start)).map_err(|error| write_error(&error))?;
    match members {
        None => write_text(writer, name, value)?,
        Some(members) => {
            for (key, value) in members.iter().filter(|(key, _)| !key.starts_with(ATTRIBUTE)) {
                match key.as_str() {
                    TEXT => write_text(writer, name, value)?,
                    key => element(writer, key, value, depth + 1)?,
                }
            }
        }
    }
    writer.write_event(Event::End(BytesEnd::new(name))).map_err(|error| write_error(&error))
}

/// Writes the text of an element.
fn write_text(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> Result<(), XmlError> {
    let text = escaped(name, value)?;
    writer.write_event(Event::Text(BytesText::from_escaped(text))).map_err(|error| write_error(&error))
}

/// Returns the escaped text of a single value.
fn escaped(name: &str, value: &Value) -> Result<String, XmlError> {
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(XmlError::new(format!("`{name}` is a list or an object, but must be a single value")));
    }
    escape_xml(&to_text(value))
        .ok_or_else(|| XmlError::new(format!("`{name}` contains a character that XML does not allow")))
}

/// Returns true if it is a name with at most one prefix (Namespaces in XML 1.0, section 4).
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let mut characters = part.chars();
        characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '\u{b7}'))
    };
    match name.split_once(':') {
        Some((prefix, local)) => part(prefix) && part(local),
        None => part(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{ElementNames, read},
        *,
    };

    const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

    fn written(value: &Value) -> String {
        write_document(value).unwrap().strip_prefix(DECLARATION).unwrap().to_owned()
    }

    #[test]
    fn a_value_is_written() {
        let value = json!({"o:order": {
            "line": [{"@_no": 1, "#text": "a<b"}, {"@_no": 2, "sku": "x\"y"}], "@_xmlns:o": "urn:o", "paid": true, "note": null, "tag": "",
        }});
        assert_eq!(
            written(&value),
            "<o:order xmlns:o=\"urn:o\"><line no=\"1\">a&lt;b</line><line no=\"2\"><sku>x&quot;y</sku></line>\
             <paid>true</paid><tag></tag></o:order>"
        );
    }

    #[test]
    fn no_value_can_end_its_element() {
        let evil = "</a><b k='\"'>&amp;]]>\r\n\t";
        let value = json!({"a": {"@_k": evil, "c": evil}});
        let text = write_document(&value).unwrap();
        assert_eq!(read(text.as_bytes(), None, ElementNames::Qualified).unwrap(), value);
        for name in ["a b", "a><b", "1a", "", "a:b:c", ":a", "a:", "@_", "a/"] {
            assert!(write_document(&json!({ name: "" })).is_err(), "{name}");
            assert!(write_document(&json!({"a": { format!("@_{name}"): "" }})).is_err(), "{name}");
        }
        let error = write_document(&json!({"a": "\u{1}"})).unwrap_err();
        assert!(error.to_string().contains("`a` contains"), "{error}");
    }

    #[test]
    fn values_that_xml_cannot_represent_are_rejected() {
        for (value, expected) in [
            (json!({}), "found: none"),
            (json!({"a": 1, "b": 2}), "found: `a`, `b`"),
            (json!("a"), "found: none"),
            (json!({"a": [1, 2]}), "`a` is not"),
            (json!({"@_a": "x"}), "`@_a` is not"),
            (json!({"a": {"b": [[1]]}}), "list of lists"),
            (json!({"a": {"@_b": {}}}), "`b` is a list or an object"),
        ] {
            let error = write_document(&value).unwrap_err().to_string();
            assert!(error.contains(expected), "{value}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_written_value_is_read_unchanged(text in "\\PC{0,20}", attribute in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,20}") {
            // Blank text is read as layout.
            let text = if text.trim_matches(' ').is_empty() { "x".to_owned() } else { text };
            let value = json!({"a": {"@_k": attribute, "b": [text, text]}});
            if let Ok(written) = write_document(&value) {
                proptest::prop_assert_eq!(read(written.as_bytes(), None, ElementNames::Qualified).unwrap(), value);
            }
        }
    }
}
