//! The life of a key ring: keys are added, older keys still open values, and a missing key is an error.

use std::sync::Arc;

use patchbay_model::{AccountId, ProfileId, ProjectId, Sealed, Timestamp, testing::SeededEntropy};
use patchbay_vault::{AddressBinding, KeyRing, SealContext, Secret, Vault, VaultError};
use proptest::prelude::*;

fn again(ring: &KeyRing) -> KeyRing {
    KeyRing::parse(&ring.to_text()).unwrap()
}

fn vault(ring: &KeyRing, seed: u64) -> Vault {
    Vault::new(again(ring), Arc::new(SeededEntropy::new(seed)))
}

proptest! {
    /// Values from any number of rotations open with the last ring. An earlier ring opens the values up to its own last key;
    /// for the others it reports the unknown key.
    #[test]
    fn a_rotation_keeps_older_values_readable(added in proptest::collection::vec(any::<bool>(), 1..12)) {
        let mut ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        let mut rings = vec![again(&ring)];
        let mut sealed: Vec<(usize, String, Sealed)> = Vec::new();
        for (step, rotate) in (10u64..).zip(added) {
            if rotate {
                ring.add_key(&SeededEntropy::new(step), Timestamp::from_micros(1));
                rings.push(again(&ring));
            }
            let text = format!("secret {step}");
            let value = vault(&ring, 100 + step).seal(&SealContext::Canary, &Secret::new(text.clone()));
            sealed.push((rings.len() - 1, text, value));
        }
        for (generation, ring) in rings.iter().enumerate() {
            let vault = vault(ring, 5);
            for (sealed_in, text, value) in &sealed {
                match vault.open(&SealContext::Canary, value) {
                    Ok(opened) => prop_assert!(*sealed_in <= generation && opened.expose() == text),
                    Err(error) => {
                        prop_assert!(*sealed_in > generation, "{error}");
                        prop_assert!(matches!(error, VaultError::UnknownKey(_)), "{error}");
                    }
                }
            }
        }
    }

    #[test]
    fn any_other_content_is_an_error(text in ".{0,400}") {
        prop_assert!(KeyRing::parse(&text).is_err());
    }

    /// Places that differ in any part are different places.
    #[test]
    fn a_value_opens_only_for_its_own_place(
        home in ("[ab]{0,3}", "[ab]{0,3}", "[ab]{0,3}", any::<bool>()),
        other in ("[ab]{0,3}", "[ab]{0,3}", "[ab]{0,3}", any::<bool>()),
    ) {
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        let vault = vault(&ring, 2);
        let sealed = in_place(&home, |place| vault.seal(place, &Secret::new("hunter2")));
        let opened = in_place(&other, |place| vault.open(place, &sealed));
        if home == other {
            prop_assert_eq!(opened, Ok(Secret::new("hunter2")));
        } else {
            prop_assert_eq!(opened, Err(VaultError::NotAuthentic));
        }
    }
}

#[test]
fn after_a_value_is_resealed_the_old_key_can_be_removed() {
    let old = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let vault = vault(&old, 2);
    let secret = Secret::new("hunter2");
    let sealed = vault.seal(&SealContext::Canary, &secret);
    assert_eq!(vault.reseal(&SealContext::Canary, &sealed), Ok(None), "the active key already wraps it");

    vault.replace_ring(old.with_new_key(&SeededEntropy::new(3), Timestamp::from_micros(1)));
    assert_eq!(vault.open(&SealContext::Canary, &sealed), Ok(secret.clone()), "old keys still open");
    let moved = vault.reseal(&SealContext::Canary, &sealed).unwrap().unwrap();
    assert_eq!(moved.key_id(), Some(vault.ring().active_id()));
    let elsewhere = SealContext::PendingAuthorization { project: &ProjectId::new("p"), state: "00" };
    assert_eq!(vault.reseal(&elsewhere, &sealed), Err(VaultError::NotAuthentic), "it is bound to its place");

    let ring = vault.ring();
    assert!(ring.without_key(ring.active_id()).is_none(), "the active key cannot be removed");
    vault.replace_ring(ring.without_key(old.active_id()).unwrap());
    assert_eq!(vault.ring().keys().map(|key| key.is_active).collect::<Vec<_>>(), [true]);
    assert_eq!(
        vault.open(&SealContext::Canary, &sealed),
        Ok(secret.clone()),
        "a call that read it before still opens it"
    );
    let later = Vault::new(again(&vault.ring()), Arc::new(SeededEntropy::new(4)));
    assert_eq!(later.open(&SealContext::Canary, &moved), Ok(secret));
    assert_eq!(later.open(&SealContext::Canary, &sealed), Err(VaultError::UnknownKey(old.active_id())));
}

fn in_place<T>(
    (project, owner, field, account): &(String, String, String, bool),
    act: impl FnOnce(&SealContext<'_>) -> T,
) -> T {
    let project = ProjectId::new(project.as_str());
    if *account {
        act(&SealContext::Account { project: &project, account: &AccountId::new(owner.as_str()), field })
    } else {
        act(&SealContext::Profile { project: &project, profile: &ProfileId::new(owner.as_str()), field })
    }
}

#[test]
fn a_rotation_keeps_what_a_secret_is_bound_to() {
    let old = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
    let mut new = again(&old);
    new.add_key(&SeededEntropy::new(2), Timestamp::from_micros(0));
    let (project, account) = (ProjectId::new("p"), AccountId::new("a"));
    let context = SealContext::Account { project: &project, account: &account, field: "key" };
    let binding = AddressBinding::of([("site", Some("https://crm.example.com")), ("port", None)]);
    let sealed = vault(&old, 3).seal_bound(&context, &binding, &Secret::new("hunter2"));
    let moved = vault(&new, 4).reseal(&context, &sealed).unwrap().unwrap();
    let opened = vault(&new, 5).open_bound(&context, &moved).unwrap();
    assert_eq!((opened.secret.expose(), opened.binding), ("hunter2", Some(binding)));
    assert_eq!(vault(&new, 6).open(&context, &moved), Err(VaultError::Bound));
    let mut as_older = moved.as_bytes().to_vec();
    as_older[0] = 1;
    assert_eq!(vault(&new, 7).open(&context, &Sealed::from_bytes(as_older)), Err(VaultError::NotAuthentic));
}
