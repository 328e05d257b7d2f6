//! Texts and addresses in HTML.

use std::fmt::Write as _;

/// Returns a text for HTML, also for the value of an attribute between quotation marks.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Returns an address for an attribute of HTML. Browsers drop tabs and line breaks in addresses and read a backslash as a
/// slash, which would turn a path into another host: these characters are percent-encoded.
pub(super) fn escape_address(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.trim().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' | '<' | '>' | '`' | '\\' | ' ' | '\0'..='\u{1f}' | '\u{7f}' => {
                // Writing to a String does not fail.
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_odd_addresses_are_escaped() {
        assert_eq!(escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(escape_address(" /a?b&c=\"d\" "), "/a?b&amp;c=%22d%22");
        assert_eq!(escape_address("/\t/evil\\x"), "/%09/evil%5Cx");
    }
}
