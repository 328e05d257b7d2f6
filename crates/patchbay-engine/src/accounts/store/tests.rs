//! Changes of accounts while other changes conflict with them.

use std::sync::atomic::{AtomicUsize, Ordering};

use patchbay_egress::EgressConfig;
use patchbay_model::{
    AccountStatus, LeaseOutcome, LeasePriority, Organization, OrganizationId, OutboxEvent, Owner, ProfileId, Project,
    SessionId, Timestamp,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{
    AccountFilter, AccountStore, ApiKeyStore, AttemptStore, BrowserSessionStore, CallStore, ConnectorStore, DueLease,
    IdempotencyKeyStore, InboxStore, LoginTokenStore, MemberStore, MetaStore, OrganizationStore, Page,
    PendingAuthorizationStore, ProfileStore, ProjectStore, RefreshLeaseStore, ReplicaStore, SealedRecordStore,
    SessionStore, ToolFeedbackStore, WebhookStore, sqlite::SqliteStorage,
};

use super::*;
use crate::testing;

type Result<T> = std::result::Result<T, StorageError>;

/// A storage in which another change is written before each of the next writes of an account.
struct ConflictingStorage {
    inner: SqliteStorage,
    conflicts: AtomicUsize,
}

impl ConflictingStorage {
    /// Lets another writer change the account's label, if a conflict is left.
    async fn interfere(&self, account: &Account) -> Result<()> {
        let left = self.conflicts.load(Ordering::SeqCst);
        if left == 0 {
            return Ok(());
        }
        self.conflicts.store(left - 1, Ordering::SeqCst);
        let mut other = self.inner.accounts().get(&account.project_id, &account.id).await?.unwrap();
        other.label = Some(format!("{left} more"));
        other.revision += 1;
        self.inner.accounts().update(&other, other.revision - 1, &[]).await.map(drop)
    }
}

#[async_trait]
impl AccountStore for ConflictingStorage {
    async fn insert(&self, account: &Account, rule: InsertRule) -> Result<()> {
        self.inner.accounts().insert(account, rule).await
    }

    async fn link(
        &self,
        account: &Account,
        rule: InsertRule,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<()> {
        self.inner.accounts().link(account, rule, session, now, events).await
    }

    async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>> {
        self.inner.accounts().get(project, id).await
    }

    async fn find_by_owner(&self, project: &ProjectId, owner: &Owner, connector: &str) -> Result<Option<Account>> {
        self.inner.accounts().find_by_owner(project, owner, connector).await
    }

    async fn list(&self, project: &ProjectId, filter: &AccountFilter) -> Result<Page<Account>> {
        self.inner.accounts().list(project, filter).await
    }

    async fn count(&self, limit: u32) -> Result<Vec<(String, AccountStatus, u64)>> {
        self.inner.accounts().count(limit).await
    }

    async fn token_client_ids(&self, project: &ProjectId, profile: &ProfileId) -> Result<Vec<String>> {
        self.inner.accounts().token_client_ids(project, profile).await
    }

    async fn update(&self, account: &Account, read_revision: i64, events: &[OutboxEvent]) -> Result<bool> {
        self.interfere(account).await?;
        self.inner.accounts().update(account, read_revision, events).await
    }

    async fn relink(
        &self,
        account: &Account,
        read_revision: i64,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        self.interfere(account).await?;
        self.inner.accounts().relink(account, read_revision, session, now, events).await
    }

    async fn delete(&self, project: &ProjectId, id: &AccountId, events: &[OutboxEvent]) -> Result<Option<Account>> {
        self.inner.accounts().delete(project, id, events).await
    }
}

#[async_trait]
impl RefreshLeaseStore for ConflictingStorage {
    async fn acquire(
        &self,
        project: &ProjectId,
        account: &AccountId,
        now: Timestamp,
        until: Timestamp,
        priority: LeasePriority,
    ) -> Result<LeaseOutcome> {
        self.inner.refresh_leases().acquire(project, account, now, until, priority).await
    }

    async fn mark_sent(&self, lease: &Lease, revision: i64, until: Timestamp) -> Result<bool> {
        self.inner.refresh_leases().mark_sent(lease, revision, until).await
    }

    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        self.inner.refresh_leases().extend(lease, until).await
    }

    async fn commit(
        &self,
        lease: &Lease,
        account: &Account,
        read_revision: i64,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        self.interfere(account).await?;
        self.inner.refresh_leases().commit(lease, account, read_revision, events).await
    }

    async fn fail(&self, lease: &Lease, retry_at: Timestamp, outcome_known: bool) -> Result<()> {
        self.inner.refresh_leases().fail(lease, retry_at, outcome_known).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.inner.refresh_leases().release(lease).await
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        after: Option<&(Timestamp, AccountId)>,
        limit: u32,
    ) -> Result<Vec<DueLease>> {
        self.inner.refresh_leases().claim_due(now, until, after, limit).await
    }

    async fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        self.inner.refresh_leases().due_notices(now, limit).await
    }

    async fn release_all(&self) -> Result<u64> {
        self.inner.refresh_leases().release_all().await
    }
}

macro_rules! delegate {
    ($($name:ident: $store:ident),* $(,)?) => {
        $(fn $name(&self) -> &dyn $store {
            self.inner.$name()
        })*
    };
}

impl Storage for ConflictingStorage {
    fn accounts(&self) -> &dyn AccountStore {
        self
    }

    fn refresh_leases(&self) -> &dyn RefreshLeaseStore {
        self
    }

    delegate! {
        organizations: OrganizationStore,
        projects: ProjectStore,
        api_keys: ApiKeyStore,
        login_tokens: LoginTokenStore,
        members: MemberStore,
        browser_sessions: BrowserSessionStore,
        profiles: ProfileStore,
        connectors: ConnectorStore,
        pending_authorizations: PendingAuthorizationStore,
        idempotency_keys: IdempotencyKeyStore,
        tool_feedback: ToolFeedbackStore,
        sessions: SessionStore,
        attempts: AttemptStore,
        inbox: InboxStore,
        webhooks: WebhookStore,
        calls: CallStore,
        sealed_records: SealedRecordStore,
        meta: MetaStore,
    }

    fn replicas(&self) -> Option<&dyn ReplicaStore> {
        None
    }
}

/// The time of the changes.
const LATER: &str = "2026-01-15T11:30:00Z";

struct TestStore {
    accounts: Arc<CachedAccounts>,
    storage: Arc<ConflictingStorage>,
    clock: Arc<ManualClock>,
    project: ProjectId,
    id: AccountId,
    _folder: tempfile::TempDir,
}

impl TestStore {
    /// Stores one account, and reads it into the cache.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inner = SqliteStorage::open(&folder.path().join("test.db")).await.unwrap();
        let account = account();
        let (project, id) = (account.project_id.clone(), account.id.clone());
        let organization =
            Organization { id: OrganizationId::new("o"), name: "O".to_owned(), created_at: account.created_at };
        inner.organizations().create(&organization).await.unwrap();
        let stored_project = Project {
            id: project.clone(),
            organization_id: organization.id,
            name: "P".to_owned(),
            created_at: account.created_at,
        };
        inner.projects().create(&stored_project).await.unwrap();
        inner.profiles().create(&testing::profile(&project)).await.unwrap();
        inner.accounts().insert(&account, InsertRule::OnePerOwner).await.unwrap();

        let storage = Arc::new(ConflictingStorage { inner, conflicts: AtomicUsize::new(0) });
        let clock = Arc::new(ManualClock::at(LATER));
        let host = Host::new(&EgressConfig::default(), clock.clone(), Arc::new(SeededEntropy::new(7))).unwrap();
        let accounts = CachedAccounts {
            storage: storage.clone(),
            cache: KeptCache::new(Arc::new(Freshness::new(clock.clone(), std::time::Duration::ZERO))),
            host: Arc::new(host),
            clock: clock.clone(),
            changes: Changes::default(),
            lines: KeyedLocks::default(),
            outbox: Outbox::of(clock.clone(), Arc::new(SeededEntropy::new(8)), DeliveryWake::default()),
        };
        let store = Self { accounts: Arc::new(accounts), storage, clock, project, id, _folder: folder };
        assert_eq!(*store.cached().await, account);
        store
    }

    fn conflicts(&self, count: usize) {
        self.storage.conflicts.store(count, Ordering::SeqCst);
    }

    async fn cached(&self) -> Arc<Account> {
        self.accounts.get(&self.project, &self.id).await.unwrap()
    }

    async fn stored(&self) -> Account {
        self.accounts.read(&self.project, &self.id).await.unwrap().unwrap()
    }

    async fn update(&self) -> std::result::Result<Option<Arc<Account>>, Error> {
        self.accounts.update(&self.project, &self.id, note).await
    }

    async fn lease(&self) -> Lease {
        let (now, leases) = (self.clock.now(), self.storage.refresh_leases());
        match leases.acquire(&self.project, &self.id, now, now.plus_seconds(60), LeasePriority::Normal).await {
            Ok(LeaseOutcome::Granted(lease)) => lease,
            other => panic!("{other:?}"),
        }
    }
}

/// The change of these tests.
fn note(account: &mut Account) -> Change {
    account.metadata.insert("note".to_owned(), "changed".into());
    Change::Account
}

fn account() -> Account {
    testing::account(&testing::profile(&ProjectId::new("project")))
}

#[tokio::test]
async fn a_change_is_written_and_the_cache_returns_it() {
    let store = TestStore::new().await;
    let returned = store.update().await.unwrap().unwrap();
    assert_eq!((returned.revision, returned.updated_at), (2, LATER.parse().unwrap()));
    assert_eq!(returned.metadata["note"], "changed");
    assert_eq!(store.stored().await, *returned);
    assert_eq!(store.cached().await, returned);
}

#[tokio::test]
async fn conflicts_below_the_bound_keep_both_changes() {
    let store = TestStore::new().await;
    store.conflicts(MAX_UPDATE_ATTEMPTS - 1);
    store.update().await.unwrap().unwrap();
    let cached = store.cached().await;
    assert_eq!((cached.label.as_deref(), &cached.metadata["note"]), (Some("1 more"), &"changed".into()));
    assert_eq!(*cached, store.stored().await);
}

#[tokio::test]
async fn conflicts_at_the_bound_are_one_error_and_the_cache_is_not_stale() {
    let store = TestStore::new().await;
    store.conflicts(MAX_UPDATE_ATTEMPTS);
    let error = store.update().await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::Conflict, 409));
    let cached = store.cached().await;
    assert_eq!((cached.label.as_deref(), cached.metadata.get("note")), (Some("1 more"), None));
    // The next change works.
    assert_eq!(store.update().await.unwrap().unwrap().metadata["note"], "changed");
}

#[tokio::test]
async fn a_lease_holders_change_has_the_same_bound() {
    let store = TestStore::new().await;
    let (read, lease) = (store.stored().await, store.lease().await);
    store.conflicts(MAX_UPDATE_ATTEMPTS);
    assert_eq!(store.accounts.commit(&lease, &read, note).await.unwrap_err().code, ErrorCode::Conflict);
    store.conflicts(MAX_UPDATE_ATTEMPTS - 1);
    assert_eq!(store.accounts.commit(&lease, &read, note).await.unwrap(), Commit::Written);
    assert_eq!(store.cached().await.metadata["note"], "changed");
    // The commit released the lease: another holder gets a newer one, and then the older one cannot commit.
    let newer = store.lease().await;
    let read = store.stored().await;
    assert_eq!(store.accounts.commit(&lease, &read, note).await.unwrap(), Commit::LeaseLost);
    assert_eq!(store.stored().await, read);
    assert_eq!(store.accounts.commit(&newer, &read, note).await.unwrap(), Commit::Written);
}

#[tokio::test]
async fn a_change_that_does_nothing_is_not_written() {
    let store = TestStore::new().await;
    let (read, lease) = (store.stored().await, store.lease().await);
    store.conflicts(1);
    let returned = store.accounts.update(&store.project, &store.id, |_| Change::Nothing).await.unwrap().unwrap();
    assert_eq!(*returned, read);
    assert_eq!(store.accounts.commit(&lease, &read, |_| Change::Nothing).await.unwrap(), Commit::Unchanged);
    assert_eq!((store.stored().await, store.storage.conflicts.load(Ordering::SeqCst)), (read, 1));
}

#[tokio::test]
async fn a_change_of_records_keeps_the_time_of_the_last_change() {
    let store = TestStore::new().await;
    let before = store.cached().await.updated_at;
    let change = |account: &mut Account| {
        account.refresh_at = Some(account.created_at);
        Change::Records
    };
    let returned = store.accounts.update(&store.project, &store.id, change).await.unwrap().unwrap();
    assert_eq!((returned.updated_at, returned.revision), (before, 2));
}

#[tokio::test]
async fn accounts_of_other_projects_and_deleted_ones_are_not_found() {
    let store = TestStore::new().await;
    let other = ProjectId::new("other");
    assert!(store.accounts.update(&other, &store.id, note).await.unwrap().is_none());
    assert_eq!(store.accounts.get(&other, &store.id).await.unwrap_err().code, ErrorCode::AccountNotFound);
    assert_eq!(store.accounts.delete(&store.project, &store.id).await.unwrap().unwrap().id, store.id);
    assert!(store.update().await.unwrap().is_none());
    assert_eq!(store.accounts.get(&store.project, &store.id).await.unwrap_err().code, ErrorCode::AccountNotFound);
}

#[tokio::test]
async fn a_failed_change_writes_nothing() {
    struct Failure;
    #[async_trait]
    impl AccountChange for Failure {
        async fn apply(&mut self, account: &mut Account) -> std::result::Result<Change, Error> {
            note(account);
            Err(Error::new(ErrorCode::AccountAuthenticationFailed, "the provider rejects it"))
        }
    }
    let store = TestStore::new().await;
    let error = store.accounts.update_with(&store.project, &store.id, &mut Failure).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountAuthenticationFailed);
    assert_eq!(*store.cached().await, account());
}

#[tokio::test]
async fn a_write_completes_after_its_caller_disconnected() {
    use futures_util::FutureExt as _;

    let store = TestStore::new().await;
    {
        // The caller disconnects as soon as the storage has the write.
        let mut update = Box::pin(store.update());
        while store.stored().await.revision == 1 {
            if (&mut update).now_or_never().is_some() {
                break;
            }
        }
    }
    store.accounts.changes.shutdown().await;
    assert_eq!(*store.cached().await, store.stored().await);
    assert_eq!(store.cached().await.metadata["note"], "changed");
}
