//! Key rotation: after a process ends at any step, all records can be opened, and the next process resumes the rotation.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use patchbay_engine::{KeyRotator, RotationError, RotationProgress};
use patchbay_model::{
    AccountId, KeyHash, KeyId, Organization, OrganizationId, ProfileId, Project, ProjectId, RowId, Sealed, Timestamp,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{
    SealedPlace, SealedRecord, SealedRecordStore, Storage, StorageError, VAULT_CANARY, sqlite::SqliteStorage,
};
use patchbay_vault::{KeyRing, SealContext, Secret, Vault};
use tokio_util::sync::CancellationToken;

/// More than one batch, so that a rotation can be interrupted between batches.
const SEALED_RECORDS: u16 = 250;
const RECORDS: u64 = SEALED_RECORDS as u64 + 1;

/// Fails at one of its calls, before or after the call has an effect.
struct FaultyStore<'a> {
    inner: &'a dyn SealedRecordStore,
    calls: AtomicUsize,
    fails_at: usize,
    is_after: bool,
}

impl FaultyStore<'_> {
    async fn step<T>(&self, work: impl Future<Output = patchbay_storage::Result<T>>) -> patchbay_storage::Result<T> {
        let fault = || StorageError::Other("the process ends here".into());
        let fails = self.calls.fetch_add(1, Ordering::SeqCst) == self.fails_at;
        if fails && !self.is_after {
            return Err(fault());
        }
        let outcome = work.await;
        if fails { Err(fault()) } else { outcome }
    }
}

#[async_trait]
impl SealedRecordStore for FaultyStore<'_> {
    async fn count_by_key(&self) -> patchbay_storage::Result<Vec<(KeyId, u64)>> {
        self.step(self.inner.count_by_key()).await
    }
    async fn wrapped_by_others(
        &self,
        active: KeyId,
        after: Option<&SealedPlace>,
        limit: u32,
    ) -> patchbay_storage::Result<Vec<SealedRecord>> {
        self.step(self.inner.wrapped_by_others(active, after, limit)).await
    }
    async fn unbound_accounts(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> patchbay_storage::Result<Vec<(ProjectId, AccountId)>> {
        self.inner.unbound_accounts(after, limit).await
    }
    async fn unbound_profiles(&self) -> patchbay_storage::Result<Vec<(ProjectId, ProfileId)>> {
        self.inner.unbound_profiles().await
    }
    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> patchbay_storage::Result<u64> {
        self.step(self.inner.exchange(changes)).await
    }
    async fn seal_rows(&self, seals: &[(RowId, Sealed)]) -> patchbay_storage::Result<()> {
        self.inner.seal_rows(seals).await
    }
    async fn retire(&self, key: KeyId) -> patchbay_storage::Result<u64> {
        self.step(self.inner.retire(key)).await
    }
}

/// A data directory with sealed records.
struct DataDirectory {
    folder: tempfile::TempDir,
    storage: SqliteStorage,
    clock: ManualClock,
    entropy: Arc<SeededEntropy>,
}

fn state(number: u16) -> KeyHash {
    let mut hash = [0; 32];
    hash[..2].copy_from_slice(&number.to_be_bytes());
    KeyHash(hash)
}

/// Creates a data directory to copy, because storing its records takes long.
async fn template() -> tempfile::TempDir {
    let directory = DataDirectory::open(tempfile::tempdir().unwrap()).await;
    KeyRing::create(&directory.file(), &KeyRing::generate(&*directory.entropy, Timestamp::from_micros(0))).unwrap();
    let (project, organization) = (ProjectId::new("p"), OrganizationId::new("o"));
    let now = Timestamp::from_micros(0);
    let new = Organization { id: organization.clone(), name: "O".to_owned(), created_at: now };
    directory.storage.organizations().create(&new).await.unwrap();
    let new = Project { id: project, organization_id: organization, name: "P".to_owned(), created_at: now };
    directory.storage.projects().create(&new).await.unwrap();
    let vault = directory.vault();
    directory.storage.meta().set(VAULT_CANARY, vault.canary().as_bytes()).await.unwrap();
    directory.seal_records(&vault).await;
    directory.storage.close().await;
    directory.folder
}

impl DataDirectory {
    async fn new() -> Self {
        Self::open(template().await).await
    }

    async fn copy(template: &tempfile::TempDir) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["db", "keyring.json"] {
            std::fs::copy(template.path().join(name), directory.path().join(name)).unwrap();
        }
        Self::open(directory).await
    }

    async fn open(folder: tempfile::TempDir) -> Self {
        // Each directory has its own seed, so that no two keys are equal.
        static SEED: AtomicU64 = AtomicU64::new(0);
        let seed = SEED.fetch_add(1 << 32, Ordering::SeqCst);
        let storage = SqliteStorage::open(&folder.path().join("db")).await.unwrap();
        let (clock, entropy) = (ManualClock::at("2026-01-01T00:00:00Z"), Arc::new(SeededEntropy::new(seed)));
        Self { folder, storage, clock, entropy }
    }

    async fn seal_records(&self, vault: &Vault) {
        let project = ProjectId::new("p");
        for number in 0..SEALED_RECORDS {
            let hash = state(number);
            let context = SealContext::PendingAuthorization { project: &project, state: &hash.hex() };
            let sealed = vault.seal(&context, &Secret::new(format!("secret {number}")));
            self.storage
                .pending_authorizations()
                .put(&hash, &project, &sealed, Timestamp::from_micros(i64::MAX))
                .await
                .unwrap();
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("keyring.json")
    }

    /// Returns the vault of a new process.
    fn vault(&self) -> Vault {
        Vault::new(KeyRing::load(&self.file()).unwrap(), self.entropy.clone())
    }

    fn rotator<'a>(&'a self, vault: &'a Vault, records: &'a dyn SealedRecordStore, file: &'a Path) -> KeyRotator<'a> {
        KeyRotator { records, vault, file, clock: &self.clock, entropy: &*self.entropy, shared: None }
    }

    /// Checks that a new process can open every record, and returns the number of records for each key.
    async fn check_all_open(&self) -> Vec<(KeyId, u64)> {
        let vault = self.vault();
        let canary = self.storage.meta().get(VAULT_CANARY).await.unwrap().unwrap();
        vault.check_canary(&Sealed::from_bytes(canary)).unwrap();
        let none = KeyId([0; KeyId::LENGTH_BYTES]);
        let all = self.storage.sealed_records().wrapped_by_others(none, None, 1000).await.unwrap();
        assert_eq!(all.len(), usize::from(SEALED_RECORDS));
        for record in all {
            let SealedPlace::PendingAuthorization { project, state } = &record.place else {
                panic!("{:?}", record.place)
            };
            let number = u16::from_be_bytes([state.0[0], state.0[1]]);
            let opened = vault
                .open(&SealContext::PendingAuthorization { project, state: &state.hex() }, &record.sealed)
                .unwrap();
            assert_eq!(opened.expose(), format!("secret {number}"));
        }
        self.storage.sealed_records().count_by_key().await.unwrap()
    }

    async fn rotate(&self) -> patchbay_engine::RotationOutcome {
        let (vault, file) = (self.vault(), self.file());
        let rotator = self.rotator(&vault, self.storage.sealed_records(), &file);
        rotator.rotate(&CancellationToken::new(), |_| {}).await.unwrap()
    }
}

#[tokio::test]
async fn a_rotation_interrupted_at_any_step_resumes() {
    let template = template().await;
    for is_after in [false, true] {
        let mut steps = 0;
        loop {
            let directory = DataDirectory::copy(&template).await;
            let (vault, file) = (directory.vault(), directory.file());
            let old = vault.ring().active_id();
            let records = FaultyStore {
                inner: directory.storage.sealed_records(),
                calls: AtomicUsize::new(0),
                fails_at: steps,
                is_after,
            };
            let outcome = directory.rotator(&vault, &records, &file).rotate(&CancellationToken::new(), |_| {}).await;
            drop(vault);
            let before = directory.check_all_open().await;
            if outcome.is_ok() {
                assert_eq!(before.len(), 1, "{before:?}");
                break;
            }
            let resumed = directory.rotate().await;
            let after = directory.check_all_open().await;
            assert_eq!(after, [(resumed.key, RECORDS)], "step {steps}");
            assert_ne!(resumed.key, old);
            let keys = directory.vault().ring().keys().count();
            // A resumed rotation adds one key. If only the response was missing, a second rotation adds another one.
            assert_eq!(keys, if resumed.was_resumed || before == [(old, RECORDS)] { 2 } else { 3 }, "step {steps}");
            steps += 1;
        }
        assert!(steps >= 8, "a rotation has at least eight steps: {steps}");
    }
}

#[tokio::test]
async fn a_retirement_interrupted_at_any_step_resumes() {
    for is_after in [false, true] {
        let directory = DataDirectory::new().await;
        let old = directory.vault().ring().active_id();
        directory.rotate().await;
        let (vault, file) = (directory.vault(), directory.file());
        let records = FaultyStore {
            inner: directory.storage.sealed_records(),
            calls: AtomicUsize::new(0),
            fails_at: 0,
            is_after,
        };
        directory.rotator(&vault, &records, &file).retire(old).await.unwrap_err();
        directory.check_all_open().await;
        assert_eq!(directory.vault().ring().keys().count(), 2, "the file is the last to change");
        directory.rotator(&vault, &records, &file).retire(old).await.unwrap();
        directory.check_all_open().await;
        assert_eq!(directory.vault().ring().keys().count(), 1);
    }
}

#[tokio::test]
async fn a_key_in_use_cannot_be_retired() {
    let directory = DataDirectory::new().await;
    let (vault, file) = (directory.vault(), directory.file());
    let rotator = directory.rotator(&vault, directory.storage.sealed_records(), &file);
    let old = vault.ring().active_id();
    assert!(matches!(rotator.retire(old).await, Err(RotationError::ActiveKey(_))));
    assert!(matches!(rotator.retire(KeyId([9; 8])).await, Err(RotationError::UnknownKey(_))));

    // A new key exists, and no record is sealed with it.
    let stop = CancellationToken::new();
    stop.cancel();
    let stopped = rotator.rotate(&stop, |_| {}).await.unwrap_err();
    assert!(matches!(stopped, RotationError::Stopped { done: 0 }), "{stopped}");
    let in_use = rotator.retire(old).await.unwrap_err();
    assert_eq!(
        in_use.to_string(),
        format!("the key {old} still wraps {RECORDS} records; run `patchbay keyring rotate` first")
    );
    let status = rotator.status().await.unwrap();
    assert_eq!((status.left(), status.total(), status.missing.len()), (RECORDS, RECORDS, 0));

    let mut seen = Vec::new();
    rotator.rotate(&CancellationToken::new(), |progress| seen.push(progress)).await.unwrap();
    let total = RECORDS;
    let expected = [200, 250, 251].map(|done| RotationProgress { done, total });
    assert_eq!(seen, expected);
    rotator.retire(old).await.unwrap();
    assert!(matches!(rotator.retire(old).await, Err(RotationError::UnknownKey(_))), "the key is retired");
}

#[tokio::test]
async fn a_damaged_record_does_not_block_the_others() {
    let directory = DataDirectory::new().await;
    let vault = directory.vault();
    let project = ProjectId::new("p");
    directory.storage.pending_authorizations().take(&state(3), Timestamp::from_micros(0)).await.unwrap();
    // An envelope of another context.
    let moved = vault.seal(&SealContext::Canary, &Secret::new("moved"));
    directory
        .storage
        .pending_authorizations()
        .put(&state(3), &project, &moved, Timestamp::from_micros(i64::MAX))
        .await
        .unwrap();
    let first = directory.rotate().await;
    assert_eq!((first.resealed, first.unopened.len()), (RECORDS - 1, 1));
    // The old key stays in use, and a new rotation is possible.
    let second = directory.rotate().await;
    assert_eq!((second.was_resumed, second.resealed, second.unopened.len()), (false, RECORDS - 1, 1));
    assert_ne!(second.key, first.key);
}
