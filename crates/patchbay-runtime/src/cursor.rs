//! The cursor of an action whose `cursor` is enabled.
//!
//! `next` of a result is the position to continue at: the provider's own token, or its page and the number of records to
//! skip if the result ended in the middle of a page. Here it is plain text; the engine seals it for callers and binds it
//! to the account and the action. The caller passes it back as an input.

use std::borrow::Cow;

use patchbay_connector::definition::Action;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorCode, Problem, json::to_text};

/// The version of the encoding.
const VERSION: u8 = 1;

/// A position in the list of all records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CursorPosition {
    #[serde(rename = "v")]
    version: u8,
    /// The provider's token of the page; `None` for the first page.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Value>,
    /// The number of records of that page that were returned before.
    #[serde(rename = "p", default)]
    pub(crate) skipped: usize,
}

/// The paging of one run.
pub(crate) struct Paging<'a> {
    /// The step whose pages are cut; `None` if the action only forwards the provider's token.
    pub(crate) step: Option<&'a str>,
    /// The maximum number of records per result.
    pub(crate) size: Option<usize>,
    /// The start position; `None` for the beginning.
    pub(crate) start: Option<CursorPosition>,
}

impl CursorPosition {
    /// Creates a position on the page of a token, after `skipped` records.
    pub(crate) fn new(token: Option<Value>, skipped: usize) -> Self {
        Self { version: VERSION, token, skipped }
    }

    /// Returns the position as a value of `next`.
    pub(crate) fn to_value(&self) -> Value {
        Value::String(serde_json::to_string(self).unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().filter(|position| position.version == VERSION)
    }
}

/// Reads the cursor among the inputs and replaces it by the provider's token, which expressions see.
///
/// # Errors
///
/// 400 `ValidationError` if the input is not a cursor.
pub(crate) fn take_cursor<'a>(action: &'a Action, inputs: &mut Cow<'_, Value>) -> Result<Option<Paging<'a>>, Error> {
    let Some(cursor) = action.cursor.as_ref().filter(|cursor| cursor.enabled) else { return Ok(None) };
    let size = cursor.page_size.and_then(|size| usize::try_from(size).ok());
    let mut paging = Paging { step: cursor.step.as_deref(), size, start: None };
    let text = inputs.get(&cursor.input).map(to_text).unwrap_or_default();
    if !text.is_empty() {
        let Some(position) = CursorPosition::parse(&text) else { return Err(invalid_cursor(action, &cursor.input)) };
        if let Value::Object(members) = inputs.to_mut() {
            match &position.token {
                Some(token) => members.insert(cursor.input.clone(), Value::String(to_text(token))),
                None => members.remove(&cursor.input),
            };
        }
        paging.start = Some(position);
    }
    Ok(Some(paging))
}

/// Returns the 400 `ValidationError` for an input that is not a cursor.
pub fn invalid_cursor(action: &Action, input: &str) -> Error {
    let location =
        action.inputs.iter().find(|known| known.name == input).map_or("query", |known| known.location.as_str());
    let path = format!("{location}.{input}");
    let message = format!(
        "`{path}` is not a cursor issued by `{}` to this account; pass `next` from the previous response unchanged, or omit \
         it to start over",
        action.public_id
    );
    let problem = Problem { path: path.into(), code: "cursor", message: message.clone() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

/// Replaces the provider's token in the result's `next` by a cursor.
pub(crate) fn put_cursor(paging: Option<&Paging<'_>>, result: &mut Map<String, Value>) {
    let (Some(paging), Some(next)) = (paging, result.get_mut("next")) else { return };
    match &*next {
        Value::Null => {}
        Value::String(text) if text.is_empty() => *next = Value::Null,
        // The step whose pages are cut already wrote a cursor.
        Value::String(text) if paging.step.is_some() && CursorPosition::parse(text).is_some() => {}
        token => *next = CursorPosition::new(Some(token.clone()), 0).to_value(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_encoded_positions_are_parsed() {
        for position in [
            CursorPosition::new(None, 3),
            CursorPosition::new(Some(json!("abc")), 0),
            CursorPosition::new(Some(json!(7)), 1),
        ] {
            let Value::String(text) = position.to_value() else { panic!() };
            assert_eq!(CursorPosition::parse(&text), Some(position));
        }
        for text in ["", "abc", "7", "{}", r#"{"v":2,"p":0}"#, r#"{"v":1,"p":-1}"#] {
            assert_eq!(CursorPosition::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_providers_token_becomes_a_position_once() {
        let next_of = |step, next: Value| {
            let mut result = Map::from_iter([("next".to_owned(), next)]);
            put_cursor(Some(&Paging { step, size: None, start: None }), &mut result);
            result.remove("next").unwrap()
        };
        assert_eq!(next_of(None, json!(null)), Value::Null);
        assert_eq!(next_of(None, json!("")), Value::Null);
        assert_eq!(next_of(None, json!(2)), json!(r#"{"v":1,"t":2,"p":0}"#));
        let written = CursorPosition::new(Some(json!("a")), 4).to_value();
        assert_eq!(next_of(Some("list"), written.clone()), written);
    }
}
