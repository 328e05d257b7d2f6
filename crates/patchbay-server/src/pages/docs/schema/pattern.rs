//! A text that matches a pattern of a schema, for examples. It covers what schemas use: literals, classes, groups, the first
//! alternative, and repetition.

use std::{iter::Peekable, str::Chars};

/// How often a pattern may repeat a part for an example; a longer text explains nothing.
const MOST_REPETITIONS: usize = 64;
/// The longest example, in bytes: repetitions of repetitions multiply.
const MOST_BYTES: usize = 256;

/// Returns a short text that matches a regular expression; none if the expression has a part that is not covered.
pub(super) fn matching(pattern: &str) -> Option<String> {
    let mut rest = pattern.chars().peekable();
    let text = alternatives(&mut rest)?;
    rest.next().is_none().then_some(text)
}

/// Reads alternatives up to the end of their group, and returns a text for the first one.
fn alternatives(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let first = sequence(rest)?;
    while rest.next_if_eq(&'|').is_some() {
        sequence(rest)?;
    }
    Some(first)
}

fn sequence(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    while let Some(&next) = rest.peek() {
        if matches!(next, '|' | ')') {
            break;
        }
        rest.next();
        let part = match next {
            '^' | '$' => continue,
            '.' => "a".to_owned(),
            '[' => class(rest)?.to_string(),
            '(' => group(rest)?,
            '\\' => escaped(rest.next()?)?.to_string(),
            literal => literal.to_string(),
        };
        let times = repetitions(rest)?;
        if text.len() + part.len() * times > MOST_BYTES {
            return None;
        }
        text.push_str(&part.repeat(times));
    }
    Some(text)
}

/// Reads a group after its `(`.
fn group(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    if rest.next_if_eq(&'?').is_some() {
        // A look-around or a name.
        rest.next_if_eq(&':')?;
    }
    let text = alternatives(rest)?;
    rest.next_if_eq(&')')?;
    Some(text)
}

/// Returns the character that stands for an escape.
const fn escaped(escape: char) -> Option<char> {
    match escape {
        'd' => Some('1'),
        'w' => Some('a'),
        's' => Some(' '),
        letter if letter.is_ascii_alphanumeric() => None,
        literal => Some(literal),
    }
}

/// Reads a class after its `[`, and returns its first character, or one that a negated class does not list.
fn class(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    let is_negated = rest.next_if_eq(&'^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    loop {
        let start = match rest.next()? {
            ']' => break,
            '\\' => match rest.next()? {
                'd' => {
                    ranges.push(('0', '9'));
                    continue;
                }
                'w' => {
                    ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                    continue;
                }
                escape => escaped(escape)?,
            },
            character => character,
        };
        let mut ahead = rest.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|end| !matches!(end, ']' | '\\'));
        let end = if is_range { rest.nth(1)? } else { start };
        ranges.push((start, end));
    }
    let lists = |c: char| ranges.iter().any(|&(start, end)| (start..=end).contains(&c));
    if is_negated {
        return ['a', '1', 'A', '-', '_'].into_iter().find(|&c| !lists(c));
    }
    let (start, end) = *ranges.first()?;
    // A number that begins with zero looks wrong.
    Some(if (start, end) == ('0', '9') { '1' } else { start })
}

/// Reads a quantifier, and returns how often the part before it is written at least.
fn repetitions(rest: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let least = match rest.peek() {
        Some('?' | '*') => {
            rest.next();
            0
        }
        Some('+') => {
            rest.next();
            1
        }
        Some('{') => {
            rest.next();
            let range: String = std::iter::from_fn(|| rest.next_if(|&c| c != '}')).collect();
            rest.next_if_eq(&'}')?;
            range.split(',').next()?.parse().ok()?
        }
        _ => return Some(1),
    };
    // A quantifier that takes as little as possible.
    rest.next_if_eq(&'?');
    (least <= MOST_REPETITIONS).then_some(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_connectors_have_a_text() {
        for (pattern, text) in [
            ("^[HT]-[0-9]+$", "H-1"),
            (r"^\d{4}-\d{2}-\d{2}$", "1111-11-11"),
            ("[a-zA-Z0-9-]+", "a"),
            ("^https://", "https://"),
            ("^[0-9]+[hdw]$", "1h"),
            (r"[a-zA-Z0-9-]+((\.(sandbox|develop))?\.my)?", "a"),
            ("[0-9a-fA-F]{32}", "11111111111111111111111111111111"),
            ("xoxb-.+", "xoxb-a"),
            (r"^[a-z0-9-]+(\.[a-z0-9-]+)*\.(workday|myworkday)\.com$", "a.workday.com"),
            ("^[^@]+$", "a"),
            ("(sk|rk)_(live|test)_[A-Za-z0-9]+", "sk_live_A"),
            (r"(?:a|b){2,3}?[\d.]\w[-x]", "aa1a-"),
            ("[^a-z0-9]", "A"),
            ("a|", "a"),
        ] {
            assert_eq!(matching(pattern).as_deref(), Some(text), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_covered_has_none() {
        for pattern in [
            "((a{64}){64}){64}",
            "(?=a)b",
            "(?<n>a)",
            r"\bword",
            r"\p{L}",
            "[a",
            "(a",
            "a)",
            "a{1000}",
            "a{x}",
            "[]",
            r"a\",
        ] {
            assert_eq!(matching(pattern), None, "{pattern}");
        }
    }
}
