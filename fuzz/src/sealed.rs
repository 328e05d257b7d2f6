//! The target of sealed values: only an unchanged envelope opens, and only for its place.

use std::sync::Arc;

use patchbay_model::{AccountId, ProjectId, Sealed, Timestamp, testing::SeededEntropy};
use patchbay_vault::{KeyRing, SealContext, Secret, Vault};

/// Opens arbitrary bytes, and an envelope that the input changes: flipped bits, a cut, inserted bytes, another place.
pub fn sealed(data: &[u8]) {
    let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let vault = Vault::new(ring, Arc::new(SeededEntropy::new(2)));
    let foreign = Sealed::from_bytes(data.to_vec());
    assert!(vault.open(&SealContext::Canary, &foreign).is_err() && vault.check_canary(&foreign).is_err());
    let _ = (foreign.key_id(), vault.reseal(&SealContext::Canary, &foreign));

    let (changes, text) = data.split_at(data.len().min(8));
    let (text, project, account) = (String::from_utf8_lossy(text), ProjectId::new("p"), AccountId::new("a"));
    let context = SealContext::Account { project: &project, account: &account, field: "key" };
    let sealed = vault.seal(&context, &Secret::new(text.to_string()));
    assert_eq!(vault.open(&context, &sealed).unwrap().expose(), text);
    let elsewhere = SealContext::Account { project: &project, account: &account, field: "kez" };
    assert!(vault.open(&elsewhere, &sealed).is_err());

    let mut bytes = sealed.as_bytes().to_vec();
    for change in changes.chunks_exact(2) {
        let at = usize::from(change[0]) % bytes.len().max(1);
        match change[1] {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), change[0]),
            mask => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= mask),
        }
    }
    let changed = bytes != sealed.as_bytes();
    assert_eq!(vault.open(&context, &Sealed::from_bytes(bytes)).is_err(), changed);
}
