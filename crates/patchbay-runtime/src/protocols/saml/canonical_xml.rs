//! Writes XML that is already in exclusive canonical form (<https://www.w3.org/TR/xml-exc-c14n/>): no empty-element tags,
//! ordered attributes, only the escapes of canonical XML. The result can be hashed without canonicalization.

/// A character that XML 1.0 does not allow, not even escaped (section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidCharacter;

/// Writes an element. The caller passes attributes in canonical order: namespaces first, then by name.
///
/// # Errors
///
/// [`InvalidCharacter`] in a value of an attribute.
pub(super) fn element(name: &str, attributes: &[(&str, &str)], content: &str) -> Result<String, InvalidCharacter> {
    let mut all = String::new();
    for (name, value) in attributes {
        let value = attribute(value)?;
        all.extend([" ", *name, "=\"", &value, "\""]);
    }
    Ok(format!("<{name}{all}>{content}</{name}>"))
}

/// Writes an element that contains text.
///
/// # Errors
///
/// [`InvalidCharacter`] in the text or in a value of an attribute.
pub(super) fn leaf(name: &str, attributes: &[(&str, &str)], value: &str) -> Result<String, InvalidCharacter> {
    element(name, attributes, &text(value)?)
}

fn text(value: &str) -> Result<String, InvalidCharacter> {
    escaped(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

fn attribute(value: &str) -> Result<String, InvalidCharacter> {
    escaped(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// Escapes a value, and rejects characters that XML does not allow.
fn escaped(value: &str, escape: impl Fn(char) -> Option<&'static str>) -> Result<String, InvalidCharacter> {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match (escape(c), c) {
            (Some(escape), _) => out.push_str(escape),
            (None, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..) => out.push(c),
            _ => return Err(InvalidCharacter),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_in_canonical_xml() {
        let written = leaf("a", &[("b", "<\"&>\t\n\r'")], "<\"&>\t\n\r'é𝄞").unwrap();
        assert_eq!(written, "<a b=\"&lt;&quot;&amp;>&#x9;&#xA;&#xD;'\">&lt;\"&amp;&gt;\t\n&#xD;'é𝄞</a>");
        assert_eq!(element("a", &[], "").unwrap(), "<a></a>");
    }

    #[test]
    fn characters_that_xml_does_not_allow_are_rejected() {
        for wrong in ["\0", "\u{1}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            assert_eq!(leaf("a", &[], wrong), Err(InvalidCharacter));
            assert_eq!(leaf("a", &[("b", wrong)], ""), Err(InvalidCharacter));
        }
    }
}
