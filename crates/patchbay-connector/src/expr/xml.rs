//! Escaping for XML, in texts of the file and in what the engine writes.

/// The text as it may stand in an element or between an attribute's quotes; `None` when it holds a
/// character that XML 1.0 cannot carry in any spelling (section 2.2).
pub fn escape_xml(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Written as itself, a reader would turn it into a line feed (section 2.11).
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => return None,
            control if control.is_control() => return None,
            other => out.push(other),
        }
    }
    Some(out)
}
