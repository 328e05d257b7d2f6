//! The parts of a request that are not known here and are ignored, so that clients that learn new fields keep working.
//!
//! On the routes of the original contract an unknown member of a body is ignored, and on every route an unknown parameter of a
//! list's query. The response names them in [`HEADER`]: `body.NAME`, `query.NAME`. With `Prefer: handling=strict`
//! (RFC 7240, section 4.4) they are errors. Unknown members of a body on other routes always are: their clients know this
//! server.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{Extensions, HeaderValue};

/// The response header with the places of what was ignored, comma-separated.
pub(crate) const HEADER: &str = "x-ignored-fields";
/// The maximum number of places in the header. `...` stands for more.
const MAX_PLACES: usize = 20;
/// The longest name in the header, in bytes before escaping. `...` stands for the rest.
const MAX_NAME_BYTES: usize = 64;

/// The parts of a request that were ignored. Clones are one list.
#[derive(Clone, Default)]
pub(crate) struct IgnoredFields(Arc<Mutex<Vec<String>>>);

impl IgnoredFields {
    /// Returns the list of a request, or a list that nobody reads.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Adds names that were found in a part of the request (`body`, `query`).
    pub(crate) fn add(&self, part: &str, names: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if places.len() > MAX_PLACES {
                return;
            }
            places.push(format!("{part}.{}", escape(name.as_ref())));
        }
    }

    /// Returns the header's value; none if nothing was ignored.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.dedup();
        if places.is_empty() {
            return None;
        }
        if places.len() > MAX_PLACES {
            places.truncate(MAX_PLACES);
            places.push("...".to_owned());
        }
        HeaderValue::from_str(&places.join(", ")).ok()
    }
}

/// Escapes a name (RFC 3986, section 2.1), so that it cannot be mistaken for several, and shortens it.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len().min(MAX_NAME_BYTES));
    for (position, byte) in name.bytes().enumerate() {
        if position == MAX_NAME_BYTES {
            escaped.push_str("...");
            break;
        }
        if byte.is_ascii_alphanumeric() || b"-_.$[]".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Option<String> {
        let ignored = IgnoredFields::default();
        ignored.add("body", names);
        ignored.header().map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn names_cannot_break_the_header_and_are_bounded() {
        assert_eq!(header(&[]), None);
        assert_eq!(header(&["new_field", "new_field", "b"]).unwrap(), "body.new_field, body.b");
        assert_eq!(header(&["a, b\r\nset-cookie: x=\u{e9}"]).unwrap(), "body.a%2C%20b%0D%0Aset-cookie%3A%20x%3D%C3%A9");
        let long = "\u{1f600}".repeat(100_000);
        let many = (0..100_000).map(|_| long.as_str()).collect::<Vec<_>>();
        assert!(header(&[long.as_str()]).unwrap().ends_with("..."));
        let distinct = (0..1_000).map(|number| format!("field{number}")).collect::<Vec<_>>();
        let value = header(&distinct.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert!(value.ends_with("body.field19, ..."), "{value}");
        assert!(header(&many).unwrap().len() < 8_000);
    }
}
