//! The test suite for every backend. [`crate::storage_conformance!`] creates one test for each function.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "the name of each test says what it checks")]

pub mod accounts;
pub mod connectors;
pub mod idempotency_keys;
pub mod identity;
pub mod inbox;
pub mod linking;
pub mod members;
pub mod pgbouncer;
pub mod postgres_server;
pub mod profiles;
pub mod races;
pub mod refresh_leases;
pub mod replicas;
pub mod sealed_records;
pub mod tenancy;
pub mod tool_feedback;
pub mod values;
pub mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
};

use patchbay_model::{
    Account, AccountId, AccountKind, AccountStatus, ApiKey, ApiKeyId, ApiScope, ConnectSession, CredentialExpiry,
    EnabledActions, ExpiryCause, KeyHash, Metadata, Organization, OrganizationId, Owner, Profile, ProfileId, Project,
    ProjectId, Sealed, SessionId, StatusReason, Timestamp, TokenMetadata,
};

use crate::Storage;

/// Runs the whole suite on a backend. The expression is an async closure that returns an empty storage and a guard that
/// is dropped after the test.
#[macro_export]
macro_rules! storage_conformance {
    ($make:expr) => {
        $crate::storage_conformance!(@all tests $make);
    };
    (@all $form:ident $($make:expr)?) => {
        $crate::storage_conformance! {@$form $($make)?;
            identity: organizations_and_projects, keys_are_found_by_hash, keys_belong_to_their_project,
                login_tokens_work_once, a_new_login_token_deletes_no_other, meta_is_set_once;
            profiles: a_profile_is_stored, one_default_for_a_connector, profiles_belong_to_their_project,
                a_used_profile_is_not_deleted, profiles_are_paged, an_alarm_is_raised_once;
            accounts: an_account_is_stored, accounts_are_counted_by_connector_and_status, an_owner_has_one_account_per_connector, an_update_of_an_old_revision_is_a_conflict,
                accounts_belong_to_their_project, a_delete_removes_the_secrets, accounts_are_filtered_and_paged, accounts_are_searched,
                a_failed_insert_stores_nothing, accounts_with_a_due_expiry_notice_are_listed, client_ids_of_a_profiles_tokens_are_listed;
            connectors: a_version_is_stored, a_version_is_immutable, versions_belong_to_their_project,
                a_project_has_a_limit_of_versions, one_of_many_concurrent_pushes_adds_a_version, a_deleted_version_has_no_files,
                a_damaged_version_is_replaced;
            linking: a_session_is_stored, a_session_is_read_by_its_id_in_its_project, expired_sessions_are_deleted_with_their_attempts, an_attempt_finishes_once,
                a_session_keeps_its_newest_attempts, a_link_uses_its_session_up, a_failed_link_leaves_its_session_unused,
                a_session_is_deleted_in_its_project, a_deleted_account_takes_its_sessions_along,
                call_records_are_appended_atomically;
            idempotency_keys: a_key_is_reserved_once_and_keeps_its_response, a_released_key_is_reserved_again, keys_belong_to_one_project,
                a_bucket_has_a_limit_of_keys_and_of_bytes, expired_keys_are_deleted_in_batches, one_of_many_concurrent_callers_reserves_a_key;
            inbox: an_endpoint_is_stored_and_found, endpoints_belong_to_their_project, subscriptions_are_leased_once,
                a_repeat_is_not_stored, events_are_claimed_fairly_and_once, a_try_is_recorded_by_its_holder,
                events_are_listed_and_replayed, refusals_are_counted, old_inbox_events_are_deleted, a_deleted_account_takes_its_events_along;
            tool_feedback: feedback_is_kept_by_tool;
            members: a_member_is_stored, a_browser_session_expires, a_new_browser_session_deletes_no_other,
                other_browser_sessions_are_deleted;
            refresh_leases: a_lease_has_one_holder, only_the_newest_lease_commits, an_unresolved_request_is_recorded_until_its_outcome_is_known,
                a_lease_is_extended_by_its_holder_alone, a_failed_refresh_backs_off, due_accounts_are_claimed, due_notices_are_found, leases_of_an_ended_process_are_released, a_pending_authorization_is_taken_once;
            sealed_records: every_place_is_found_and_exchanged, a_changed_value_is_not_exchanged,
                a_stale_writer_cannot_restore_an_old_key, a_used_key_is_not_retired,
                a_retired_key_cannot_wrap_new_values, rows_without_a_seal_are_found_and_sealed_once,
                accounts_and_profiles_that_are_not_bound_are_found;
            tenancy: an_existing_id_is_a_conflict_across_projects, an_account_uses_a_profile_of_its_project,
                an_attempt_belongs_to_a_session_of_its_project, no_filter_reaches_another_project,
                a_missing_project_is_a_conflict;
            races: one_of_many_concurrent_inserts_links_an_owner, one_of_many_concurrent_updates_succeeds,
                one_of_many_concurrent_links_uses_a_session,
                concurrent_creates_leave_one_default, one_of_many_concurrent_callers_takes_a_token,
                one_of_many_concurrent_callers_finishes_an_attempt, a_cancelled_insert_is_atomic,
                one_of_many_concurrent_callers_leases_an_account, one_of_many_concurrent_callers_takes_an_authorization,
                one_of_many_concurrent_starts_creates_the_member, one_of_many_concurrent_creates_adds_a_project,
                concurrent_updates_leave_one_default, a_pin_and_the_deletion_of_its_version_exclude_each_other, a_retirement_and_a_late_writer_exclude_each_other,
                concurrent_deletes_leave_no_session_of_the_owner, each_due_account_is_claimed_once,
                concurrent_attempts_stay_within_the_limit;
            values: every_string_is_stored_unchanged, every_number_is_stored_unchanged, sealed_bytes_are_stored_unchanged,
                pages_beyond_the_end_are_empty, a_long_list_of_ids_is_one_query, sessions_are_deleted_after_their_expiry;
            webhooks: a_webhook_is_stored, webhooks_belong_to_their_project, a_project_has_a_limit_of_webhooks, a_change_is_stored_with_its_events,
                a_change_that_fails_stores_no_event, an_event_goes_to_its_audience_once, deliveries_are_claimed_once, a_lost_lease_records_nothing,
                an_ordered_webhook_has_one_delivery_at_a_time, an_open_breaker_lets_one_probe_through, a_receiver_that_is_gone_is_disabled,
                deliveries_are_listed_and_replayed, old_deliveries_are_deleted, an_alarm_of_a_webhook_is_raised_once, what_waits_is_counted;
        }
    };
    (@functions; $($module:ident: $($test:ident),+;)+) => {
        vec![$($(
            (stringify!($test), (|storage| Box::pin($crate::conformance::$module::$test(storage))) as $crate::conformance::Test)
        ),+),+]
    };
    (@tests $make:expr; $($module:ident: $($test:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $test() {
                let make = $make;
                let (storage, _guard) = make().await;
                $crate::conformance::$module::$test(&storage).await;
            }
        )+)+
    };
}

/// A test of the suite.
pub type Test = fn(&dyn Storage) -> Pin<Box<dyn Future<Output = ()> + '_>>;

/// Returns the tests of the suite with their names, for a backend whose tests share a server.
pub fn tests() -> Vec<(&'static str, Test)> {
    crate::storage_conformance!(@all functions)
}

/// Returns the moment `seconds` after the start of the suite.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_770_000_000_000_000).plus_seconds(seconds)
}

pub(crate) async fn project(storage: &dyn Storage, name: &str) -> ProjectId {
    let organization = Organization { id: OrganizationId::new("org"), name: "Org".to_owned(), created_at: at(0) };
    if storage.organizations().get(&organization.id).await.unwrap().is_none() {
        storage.organizations().create(&organization).await.unwrap();
    }
    let id = ProjectId::new(name);
    let project =
        Project { id: id.clone(), organization_id: organization.id, name: name.to_owned(), created_at: at(0) };
    storage.projects().create(&project).await.unwrap();
    id
}

pub(crate) fn key(project: &ProjectId, number: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(format!("key-{number}")),
        project_id: project.clone(),
        name: "ci".to_owned(),
        hash: KeyHash([number; 32]),
        scopes: BTreeSet::from([ApiScope::ActionsExecute, ApiScope::PlatformRead]),
        enabled: true,
        created_at: at(i64::from(number)),
        seal: Some(seal(number)),
    }
}

/// Returns the seal of a row.
pub(crate) fn seal(number: u8) -> Sealed {
    Sealed::from_bytes(vec![number; 60])
}

fn metadata(value: &str) -> Metadata {
    Metadata::from_iter([("note".to_owned(), serde_json::json!({ "text": value, "list": [1, null, true] }))])
}

pub(crate) fn profile(project: &ProjectId, id: &str, created: i64) -> Profile {
    Profile {
        id: ProfileId::new(id),
        project_id: project.clone(),
        name: "SpotDraft".to_owned(),
        connector: "spotdraft".to_owned(),
        auth_config_key: "custom".to_owned(),
        environment: "production".to_owned(),
        version_pin: Some("1.x.x".to_owned()),
        active: true,
        default: false,
        enabled_actions: EnabledActions::Only(BTreeSet::from(["spotdraft_list_contracts".to_owned()])),
        setup_information: metadata("profile"),
        secrets: BTreeMap::from([("appSecret".to_owned(), Sealed::from_bytes(vec![1, 2, 3]))]),
        alarm: None,
        created_at: at(created),
        updated_at: at(created),
    }
}

pub(crate) fn account(project: &ProjectId, profile: &str, id: &str, created: i64) -> Account {
    Account {
        id: AccountId::new(id),
        project_id: project.clone(),
        profile_id: ProfileId::new(profile),
        connector: "spotdraft".to_owned(),
        connector_version: "1.0.0".to_owned(),
        auth_config_key: "custom".to_owned(),
        environment: "production".to_owned(),
        owner: Owner {
            id: "customer-1".to_owned(),
            name: "Acme".to_owned(),
            username: Some("ada@acme.test".to_owned()),
        },
        label: Some("Legal".to_owned()),
        kind: AccountKind::Test,
        shared: true,
        status: AccountStatus::ReconnectRequired,
        status_reasons: vec![StatusReason { code: Some("Code".to_owned()), description: None, timestamp: at(created) }],
        setup_information: metadata("account"),
        secrets: BTreeMap::from([
            ("clientSecret".to_owned(), Sealed::from_bytes(vec![9; 40])),
            ("token".to_owned(), Sealed::from_bytes(vec![8; 40])),
        ]),
        metadata: metadata("metadata"),
        token: Some(TokenMetadata {
            issued_at: at(created),
            expires_at: Some(at(created + 3600)),
            refresh_expires_at: None,
            scopes: vec!["read".to_owned()],
            profile_id: ProfileId::new(profile),
            profile_changed_at: at(created),
            client_id: Some("app".to_owned()),
        }),
        missing_scopes: BTreeMap::from([("a_action".to_owned(), vec!["b:write".to_owned()])]),
        refresh_at: Some(at(created + 1800)),
        expiries: vec![CredentialExpiry::new(ExpiryCause::AccessToken, at(created), at(created + 3600))],
        revision: 1,
        created_at: at(created),
        updated_at: at(created),
    }
}

pub(crate) fn session(project: &ProjectId, number: u8, expires: i64) -> ConnectSession {
    ConnectSession {
        id: SessionId(0),
        organization_id: OrganizationId::new("org"),
        project_id: project.clone(),
        token_hash: KeyHash([number; 32]),
        owner: Owner { id: "customer-1".to_owned(), name: "Acme".to_owned(), username: None },
        categories: vec!["documents".to_owned()],
        connector: Some("spotdraft".to_owned()),
        profile_id: Some(ProfileId::new("p")),
        account_id: None,
        label: None,
        metadata: metadata("session"),
        kind: AccountKind::Production,
        multiple: true,
        allowed_origins: vec!["https://app.example".to_owned()],
        confirm_url: Some("https://app.example/confirm".to_owned()),
        linked_account_id: None,
        external_trigger_token: "trigger".to_owned(),
        created_at: at(0),
        expires_at: at(expires),
    }
}
