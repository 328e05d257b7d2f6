//! Blocks of code: highlighted, each by itself or as tabs.

use std::fmt::Write as _;

use super::{escape::escape, highlight::highlight};

/// A block of code.
pub(super) struct Block {
    language: String,
    /// The title of its tab, if it is part of a group.
    pub(super) tab: Option<String>,
    pub(super) code: String,
}

impl Block {
    /// Reads the words after the fence: the language, and `tab="Title"`.
    pub(super) fn new(info: &str) -> Self {
        let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
        let tab = info.split_once("tab=\"").and_then(|(_, rest)| rest.split_once('"'));
        let tab = tab.map(|(title, _)| title.to_owned()).filter(|title| !title.is_empty());
        Self { language, tab, code: String::new() }
    }

    /// Returns the HTML. Code can be focused, because it scrolls. `is_plain` is for texts without our styles.
    pub(super) fn to_html(&self, is_plain: bool) -> String {
        let language: String =
            self.language.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '#' | '_')).collect();
        let class = if language.is_empty() { String::new() } else { format!(" class=\"language-{language}\"") };
        if is_plain {
            return format!("<pre><code{class}>{}</code></pre>\n", escape(&self.code));
        }
        let code = highlight(&language, &self.code);
        format!("<div class=\"code\"><pre tabindex=\"0\"><code{class}>{code}</code></pre></div>\n")
    }
}

/// Returns a group of tabs. Without script, the blocks are one below the other, each with its title.
pub(super) fn tabs(blocks: &[Block]) -> String {
    let mut out = "<div class=\"tabs\">\n".to_owned();
    for block in blocks {
        let title = escape(block.tab.as_deref().unwrap_or_default());
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "<figure data-tab=\"{title}\"><figcaption>{title}</figcaption>{}</figure>",
            block.to_html(false).trim_end()
        );
    }
    out.push_str("</div>\n");
    out
}
