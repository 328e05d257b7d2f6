//! Highlighting of code by classes, on the server: pages need no script for it, and no inline style.

use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};
use syntect::util::LinesWithEndings;

use super::escape::escape;

/// The class of a scope, most special first.
const CLASSES: [(&str, &str); 21] = [
    ("comment", "c"),
    ("meta.mapping.key", "t"),
    ("meta.structure.dictionary.key", "t"),
    ("support.type.property-name", "t"),
    ("entity.name.tag", "t"),
    ("entity.other.attribute-name", "a"),
    ("entity.name.function", "f"),
    ("support.function", "f"),
    ("variable.function", "f"),
    ("entity.name.class", "f"),
    ("constant.character.escape", "n"),
    ("constant", "n"),
    ("string", "s"),
    ("keyword.operator.assignment", ""),
    ("keyword.operator.arithmetic", ""),
    ("keyword.operator.comparison", ""),
    ("punctuation.separator", ""),
    ("keyword", "k"),
    ("storage", "k"),
    ("variable.parameter.option", "a"),
    ("variable.other.readwrite", "v"),
];

/// Returns code as the HTML inside `<code>`: tokens are in `<span>`s with a class. Code in a language that is not known is
/// shown as it is. In a `console`, lines that begin with `$ ` are commands, and the other lines are outputs.
pub fn highlight(language: &str, code: &str) -> String {
    if language == "console" {
        return console(code);
    }
    syntax(language).and_then(|syntax| tokens(syntax, code)).unwrap_or_else(|| escape(code))
}

fn syntaxes() -> &'static SyntaxSet {
    static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();
    SYNTAXES.get_or_init(SyntaxSet::load_defaults_newlines)
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let extension = match language {
        "sh" | "bash" | "shell" => "sh",
        "ts" | "tsx" | "typescript" | "js" | "jsx" | "javascript" => "js",
        "python" | "py" => "py",
        "rust" | "rs" => "rs",
        "json" | "yaml" | "html" | "css" | "xml" | "sql" | "go" | "java" | "ruby" | "diff" => language,
        _ => return None,
    };
    syntaxes().find_syntax_by_extension(extension).or_else(|| syntaxes().find_syntax_by_token(extension))
}

fn tokens(syntax: &SyntaxReference, code: &str) -> Option<String> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut out = Spans::default();
    for line in LinesWithEndings::from(code) {
        let operations = state.parse_line(line, syntaxes()).ok()?;
        let mut from = 0;
        for (at, operation) in operations {
            out.push(&stack, line.get(from..at)?);
            from = at;
            stack.apply(&operation).ok()?;
        }
        out.push(&stack, line.get(from..)?);
    }
    Some(out.finish())
}

/// Writes tokens; neighbours of one class share a `<span>`.
#[derive(Default)]
struct Spans {
    out: String,
    class: &'static str,
}

impl Spans {
    fn push(&mut self, stack: &ScopeStack, text: &str) {
        if text.is_empty() {
            return;
        }
        // Space has no colour: a token goes on across it, but not across lines.
        let is_space = text.trim().is_empty() && !text.contains('\n');
        let class = if is_space { self.class } else { class(stack) };
        if class != self.class {
            self.close();
            self.class = class;
            if !class.is_empty() {
                self.out.push_str("<span class=\"");
                self.out.push_str(class);
                self.out.push_str("\">");
            }
        }
        self.out.push_str(&escape(text));
    }

    fn close(&mut self) {
        if !self.class.is_empty() {
            self.out.push_str("</span>");
        }
        self.class = "";
    }

    fn finish(mut self) -> String {
        self.close();
        self.out
    }
}

fn class(stack: &ScopeStack) -> &'static str {
    static SCOPES: OnceLock<Vec<(Scope, &'static str)>> = OnceLock::new();
    let scopes = SCOPES.get_or_init(|| {
        CLASSES.into_iter().filter_map(|(name, class)| Some((Scope::new(name).ok()?, class))).collect()
    });
    let known = |scope: &Scope| scopes.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.as_slice().iter().rev().find_map(known).unwrap_or_default()
}

/// Returns commands and their output. A command that ends with a backslash goes on in the next line.
fn console(code: &str) -> String {
    let mut out = String::new();
    let mut goes_on = false;
    for line in LinesWithEndings::from(code) {
        let (prompt, command) = match line.strip_prefix("$ ") {
            Some(command) => ("<span class=\"p\">$ </span>", command),
            None => ("", line),
        };
        if prompt.is_empty() && !goes_on {
            out.push_str("<span class=\"o\">");
            out.push_str(&escape(line));
            out.push_str("</span>");
            continue;
        }
        out.push_str(prompt);
        out.push_str(&highlight("sh", command));
        goes_on = command.trim_end().ends_with('\\');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_classes_and_code_stays_as_it_is() {
        for (language, code, expected) in [
            ("json", "{\"a\": [1, true, \"<b>\"]}\n", "<span class=\"s\">&quot;&lt;b&gt;&quot;</span>"),
            ("yaml", "# x\nkey: \"value\"\n", "<span class=\"t\">key</span>"),
            ("ts", "const a: string = 'b'; // c\n", "<span class=\"c\">// c"),
            ("python", "def a(b):\n    return None\n", "<span class=\"k\">return </span>"),
            ("sh", "curl -u \"$KEY:\" \"$PATCHBAY/accounts\" # x\n", "<span class=\"c\"># x"),
            ("html", "<p class=\"a\">b</p>\n", "<span class=\"a\">class</span>"),
            ("nginx", "a <b>;\n", "a &lt;b&gt;;\n"),
            ("", "<script>\n", "&lt;script&gt;\n"),
        ] {
            let html = highlight(language, code);
            assert!(html.contains(expected), "{language}: {html}");
            assert_eq!(text(&html), code, "{language}: {html}");
            assert!(!html.contains("style="), "{html}");
        }
    }

    #[test]
    fn a_console_shows_commands_and_outputs() {
        let html = highlight("console", "$ ls \\\n  -l\na <b>\n");
        assert!(html.starts_with("<span class=\"p\">$ </span>"), "{html}");
        assert!(html.contains("<span class=\"o\">a &lt;b&gt;\n</span>"), "{html}");
        assert_eq!(text(&html), "$ ls \\\n  -l\na <b>\n");
    }

    /// Returns the text of HTML.
    fn text(html: &str) -> String {
        let mut out = String::new();
        let mut is_tag = false;
        for c in html.chars() {
            match c {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag => out.push(c),
                _ => {}
            }
        }
        let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        out.replace("&amp;", "&")
    }
}
