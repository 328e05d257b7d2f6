//! Where planted secrets may be found: at the provider, and nowhere else.

use patchbay_engine::AccountPatch;

use crate::world::{BAD, GOOD, NO_QUOTA, OTHER, World, secrets};

#[tokio::test]
async fn secrets_appear_in_no_value_error_or_file() {
    let world = World::new().await;
    let mut shown = Vec::new();
    let linked = world.link("a", GOOD).await.unwrap();
    shown.push(format!("{linked:?}"));
    shown.push(format!("{:?}", world.link("b", NO_QUOTA).await.unwrap()));
    let error = world.link("c", BAD).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let patch = |key| AccountPatch { credentials: secrets(&[("key", key)]), ..AccountPatch::default() };
    shown.push(format!("{:?}", patch(OTHER)));
    let error = world.engine.patch_account(&world.caller, &linked.id, patch(BAD)).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let view = world.engine.patch_account(&world.caller, &linked.id, patch(OTHER)).await.unwrap();
    shown.push(format!("{view:?}"));
    world.whoami(&linked).await.unwrap();
    assert_eq!(world.last_header("/whoami", "x-key").as_deref(), Some(OTHER), "the provider gets it");
    for secret in [GOOD, OTHER, BAD, NO_QUOTA] {
        assert!(shown.iter().all(|text| !text.contains(secret)), "{secret} is shown");
    }

    world.engine.shutdown().await;
    let mut is_read = false;
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // The owner's name is not a secret: finding it shows that the scan reads the stored data.
        is_read |= bytes.windows(4).any(|window| window == b"Acme");
        for secret in [GOOD, OTHER, BAD, NO_QUOTA] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(is_read, "the scan does not see what is stored");
}
