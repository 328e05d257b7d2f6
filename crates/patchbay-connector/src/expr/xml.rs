//! Escapes strings for XML, in connector files and in the runtime.

/// Returns the text as it can be written in an element or between the quotes of an attribute; `None` if it contains a
/// character that XML 1.0 does not permit (section 2.2).
pub fn escape_xml(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A parser would turn an unescaped carriage return into a line feed (section 2.11).
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => return None,
            control if control.is_control() => return None,
            other => out.push(other),
        }
    }
    Some(out)
}
