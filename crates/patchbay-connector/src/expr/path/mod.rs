//! JSONPath (RFC 9535) in the dialect of jsonpath-plus: one match is the value, several matches are a list, no match is
//! undefined. `^` selects the parent of a match, `~` its name.

mod parse;
mod select;

use serde_json::Value;

use super::{
    Bindings,
    ast::Expr,
    error::EvalError,
    eval::Evaluation,
    value::{self, Maybe},
};
use select::{PathNode, element, member};

pub(super) use parse::{bracket_length, parse, parse_within};

#[derive(Clone, Debug)]
pub(super) struct Path {
    selectors: Vec<Selector>,
    /// Whether it ends in `.length`: of a list, the number of its items; of a string, of its characters; of an object, a
    /// member of that name.
    is_length: bool,
}

#[derive(Clone, Debug)]
enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    /// A negative step goes backwards; it is never 0.
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
    /// `^`: the parent of the match. A root has no parent.
    Parent,
    /// `~`: the name or index of the match; only at the end.
    Property,
}

impl Path {
    /// Returns the first two names, such as `steps` and `fetch`.
    pub(super) fn head(&self) -> Option<(&str, Option<&str>)> {
        let Some(Selector::Name(root)) = self.selectors.first() else { return None };
        let second = match self.selectors.get(1) {
            Some(Selector::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        Some((root, second))
    }

    /// Returns the names that the path begins with.
    pub(super) fn names(&self) -> Vec<&str> {
        let plain = self.selectors.iter().map_while(|selector| match selector {
            Selector::Name(name) => Some(name.as_str()),
            _ => None,
        });
        plain.collect()
    }

    /// Returns true if the path may leave the value that [`Path::head`] names.
    pub(super) fn climbs(&self) -> bool {
        fn climbs(selectors: &[Selector]) -> bool {
            selectors.iter().any(|selector| match selector {
                Selector::Parent => true,
                Selector::Union(of) => climbs(of),
                _ => false,
            })
        }
        climbs(&self.selectors)
    }

    /// Calls `visit` with every filter and script in the path.
    pub(super) fn each_expression<'p>(&'p self, visit: &mut dyn FnMut(&'p Expr)) {
        fn within<'p>(selectors: &'p [Selector], visit: &mut dyn FnMut(&'p Expr)) {
            for selector in selectors {
                match selector {
                    Selector::Filter(expression) | Selector::Script(expression) => visit(expression),
                    Selector::Union(of) => within(of, visit),
                    _ => {}
                }
            }
        }
        within(&self.selectors, visit);
    }

    /// Returns the value without a copy if the path has only names and indexes.
    pub(super) fn simple<'a>(&self, bindings: &Bindings<'a>) -> Option<Option<&'a Value>> {
        let mut selectors = self.selectors.iter();
        let Some(Selector::Name(root)) = selectors.next() else { return None };
        if self.is_length {
            return None;
        }
        let mut value = bindings.root(root);
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
        if let Some(found) = self.simple(&evaluation.bindings) {
            return Ok(found.cloned());
        }
        let bindings = evaluation.bindings;
        let whole;
        let (first, selectors) = match self.selectors.split_first() {
            // Most paths begin with a name; the others read a copy of all bindings.
            Some((Selector::Name(root), rest)) => {
                let Some(value) = bindings.root(root) else { return Ok(None) };
                (PathNode::root(Some(root), value), rest)
            }
            _ => {
                let roots = bindings.roots.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone()));
                whole = Value::Object(roots.collect());
                (PathNode::root(None, &whole), &self.selectors[..])
            }
        };
        let tracks = self.climbs();
        let selectors = if self.is_length { &selectors[..selectors.len().saturating_sub(1)] } else { selectors };
        let mut found = vec![first];
        let mut selectors = selectors.iter().peekable();
        let mut as_names = false;
        while let Some(selector) = selectors.next() {
            let mut next = Vec::new();
            match selector {
                Selector::Descend => {
                    let Some(selector) = selectors.next() else { break };
                    for place in &found {
                        for below in place.descendants(evaluation, tracks)? {
                            below.select(selector, evaluation, tracks, &mut next)?;
                        }
                    }
                }
                Selector::Property => {
                    as_names = true;
                    break;
                }
                selector => {
                    for place in &found {
                        place.select(selector, evaluation, tracks, &mut next)?;
                    }
                }
            }
            found = next;
        }
        if self.is_length {
            let lengths = found.iter().filter_map(|place| match place.value() {
                Value::Object(members) => members.get("length").map(|value| evaluation.copy(value)),
                other => value::length(other).map(Ok),
            });
            let mut lengths = lengths.collect::<Result<Vec<_>, _>>()?;
            return Ok(if lengths.len() > 1 { Some(Value::Array(lengths)) } else { lengths.pop() });
        }
        let mut result =
            |place: &PathNode<'_>| if as_names { Ok(place.name()) } else { evaluation.copy(place.value()) };
        Ok(match found.as_slice() {
            [] => None,
            [one] => Some(result(one)?),
            // A path may match one value several times.
            several => Some(Value::Array(several.iter().map(result).collect::<Result<_, _>>()?)),
        })
    }
}
