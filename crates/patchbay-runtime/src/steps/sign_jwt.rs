//! `sign_jwt`: signs a JSON Web Token (RFC 7519), for example the assertion that a token request exchanges for an
//! access token (RFC 7523).

use patchbay_connector::{
    definition::SignJwt,
    expr::{Bindings, Escape},
};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    Error, ErrorCode,
    context::Run,
    protocols::jws::{self, JwsError},
    response::output::StepOutput,
};

/// The time by which `iat` is earlier than this server's clock, in seconds: a provider whose clock is behind would reject an
/// assertion from its future. A short lifetime gets a tenth of it. `exp` is as much earlier, because providers limit the time
/// between both.
const CLOCK_TOLERANCE_SECS: i64 = 10;

/// The claims of type `NumericDate` (RFC 7519, section 4.1): seconds since 1970, even if an expression returns text.
const TIMESTAMP_CLAIMS: [&str; 3] = ["exp", "iat", "nbf"];

/// Signs the token.
///
/// # Errors
///
/// 401 `AccountInvalidCredentialsError` for a key that cannot be used, otherwise the error of an expression.
pub(super) fn run(run: &Run<'_>, step: &SignJwt) -> Result<StepOutput, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let key = step.private_key.eval_text(&bindings, Escape::None).map_err(|error| run.expression_error(&error))?;
    let key = Zeroizing::new(key.unwrap_or_default());
    let mut claims = Map::new();
    for (name, template) in &step.claims {
        if let Some(value) = template.eval(&bindings).map_err(|error| run.expression_error(&error))? {
            claims.insert(name.clone(), if TIMESTAMP_CLAIMS.contains(&name.as_str()) { number(value) } else { value });
        }
    }
    let now = run.host.clock().now().as_seconds();
    let claimed_issue = claims.get("iat").and_then(Value::as_i64);
    if let Some(lifetime) = step.lifetime {
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        let earlier = now - CLOCK_TOLERANCE_SECS.min(lifetime / 10);
        let issued_at = claims.entry("iat").or_insert_with(|| earlier.into()).as_i64().unwrap_or(now);
        claims.entry("exp").or_insert_with(|| issued_at.saturating_add(lifetime).into());
    }
    let mut header =
        Map::from_iter([("alg".to_owned(), json!(step.algorithm.as_str())), ("typ".to_owned(), json!("JWT"))]);
    for (name, template) in &step.headers {
        if let Some(value) = template.eval(&bindings).map_err(|error| run.expression_error(&error))? {
            header.insert(name.clone(), value);
        }
    }
    if let Some(id) = &step.key_id
        && let Some(id) = id.eval_text(&bindings, Escape::None).map_err(|error| run.expression_error(&error))?
    {
        header.insert("kid".to_owned(), Value::String(id));
    }
    let signed = jws::sign(step.algorithm, &key, &header, &claims).map_err(|error| {
        let reason = match error {
            JwsError::InvalidKey(reason) => reason,
            JwsError::Signing => "cannot sign",
        };
        Error::new(
            ErrorCode::AccountInvalidCredentials,
            format!(
                "{}: the account's private key {reason}; reconnect the account with the whole file, from `-----BEGIN` to `-----END`",
                run.ctx.connector.title
            ),
        )
    })?;
    run.add_secret(&signed.token);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    let expires_in = seconds("exp").map(|expiry| expiry.saturating_sub(claimed_issue.unwrap_or(now)));
    let output = [
        ("token", Value::String(signed.token)),
        ("expiresIn", expires_in.map_or(Value::Null, Value::from)),
        ("publicKeyFingerprint", signed.fingerprint.map_or(Value::Null, Value::String)),
    ];
    let data = output.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Ok(StepOutput { data: Value::Object(data), extra: output.to_vec(), ..StepOutput::default() })
}

/// Parses text as a number of seconds; other values do not change.
fn number(value: Value) -> Value {
    match &value {
        Value::String(text) => text.trim().parse::<i64>().map_or(value, Value::from),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_numbers() {
        assert_eq!(number(json!("1770000000")), json!(1_770_000_000));
        assert_eq!(number(json!("soon")), json!("soon"));
        assert_eq!(number(json!(5)), json!(5));
    }
}
