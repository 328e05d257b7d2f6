//! Reads the header or parameter of a signature: `HEX`, `sha256=HEX`, `t=1,v1=HEX,v1=HEX`, `v1,BASE64 v1,BASE64`.

use patchbay_connector::definition::{SignatureEncoding, SignatureSource};

use super::{Refusal, decode};

/// The maximum length of the header or parameter, in bytes.
const MAX_BYTES: usize = 8192;
/// The maximum number of items.
const MAX_ITEMS: usize = 64;
/// The maximum number of signatures that are compared.
const MAX_SIGNATURES: usize = 16;

/// Returns the signatures in a header or parameter, decoded, at least one.
///
/// # Errors
///
/// [`Refusal::SignatureMalformed`] for a text without a signature, with several although one is declared, or with one that is
/// not encoded as declared.
pub fn signature_values(text: &str, rule: &SignatureSource) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut found = Vec::new();
    match (&rule.separator, &rule.key) {
        (None, _) => found.push(text.trim()),
        (Some(separator), None) => found.extend(items(text, separator)?),
        (Some(separator), Some(key)) => found.extend(values_of(&items(text, separator)?, separator, key)),
    }
    if let Some(prefix) = &rule.prefix {
        found = found.into_iter().filter_map(|item| item.strip_prefix(prefix.as_str())).collect();
    }
    if found.is_empty() || found.len() > MAX_SIGNATURES || (found.len() > 1 && !rule.many) || text.len() > MAX_BYTES {
        return Err(Refusal::SignatureMalformed);
    }
    let decoded = |text: &str| match rule.encoding {
        SignatureEncoding::Hex => decode::hex(text),
        SignatureEncoding::Base64 => decode::base64(text),
        SignatureEncoding::Base64Url => decode::base64url(text),
    };
    found.into_iter().map(|text| decoded(text).ok_or(Refusal::SignatureMalformed)).collect()
}

/// Returns the only value of a key in a header or parameter.
pub(super) fn pick<'t>(text: &'t str, rule: &SignatureSource, key: &str) -> Result<&'t str, Refusal> {
    let separator = rule.separator.as_deref().ok_or(Refusal::SignatureMalformed)?;
    match values_of(&items(text, separator)?, separator, key)[..] {
        [only] if !only.is_empty() => Ok(only),
        _ => Err(Refusal::SignatureMalformed),
    }
}

fn items<'t>(text: &'t str, separator: &str) -> Result<Vec<&'t str>, Refusal> {
    if text.len() > MAX_BYTES {
        return Err(Refusal::SignatureMalformed);
    }
    let items = text.split(separator).map(str::trim).take(MAX_ITEMS + 1).collect::<Vec<_>>();
    if items.len() > MAX_ITEMS { Err(Refusal::SignatureMalformed) } else { Ok(items) }
}

/// Returns the values of a key: `key=value`, or the item after the key if a space separates the items.
fn values_of<'t>(items: &[&'t str], separator: &str, key: &str) -> Vec<&'t str> {
    let pairs = items.iter().filter_map(|item| item.split_once('='));
    let mut found = pairs.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).collect::<Vec<_>>();
    if separator == " " {
        found.extend(items.windows(2).filter(|pair| pair[0] == key).map(|pair| pair[1]));
    }
    found
}
