//! Planted secrets, which must not occur in responses, logs and files.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The client secret with which tests link accounts.
pub const CLIENT_SECRET: &str = "canary-client-secret-9f2c41d7e08b4a55";
/// The API key with which tests call. It is stored as a hash.
pub const API_KEY: &str = "v1.local.canary-api-key-51c08e7d2b9f4c63aa";

/// Returns the encodings in which a secret could leak.
fn spellings(secret: &str) -> Vec<String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![secret.to_owned(), STANDARD.encode(secret), hex, secret.replace('-', "%2D")]
}

/// Panics if `bytes` contain a planted secret.
pub fn assert_absent(bytes: &[u8], place: &str) {
    for secret in [CLIENT_SECRET, API_KEY] {
        for spelling in spellings(secret) {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes());
            assert!(!found, "a planted secret was found in {place}");
        }
    }
}

/// Panics if a file in `directory` contains a planted secret.
pub fn assert_absent_in_files(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_absent(&std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

#[test]
fn planted_secrets_are_found() {
    let planted = format!("x{}y", STANDARD.encode(CLIENT_SECRET));
    assert!(std::panic::catch_unwind(|| assert_absent(planted.as_bytes(), "here")).is_err());
    assert_absent(b"nothing", "here");
}
