//! Opens some sealed values of each kind, to see that a database belongs to a key ring as a whole.

use std::mem::discriminant;

use patchbay_model::{AccountId, KeyHash, KeyId, ProfileId, ProjectId, RowId, RowKind};
use patchbay_storage::{SealedPlace, Storage};
use patchbay_vault::Vault;

use super::{check_key_ring, rotate::in_context};
use crate::{Error, ErrorCode};

/// The number of values of each kind that are opened.
const SAMPLES: u32 = 10;
/// The ID of no key: every value is wrapped by another one.
const NO_KEY: KeyId = KeyId([0; 8]);

/// Opens the canary and up to ten sealed values of each kind. Returns how many it opened.
///
/// # Errors
/// 500 `KeyRingMismatchError` if one of them does not open; errors of the storage.
pub async fn open_samples(storage: &dyn Storage, vault: &Vault) -> Result<usize, Error> {
    check_key_ring(storage, vault).await?;
    let mut opened = 1;
    for first in firsts() {
        let found = storage.sealed_records().wrapped_by_others(NO_KEY, Some(&first), SAMPLES).await?;
        for record in found.iter().filter(|record| is_of_kind(&record.place, &first)) {
            if let Err(why) = in_context(&record.place, |context| vault.open_bound(context, &record.sealed)) {
                let message = format!("a sealed value does not open ({:?}): {why}", record.place);
                return Err(Error::new(ErrorCode::KeyRingMismatch, message));
            }
            opened += 1;
        }
    }
    Ok(opened)
}

/// Returns a place before all others of its kind, for each kind.
fn firsts() -> Vec<SealedPlace> {
    let project = ProjectId::new("");
    let mut places = vec![
        SealedPlace::Account { project: project.clone(), account: AccountId::new(""), field: String::new() },
        SealedPlace::Profile { project: project.clone(), profile: ProfileId::new(""), field: String::new() },
        SealedPlace::PendingAuthorization { project: project.clone(), state: KeyHash([0; 32]) },
        SealedPlace::KeyedResponse { project, key: KeyHash([0; 32]) },
    ];
    places.extend(RowKind::ALL.map(|kind| SealedPlace::Row(RowId { kind, key: String::new() })));
    places
}

fn is_of_kind(place: &SealedPlace, first: &SealedPlace) -> bool {
    match (place, first) {
        (SealedPlace::Row(row), SealedPlace::Row(first)) => row.kind == first.kind,
        _ => discriminant(place) == discriminant(first),
    }
}
