//! Functions for strings, numbers and encodings.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;

use super::{FunctionResult, argument, text};
use crate::{
    expr::{
        error::EvalError,
        eval::Evaluation,
        memory_budget::VALUE_BYTES,
        template::percent_encode,
        value::{self, Maybe},
    },
    json_tree,
};

fn some(text: impl Into<String>) -> FunctionResult {
    Ok(Some(Value::String(text.into())))
}

pub(super) fn lower(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    some(text(arguments, 0, "lower")?.to_lowercase())
}

pub(super) fn upper(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    some(text(arguments, 0, "upper")?.to_uppercase())
}

pub(super) fn trim(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    some(text(arguments, 0, "trim")?.trim())
}

pub(super) fn split(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let (whole, separator) = (text(arguments, 0, "split")?, text(arguments, 1, "split")?);
    evaluation.spend(whole.len() as u64 / 64)?;
    let count = if separator.is_empty() { whole.chars().count() } else { whole.matches(&separator).count() };
    evaluation.claim(count.saturating_mul(VALUE_BYTES))?;
    let parts: Vec<Value> = if separator.is_empty() {
        whole.chars().map(|character| Value::String(character.to_string())).collect()
    } else {
        whole.split(&separator).map(Value::from).collect()
    };
    Ok(Some(Value::Array(parts)))
}

pub(super) fn replace(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let (whole, from, to) =
        (text(arguments, 0, "replace")?, text(arguments, 1, "replace")?, text(arguments, 2, "replace")?);
    if from.is_empty() {
        return some(whole);
    }
    evaluation.claim(whole.matches(&from).count().saturating_mul(to.len()))?;
    some(whole.replace(&from, &to))
}

/// The functions with a regular expression are nodes of the tree, because the expression is compiled at load.
pub(super) fn pattern(_: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Err(EvalError::Type("the regular expression is not a literal".to_owned()))
}

pub(super) fn starts_with(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let start = text(arguments, 1, "startsWith")?;
    Ok(Some(Value::Bool(text(arguments, 0, "startsWith")?.starts_with(&start))))
}

pub(super) fn ends_with(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let end = text(arguments, 1, "endsWith")?;
    Ok(Some(Value::Bool(text(arguments, 0, "endsWith")?.ends_with(&end))))
}

pub(super) fn string(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(argument(arguments, 0).map(|value| Value::String(value::as_text(value))))
}

pub(super) fn number(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    match argument(arguments, 0) {
        None | Some(Value::Null) => Ok(None),
        value => match value::as_number(value) {
            Some(number) => {
                let exact = value::as_integer(value).and_then(value::integer);
                Ok(Some(exact.unwrap_or_else(|| value::number(number))))
            }
            None => Err(EvalError::Type("the argument of `number` is not a number".to_owned())),
        },
    }
}

pub(super) fn to_json(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    Ok(argument(arguments, 0).map(|value| Value::String(value.to_string())))
}

pub(super) fn from_json(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let source = text(arguments, 0, "fromJson")?;
    evaluation.claim(json_tree::estimate(source.as_bytes()))?;
    serde_json::from_str(&source)
        .map(Some)
        .map_err(|_| EvalError::Type("the argument of `fromJson` is not JSON".to_owned()))
}

pub(super) fn url_encode(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    some(percent_encode(&text(arguments, 0, "urlEncode")?))
}

pub(super) fn encode_base64(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    some(STANDARD.encode(text(arguments, 0, "encodeBase64")?))
}

pub(super) fn decode_base64(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let wrong = || EvalError::Type("the argument of `decodeBase64` is not base64 of UTF-8 text".to_owned());
    let bytes = STANDARD.decode(text(arguments, 0, "decodeBase64")?).map_err(|_| wrong())?;
    some(String::from_utf8(bytes).map_err(|_| wrong())?)
}

/// Returns the claims of a JSON Web Token in compact form (RFC 7515 section 7.1). The signature is not checked.
pub(super) fn jwt_claims(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let Some(Value::String(token)) = argument(arguments, 0) else { return Ok(None) };
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok();
    Ok(bytes.and_then(|bytes| json_tree::from_slice(&bytes).ok()).filter(Value::is_object))
}
