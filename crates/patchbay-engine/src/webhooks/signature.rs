//! The signatures of deliveries.
//!
//! Standard Webhooks 1.0 (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>): `v1,` and
//! the base64 of HMAC-SHA256 over `id.timestamp.body`, by the bytes that the secret encodes after `whsec_`. Beside it
//! `x-stackone-signature`: base64url without padding of HMAC-SHA256 over the body, by the text of the secret.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_model::Entropy;
use patchbay_vault::Secret;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;

/// Returns a new secret: `whsec_` and the base64 of 32 random bytes.
pub(crate) fn new_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; SECRET_BYTES];
    entropy.fill(&mut bytes);
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// Returns the signature of a delivery by Standard Webhooks.
fn standard(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let text = secret.expose().strip_prefix(PREFIX).unwrap_or(secret.expose());
    // A secret is always made by `new_secret`; the bytes of another text are its own.
    let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    let signed = format!("{id}.{timestamp}.{body}");
    format!("v1,{}", STANDARD.encode(sign(&Key::new(HMAC_SHA256, &bytes), signed.as_bytes())))
}

/// Returns the header `webhook-signature`: a signature for each secret, separated by spaces, the newest first.
pub(crate) fn standard_header(secrets: &[&Secret], id: &str, timestamp: i64, body: &str) -> String {
    secrets.iter().map(|secret| standard(secret, id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

/// Returns the header `x-stackone-signature`.
pub(crate) fn stackone_header(secret: &Secret, body: &str) -> String {
    let key = Key::new(HMAC_SHA256, secret.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(sign(&key, body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn the_vector_of_standard_webhooks_is_met() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let header =
            standard_header(&[&secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_sign_with_the_newest_first() {
        let (entropy, sign) = (SeededEntropy::new(1), |secret: &Secret| standard_header(&[secret], "evt_1", 5, "{}"));
        let (new, old) = (new_secret(&entropy), new_secret(&entropy));
        assert_ne!(new.expose(), old.expose());
        assert_eq!(standard_header(&[&new, &old], "evt_1", 5, "{}"), format!("{} {}", sign(&new), sign(&old)));
    }

    #[test]
    fn every_part_is_signed() {
        let secret = new_secret(&SeededEntropy::new(2));
        let signed = |id, time, body| standard_header(&[&secret], id, time, body);
        let right = signed("evt_1", 5, "{}");
        for wrong in [signed("evt_2", 5, "{}"), signed("evt_1", 6, "{}"), signed("evt_1", 5, "{ }")] {
            assert_ne!(wrong, right);
        }
        assert_eq!(secret.expose().len(), 6 + 44);
    }

    #[test]
    fn the_older_header_signs_the_body_with_the_text_of_the_secret() {
        // The example of RFC 4231, section 4.3, in base64url.
        let header = stackone_header(&Secret::new("Jefe"), "what do ya want for nothing?");
        assert_eq!(header, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    }
}
