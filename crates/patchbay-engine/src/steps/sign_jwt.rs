//! `sign_jwt`: a JSON Web Token by RS256 (RFC 7519, RFC 7518 section 3.3), as service accounts trade it for access.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_connector::{
    definition::SignJwt,
    expr::{Escape, Scope},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::{Map, Value, json};

use crate::{
    Error, ErrorKind,
    pipeline::{Answer, Run},
};

/// Claims that are moments: seconds since 1970, whatever an expression made of them.
const MOMENTS: [&str; 3] = ["exp", "iat", "nbf"];

pub(super) fn run(run: &Run<'_>, step: &SignJwt) -> Result<Answer, Error> {
    let roots = run.roots();
    let scope = Scope { roots: &roots };
    let pem = step.private_key.eval_text(&scope, Escape::None).map_err(|error| run.broken(&error))?;
    let mut claims = Map::new();
    for (name, template) in &step.claims {
        if let Some(value) = template.eval(&scope).map_err(|error| run.broken(&error))? {
            claims.insert(name.clone(), if MOMENTS.contains(&name.as_str()) { number(value) } else { value });
        }
    }
    let key = pem.as_deref().and_then(read).ok_or_else(|| {
        Error::new(
            ErrorKind::Precondition,
            "AccountInvalidCredentialsError",
            format!(
                "the private key of this account of {} is no RSA key in PEM form; link it again with the whole file, from `-----BEGIN` to `-----END`",
                run.ctx.connector.title
            ),
        )
    })?;
    let second = |name: &str| claims.get(name).and_then(Value::as_i64);
    let began = second("iat").unwrap_or_else(|| run.http.clock().now().as_seconds());
    let expires_in = second("exp").map(|end| end - began);
    let token = signed(&key, &claims).ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            "InternalError",
            "the token could not be signed; the private key may be too short",
        )
    })?;
    let output = [
        ("token", Value::String(token)),
        ("expiresIn", expires_in.map_or(Value::Null, Value::from)),
        ("publicKeyFingerprint", Value::String(fingerprint(&key))),
    ];
    let data = output.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Ok(Answer { data: Value::Object(data), more: output.to_vec(), ..Answer::default() })
}

fn number(value: Value) -> Value {
    match &value {
        Value::String(text) => text.trim().parse::<i64>().map_or(value, Value::from),
        _ => value,
    }
}

/// A key as PKCS #8 or PKCS #1. Forms that lose their line breaks write them as `\n`.
fn read(pem: &str) -> Option<RsaKeyPair> {
    let pem = pem.replace("\\n", "\n");
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()? {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok(),
        _ => None,
    }
}

fn signed(key: &RsaKeyPair, claims: &Map<String, Value>) -> Option<String> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({ "alg": "RS256", "typ": "JWT" }));
    let text = format!("{head}.{}", part(&Value::Object(claims.clone())));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The SHA-256 of the public key (X.509 `SubjectPublicKeyInfo`), as Snowflake and others name keys.
fn fingerprint(key: &RsaKeyPair) -> String {
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key());
    public.map_or_else(|_| String::new(), |der| format!("SHA256:{}", STANDARD.encode(digest(&SHA256, der.as_ref()))))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::Pkcs8V1Der,
        rsa::KeySize,
        signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
    };

    use super::*;

    fn pem() -> String {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).unwrap();
        let lines = STANDARD.encode(der.as_ref());
        let lines = lines.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    #[test]
    fn a_token_is_verified_by_the_public_key() {
        let pem = pem();
        for written in [pem.clone(), pem.replace('\n', "\\n")] {
            let key = read(&written).unwrap();
            let claims = Map::from_iter([("iss".to_owned(), json!("me")), ("exp".to_owned(), json!(1))]);
            let token = signed(&key, &claims).unwrap();
            let (text, signature) = token.rsplit_once('.').unwrap();
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
            public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
            let middle = text.split_once('.').unwrap().1;
            assert_eq!(URL_SAFE_NO_PAD.decode(middle).unwrap(), br#"{"iss":"me","exp":1}"#);
            assert!(fingerprint(&key).starts_with("SHA256:"));
        }
    }

    #[test]
    fn what_is_no_key_is_told_from_one() {
        for text in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn moments_are_numbers() {
        assert_eq!(number(json!("1770000000")), json!(1_770_000_000));
        assert_eq!(number(json!("soon")), json!("soon"));
        assert_eq!(number(json!(5)), json!(5));
    }
}
