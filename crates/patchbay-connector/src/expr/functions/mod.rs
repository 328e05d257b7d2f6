//! The closed list of functions and methods. A method is a function whose first argument stands
//! before the dot.
//!
//! The table is also the reference: each row says what it does with an example, which a test runs
//! and from which `docs/connectors/functions.md` is written.

#![expect(clippy::unnecessary_wraps, reason = "all functions have one signature, whether they can fail or not")]

mod dates;
mod hashes;
mod lists;
mod table;
mod texts;

use serde_json::Value;

use super::{error::EvalError, eval::Evaluation, memory_budget::size, value::Maybe};
use table::FUNCTIONS;

type Run = fn(&[Maybe], &mut Evaluation<'_>) -> Result<Maybe, EvalError>;

/// A function of the language.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its names as a method: `text.split(",")`.
    pub methods: &'static [&'static str],
    /// Its arguments, the optional ones with a `?`.
    pub arguments: &'static str,
    /// What it does, in a sentence.
    pub does: &'static str,
    /// A call.
    pub example: &'static str,
    /// What that gives, as JSON.
    pub gives: &'static str,
    /// Fewest and most arguments.
    pub(super) count: (usize, usize),
    run: Run,
}

/// Every function, in the reference's order.
pub fn reference() -> &'static [Function] {
    &FUNCTIONS
}

/// The function with this name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|known| known.name == name)
}

/// The function that a method stands for.
pub(super) fn method(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|known| known.methods.contains(&name))
}

/// The function whose name is most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    crate::suggest::nearest(name, FUNCTIONS.iter().map(|known| known.name))
}

/// The method whose name is most like this one.
pub(super) fn nearest_method(name: &str) -> Option<&'static str> {
    crate::suggest::nearest(name, FUNCTIONS.iter().flat_map(|known| known.methods.iter().copied()))
}

pub(super) fn call(
    function: &Function,
    arguments: &[Maybe],
    evaluation: &mut Evaluation<'_>,
) -> Result<Maybe, EvalError> {
    let given: usize = arguments.iter().flatten().map(size).sum();
    evaluation.spend(1 + given as u64 / 1024)?;
    let made = (function.run)(arguments, evaluation)?;
    made.as_ref().map_or(Ok(()), |made| evaluation.claim(size(made)))?;
    Ok(made)
}

/// The argument at `place`, where it has a value.
fn argument(arguments: &[Maybe], place: usize) -> Option<&Value> {
    arguments.get(place).and_then(Option::as_ref)
}

/// The text at `place`; other simple values as text.
fn text(arguments: &[Maybe], place: usize, function: &str) -> Result<String, EvalError> {
    match argument(arguments, place) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => Ok(super::value::as_text(value)),
        _ => Err(EvalError::Type(format!("`{function}` needs a text as argument {}", place + 1))),
    }
}
