//! An envelope opens for its own place, unchanged, and for no other place.

use std::sync::Arc;

use patchbay_model::{AccountId, ProfileId, ProjectId, Sealed, Timestamp, testing::SeededEntropy};
use patchbay_vault::{KeyRing, SealContext, Secret, Vault, VaultError};
use proptest::prelude::*;

fn vault(seed: u64) -> Vault {
    let ring = KeyRing::generate(&SeededEntropy::new(seed), Timestamp::from_micros(0));
    Vault::new(ring, Arc::new(SeededEntropy::new(seed + 1000)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Envelopes of version 1, which every later version must open: key ring seed, project, account, field, plaintext, envelope.
const VECTORS: &[(u64, &str, &str, &str, &str, &str)] = &[
    (
        1,
        "default-10001",
        "A",
        "clientSecret",
        "",
        "01c15c0289ec2d0a91abd534f4ebbfca81b94f3d9975011939e96775c01f23de627f01e24e9e172581004648b162685bd1468f9f255be3da1841b76106e5c96c24a0bc488758cfe6bb012fc62f288433433697860091f06e2a0ca1a8399d73cda7",
    ),
    (
        2,
        "default-10001",
        "GnQoASvosYhE5wJcmmAQs",
        "clientSecret",
        "hunter2",
        "01ce56971cde355897a0d7ccc0bf3c9483b7c46f65c4c8dc8e63e510170e1d3afcde235d3f5665fae7d0781be188ce9e4a65373caf13c0a05c03cf07f5558aa9340234c3aae206b97e2390743ae3d67f0c32eb46fa899dca85b3fd6c565446bc3bf597a34f535395",
    ),
    (
        3,
        "p",
        "a",
        "schlüssel",
        "päss wörd \u{1F511}",
        "01ed8f01dbe4140b1d11128143504426fc3626769f00c61baa0fd63c5b84ecea97f29c41143f93e5856837bdc960d244b2ed9bebe4958324720ac5f09cadf83b3b05312864cf9c04929c73448fcf32eb9fd1ed67c3d22e459054da8dd127d005ffe4c446495854a477e07e270ceccb30bf",
    ),
];

#[test]
fn version_1_is_stable() {
    for (seed, project, account, field, plaintext, envelope) in VECTORS {
        let (project, account) = (ProjectId::new(*project), AccountId::new(*account));
        let context = SealContext::Account { project: &project, account: &account, field };
        let sealed = vault(*seed).seal(&context, &Secret::new(*plaintext));
        assert_eq!(hex(sealed.as_bytes()), *envelope);
        let opened = vault(*seed).open(&context, &Sealed::from_bytes(from_hex(envelope))).unwrap();
        assert_eq!(opened.expose(), *plaintext);
    }
}

proptest! {
    #[test]
    fn a_sealed_value_opens(plaintext in ".*", field in ".*", project in ".*", account in ".*") {
        let vault = vault(5);
        let (project, account) = (ProjectId::new(project), AccountId::new(account));
        let context = SealContext::Account { project: &project, account: &account, field: &field };
        let sealed = vault.seal(&context, &Secret::new(plaintext.clone()));
        let opened = vault.open(&context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), plaintext);
    }

    #[test]
    fn arbitrary_bytes_never_open_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(vault(5).open(&SealContext::Canary, &Sealed::from_bytes(bytes)).is_err());
    }
}

#[test]
fn each_changed_byte_is_detected() {
    let vault = vault(7);
    let sealed = vault.seal(&SealContext::Canary, &Secret::new("hunter2"));
    for at in 0..sealed.as_bytes().len() {
        for flip in [0x01, 0x80] {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[at] ^= flip;
            let error = vault.open(&SealContext::Canary, &Sealed::from_bytes(bytes)).unwrap_err();
            match at {
                0 => assert!(matches!(error, VaultError::UnknownVersion(_)), "byte {at}"),
                1..=8 => assert!(matches!(error, VaultError::UnknownKey(_)), "byte {at}"),
                _ => assert_eq!(error, VaultError::NotAuthentic, "byte {at}"),
            }
        }
    }
}

#[test]
fn each_truncation_is_detected() {
    let vault = vault(7);
    let sealed = vault.seal(&SealContext::Canary, &Secret::new("hunter2"));
    for length in 0..sealed.as_bytes().len() {
        let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
        assert!(vault.open(&SealContext::Canary, &cut).is_err(), "{length} bytes");
    }
    assert_eq!(vault.open(&SealContext::Canary, &Sealed::from_bytes(Vec::new())), Err(VaultError::Truncated));
}

#[test]
fn a_value_does_not_open_for_another_place() {
    let vault = vault(7);
    let (ours, theirs) = (ProjectId::new("ours"), ProjectId::new("theirs"));
    let (account, other) = (AccountId::new("a"), AccountId::new("b"));
    let home = SealContext::Account { project: &ours, account: &account, field: "clientSecret" };
    let sealed = vault.seal(&home, &Secret::new("hunter2"));
    let profile = ProfileId::new("a");
    for elsewhere in [
        SealContext::Account { project: &theirs, account: &account, field: "clientSecret" },
        SealContext::Account { project: &ours, account: &other, field: "clientSecret" },
        SealContext::Account { project: &ours, account: &account, field: "clientId" },
        SealContext::Profile { project: &ours, profile: &profile, field: "clientSecret" },
        SealContext::Canary,
    ] {
        assert_eq!(vault.open(&elsewhere, &sealed), Err(VaultError::NotAuthentic), "{elsewhere:?}");
    }
}

#[test]
fn older_keys_still_open_and_unknown_keys_do_not() {
    let mut ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let before = Vault::new(KeyRing::parse(&ring.to_text()).unwrap(), Arc::new(SeededEntropy::new(2)));
    let old = before.canary();
    ring.add_key(&SeededEntropy::new(3), Timestamp::from_micros(1));
    let after = Vault::new(ring, Arc::new(SeededEntropy::new(4)));
    assert_eq!(after.check_canary(&old), Ok(()));
    assert_eq!(after.check_canary(&after.canary()), Ok(()));
    // The new key is not in the old ring.
    assert_eq!(before.check_canary(&after.canary()), Err(VaultError::WrongKeyRing));
    assert_eq!(vault(9).check_canary(&old), Err(VaultError::WrongKeyRing));
}

#[test]
fn two_envelopes_of_one_secret_differ() {
    let vault = vault(7);
    let secret = Secret::new("hunter2");
    assert_ne!(vault.seal(&SealContext::Canary, &secret), vault.seal(&SealContext::Canary, &secret));
}
