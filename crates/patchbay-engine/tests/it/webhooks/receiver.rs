use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The headers of a delivery.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

/// Returns whether a delivery came from Patchbay within the last five minutes. `now` is in seconds since 1970.
pub fn is_authentic(secret: &str, headers: &Signed<'_>, body: &[u8], now: i64) -> bool {
    let Signed { id, timestamp, signature } = headers;
    let is_recent = timestamp.parse::<i64>().is_ok_and(|time| now.abs_diff(time) <= 300);
    let Ok(key) = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)) else { return false };
    let key = Key::new(HMAC_SHA256, &key);
    let signed = [id.as_bytes(), timestamp.as_bytes(), body].join(&b'.');
    let mut found = signature.split(' ').filter_map(|part| STANDARD.decode(part.strip_prefix("v1,")?).ok());
    is_recent && found.any(|signature| verify(&key, &signed, &signature).is_ok())
}
