//! Texts that a client keeps for this server: sealed, so that it can neither read nor change them, nor use those of others.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_model::Sealed;
use patchbay_vault::{SealContext, Secret, Vault};

/// Seals and opens texts that clients keep.
#[derive(Clone)]
pub struct ClientState {
    vault: Arc<Vault>,
}

impl ClientState {
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        Self { vault }
    }

    /// Seals a text for a purpose and who keeps it. The result is base64url (RFC 4648, section 5).
    pub fn seal(&self, purpose: &str, holder: &str, text: &str) -> String {
        let sealed = self.vault.seal(&SealContext::ClientState { purpose, holder }, &Secret::new(text));
        URL_SAFE_NO_PAD.encode(sealed.as_bytes())
    }

    /// Opens a text; `None` if it was changed, or sealed for another purpose or holder.
    pub fn open(&self, purpose: &str, holder: &str, sealed: &str) -> Option<String> {
        let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(sealed).ok()?);
        let text = self.vault.open(&SealContext::ClientState { purpose, holder }, &sealed).ok()?;
        Some(text.expose().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Timestamp, testing::SeededEntropy};
    use patchbay_vault::KeyRing;

    use super::*;

    #[test]
    fn a_text_opens_only_for_its_purpose_and_holder() {
        let entropy = Arc::new(SeededEntropy::new(1));
        let ring = KeyRing::generate(&*entropy, Timestamp::from_micros(0));
        let state = ClientState::new(Arc::new(Vault::new(ring, entropy)));
        let sealed = state.seal("cursor", "p", "after:7");
        assert_eq!(state.open("cursor", "p", &sealed).as_deref(), Some("after:7"));
        assert!(!sealed.contains("after") && state.seal("cursor", "p", "after:7") != sealed);
        assert_eq!(state.open("state", "p", &sealed), None);
        assert_eq!(state.open("cursor", "q", &sealed), None);
        for changed in [String::new(), "!".to_owned(), sealed[4..].to_owned(), format!("{sealed}AAAA")] {
            assert_eq!(state.open("cursor", "p", &changed), None, "{changed}");
        }
    }
}
