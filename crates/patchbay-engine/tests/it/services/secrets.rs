//! Secrets appear in the requests to the provider only.

use patchbay_engine::AccountPatch;

use super::{BAD, GOOD, NO_QUOTA, OTHER, link, two_methods_bed, whoami};
use crate::support::secrets;

#[tokio::test]
async fn secrets_appear_in_no_value_error_or_file() {
    let bed = two_methods_bed().await;
    let mut shown = Vec::new();
    let linked = link(&bed, "a", GOOD).await.unwrap();
    shown.push(format!("{linked:?}"));
    shown.push(format!("{:?}", link(&bed, "b", NO_QUOTA).await.unwrap()));
    let error = link(&bed, "c", BAD).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let patch = |key| AccountPatch { credentials: secrets(&[("key", key)]), ..AccountPatch::default() };
    shown.push(format!("{:?}", patch(OTHER)));
    let error = bed.patch_account(&linked.id, patch(BAD)).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let view = bed.patch_account(&linked.id, patch(OTHER)).await.unwrap();
    shown.push(format!("{view:?}"));
    whoami(&bed, &linked).await.unwrap();
    assert_eq!(
        bed.provider.last_header("/whoami", "x-key").as_deref(),
        Some(OTHER),
        "the provider receives the secret"
    );
    for secret in [GOOD, OTHER, BAD, NO_QUOTA] {
        assert!(shown.iter().all(|text| !text.contains(secret)), "{secret} is shown");
    }

    bed.engine.shutdown().await;
    let mut is_read = false;
    for entry in std::fs::read_dir(bed.data_dir()).unwrap() {
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
