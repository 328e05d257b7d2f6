//! `sign_jwt`: a signed JSON Web Token (RFC 7519).

use serde_json::{Value, json};

use super::{FunctionVersion, StepFunctionType};
use crate::{
    diagnostic::code,
    expr::{Template, ValueTemplate},
    json_schema::{choice, object, whole},
    syntax::Reader,
};

const KEYS: [&str; 6] = ["algorithm", "privateKey", "claims", "keyId", "headers", "lifetime"];

/// A JSON Web Token to sign (RFC 7519).
#[derive(Debug)]
pub struct SignJwt {
    /// The signature algorithm.
    pub algorithm: JwtAlgorithm,
    /// PEM of the private key; for `HS…` the secret.
    pub private_key: Template,
    /// The header `kid` (Patchbay extension).
    pub key_id: Option<Template>,
    /// Further headers, such as `x5t`; never `alg` (Patchbay extension).
    pub headers: Vec<(String, ValueTemplate)>,
    /// The claims, in the file's order.
    pub claims: Vec<(String, ValueTemplate)>,
    /// Seconds until the token expires; sets `iat` and `exp` unless the claims do (Patchbay extension).
    pub lifetime: Option<u64>,
}

/// A signature algorithm of JSON Web Tokens (RFC 7518 section 3.1, RFC 8037). The StackOne format only has RS256; the
/// others are Patchbay extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are defined by the RFCs")]
pub enum JwtAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
}

impl JwtAlgorithm {
    /// Every algorithm by its name, in the header `alg` and in the file.
    pub const ALL: [(&'static str, Self); 13] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("ES512", Self::Es512),
        ("EdDSA", Self::EdDsa),
        ("HS256", Self::Hs256),
        ("HS384", Self::Hs384),
        ("HS512", Self::Hs512),
    ];

    /// Returns the algorithm's name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("none", |(name, _)| name)
    }
}

/// The function `sign_jwt`.
pub(super) struct SignJwtFunction;

impl StepFunctionType for SignJwtFunction {
    type Parameters = SignJwt;
    const NAME: &'static str = "sign_jwt";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<SignJwt> {
        let mapping = parameters.parameters(&KEYS)?;
        let (algorithm, key, claims) =
            (mapping.require("algorithm"), mapping.require("privateKey"), mapping.require("claims"));
        let values = |place: Reader<'_>, what: &str| -> Vec<_> {
            place
                .entries(what)
                .filter_map(|(name, member)| Some((name.to_owned(), ValueTemplate::read(&member)?)))
                .collect()
        };
        let algorithm = algorithm.and_then(|place| place.choice(&JwtAlgorithm::ALL));
        let claims = claims.map(|place| values(place, "`claims`"));
        let headers = mapping.get("headers");
        if let Some(place) = headers.and_then(|headers| headers.peek("alg")) {
            place.error(code::INVALID, "`algorithm` sets the header `alg`; remove it from `headers`");
        }
        Some(SignJwt {
            algorithm: algorithm?,
            private_key: key?.template()?,
            key_id: mapping.template("keyId"),
            headers: headers.map(|place| values(place, "`headers`")).unwrap_or_default(),
            claims: claims?,
            lifetime: mapping.get("lifetime").and_then(|seconds| seconds.whole()),
        })
    }

    fn templates<'a>(jwt: &'a SignJwt, found: &mut Vec<&'a Template>) {
        found.push(&jwt.private_key);
        found.extend(&jwt.key_id);
        let values = jwt.claims.iter().chain(&jwt.headers);
        values.for_each(|(_, value)| value.templates(&mut |template| found.push(template)));
    }

    fn schema() -> Value {
        object(
            &KEYS,
            &["algorithm", "privateKey", "claims"],
            &[
                ("algorithm", choice(&JwtAlgorithm::ALL)),
                ("claims", json!({ "type": "object" })),
                ("headers", json!({ "type": "object" })),
                ("lifetime", whole()),
            ],
        )
    }
}
