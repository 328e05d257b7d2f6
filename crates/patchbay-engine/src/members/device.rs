//! The mark of a browser that has logged in before. It grants nothing: it only gives the browser a counter of wrong
//! passwords of its own. It is sealed, so that nobody can make one; after the retirement of its key it is not a mark.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_model::{Entropy, Member, Sealed};
use patchbay_vault::{SealContext, Secret, Vault};

/// Returns the identity of a new device.
pub(super) fn new(member: &Member, entropy: &dyn Entropy) -> String {
    format!("{} {}", member.id, entropy.uuid())
}

/// Returns the mark of a device, as base64url.
pub(super) fn seal(vault: &Vault, device: String) -> Secret {
    let sealed = vault.seal(&SealContext::Device, &Secret::new(device));
    Secret::new(URL_SAFE_NO_PAD.encode(sealed.as_bytes()))
}

/// Returns the device of the first mark that this server made.
pub(super) fn open(vault: &Vault, marks: &[Secret]) -> Option<String> {
    marks.iter().find_map(|mark| {
        let sealed = URL_SAFE_NO_PAD.decode(mark.expose()).ok()?;
        let opened = vault.open(&SealContext::Device, &Sealed::from_bytes(sealed)).ok()?;
        Some(opened.expose().to_owned())
    })
}
