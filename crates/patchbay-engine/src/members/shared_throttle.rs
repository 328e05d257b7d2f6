//! Counts wrong passwords of servers that share a database, by the database's clock. The rules are those of
//! [`throttle`](super::throttle).

use std::sync::{Arc, Mutex, PoisonError};

use patchbay_storage::{ReplicaStore, StorageError};
use patchbay_vault::Vault;
use serde::{Serialize, de::DeserializeOwned};

use super::throttle::{Guesser, count_attempt};

/// The counter of all strangers together.
const STRANGERS: &str = "password strangers";

/// Returns the name of a guesser's counter, which tells nobody who it is.
fn name(guesser: &Guesser) -> String {
    let text = match guesser {
        Guesser::Address(address) => format!("address {address}"),
        Guesser::Device(device) => format!("device {device}"),
        Guesser::Session(hash) => format!("session {}", hash.hex()),
    };
    format!("password {}", Vault::hash_token(&text).hex())
}

/// Reads a state. One that another version wrote counts as none.
fn read<T: DeserializeOwned>(state: Option<&String>) -> Option<T> {
    serde_json::from_str(state?).ok()
}

fn write(state: &impl Serialize) -> Option<String> {
    serde_json::to_string(state).ok()
}

/// Counts an attempt as failed until [`succeeded`], or returns the seconds to wait before the next one.
///
/// # Errors
/// The errors of the storage.
pub(super) async fn begin(replicas: &dyn ReplicaStore, guesser: &Guesser) -> Result<Result<(), u64>, StorageError> {
    let is_stranger = guesser.is_stranger();
    let mut names = vec![name(guesser)];
    names.extend(is_stranger.then(|| STRANGERS.to_owned()));
    let outcome = Arc::new(Mutex::new(Ok(())));
    let counted = outcome.clone();
    let rule = Arc::new(move |now, states: &mut [Option<String>]| {
        let mut restored_at = states.get(1).and_then(|state| read(state.as_ref())).unwrap_or_default();
        let attempts = count_attempt(read(states[0].as_ref()), is_stranger.then_some(&mut restored_at), now);
        *counted.lock().unwrap_or_else(PoisonError::into_inner) = attempts.map(|attempts| {
            states[0] = write(&attempts);
            if let Some(strangers) = states.get_mut(1) {
                *strangers = write(&restored_at);
            }
        });
    });
    replicas.count(names, rule).await?;
    let outcome = *outcome.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(outcome)
}

/// Resets the guesser's counter after the right password.
///
/// # Errors
/// The errors of the storage.
pub(super) async fn succeeded(replicas: &dyn ReplicaStore, guesser: &Guesser) -> Result<(), StorageError> {
    replicas.count(vec![name(guesser)], Arc::new(|_, states| states[0] = None)).await
}
