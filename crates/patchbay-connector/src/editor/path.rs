//! Reads the path of an expression around a position of a line.

use super::names::NameKind;
use crate::expr::{self, Function};

/// A path such as `steps.fetch.output`, up to the name at the cursor.
#[derive(Debug)]
pub(super) struct ExpressionPath<'l> {
    parts: Vec<&'l str>,
    /// Whether the path begins with `$.`.
    pub(super) has_dollar: bool,
    /// Whether the path is within `{{…}}` or `${…}`, or begins with `$.`.
    pub(super) is_in_expression: bool,
}

const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl<'l> ExpressionPath<'l> {
    /// Returns the path that ends at the end of a text; `None` if the end is not within an expression.
    pub(super) fn before(text: &'l str) -> Option<Self> {
        let start = text.rfind(|c: char| !is_part(c) && !matches!(c, '.' | '$')).map_or(0, |at| at + width(text, at));
        let path = Self::read(text, start, text.len());
        path.is_in_expression.then_some(path)
    }

    /// Returns the path up to the name at a column, and the columns of that name.
    pub(super) fn around(line: &'l str, column: usize) -> Option<(Self, (usize, usize))> {
        let at = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(at, _)| at);
        let end = line[at..].find(|c: char| !is_part(c)).map_or(line.len(), |length| at + length);
        let start = line[..end].rfind(|c: char| !is_part(c)).map_or(0, |at| at + width(line, at));
        if start >= end {
            return None;
        }
        let head = line[..end].rfind(|c: char| !is_part(c) && !matches!(c, '.' | '$'));
        let path = Self::read(line, head.map_or(0, |at| at + width(line, at)), end);
        let column = |at: usize| line[..at].chars().count() + 1;
        Some((path, (column(start), column(end))))
    }

    fn read(text: &'l str, start: usize, end: usize) -> Self {
        let (before, path) = (&text[..start], &text[start..end]);
        let bare = path.strip_prefix("$.");
        let is_open = |open: &str, close: &str| before.rfind(open).is_some_and(|at| !before[at..].contains(close));
        let is_in_expression = bare.is_some() || is_open("{{", "}}") || is_open("${", "}");
        Self { parts: bare.unwrap_or(path).split('.').collect(), has_dollar: bare.is_some(), is_in_expression }
    }

    /// Returns the name at the cursor.
    pub(super) fn last(&self) -> &'l str {
        self.parts.last().copied().unwrap_or_default()
    }

    /// Returns the names before the one at the cursor.
    pub(super) fn parents(&self) -> &[&'l str] {
        self.parts.split_last().map_or(&[], |(_, parents)| parents)
    }

    /// Returns the kind of the name at the cursor, if the connector declares it.
    pub(super) fn names(&self) -> Option<NameKind> {
        let [root] = self.parents() else { return None };
        NameKind::ALL.into_iter().find(|kind| self.is_in_expression && kind.root() == Some(*root))
    }

    /// Returns the function that is called at the cursor.
    pub(super) fn function(&self, line: &str, end: usize) -> Option<&'static Function> {
        let is_call = line.chars().nth(end.checked_sub(1)?) == Some('(');
        let is_known = |function: &&Function| match self.parents() {
            [] => function.name == self.last(),
            _ => function.methods.contains(&self.last()),
        };
        expr::reference().iter().find(is_known).filter(|_| self.is_in_expression && is_call)
    }
}

/// Returns the length of the character at an offset, in bytes.
fn width(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}
