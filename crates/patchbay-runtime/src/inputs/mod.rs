//! Checks the inputs of an action before any request is sent.
//!
//! All problems are reported at once, each with its path (`body.approvals[0].order`), a stable code and a message. Checked
//! inputs have their declared types: HTTP clients send the numbers and booleans of paths, queries and headers as text,
//! which is converted to the declared type. A list of filters gives each value to the input that its field and operator
//! name.

mod filters;
mod formats;
mod rules;
mod value;

use patchbay_connector::{
    definition::{Action, Input, InputLocation},
    nearest,
};
use serde_json::{Map, Value};

use crate::{Error, ErrorCode, Problem};

/// The unchecked inputs of a call, by location.
#[derive(Clone, Debug, Default)]
pub struct RawInputs {
    /// The path inputs.
    pub path: Map<String, Value>,
    /// The query inputs.
    pub query: Map<String, Value>,
    /// The header inputs; the names are case-insensitive.
    pub headers: Map<String, Value>,
    /// The body inputs.
    pub body: Map<String, Value>,
}

/// The checked inputs of a call.
#[derive(Debug)]
pub struct Inputs(Value);

impl Inputs {
    /// Returns the object behind `inputs` in expressions.
    pub(crate) fn values(&self) -> &Value {
        &self.0
    }
}

/// The maximum number of problems in one error. It bounds the work for a list with a mistake in each of a million items.
const MAX_PROBLEMS: usize = 100;

/// A problem with the path of its input.
struct InputProblem {
    path: String,
    code: &'static str,
    message: String,
}

/// The longest path or message of a problem, in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// Returns the beginning of a text.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The problems found so far.
struct Problems {
    found: Vec<InputProblem>,
    limit: usize,
}

impl Default for Problems {
    fn default() -> Self {
        Self { found: Vec::new(), limit: MAX_PROBLEMS }
    }
}

impl Problems {
    /// Creates a list that is full after one problem, for a check whose problems are not reported.
    fn any() -> Self {
        Self { found: Vec::new(), limit: 1 }
    }

    /// Adds a problem, unless there are enough. Its texts are shortened: they may repeat names that the caller chose.
    fn add(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        if !self.is_full() {
            let message = shortened(message.into());
            self.found.push(InputProblem { path: shortened(path.to_owned()), code, message });
        }
    }

    fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns true if further problems would not be reported.
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Returns true if there is a problem at `path` or inside it.
    fn covers(&self, path: &str) -> bool {
        let inside = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        self.found.iter().any(|problem| problem.path.strip_prefix(path).is_some_and(inside))
    }
}

/// Checks inputs against the declarations of an action.
///
/// # Errors
///
/// 400 `ValidationError` with all problems, at most 100.
pub fn check_inputs(action: &Action, raw: RawInputs) -> Result<Inputs, Error> {
    let mut problems = Problems::default();
    let mut checked = Map::new();
    let mut filter_lists = Vec::new();
    let RawInputs { path, query, headers, body } = raw;
    for (location, given) in [
        (InputLocation::Path, path),
        (InputLocation::Query, query),
        (InputLocation::Headers, headers),
        (InputLocation::Body, body),
    ] {
        for (name, value) in given {
            if problems.is_full() {
                break;
            }
            match action.inputs.iter().find(|input| input.location == location && has_name(input, &name)) {
                Some(input) if input.filters.is_some() => filter_lists.push((input, value)),
                Some(input) => {
                    let path = format!("{}.{}", location.as_str(), input.name);
                    if let Some(value) = value::check(input, value, &path, location, &mut problems) {
                        checked.insert(input.name.clone(), value);
                    }
                }
                None => report_unknown(action, location, &name, &mut problems),
            }
        }
    }
    for (input, value) in filter_lists {
        filters::apply(action, input, value, &mut checked, &mut problems);
    }
    let is_missing = |input: &&Input| input.required && checked.get(&input.name).is_none_or(Value::is_null);
    for input in action.inputs.iter().filter(is_missing) {
        let path = format!("{}.{}", input.location.as_str(), input.name);
        if !problems.covers(&path) {
            problems.add(&path, "required", format!("`{path}` is required: {}", input.description));
        }
    }
    rules::check_rules(action, &checked, &mut problems);
    if problems.is_empty() {
        return Ok(Inputs(Value::Object(checked)));
    }
    Err(validation_error(action, problems.found))
}

fn has_name(input: &Input, name: &str) -> bool {
    input.name == name || (input.location == InputLocation::Headers && input.name.eq_ignore_ascii_case(name))
}

fn report_unknown(action: &Action, location: InputLocation, name: &str, problems: &mut Problems) {
    let path = format!("{}.{name}", location.as_str());
    if let Some(elsewhere) = action.inputs.iter().find(|input| input.name == name) {
        let right = elsewhere.location.as_str();
        let message = format!("`{name}` belongs in `{right}`, not in `{}`", location.as_str());
        return problems.add(&path, "unknown_field", message);
    }
    let names = action.inputs.iter().filter(|input| input.location == location).map(|input| input.name.as_str());
    let hint = match nearest(name, names) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => String::new(),
    };
    problems.add(&path, "unknown_field", format!("`{}` has no input `{path}`{hint}", action.public_id));
}

fn validation_error(action: &Action, problems: Vec<InputProblem>) -> Error {
    let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
    let message = match problems.len() {
        1 => first,
        MAX_PROBLEMS.. => {
            format!("`{}`: {MAX_PROBLEMS} or more inputs are not valid; the first: {first}", action.public_id)
        }
        count => format!("`{}`: {count} inputs are not valid; the first: {first}", action.public_id),
    };
    let problems = problems.into_iter();
    let problems = problems.map(|InputProblem { path, code, message }| Problem { path: path.into(), code, message });
    Error::new(ErrorCode::Validation, message).with_problems(problems.collect())
}

#[cfg(test)]
mod tests;
