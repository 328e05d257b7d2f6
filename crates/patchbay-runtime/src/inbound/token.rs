//! Verifies a shared secret in a request.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use patchbay_connector::{
    definition::{TokenSource, TokenVerification, ValueSource},
    expr::{Bindings, Template},
};
use serde_json::Value;

use super::{InboundSecrets, Refusal, hmac::value, request::Delivery};

/// The maximum number of values of the body that are compared.
const MAX_VALUES: usize = 10_000;

/// Verifies the secret. Each value of a body must be the same secret, so that an item cannot hide behind another.
pub(super) fn verify(
    rule: &TokenVerification,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
) -> Result<(), Refusal> {
    let given = match &rule.source {
        TokenSource::Header(name) => header_or_query(&ValueSource::Header(name.clone()), delivery)?,
        TokenSource::Query(name) => header_or_query(&ValueSource::Query(name.clone()), delivery)?,
        TokenSource::Body(path) => body_values(path, delivery)?,
    };
    let expected = secrets.values(delivery, &rule.equals);
    if expected.is_empty() {
        return Err(Refusal::SecretMissing);
    }
    let is_equal = |given: &String, secret: &str| verify_slices_are_equal(given.as_bytes(), secret.as_bytes()).is_ok();
    let is_known = expected.iter().any(|secret| given.iter().all(|given| is_equal(given, secret)));
    if is_known { Ok(()) } else { Err(Refusal::SignatureWrong) }
}

fn header_or_query(source: &ValueSource, delivery: &Delivery<'_>) -> Result<Vec<String>, Refusal> {
    Ok(vec![value(source, delivery)?.ok_or(Refusal::SignatureMissing)?.to_owned()])
}

fn body_values(path: &Template, delivery: &Delivery<'_>) -> Result<Vec<String>, Refusal> {
    let roots = [("body", delivery.body())];
    let found = path.eval(&Bindings { roots: &roots }).map_err(|_| Refusal::SignatureMalformed)?;
    let values = match found {
        None | Some(Value::Null) => return Err(Refusal::SignatureMissing),
        Some(Value::Array(items)) if items.is_empty() => return Err(Refusal::SignatureMissing),
        Some(Value::Array(items)) if items.len() > MAX_VALUES => return Err(Refusal::SignatureMalformed),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    };
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Ok(text),
        _ => Err(Refusal::SignatureMalformed),
    });
    texts.collect()
}
