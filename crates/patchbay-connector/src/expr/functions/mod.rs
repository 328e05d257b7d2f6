//! The functions and methods of the language. A method is a function whose first argument is
//! before the dot.
//!
//! The table is also the reference: each row has a description and an example. A test runs the examples, and
//! `docs/build/functions.md` is generated from the table.

#![expect(clippy::unnecessary_wraps, reason = "all functions have one signature, whether they can fail or not")]

mod dates;
mod hashes;
mod lists;
mod table;
mod texts;

pub use dates::{from_unix_millis, parse_iso, unix_to_millis, write_iso};

use serde_json::Value;

use super::{error::EvalError, eval::Evaluation, memory_budget::size, value::Maybe};
use table::FUNCTIONS;

/// The result of a function: a value, or none.
type FunctionResult = Result<Maybe, EvalError>;
/// The code of a function.
type FunctionBody = fn(&[Maybe], &mut Evaluation<'_>) -> FunctionResult;

/// A function of the language.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name.
    pub name: &'static str,
    /// The names as a method: `text.split(",")`.
    pub methods: &'static [&'static str],
    /// The arguments; optional ones end with `?`.
    pub arguments: &'static str,
    /// The description, one sentence.
    pub description: &'static str,
    /// An example call.
    pub example: &'static str,
    /// The result of the example, as JSON.
    pub result: &'static str,
    /// The minimum and the maximum number of arguments.
    pub(super) count: (usize, usize),
    run: FunctionBody,
}

/// Returns every function, in the order of the reference.
pub fn reference() -> &'static [Function] {
    &FUNCTIONS
}

/// Returns the function with this name.
pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|known| known.name == name)
}

/// Returns the function of a method.
pub(super) fn method(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|known| known.methods.contains(&name))
}

/// Returns the function name that is most similar.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    crate::suggest::nearest(name, FUNCTIONS.iter().map(|known| known.name))
}

/// Returns the method name that is most similar.
pub(super) fn nearest_method(name: &str) -> Option<&'static str> {
    crate::suggest::nearest(name, FUNCTIONS.iter().flat_map(|known| known.methods.iter().copied()))
}

pub(super) fn call(function: &Function, arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let given: usize = arguments.iter().flatten().map(size).sum();
    evaluation.spend(1 + given as u64 / 1024)?;
    let made = (function.run)(arguments, evaluation)?;
    made.as_ref().map_or(Ok(()), |made| evaluation.claim(size(made)))?;
    Ok(made)
}

/// Returns the argument at an index, if it has a value.
fn argument(arguments: &[Maybe], index: usize) -> Option<&Value> {
    arguments.get(index).and_then(Option::as_ref)
}

/// Returns the argument at an index as a string.
///
/// # Errors
/// If the argument is missing, a list or an object.
fn text(arguments: &[Maybe], index: usize, function: &str) -> Result<String, EvalError> {
    match argument(arguments, index) {
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => Ok(super::value::as_text(value)),
        _ => Err(EvalError::Type(format!("`{function}` needs a string as argument {}", index + 1))),
    }
}
