//! Values whose strings may be expressions.

use serde_json::{Map, Value};

use super::{
    Bindings, Escape, Template,
    error::EvalError,
    memory_budget::{MemoryBudget, VALUE_BYTES},
};

/// A value whose strings may be expressions.
#[derive(Debug)]
pub enum ValueTemplate {
    /// A number, a boolean or null.
    Literal(serde_json::Value),
    /// A string: literal, JSONPath, JEXL or with interpolations.
    Text(Template),
    /// A list.
    Array(Vec<ValueTemplate>),
    /// An object, in the file's order; keys may be expressions.
    Object(Vec<(Template, ValueTemplate)>),
}

impl ValueTemplate {
    /// Returns the value; `None` is undefined. Members without a value are removed from objects, at any depth.
    ///
    /// # Errors
    /// If the evaluation fails, or the value exceeds the memory budget.
    pub fn eval(&self, bindings: &Bindings<'_>) -> Result<Option<Value>, EvalError> {
        match self {
            // A single template charges its own evaluation.
            Self::Text(template) => template.eval(bindings),
            several => several.eval_within(bindings, &mut MemoryBudget::default()),
        }
    }

    fn eval_within(&self, bindings: &Bindings<'_>, budget: &mut MemoryBudget) -> Result<Option<Value>, EvalError> {
        Ok(match self {
            Self::Literal(value) => {
                budget.charge_bytes(VALUE_BYTES)?;
                Some(value.clone())
            }
            Self::Text(template) => {
                let value = template.eval(bindings)?;
                value.iter().try_for_each(|value| budget.charge(value).map(|_| ()))?;
                value
            }
            Self::Array(items) => {
                let items =
                    items.iter().map(|item| item.eval_within(bindings, budget).map(|item| item.unwrap_or(Value::Null)));
                Some(Value::Array(items.collect::<Result<_, _>>()?))
            }
            Self::Object(members) => {
                let mut object = Map::new();
                for (key, member) in members {
                    let key = key.eval_text(bindings, Escape::None)?;
                    budget.charge_bytes(key.as_ref().map_or(0, String::len))?;
                    if let (Some(key), Some(value)) = (key, member.eval_within(bindings, budget)?) {
                        object.insert(key, value);
                    }
                }
                Some(Value::Object(object))
            }
        })
    }

    /// Calls `visit` with every template in the value.
    pub fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => visit(template),
            Self::Array(items) => items.iter().for_each(|item| item.templates(visit)),
            Self::Object(members) => {
                for (key, member) in members {
                    visit(key);
                    member.templates(visit);
                }
            }
        }
    }
}
