//! The table in `docs/operate/vault-format.md` describes real envelopes.

use std::sync::Arc;

use patchbay_model::{Timestamp, testing::SeededEntropy};
use patchbay_vault::{KeyRing, SealContext, Secret, Vault};

const DOCUMENT: &str = include_str!("../../../docs/operate/vault-format.md");

/// Returns the offsets and lengths of the document's first table. The last length is added to that of the plaintext.
fn documented() -> Vec<(usize, usize)> {
    let rows = DOCUMENT.lines().skip_while(|line| !line.starts_with("|---:")).skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.split('|').map(str::trim).collect::<Vec<_>>();
            (cells[1].parse().unwrap(), cells[2].trim_start_matches("n + ").parse().unwrap())
        })
        .collect()
}

#[test]
fn the_parts_are_contiguous() {
    let parts = documented();
    assert_eq!(parts.len(), 6);
    let mut at = 0;
    for (offset, length) in &parts {
        assert_eq!(*offset, at);
        at += length;
    }
    let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let vault = Vault::new(ring, Arc::new(SeededEntropy::new(2)));
    for value in ["", "hunter2", "päss"] {
        let sealed = vault.seal(&SealContext::Canary, &Secret::new(value));
        assert_eq!(sealed.as_bytes().len(), at + value.len());
    }
}

#[test]
fn the_version_and_the_key_id_are_at_the_documented_offsets() {
    let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let text: serde_json::Value = serde_json::from_str(&ring.to_text()).unwrap();
    let vault = Vault::new(ring, Arc::new(SeededEntropy::new(2)));
    let sealed = vault.canary();
    let parts = documented();
    let part = |index: usize| {
        let (offset, length) = parts[index];
        sealed.as_bytes()[offset..offset + length].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    assert_eq!(part(0), "01");
    assert_eq!(part(1), text["active"].as_str().unwrap());
}
