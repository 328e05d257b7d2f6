//! The compressed forms of what is the same for everybody.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::body::Bytes;

/// The bytes of all forms that are kept.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Marks a response that is the same for everybody who may ask for it, so that it is compressed once. The name and the serial
/// number decide its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shared {
    /// What it is, such as a path.
    pub(crate) name: String,
    /// A number that no other content of this name has.
    pub(crate) serial: u64,
}

/// The compressed forms that are kept, by what they contain and their coding.
#[derive(Default)]
pub(super) struct SharedForms(Mutex<Forms>);

#[derive(Default)]
struct Forms {
    by_content: HashMap<(Shared, &'static str), Bytes>,
    bytes: usize,
}

impl SharedForms {
    /// Returns a form, if it is kept.
    pub(super) fn get(&self, shared: &Shared, coding: &'static str) -> Option<Bytes> {
        let forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.by_content.get(&(shared.clone(), coding)).cloned()
    }

    /// Keeps a form. If it does not fit, all others go, among them those of former content.
    pub(super) fn keep(&self, shared: Shared, coding: &'static str, form: Bytes) {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (shared, coding);
        // Two requests may have made it at the same time.
        if form.len() > MAX_BYTES || forms.by_content.contains_key(&key) {
            return;
        }
        if forms.bytes + form.len() > MAX_BYTES {
            *forms = Forms::default();
        }
        forms.bytes += form.len();
        forms.by_content.insert(key, form);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(serial: u64) -> Shared {
        Shared { name: "/docs".to_owned(), serial }
    }

    #[test]
    fn the_bytes_of_all_forms_are_bounded() {
        let forms = SharedForms::default();
        let form = Bytes::from(vec![0; MAX_BYTES / 4]);
        for serial in 0..4 {
            // Of two that are made at the same time, one is kept.
            forms.keep(shared(serial), "br", form.clone());
            forms.keep(shared(serial), "br", form.clone());
        }
        assert!((0..4).all(|serial| forms.get(&shared(serial), "br").is_some()));
        assert_eq!(forms.get(&shared(0), "gzip"), None);
        forms.keep(shared(4), "br", form.clone());
        assert!(forms.get(&shared(0), "br").is_none() && forms.get(&shared(4), "br").is_some());
        forms.keep(shared(5), "br", Bytes::from(vec![0; MAX_BYTES + 1]));
        assert!(forms.get(&shared(4), "br").is_some() && forms.get(&shared(5), "br").is_none());
        assert_eq!(forms.0.lock().unwrap().bytes, form.len());
    }
}
