//! JSONPath, in the dialect of jsonpath-plus: one match is the value, several are a list, none is
//! undefined.

use serde_json::Value;

use super::{
    MAX_DEPTH, Scope,
    ast::Expr,
    error::{EvalError, ExprSyntaxError},
    eval::Evaluation,
    parser,
    value::{self, Maybe},
};

#[derive(Clone, Debug)]
pub(super) struct Path {
    selectors: Vec<Selector>,
}

#[derive(Clone, Debug)]
enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Union(Vec<Selector>),
    /// `?(@.price < 10)`
    Filter(Expr),
    /// `(@.length - 1)`
    Script(Expr),
    /// `..`, before another selector.
    Descend,
}

/// Reads a path that begins with `$`.
pub(super) fn parse(source: &str) -> Result<Path, ExprSyntaxError> {
    let mut selectors = Vec::new();
    let mut rest = source.strip_prefix('$').unwrap_or(source);
    while !rest.is_empty() {
        let at = source.len() - rest.len();
        if selectors.len() > MAX_DEPTH {
            return Err(ExprSyntaxError::new(at, format!("the path has more than {MAX_DEPTH} parts")));
        }
        if let Some(after) = rest.strip_prefix("..") {
            selectors.push(Selector::Descend);
            rest = after;
            if rest.is_empty() {
                return Err(ExprSyntaxError::new(at, "a name was expected after `..`"));
            }
            if !rest.starts_with('[') {
                rest = name(rest, source, &mut selectors)?;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = name(after, source, &mut selectors)?;
        } else if rest.starts_with('[') {
            let length = bracket_length(rest).ok_or_else(|| ExprSyntaxError::new(at, "this `[` has no `]`"))?;
            selectors.push(bracket(&rest[1..length - 1], at + 1)?);
            rest = &rest[length..];
        } else {
            let first = rest.chars().next().unwrap_or(' ');
            return Err(ExprSyntaxError::new(at, format!("`.` or `[` was expected, not `{first}`")));
        }
    }
    Ok(Path { selectors })
}

fn name<'a>(rest: &'a str, source: &str, selectors: &mut Vec<Selector>) -> Result<&'a str, ExprSyntaxError> {
    let length = rest.find(['.', '[']).unwrap_or(rest.len());
    let name = &rest[..length];
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(ExprSyntaxError::new(source.len() - rest.len(), "a name was expected here")
            .with_hint("a name with spaces goes into brackets: $.inputs[\"odd name\"]"));
    }
    selectors.push(if name == "*" { Selector::Wildcard } else { Selector::Name(name.to_owned()) });
    Ok(&rest[length..])
}

/// The length of `[…]`, brackets and quotes inside it respected.
fn bracket_length(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str, at: usize) -> Result<Selector, ExprSyntaxError> {
    let text = inner.trim();
    if let Some(filter) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return parser::parse(filter).map(Selector::Filter).map_err(|error| error.shifted(at + 2));
    }
    if let Some(script) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return parser::parse(script).map(Selector::Script).map_err(|error| error.shifted(at + 1));
    }
    let parts = split(text);
    if parts.len() > 1 {
        return parts.into_iter().map(|part| single(part, at)).collect::<Result<_, _>>().map(Selector::Union);
    }
    single(text, at)
}

/// At commas outside quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ',') => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn single(text: &str, at: usize) -> Result<Selector, ExprSyntaxError> {
    let text = text.trim();
    if text == "*" {
        return Ok(Selector::Wildcard);
    }
    for quote in ['"', '\''] {
        if let Some(name) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Ok(Selector::Name(name.to_owned()));
        }
    }
    if let Ok(index) = text.parse::<i64>() {
        return Ok(Selector::Index(index));
    }
    let bounds = text.split(':').collect::<Vec<_>>();
    if (2..=3).contains(&bounds.len()) {
        let bound = |place: usize| match bounds.get(place).map(|bound| bound.trim()) {
            None | Some("") => Ok(None),
            Some(bound) => bound.parse::<i64>().map(Some),
        };
        if let (Ok(start), Ok(end), Ok(step)) = (bound(0), bound(1), bound(2)) {
            let step = step.unwrap_or(1);
            if step > 0 {
                return Ok(Selector::Slice { start, end, step });
            }
        }
    }
    // jsonpath-plus reads names without quotes in a union.
    if !text.is_empty() && text.chars().all(|c| c == '_' || c == '-' || c.is_alphanumeric()) {
        return Ok(Selector::Name(text.to_owned()));
    }
    Err(ExprSyntaxError::new(at, format!("`[{text}]` is no index, name, slice, union or filter")))
}

impl Path {
    /// The first two names, such as `steps` and `fetch`.
    pub(super) fn head(&self) -> Option<(&str, Option<&str>)> {
        let Some(Selector::Name(root)) = self.selectors.first() else { return None };
        let second = match self.selectors.get(1) {
            Some(Selector::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        Some((root, second))
    }

    /// The value itself where names and indexes lead to it, without a copy.
    pub(super) fn simple<'a>(&self, scope: &Scope<'a>) -> Option<Option<&'a Value>> {
        let mut selectors = self.selectors.iter();
        let Some(Selector::Name(root)) = selectors.next() else { return None };
        let mut value = scope.root(root);
        for selector in selectors {
            match selector {
                Selector::Name(name) => value = value.and_then(|value| member(value, name)),
                Selector::Index(index) => value = value.and_then(|value| element(value, *index)),
                _ => return None,
            }
        }
        Some(value)
    }

    pub(super) fn eval(&self, evaluation: &mut Evaluation<'_>) -> Result<Maybe, EvalError> {
        if let Some(found) = self.simple(&evaluation.scope) {
            return Ok(found.cloned());
        }
        let whole = Value::Object(
            evaluation.scope.roots.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect(),
        );
        let mut found = vec![&whole];
        let mut selectors = self.selectors.iter().peekable();
        while let Some(selector) = selectors.next() {
            let mut next = Vec::new();
            if matches!(selector, Selector::Descend) {
                let Some(selector) = selectors.next() else { break };
                for value in found {
                    for below in descendants(value, evaluation)? {
                        selector.select(below, evaluation, &mut next)?;
                    }
                }
            } else {
                for value in found {
                    selector.select(value, evaluation, &mut next)?;
                }
            }
            found = next;
        }
        Ok(match found.as_slice() {
            [] => None,
            [one] => Some((*one).clone()),
            several => Some(several.iter().map(|value| (*value).clone()).collect()),
        })
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    }
}

fn element(value: &Value, index: i64) -> Option<&Value> {
    let items = value.as_array()?;
    items.get(place(index, items.len())?)
}

fn place(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(index).ok()
}

/// The value and everything in it, in the document's order.
fn descendants<'a>(value: &'a Value, evaluation: &mut Evaluation<'_>) -> Result<Vec<&'a Value>, EvalError> {
    let (mut all, mut waiting) = (Vec::new(), vec![value]);
    while let Some(value) = waiting.pop() {
        evaluation.spend(1)?;
        all.push(value);
        match value {
            Value::Array(items) => waiting.extend(items.iter().rev()),
            Value::Object(members) => waiting.extend(members.values().rev()),
            _ => {}
        }
    }
    Ok(all)
}

impl Selector {
    fn select<'a>(
        &self,
        value: &'a Value,
        evaluation: &mut Evaluation<'_>,
        into: &mut Vec<&'a Value>,
    ) -> Result<(), EvalError> {
        evaluation.spend(1)?;
        match self {
            Self::Name(name) => into.extend(member(value, name)),
            Self::Index(index) => into.extend(element(value, *index)),
            Self::Wildcard => match value {
                Value::Array(items) => into.extend(items),
                Value::Object(members) => into.extend(members.values()),
                _ => {}
            },
            Self::Slice { start, end, step } => {
                if let Some(items) = value.as_array() {
                    let bound = |bound: Option<i64>, otherwise: usize| match bound {
                        None => otherwise,
                        Some(index) => place(index, items.len()).unwrap_or(0).min(items.len()),
                    };
                    let (start, end) = (bound(*start, 0), bound(*end, items.len()));
                    let step = usize::try_from(*step).unwrap_or(1);
                    into.extend(items.get(start..end).unwrap_or_default().iter().step_by(step));
                }
            }
            Self::Union(selectors) => {
                for selector in selectors {
                    selector.select(value, evaluation, into)?;
                }
            }
            Self::Filter(condition) => {
                let candidates: Vec<&Value> = match value {
                    Value::Array(items) => items.iter().collect(),
                    Value::Object(members) => members.values().collect(),
                    _ => Vec::new(),
                };
                for candidate in candidates {
                    if value::is_truthy(evaluation.with_current(candidate, condition)?.as_ref()) {
                        into.push(candidate);
                    }
                }
            }
            Self::Script(script) => match evaluation.with_current(value, script)? {
                Some(Value::String(name)) => into.extend(member(value, &name)),
                Some(Value::Number(number)) => into.extend(number.as_i64().and_then(|index| element(value, index))),
                _ => {}
            },
            // Taken together with the selector after it.
            Self::Descend => {}
        }
        Ok(())
    }
}
