//! Makes a text that a pattern matches.
//!
//! It reads what descriptions and inputs use: literals, classes, groups with alternatives, quantifiers. The text is checked
//! against the compiled pattern; for a pattern with anything else there is none.

use std::{iter::Peekable, str::Chars};

/// The maximum size of a compiled pattern, in bytes.
const MAX_COMPILED_BYTES: usize = 256 * 1024;
/// The maximum number of repetitions that are made.
const MAX_REPEATS: usize = 64;
/// The maximum nesting depth of groups.
const MAX_DEPTH: usize = 16;
/// The maximum length of a text, in bytes.
const MAX_TEXT_BYTES: usize = 8 * 1024;
/// The characters that are tried for a class, the plainest ones first.
const TRIED: &str = "a1A-_.: /@+#0bB2";

/// Returns the compiled pattern; `None` if it uses what the engine does not have.
pub(super) fn compiled(pattern: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(pattern).size_limit(MAX_COMPILED_BYTES).build().ok()
}

/// Returns a text that the pattern matches; `None` if none is found.
pub fn text_matching(pattern: &str) -> Option<String> {
    let compiled = compiled(pattern)?;
    let mut reader = PatternReader { rest: pattern.chars().peekable() };
    let made = reader.alternatives(0)?;
    compiled.is_match(&made).then_some(made)
}

struct PatternReader<'p> {
    rest: Peekable<Chars<'p>>,
}

impl PatternReader<'_> {
    /// Returns the text of the first alternative, and reads the others.
    fn alternatives(&mut self, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut first = None;
        loop {
            let text = self.sequence(depth)?;
            first.get_or_insert(text);
            if self.rest.next_if_eq(&'|').is_none() {
                return first;
            }
        }
    }

    fn sequence(&mut self, depth: usize) -> Option<String> {
        let mut made = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| !matches!(c, '|' | ')')) {
            self.rest.next();
            let piece = match c {
                '^' | '$' => continue,
                '.' => "a".to_owned(),
                '[' => self.class()?.to_string(),
                '(' => {
                    if self.rest.next_if_eq(&'?').is_some() {
                        // `(?:…)`; flags and names have no part in the text.
                        while self.rest.next().is_some_and(|c| !matches!(c, ':' | '>')) {}
                    }
                    let inner = self.alternatives(depth + 1)?;
                    self.rest.next_if_eq(&')')?;
                    inner
                }
                '\\' => match self.rest.next()? {
                    'd' => "1".to_owned(),
                    'w' => "a".to_owned(),
                    's' => " ".to_owned(),
                    'D' | 'S' => "a".to_owned(),
                    'W' => "-".to_owned(),
                    'b' | 'B' | 'A' | 'z' | 'Z' => continue,
                    other => other.to_string(),
                },
                other => other.to_string(),
            };
            for _ in 0..self.repeats()? {
                made.push_str(&piece);
                if made.len() > MAX_TEXT_BYTES {
                    return None;
                }
            }
        }
        Some(made)
    }

    /// Returns how often the piece before a quantifier is made: as rarely as possible, but at least once if it may be there.
    fn repeats(&mut self) -> Option<usize> {
        let count = match self.rest.peek() {
            Some('*' | '+' | '?') => {
                self.rest.next();
                1
            }
            Some('{') => {
                self.rest.next();
                let mut inside = String::new();
                loop {
                    match self.rest.next()? {
                        '}' => break,
                        c => inside.push(c),
                    }
                }
                let least = inside.split(',').next().unwrap_or_default().trim().parse::<usize>().ok()?;
                let most = inside.split(',').nth(1).map_or(Some(least), |most| most.trim().parse().ok());
                if most == Some(0) { 0 } else { least.max(1) }
            }
            _ => return Some(1),
        };
        self.rest.next_if_eq(&'?');
        (count <= MAX_REPEATS).then_some(count)
    }

    /// Returns a character of a class, whose `[` was read.
    fn class(&mut self) -> Option<char> {
        let mut source = "[".to_owned();
        let mut is_first = true;
        loop {
            let c = self.rest.next()?;
            source.push(c);
            match c {
                '\\' => source.push(self.rest.next()?),
                ']' if !is_first => break,
                '^' if source.len() == 2 => continue,
                _ => {}
            }
            is_first = false;
        }
        let class = compiled(&format!("^{source}$"))?;
        let tried = TRIED.chars().chain(source.chars()).find(|c| class.is_match(c.encode_utf8(&mut [0; 4])));
        tried.or_else(|| ('!'..='~').find(|c| class.is_match(c.encode_utf8(&mut [0; 4]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_their_patterns() {
        for pattern in [
            "^[HT]-[0-9]+$",
            "^[0-9a-fA-F]{24}$",
            r"^\d{4}-\d{2}-\d{2}$",
            "^(acct|cus)_[A-Za-z0-9]{8,}$",
            r"^(?:a|b)?\.json$",
            "^[^@]+@[^@]+$",
            "^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
            "abc",
            r"^https?://.*\.example\.com/[\w-]{3}$",
            "^x{0}y*z$",
        ] {
            let made = text_matching(pattern);
            assert!(made.is_some(), "{pattern}");
        }
        for pattern in ["(", "^a{2000}$", r"^(?=a)b", "^[[:punct:]&&[:alpha:]]$"] {
            assert_eq!(text_matching(pattern), None, "{pattern}");
        }
    }
}
