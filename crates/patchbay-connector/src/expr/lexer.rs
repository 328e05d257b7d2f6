//! The tokens of a JEXL expression.

use serde_json::Value;

use super::{error::ExprSyntaxError, value};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum JexlToken {
    /// A number; an integer of 64 bits is exact.
    Number(Value),
    Text(String),
    Name(String),
    /// A regular expression, `/^a/i`: pattern and flags.
    Pattern(String, String),
    /// A path with selectors that expressions do not have: `$.users[?(@.age > 25)].name`.
    Path(String),
    /// An operator or punctuation.
    Symbol(&'static str),
    End,
}

impl JexlToken {
    pub(super) fn show(&self) -> String {
        match self {
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("\"{text}\""),
            Self::Name(name) => format!("`{name}`"),
            Self::Pattern(pattern, flags) => format!("`/{pattern}/{flags}`"),
            Self::Path(path) => format!("`{path}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end of the expression".to_owned(),
        }
    }
}

/// Longest first: `==` before `=`.
const SYMBOLS: [&str; 31] = [
    "===", "!==", "==", "!=", ">=", "<=", "&&", "||", "??", "?:", "//", "+", "-", "*", "/", "%", "^", "!", ">", "<",
    "?", ":", "(", ")", "[", "]", "{", "}", ".", ",", "@",
];

/// Returns the tokens with their byte offsets, ending with [`JexlToken::End`].
///
/// # Errors
/// If a character, a number or a string is not valid.
pub(super) fn tokens(source: &str) -> Result<Vec<(JexlToken, usize)>, ExprSyntaxError> {
    let mut tokens: Vec<(JexlToken, usize)> = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        let at = source.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push((JexlToken::End, at));
            return Ok(tokens);
        };
        let (token, length) = if first.is_ascii_digit() {
            number(rest, at)?
        } else if first == '"' || first == '\'' {
            text(rest, first, at)?
        } else if first == '/' && !ends_value(tokens.last().map(|(token, _)| token)) {
            pattern(rest, at)?
        } else if let Some(length) = path_length(rest) {
            (JexlToken::Path(rest[..length].to_owned()), length)
        } else if first == '$' || first == '_' || first.is_alphabetic() {
            let length = name_length(rest);
            (JexlToken::Name(rest[..length].to_owned()), length)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            // `a ?.5 : 1` is not `?.`; and `x ? :y` keeps its colon because `?:` is one token.
            if *symbol == "?" && rest.starts_with("?.") && !rest[2..].starts_with(|c: char| c.is_ascii_digit()) {
                return Err(ExprSyntaxError::new(at, "`?.` is not an operator")
                    .with_hint("write `.`: a member of a value that is missing is missing, too"));
            }
            (JexlToken::Symbol(symbol), symbol.len())
        } else {
            return Err(not_allowed(rest, first, at));
        };
        tokens.push((token, at));
        rest = &rest[length..];
    }
}

fn number(rest: &str, at: usize) -> Result<(JexlToken, usize), ExprSyntaxError> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(rest);
    if let Some(fraction) = rest[length..].strip_prefix('.') {
        let count = digits(fraction);
        if count > 0 {
            length += 1 + count;
        }
    }
    if let Some(integer) = rest[..length].parse::<i128>().ok().and_then(value::integer) {
        return Ok((JexlToken::Number(integer), length));
    }
    match rest[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((JexlToken::Number(value::number(number)), length)),
        _ => Err(ExprSyntaxError::new(at, "the number is too large")),
    }
}

/// Returns the length of the name that a text begins with.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric())).unwrap_or(text.len())
}

/// Returns true if a value ends with this token, so that a slash after it divides.
fn ends_value(token: Option<&JexlToken>) -> bool {
    match token {
        Some(JexlToken::Name(name)) => name != "in",
        Some(JexlToken::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "}"),
        Some(JexlToken::Number(_) | JexlToken::Text(_) | JexlToken::Pattern(..) | JexlToken::Path(_)) => true,
        Some(JexlToken::End) | None => false,
    }
}

/// Reads a regular expression, `/^a/i`.
fn pattern(rest: &str, at: usize) -> Result<(JexlToken, usize), ExprSyntaxError> {
    let (mut in_class, mut characters) = (false, rest.char_indices().skip(1));
    while let Some((offset, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => {
                let flags = &rest[offset + 1..];
                let length = flags.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(flags.len());
                let token = JexlToken::Pattern(rest[1..offset].to_owned(), flags[..length].to_owned());
                return Ok((token, offset + 1 + length));
            }
            _ => {}
        }
    }
    Err(ExprSyntaxError::new(at, "expected a value, found `/`"))
}

/// Returns the length of a path that begins here and has a selector that expressions do not have: a filter, a wildcard, a
/// slice, a union, `..`, or brackets after a dot. Other paths are read as expressions.
fn path_length(rest: &str) -> Option<usize> {
    let mut at = 1;
    let mut needs_path = false;
    if !rest.starts_with("$.") && !rest.starts_with("$[") {
        return None;
    }
    loop {
        let here = &rest[at..];
        let dots = here.len() - here.trim_start_matches('.').len();
        needs_path |= dots > 1;
        let after = &here[dots.min(2)..];
        if dots > 0 && after.starts_with('*') {
            needs_path = true;
            at += dots.min(2) + 1;
        } else if after.starts_with('[') {
            let length = super::path::bracket_length(after)?;
            let inner = after[1..length - 1].trim();
            let is_quoted = inner.starts_with(['"', '\'']);
            let is_filter_of_item = inner.starts_with('.') || inner.starts_with('@');
            needs_path |= dots > 0
                || inner == "*"
                || inner.starts_with("?(")
                || (inner.starts_with('(') && inner.contains('@'))
                || (!is_filter_of_item && !is_quoted && inner.contains([':', ',']) && !inner.contains(['?', '(', '{']))
                || inner.parse::<i64>().is_ok_and(|index| index < 0);
            at += dots.min(2) + length;
        } else if dots > 0 {
            let length = name_length(after);
            if length == 0 {
                return None;
            }
            // A method ends the path.
            if after[length..].starts_with('(') {
                return needs_path.then_some(at);
            }
            at += dots.min(2) + length;
        } else {
            return needs_path.then_some(at);
        }
    }
}

/// Returns the error of a character that expressions do not have, with what to write instead.
fn not_allowed(rest: &str, first: char, at: usize) -> ExprSyntaxError {
    let error = ExprSyntaxError::new(at, format!("`{first}` is not allowed in an expression"));
    match first {
        '=' if rest.starts_with("=~") => error.with_hint("write matches(text, /pattern/)"),
        '=' => error.with_hint("write `==` to compare"),
        '|' => error.with_hint("write `||` for or; a function is called as f(value)"),
        '&' => error.with_hint("write `&&` for and"),
        '\u{a0}' => error.with_hint("replace the no-break space by a space"),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' => {
            error.with_hint("write straight quotes: ' or \"")
        }
        '#' | '%' | '`' | ';' => error.with_hint("put texts in quotes"),
        _ => error,
    }
}

fn text(rest: &str, quote: char, at: usize) -> Result<(JexlToken, usize), ExprSyntaxError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        if character == quote {
            return Ok((JexlToken::Text(text), offset + 1));
        }
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, 't')) => text.push('\t'),
            Some((_, 'r')) => text.push('\r'),
            Some((_, 'u')) => match hex_character(&rest[offset + 2..]) {
                Some(character) => {
                    text.push(character);
                    characters.nth(3);
                }
                None => text.push('u'),
            },
            Some((_, other)) => text.push(other),
            None => break,
        }
    }
    Err(ExprSyntaxError::new(at, "the string is not closed").with_hint(format!("close it with {quote}")))
}

/// Returns the character of the four hexadecimal digits of `\u0041`; U+FFFD for a half of a surrogate pair.
pub(super) fn hex_character(digits: &str) -> Option<char> {
    let digits = digits.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}
