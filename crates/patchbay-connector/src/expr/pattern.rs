//! Regular expressions in expressions: `/^a/i`, or a string as the second argument of `matches`, `match` and of a method of
//! that name. They are compiled when the file is loaded, never during a call, and match in linear time.

use regex::{Captures, Regex};
use serde_json::Value;

use super::{
    error::{EvalError, ExprSyntaxError},
    eval::{Evaluation, MAX_STRING_BYTES},
    memory_budget::VALUE_BYTES,
    value::Maybe,
};
use crate::pattern::compile;

/// A compiled regular expression with its flags.
#[derive(Clone, Debug)]
pub(in crate::expr) struct TextPattern {
    regex: Regex,
    /// The size limit that it was compiled with, in bytes.
    size: usize,
    /// Whether every match counts (`g`), not only the first one.
    every: bool,
}

impl TextPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If the pattern or a flag is not supported.
    pub(super) fn new(pattern: &str, flags: &str, offset: usize) -> Result<Self, ExprSyntaxError> {
        if let Some(flag) = flags.chars().find(|flag| !"gimsu".contains(*flag)) {
            return Err(ExprSyntaxError::new(
                offset,
                format!("the flag `{flag}` of the regular expression is not supported"),
            )
            .with_hint("the flags are: g, i, m, s, u"));
        }
        let has = |flag| flags.contains(flag);
        let compiled = compile(pattern, |builder| {
            builder.case_insensitive(has('i')).multi_line(has('m')).dot_matches_new_line(has('s'));
        });
        let (regex, size) = compiled.ok_or_else(|| {
            ExprSyntaxError::new(offset, format!("`{pattern}` is not a supported regular expression"))
                .with_hint("look-around and backreferences are not supported")
        })?;
        Ok(Self { regex, size, every: has('g') })
    }

    /// Returns the size limit that it was compiled with, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Returns the first match and its groups as a list, with `g` all matches; `None` without a match.
    pub(super) fn find(&self, text: &str, evaluation: &mut Evaluation<'_>) -> Result<Maybe, EvalError> {
        let mut found = Vec::new();
        if self.every {
            for one in self.regex.find_iter(text) {
                evaluation.spend(1)?;
                evaluation.claim(VALUE_BYTES + one.len())?;
                found.push(Value::from(one.as_str()));
            }
        } else if let Some(groups) = self.regex.captures(text) {
            for group in groups.iter() {
                let group = group.map_or(Value::Null, |group| Value::from(group.as_str()));
                evaluation.claim(VALUE_BYTES + group.as_str().map_or(0, str::len))?;
                found.push(group);
            }
        }
        Ok(Some(found).filter(|found| !found.is_empty()).map(Value::Array))
    }

    /// Replaces the first match, with `g` every match. As in JavaScript, `$1` in the new text is a group, `$&` the match.
    pub(super) fn replace(&self, text: &str, with: &str, evaluation: &mut Evaluation<'_>) -> Result<String, EvalError> {
        let (mut replaced, mut end) = (String::new(), 0);
        for groups in self.regex.captures_iter(text).take(if self.every { usize::MAX } else { 1 }) {
            evaluation.spend(1)?;
            let Some(whole) = groups.get(0) else { break };
            replaced.push_str(&text[end..whole.start()]);
            expand(with, &groups, &mut replaced);
            end = whole.end();
            if replaced.len() > MAX_STRING_BYTES {
                return Err(EvalError::Large);
            }
        }
        replaced.push_str(&text[end..]);
        Ok(replaced)
    }
}

/// Adds a replacement with its groups inserted: `$1` to `$99`, `$<name>`, `$&` and `$$` (ECMA-262, `GetSubstitution`).
fn expand(with: &str, groups: &Captures<'_>, into: &mut String) {
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        into.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = (1..=digits).rev().find_map(|length| {
            let number = after[..length].parse::<usize>().ok().filter(|number| (1..groups.len()).contains(number))?;
            Some((groups.get(number), length))
        });
        let name = after.strip_prefix('<').and_then(|inner| inner.split_once('>'));
        let (group, length) = if let Some(found) = number {
            found
        } else if after.starts_with('&') {
            (groups.get(0), 1)
        } else if let Some((name, _)) = name.filter(|_| groups.len() > 1) {
            (groups.name(name), name.len() + 2)
        } else {
            into.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
            continue;
        };
        into.push_str(group.map_or("", |group| group.as_str()));
        rest = &after[length..];
    }
    into.push_str(rest);
}
