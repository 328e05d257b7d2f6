//! The tokens of a JEXL expression.

use super::error::ExprSyntaxError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum JexlToken {
    Number(f64),
    Text(String),
    Name(String),
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
    let mut tokens = Vec::new();
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
        } else if first == '$' || first == '_' || first.is_alphabetic() {
            let length = rest.find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric())).unwrap_or(rest.len());
            (JexlToken::Name(rest[..length].to_owned()), length)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            // `a ?.5 : 1` is not `?.`; and `x ? :y` keeps its colon because `?:` is one token.
            (JexlToken::Symbol(symbol), symbol.len())
        } else {
            return Err(ExprSyntaxError::new(at, format!("`{first}` is not allowed in an expression")));
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
    match rest[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((JexlToken::Number(number), length)),
        _ => Err(ExprSyntaxError::new(at, "the number is too large")),
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
            Some((_, other)) => text.push(other),
            None => break,
        }
    }
    Err(ExprSyntaxError::new(at, "the string is not closed").with_hint(format!("close it with {quote}")))
}
