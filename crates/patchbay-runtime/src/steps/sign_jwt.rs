//! `sign_jwt`: a JSON Web Token (RFC 7519), as service accounts and app clients trade it for access (RFC 7523).

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

/// Claims that are moments: seconds since 1970, whatever an expression made of them.
const TIMESTAMP_CLAIMS: [&str; 3] = ["exp", "iat", "nbf"];

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
    if let Some(lifetime) = step.lifetime {
        let now = run.host.clock().now().as_seconds();
        let began = claims.entry("iat").or_insert_with(|| now.into()).as_i64().unwrap_or(now);
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        claims.entry("exp").or_insert_with(|| began.saturating_add(lifetime).into());
    }
    let mut head =
        Map::from_iter([("alg".to_owned(), json!(step.algorithm.as_str())), ("typ".to_owned(), json!("JWT"))]);
    for (name, template) in &step.headers {
        if let Some(value) = template.eval(&bindings).map_err(|error| run.expression_error(&error))? {
            head.insert(name.clone(), value);
        }
    }
    if let Some(id) = &step.key_id
        && let Some(id) = id.eval_text(&bindings, Escape::None).map_err(|error| run.expression_error(&error))?
    {
        head.insert("kid".to_owned(), Value::String(id));
    }
    let signed = jws::sign(step.algorithm, &key, &head, &claims).map_err(|flaw| {
        let what = match flaw {
            JwsError::InvalidKey(what) => what,
            JwsError::Signing => "no key that can sign",
        };
        Error::new(
            ErrorCode::AccountInvalidCredentials,
            format!(
                "the private key of this account of {} is {what}; link it again with the whole file, from `-----BEGIN` to `-----END`",
                run.ctx.connector.title
            ),
        )
    })?;
    run.add_secret(&signed.token);
    let second = |name: &str| claims.get(name).and_then(Value::as_i64);
    let began = second("iat").unwrap_or_else(|| run.host.clock().now().as_seconds());
    let expires_in = second("exp").map(|end| end.saturating_sub(began));
    let output = [
        ("token", Value::String(signed.token)),
        ("expiresIn", expires_in.map_or(Value::Null, Value::from)),
        ("publicKeyFingerprint", signed.fingerprint.map_or(Value::Null, Value::String)),
    ];
    let data = output.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Ok(StepOutput { data: Value::Object(data), extra: output.to_vec(), ..StepOutput::default() })
}

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
    fn moments_are_numbers() {
        assert_eq!(number(json!("1770000000")), json!(1_770_000_000));
        assert_eq!(number(json!("soon")), json!("soon"));
        assert_eq!(number(json!(5)), json!(5));
    }
}
