//! Selects the nodes of a document that a path matches.

use std::rc::Rc;

use serde_json::Value;

use super::{
    super::{
        error::EvalError,
        eval::Evaluation,
        value::{self},
    },
    Selector,
};

/// A node (RFC 9535 section 1.1): a value with its name in its parent and, if the path contains `^`, the parent.
#[derive(Clone)]
pub(super) struct PathNode<'a> {
    value: &'a Value,
    name: Option<Name<'a>>,
    holder: Option<Rc<PathNode<'a>>>,
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Member(&'a str),
    Element(usize),
}

impl<'a> PathNode<'a> {
    /// Creates a node without a parent.
    pub(super) fn root(name: Option<&'a str>, value: &'a Value) -> Self {
        Self { value, name: name.map(Name::Member), holder: None }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// Returns the name as a string, or the index as a number.
    pub(super) fn name(&self) -> Value {
        match self.name {
            Some(Name::Member(name)) => Value::String(name.to_owned()),
            Some(Name::Element(index)) => Value::from(index),
            None => Value::Null,
        }
    }

    /// Returns the node and all its descendants, in document order.
    pub(super) fn descendants(&self, evaluation: &mut Evaluation<'_>, tracks: bool) -> Result<Vec<Self>, EvalError> {
        let (mut all, mut waiting) = (Vec::new(), vec![self.clone()]);
        while let Some(place) = waiting.pop() {
            evaluation.spend(1)?;
            let first = waiting.len();
            waiting.extend(place.children(evaluation, tracks)?);
            waiting[first..].reverse();
            all.push(place);
        }
        Ok(all)
    }

    /// Adds the nodes that a selector matches.
    pub(super) fn select(
        &self,
        selector: &Selector,
        evaluation: &mut Evaluation<'_>,
        tracks: bool,
        into: &mut Vec<Self>,
    ) -> Result<(), EvalError> {
        evaluation.spend(1)?;
        match selector {
            Selector::Name(name) => into.extend(self.member(name, tracks)),
            Selector::Index(index) => into.extend(self.element(*index, tracks)),
            Selector::Wildcard => into.extend(self.children(evaluation, tracks)?),
            Selector::Slice { start, end, step } => {
                if let Some(items) = self.value.as_array() {
                    let holder = self.as_holder(tracks);
                    for index in slice(items.len(), *start, *end, *step) {
                        evaluation.spend(1)?;
                        into.push(Self {
                            value: &items[index],
                            name: Some(Name::Element(index)),
                            holder: holder.clone(),
                        });
                    }
                }
            }
            Selector::Union(selectors) => {
                for selector in selectors {
                    self.select(selector, evaluation, tracks, into)?;
                }
            }
            Selector::Filter(condition) => {
                for child in self.children(evaluation, tracks)? {
                    if value::is_truthy(evaluation.with_current(child.value, condition)?.as_ref()) {
                        into.push(child);
                    }
                }
            }
            Selector::Script(script) => match evaluation.with_current(self.value, script)? {
                Some(Value::String(name)) => into.extend(self.member(&name, tracks)),
                Some(Value::Number(number)) => {
                    into.extend(number.as_i64().and_then(|index| self.element(index, tracks)));
                }
                _ => {}
            },
            Selector::Parent => into.extend(self.holder.as_deref().cloned()),
            // `..` is applied together with the selector after it, and `~` at the end of the path.
            Selector::Descend | Selector::Property => {}
        }
        Ok(())
    }

    fn as_holder(&self, tracks: bool) -> Option<Rc<Self>> {
        tracks.then(|| Rc::new(self.clone()))
    }

    fn children(&self, evaluation: &mut Evaluation<'_>, tracks: bool) -> Result<Vec<Self>, EvalError> {
        let holder = self.as_holder(tracks);
        let child = |name, value| Self { value, name: Some(name), holder: holder.clone() };
        let count = match self.value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        // A filter may visit a list many times.
        evaluation.spend(count as u64 / 16)?;
        Ok(match self.value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| child(Name::Element(index), item)).collect()
            }
            Value::Object(members) => members.iter().map(|(name, value)| child(Name::Member(name), value)).collect(),
            _ => Vec::new(),
        })
    }

    fn member(&self, name: &str, tracks: bool) -> Option<Self> {
        let (name, value) = match self.value {
            Value::Object(members) => members.get_key_value(name).map(|(name, value)| (Name::Member(name), value))?,
            Value::Array(items) => {
                let index = name.parse::<usize>().ok()?;
                (Name::Element(index), items.get(index)?)
            }
            _ => return None,
        };
        Some(Self { value, name: Some(name), holder: self.as_holder(tracks) })
    }

    fn element(&self, index: i64, tracks: bool) -> Option<Self> {
        let items = self.value.as_array()?;
        let index = place(index, items.len())?;
        let value = items.get(index)?;
        Some(Self { value, name: Some(Name::Element(index)), holder: self.as_holder(tracks) })
    }
}

pub(super) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    }
}

pub(super) fn element(value: &Value, index: i64) -> Option<&Value> {
    let items = value.as_array()?;
    items.get(place(index, items.len())?)
}

fn place(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
    usize::try_from(index).ok()
}

/// Returns the indexes of a slice (RFC 9535 section 2.3.4.2.2).
fn slice(length: usize, start: Option<i64>, end: Option<i64>, step: i64) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |bound: i64| if bound < 0 { bound.saturating_add(length) } else { bound };
    let (mut at, last) = if step > 0 {
        (start.map_or(0, from_end).clamp(0, length), end.map_or(length, from_end).clamp(0, length))
    } else {
        let bound = |bound: Option<i64>, otherwise| bound.map_or(otherwise, from_end).clamp(-1, length - 1);
        (bound(start, length - 1), bound(end, -1))
    };
    std::iter::from_fn(move || {
        let goes_on = if step > 0 { at < last } else { at > last };
        let index = usize::try_from(at).ok().filter(|_| goes_on && step != 0)?;
        at = at.saturating_add(step);
        Some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_go_either_way_and_stay_inside() {
        let indexes = |start, end, step| slice(5, start, end, step).collect::<Vec<_>>();
        assert_eq!(indexes(None, None, 1), [0, 1, 2, 3, 4]);
        assert_eq!(indexes(Some(-2), None, 1), [3, 4]);
        assert_eq!(indexes(Some(-99), Some(99), 2), [0, 2, 4]);
        assert!(indexes(Some(3), Some(1), 1).is_empty());
        assert_eq!(indexes(None, None, -1), [4, 3, 2, 1, 0]);
        assert_eq!(indexes(Some(3), Some(0), -2), [3, 1]);
        assert_eq!(indexes(Some(99), Some(-99), -3), [4, 1]);
        assert_eq!(indexes(Some(-1), Some(-3), -1), [4, 3]);
        assert_eq!(indexes(Some(0), None, i64::MIN), [0]);
        assert_eq!(indexes(Some(1), None, i64::MAX), [1]);
        assert!(slice(0, None, None, -1).next().is_none());
    }
}
