//! Functions for presence, lists and objects.

use serde_json::Value;

use super::{FunctionResult, argument, text};
use crate::expr::{
    eval::Evaluation,
    value::{self, Maybe},
};

pub(super) fn present(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(Some(Value::Bool(!matches!(argument(arguments, 0), None | Some(Value::Null)))))
}

pub(super) fn missing(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(Some(Value::Bool(matches!(argument(arguments, 0), None | Some(Value::Null)))))
}

pub(super) fn keys(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(match argument(arguments, 0) {
        Some(Value::Object(members)) => Some(members.keys().cloned().collect()),
        _ => Some(Value::Array(Vec::new())),
    })
}

pub(super) fn values(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(match argument(arguments, 0) {
        Some(Value::Object(members)) => Some(members.values().cloned().collect()),
        _ => Some(Value::Array(Vec::new())),
    })
}

pub(super) fn prefix_keys(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let prefix = text(arguments, 1, "prefixKeys")?;
    Ok(match argument(arguments, 0) {
        Some(Value::Object(members)) => {
            evaluation.claim(members.len().saturating_mul(prefix.len()))?;
            Some(members.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect())
        }
        _ => None,
    })
}

pub(super) fn includes(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let container = argument(arguments, 0);
    let found = match argument(arguments, 1) {
        Some(Value::Array(wanted)) => wanted.iter().all(|wanted| value::contains(container, Some(wanted))),
        wanted => value::contains(container, wanted),
    };
    Ok(Some(Value::Bool(found)))
}

pub(super) fn includes_some(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let container = argument(arguments, 0);
    let found = match argument(arguments, 1) {
        Some(Value::Array(wanted)) => wanted.iter().any(|wanted| value::contains(container, Some(wanted))),
        wanted => value::contains(container, wanted),
    };
    Ok(Some(Value::Bool(found)))
}

pub(super) fn length(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(match argument(arguments, 0) {
        Some(Value::Object(members)) => Some(Value::from(members.len())),
        other => other.and_then(value::length),
    })
}

/// For XML, in which a list with one item cannot be distinguished from the item.
pub(super) fn list(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(Some(match argument(arguments, 0) {
        Some(list @ Value::Array(_)) => list.clone(),
        None | Some(Value::Null) => Value::Array(Vec::new()),
        Some(single) => Value::Array(vec![single.clone()]),
    }))
}

pub(super) fn first(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(argument(arguments, 0).and_then(Value::as_array).and_then(|items| items.first()).cloned())
}

pub(super) fn last(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(argument(arguments, 0).and_then(Value::as_array).and_then(|items| items.last()).cloned())
}

pub(super) fn sum(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let items = argument(arguments, 0).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let exact = items.iter().map(|item| value::as_integer(Some(item))).sum::<Option<i128>>().and_then(value::integer);
    let sum = || value::number(items.iter().filter_map(|item| value::as_number(Some(item))).sum());
    Ok(Some(exact.unwrap_or_else(sum)))
}

pub(super) fn join(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let separator = if arguments.len() > 1 { text(arguments, 1, "join")? } else { ",".to_owned() };
    Ok(match argument(arguments, 0) {
        Some(Value::Array(items)) => {
            evaluation.claim(items.len().saturating_mul(separator.len()))?;
            Some(Value::String(items.iter().map(value::as_text).collect::<Vec<_>>().join(&separator)))
        }
        other => other.map(|other| Value::String(value::as_text(other))),
    })
}

/// Returns the value at a path of names, such as `owner.email`.
fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

fn elements(arguments: &[Maybe]) -> &[Value] {
    argument(arguments, 0).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The form with a path as a string; the form with an expression is a node of the tree.
pub(super) fn map(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let path = text(arguments, 1, "map")?;
    Ok(Some(elements(arguments).iter().filter_map(|element| at_path(element, &path)).cloned().collect()))
}

/// The form with a path as a string; the form with an expression is a node of the tree.
pub(super) fn filter(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let path = text(arguments, 1, "filter")?;
    let keeps = |element: &&Value| {
        let found = at_path(element, &path);
        if arguments.len() > 2 { value::equal(found, argument(arguments, 2)) } else { value::is_truthy(found) }
    };
    Ok(Some(elements(arguments).iter().filter(keeps).cloned().collect()))
}

/// As in JavaScript, negative bounds count from the end.
pub(super) fn slice(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let bound = |place: usize, length: usize, otherwise: usize| -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "saturating, and clamped to the length")]
        let Some(bound) =
            value::as_number(argument(arguments, place)).filter(|_| arguments.len() > place).map(|bound| bound as i64)
        else {
            return otherwise;
        };
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let bound = if bound < 0 { length.saturating_add(bound) } else { bound };
        usize::try_from(bound.clamp(0, length)).unwrap_or(0)
    };
    Ok(match argument(arguments, 0) {
        Some(Value::Array(items)) => {
            let (start, end) = (bound(1, items.len(), 0), bound(2, items.len(), items.len()));
            Some(Value::Array(items.get(start..end).unwrap_or_default().to_vec()))
        }
        Some(Value::String(text)) => {
            let count = text.chars().count();
            let (start, end) = (bound(1, count, 0), bound(2, count, count));
            Some(Value::String(text.chars().skip(start).take(end.saturating_sub(start)).collect()))
        }
        _ => None,
    })
}
