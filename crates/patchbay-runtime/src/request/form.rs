//! Writes pairs as the body of a form.

use url::form_urlencoded;

/// Returns the pairs in the encoding of HTML forms (WHATWG URL, section 5.2), with `+` for spaces.
pub(crate) fn form_encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
