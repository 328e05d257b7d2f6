//! Hash functions, and UUIDs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{FunctionResult, text};
use crate::expr::{error::EvalError, eval::Evaluation, value::Maybe};

pub(super) fn sha256(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let hash = Sha256::digest(text(arguments, 0, "sha256")?);
    written(&hash, arguments, 1, "sha256")
}

pub(super) fn md5(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let hash = Md5::digest(text(arguments, 0, "md5")?);
    written(&hash, arguments, 1, "md5")
}

pub(super) fn hmac(arguments: &[Maybe], _: &mut Evaluation<'_>) -> FunctionResult {
    let (data, key) = (text(arguments, 0, "hmac")?, text(arguments, 1, "hmac")?);
    let algorithm = if arguments.len() > 2 { text(arguments, 2, "hmac")? } else { "sha256".to_owned() };
    let (data, key) = (data.as_bytes(), key.as_bytes());
    let hash = match algorithm.as_str() {
        "sha1" => Hmac::<Sha1>::new_from_slice(key).map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec()),
        "sha256" => {
            Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
        }
        "sha512" => {
            Hmac::<Sha512>::new_from_slice(key).map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
        }
        _ => return Err(EvalError::Type("`hmac` supports sha1, sha256 and sha512".to_owned())),
    };
    let hash = hash.map_err(|_| EvalError::Type("the key of `hmac` is not valid".to_owned()))?;
    written(&hash, arguments, 3, "hmac")
}

/// Returns a UUID of version 8 (RFC 9562 section 5.8), derived from the call, the iterator's index and the name.
pub(super) fn uuid(arguments: &[Maybe], evaluation: &mut Evaluation<'_>) -> FunctionResult {
    let name = if arguments.is_empty() { String::new() } else { text(arguments, 0, "uuid")? };
    let context = evaluation.bindings.root("context");
    let of = |key| context.and_then(|context| context.get(key)).and_then(Value::as_str);
    let Some(call) = of("actionRunId").or_else(|| of("now")) else {
        return Err(EvalError::Type("`uuid` is only available during a call".to_owned()));
    };
    let index = evaluation.bindings.root("iterator").and_then(|iterator| iterator.get("index")).map(Value::to_string);
    let mut hash = Sha256::new();
    for part in [call, &index.unwrap_or_default(), &name] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let mut bytes: Vec<u8> = hash.finalize().iter().copied().take(16).collect();
    if let [.., six, _, eight, _, _, _, _, _, _, _] = bytes.as_mut_slice() {
        *six = (*six & 0x0f) | 0x80;
        *eight = (*eight & 0x3f) | 0x80;
    }
    let digits = hex(&bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or_default().to_owned());
    Ok(Some(Value::String(groups.join("-"))))
}

fn written(hash: &[u8], arguments: &[Maybe], place: usize, function: &str) -> FunctionResult {
    let encoding = if arguments.len() > place { text(arguments, place, function)? } else { "hex".to_owned() };
    match encoding.as_str() {
        "hex" => Ok(Some(Value::String(hex(hash)))),
        "base64" => Ok(Some(Value::String(STANDARD.encode(hash)))),
        _ => Err(EvalError::Type(format!("the encoding of `{function}` must be hex or base64"))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
