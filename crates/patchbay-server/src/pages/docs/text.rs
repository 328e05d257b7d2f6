//! Texts that others wrote, as parts of a page.
//!
//! Connectors and descriptions are data: whatever they contain, a text stays one line of the part that it belongs to. It
//! cannot begin a heading, a list or a block of code, contains no raw HTML and no pictures, and its links lead only to the
//! web, to e-mail or to this server. The same Markdown is shown as it is (the page's `.md`) and as HTML.

pub(super) use patchbay_docs::markdown::escape as html;

/// Returns text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns plain text, such as a name, as Markdown.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '!' | '&' | '#' | '{' | '}') {
            out.push('\\');
        }
        out.push(c);
    }
    lead_escaped(&out)
}

/// Returns text as inline code.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Returns text as inline code of HTML.
pub(super) fn html_code(text: &str) -> String {
    format!("<code>{}</code>", html(&one_line(text)))
}

/// Returns a text in Markdown as one line of safe Markdown.
pub(super) fn sentence(markdown: &str) -> String {
    let text = one_line(markdown);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            let run = rest.len() - rest.trim_start_matches('`').len();
            if let Some(length) = code_span(rest, run) {
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            } else {
                out.push_str(&"\\`".repeat(run));
                rest = &rest[run..];
            }
            continue;
        }
        // An escaped character is copied with its backslash.
        if c == '\\' {
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if c == '<' || rest.starts_with("![") {
            out.push('\\');
        }
        if let Some(target) = rest.strip_prefix("](") {
            out.push_str(if is_safe(target) { "](" } else { "]\\(" });
            rest = target;
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    lead_escaped(&out)
}

/// Returns the length of the code span at the beginning of a text, which begins with a run of backticks.
fn code_span(text: &str, run: usize) -> Option<usize> {
    let mut at = run;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].len() - text[start..].trim_start_matches('`').len();
        if length == run {
            return Some(start + length);
        }
        at = start + length;
    }
    None
}

/// Returns a line that begins no block: its first characters would begin a heading, a list, a quotation, a table, a block
/// of code or the definition of a link.
fn lead_escaped(line: &str) -> String {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 && line[digits..].starts_with(['.', ')']) {
        return format!("{}\\{}", &line[..digits], &line[digits..]);
    }
    let begins = line.starts_with(['#', '>', '-', '+', '=', '~', '|', ':'])
        || line.starts_with("* ")
        || line.starts_with("***")
        || line.starts_with("___")
        || (line.starts_with('[') && line.contains("]:"))
        || line.starts_with("```");
    if begins { format!("\\{line}") } else { line.to_owned() }
}

/// Returns true if the target of a link leads to the web, to e-mail or to this server.
fn is_safe(target: &str) -> bool {
    let target = target.trim_start_matches('<');
    let leads = |scheme: &str| target.get(..scheme.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(scheme));
    let on_this_server =
        target.starts_with('#') || (target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/\\"));
    on_this_server || ["http://", "https://", "mailto:"].into_iter().any(leads)
}

/// Returns a link to a page of the web as Markdown, or the text if the URL is not one of the web.
pub(super) fn web_link(text: &str, url: &str) -> String {
    let url = url.trim();
    let is_web = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
    // Characters that end a link in Markdown are escaped in the URL.
    let is_plain = !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()\\\"`".contains(c));
    if is_web && is_plain { format!("[{}]({url})", plain(text)) } else { plain(text) }
}

/// Returns the beginning of a text, at most this many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= most {
        return text;
    }
    let mut short = text.chars().take(most.saturating_sub(1)).collect::<String>();
    short.push('…');
    short
}

/// Returns a text without the characters that are markup, for titles and descriptions: they stand in Markdown and in HTML.
pub(super) fn without_markup(markdown: &str) -> String {
    let text = markdown.replace(['`', '*', '<', '>', '[', ']', '\\', '|', '#', '{', '}'], "");
    one_line(&text)
}

/// The longest description of a page, in characters.
const MOST_DESCRIPTION_CHARS: usize = 160;

/// Returns the description of a page that a text of Markdown describes.
pub(super) fn description_of(markdown: &str) -> String {
    shortened(&without_markup(markdown), MOST_DESCRIPTION_CHARS)
}

/// Returns a text for a page below its description ([`description_of`]): nothing if the description says all of it.
pub(super) fn text_beside(markdown: &str) -> String {
    let text = one_line(markdown);
    if text == description_of(markdown) { String::new() } else { sentence(&text) }
}

#[cfg(test)]
mod tests {
    use patchbay_docs::{sentence_to_html, to_html};

    use super::*;

    #[test]
    fn texts_of_others_begin_no_block_and_contain_no_html() {
        for hostile in [
            "# Heading",
            "- item\n- item",
            "1. item",
            "> quote",
            "| a |\n|---|",
            "```\ncode",
            "***",
            "text\n===",
            "[x]: javascript:alert(1)",
            "+ x",
            "~~~",
        ] {
            let (html, _) = to_html(&sentence(hostile));
            assert!(html.starts_with("<p>") && html.matches('<').count() == 2, "{hostile}: {html}");
            let (html, _) = to_html(&plain(hostile));
            assert!(html.starts_with("<p>") && html.matches('<').count() == 2, "{hostile}: {html}");
        }
    }

    #[test]
    fn links_of_others_lead_only_to_the_web_or_to_this_server() {
        for hostile in [
            "[x](javascript:alert(1))",
            "[x]( data:text/html,1)",
            "[x](<javascript:alert(1)>)",
            "<javascript:alert(1)>",
            "[x](//evil.example)",
            "<img src=x onerror=alert(1)>",
            "a ` b <script>alert(1)</script>",
        ] {
            let html = sentence_to_html(&sentence(hostile));
            assert!(!html.contains("<a") && !html.contains("<img") && !html.contains("<script"), "{hostile}: {html}");
        }
        // A picture would tell its server who reads the page.
        let picture = sentence_to_html(&sentence("![x](https://evil.example/pixel.png)"));
        assert!(picture.starts_with("!<a href"), "{picture}");
        assert_eq!(
            sentence_to_html(&sentence("See [the page](https://a.example/x) and `<id>`.")),
            "See <a href=\"https://a.example/x\" target=\"_blank\" rel=\"noreferrer noopener\">the page</a> and <code>&lt;id&gt;</code>."
        );
        assert_eq!(web_link("Docs", "https://a.example"), "[Docs](https://a.example)");
        for url in ["javascript:alert(1)", "https://a.example/) [x](b", "data:,x", "https://a.example/<b>"] {
            assert_eq!(web_link("Docs", url), "Docs", "{url}");
        }
    }

    #[test]
    fn names_are_shown_as_they_are() {
        for name in ["a_b_c", "**x**", "[a](b)", "`x`", "1. a", "#1", "A & B <c>", "x|y", "a\\b"] {
            let shown = sentence_to_html(&plain(name));
            assert_eq!(shown, html(name).replace("&quot;", "\"").replace("&#39;", "'"), "{name}");
            assert!(sentence_to_html(&code(name)).starts_with("<code>"), "{name}");
        }
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("a\n  b", 5), "a b");
        assert_eq!(shortened("äöü", 2), "ä…");
        assert_eq!(without_markup("# A `b` <c> [d](e)\nf & g_h"), "A b c d(e) f & g_h");
    }
}
