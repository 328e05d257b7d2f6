//! The life of a key.

use std::collections::BTreeSet;

use patchbay_model::{
    AccountKind, ApiKeyId, ConnectSession, Metadata, Organization, OrganizationId, Owner, Project, SessionId,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::sqlite::SqliteStorage;
use patchbay_vault::KeyRing;

use super::{key::PROJECT_LIMITS, *};
use crate::{
    Caller, HubSession,
    testing::{NOW, vault},
};

struct Bed {
    service: Arc<Idempotency>,
    storage: Arc<SqliteStorage>,
    _folder: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Arc::new(SqliteStorage::open(&folder.path().join("db")).await.unwrap());
        let created_at = NOW.parse().unwrap();
        let organization = Organization { id: OrganizationId::new("o"), name: "O".to_owned(), created_at };
        storage.organizations().create(&organization).await.unwrap();
        for id in ["p", "other"] {
            let project = Project {
                id: ProjectId::new(id),
                organization_id: OrganizationId::new("o"),
                name: id.to_owned(),
                created_at,
            };
            storage.projects().create(&project).await.unwrap();
        }
        Self { service: service(&storage), storage, _folder: folder }
    }

    /// Returns the service after a crash.
    fn restarted(&self) -> Arc<Idempotency> {
        service(&self.storage)
    }
}

fn service(storage: &Arc<SqliteStorage>) -> Arc<Idempotency> {
    Arc::new(Idempotency {
        storage: storage.clone(),
        vault: vault(),
        clock: Arc::new(ManualClock::at(NOW)),
        running: Mutex::default(),
        tasks: TaskTracker::new(),
    })
}

fn scope_of(project: &str, key: Option<&str>) -> IdempotencyScope {
    IdempotencyScope::of_caller(&Caller {
        organization_id: OrganizationId::new("o"),
        project_id: ProjectId::new(project),
        key_id: key.map(ApiKeyId::new),
        scopes: BTreeSet::new(),
        origin: crate::CallOrigin::default(),
    })
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse([text.as_bytes()]).unwrap()
}

fn fingerprint(body: &str) -> RequestFingerprint {
    RequestFingerprint::new(&key("k"), &[], body.as_bytes())
}

async fn begin(service: &Arc<Idempotency>, body: &str) -> Result<KeyedRun, Error> {
    service.begin(&scope_of("p", Some("a")), &key("k"), fingerprint(body)).await
}

async fn run(service: &Arc<Idempotency>, body: &str) -> RunningKey {
    match begin(service, body).await {
        Ok(KeyedRun::New(running)) => running,
        Ok(KeyedRun::Replay(_)) => panic!("it was replayed"),
        Err(error) => panic!("{error}"),
    }
}

async fn refusal(service: &Arc<Idempotency>, body: &str) -> (ErrorCode, u16, Option<u64>) {
    match begin(service, body).await {
        Err(error) => (error.code, error.status(), error.retry_after),
        Ok(_) => panic!("it was not refused"),
    }
}

fn response(body: &[u8]) -> KeptResponse {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    KeptResponse { status: 201, headers, body: body.to_vec().into() }
}

#[tokio::test]
async fn a_kept_response_is_replayed_also_after_a_restart() {
    let bed = Bed::new().await;
    run(&bed.service, "body").await.keep(&response(b"{\"secret\": \"v1.local.x\"}")).await;
    for service in [&bed.service, &bed.restarted()] {
        let Ok(KeyedRun::Replay(kept)) = begin(service, "body").await else { panic!("it was not replayed") };
        assert_eq!((kept.status, &**kept.body), (201, &b"{\"secret\": \"v1.local.x\"}"[..]));
        assert_eq!(kept.headers, response(b"").headers);
        assert_eq!(refusal(service, "another body").await, (ErrorCode::IdempotencyKeyReused, 422, None));
    }
}

#[tokio::test]
async fn a_running_request_is_not_repeated() {
    let bed = Bed::new().await;
    let running = run(&bed.service, "body").await;
    assert_eq!(refusal(&bed.service, "body").await, (ErrorCode::IdempotencyKeyRunning, 409, Some(1)));
    assert_eq!(refusal(&bed.service, "another body").await, (ErrorCode::IdempotencyKeyReused, 422, None));
    running.release().await;
    // It had no effect: it may run again, also with another body.
    run(&bed.service, "another body").await.keep_status(200).await;
    assert_eq!(refusal(&bed.service, "another body").await, (ErrorCode::IdempotencyNotKept, 409, None));
    assert_eq!(refusal(&bed.service, "body").await, (ErrorCode::IdempotencyKeyReused, 422, None));
}

#[tokio::test]
async fn an_interrupted_request_is_not_repeated() {
    let bed = Bed::new().await;
    let running = run(&bed.service, "body").await;
    let unknown = (ErrorCode::IdempotencyOutcomeUnknown, 409, None);
    // After a crash, while the first process does not exist anymore.
    assert_eq!(refusal(&bed.restarted(), "body").await, unknown);
    // Dropped, for example by a panic.
    drop(running);
    for _ in 0..2 {
        assert_eq!(refusal(&bed.service, "body").await, unknown);
        assert_eq!(refusal(&bed.service, "another body").await, (ErrorCode::IdempotencyKeyReused, 422, None));
    }
}

#[tokio::test]
async fn one_of_many_concurrent_requests_runs() {
    let bed = Bed::new().await;
    let all = futures_util::future::join_all((0..20).map(|_| begin(&bed.service, "body"))).await;
    let running = all.iter().filter(|outcome| matches!(outcome, Ok(KeyedRun::New(_)))).count();
    let refused = all.iter().filter_map(|outcome| outcome.as_ref().err());
    assert_eq!((running, refused.filter(|error| error.code == ErrorCode::IdempotencyKeyRunning).count()), (1, 19));
    for outcome in all {
        if let Ok(KeyedRun::New(running)) = outcome {
            running.keep(&response(b"{}")).await;
        }
    }
    let all = futures_util::future::join_all((0..20).map(|_| begin(&bed.service, "body"))).await;
    assert!(all.iter().all(|outcome| matches!(outcome, Ok(KeyedRun::Replay(_)))));
}

#[tokio::test]
async fn equal_keys_of_two_callers_are_two_keys() {
    let bed = Bed::new().await;
    run(&bed.service, "body").await.keep(&response(b"{}")).await;
    for scope in [scope_of("p", Some("b")), scope_of("p", None), scope_of("other", Some("a"))] {
        let begun = bed.service.begin(&scope, &key("k"), fingerprint("another body")).await;
        assert!(matches!(begun, Ok(KeyedRun::New(_))));
    }
}

#[tokio::test]
async fn a_full_project_runs_nothing() {
    let bed = Bed::new().await;
    run(&bed.service, "body").await.keep(&response(b"{}")).await;
    for limits in
        [IdempotencyLimits { max_keys: 1, ..PROJECT_LIMITS }, IdempotencyLimits { max_bytes: 10, ..PROJECT_LIMITS }]
    {
        let scope = |key: &str| scope_of("p", Some(key)).within(limits);
        for caller in ["a", "b"] {
            let begun = bed.service.begin(&scope(caller), &key("new"), fingerprint("body")).await;
            let Err(error) = begun else { panic!("it was not refused") };
            assert_eq!((error.code, error.retry_after), (ErrorCode::IdempotencyLimit, Some(3_600)));
            assert!(error.is_without_effect());
        }
        // A known key is served.
        let known = bed.service.begin(&scope("a"), &key("k"), fingerprint("body")).await;
        assert!(matches!(known, Ok(KeyedRun::Replay(_))));
        // Another project is not full.
        let other = scope_of("other", Some("a")).within(limits);
        let Ok(KeyedRun::New(running)) = bed.service.begin(&other, &key("new"), fingerprint("body")).await else {
            panic!("it did not run")
        };
        running.release().await;
    }
}

#[tokio::test]
async fn a_customer_does_not_use_up_the_keys_of_the_project() {
    let bed = Bed::new().await;
    let session = |id| IdempotencyScope::of_session(&HubSession { session: Arc::new(session(id)) });
    let mut outcomes = Vec::new();
    for number in 0..101 {
        let begun = bed.service.begin(&session(7), &key(&number.to_string()), fingerprint("body")).await;
        outcomes.push(begun.err().map(|error| error.code));
    }
    assert_eq!(outcomes.pop(), Some(Some(ErrorCode::IdempotencyLimit)));
    assert!(outcomes.iter().all(Option::is_none));
    let one_key = IdempotencyLimits { max_keys: 1, ..PROJECT_LIMITS };
    let project = scope_of("p", Some("a")).within(one_key);
    for scope in [session(8), project] {
        assert!(matches!(bed.service.begin(&scope, &key("k"), fingerprint("body")).await, Ok(KeyedRun::New(_))));
    }
}

/// Returns a connect session of the project `p`.
fn session(id: i64) -> ConnectSession {
    ConnectSession {
        id: SessionId(id),
        organization_id: OrganizationId::new("o"),
        project_id: ProjectId::new("p"),
        token_hash: KeyHash([1; 32]),
        owner: Owner { id: "customer".to_owned(), name: "Acme".to_owned(), username: None },
        categories: Vec::new(),
        connector: None,
        profile_id: None,
        account_id: None,
        label: None,
        metadata: Metadata::new(),
        kind: AccountKind::Production,
        multiple: false,
        allowed_origins: Vec::new(),
        confirm_url: None,
        linked_account_id: None,
        external_trigger_token: "trigger".to_owned(),
        created_at: NOW.parse().unwrap(),
        expires_at: NOW.parse().unwrap(),
    }
}

#[tokio::test]
async fn a_response_opens_only_under_its_own_key() {
    let bed = Bed::new().await;
    run(&bed.service, "body").await.keep(&response(b"{}")).await;
    let (p, hash) = (ProjectId::new("p"), scope_of("p", Some("a")).hash(&key("k")));
    let stored = bed.storage.idempotency_keys().get(&p, &hash).await.unwrap().unwrap();
    let moved = bed.service.begin(&scope_of("p", Some("b")), &key("k"), fingerprint("body")).await;
    let Ok(KeyedRun::New(moved)) = moved else { panic!("it did not run") };
    bed.storage.idempotency_keys().finish(&p, &moved.hash, &stored.response.unwrap()).await.unwrap();
    drop(moved);
    let opened = bed.service.begin(&scope_of("p", Some("b")), &key("k"), fingerprint("body")).await;
    assert_eq!(opened.err().map(|error| error.code), Some(ErrorCode::Vault));
    // Another key ring opens nothing.
    bed.service.vault.replace_ring(KeyRing::generate(&SeededEntropy::new(99), NOW.parse().unwrap()));
    assert_eq!(refusal(&bed.service, "body").await.0, ErrorCode::Vault);
}
