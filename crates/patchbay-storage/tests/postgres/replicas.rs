//! Servers that share a database.

use patchbay_model::{ReplicaId, StoredChange};
use patchbay_storage::{
    Storage, StorageError, conformance::postgres_server::PostgresServer, conformance::replicas, fenced,
};
use sqlx::{Connection, PgConnection};

use super::{cut, meddle, migrated, open, runtime};

/// The tables of which servers keep something in memory. Each write of them must be logged.
const KEPT: [&str; 8] = [
    "account_secrets",
    "accounts",
    "api_keys",
    "connector_files",
    "connector_versions",
    "profile_secrets",
    "profiles",
    "projects",
];
/// The others: what is read from the database each time, or does not belong to the product.
const NOT_KEPT: [&str; 34] = [
    "_sqlx_migrations",
    "browser_sessions",
    "calls",
    "changes",
    "connect_sessions",
    "connection_attempts",
    "idempotency_keys",
    "idempotency_usage",
    "inbox_endpoints",
    "inbox_events",
    "inbox_keys",
    "inbox_refusals",
    "leader",
    "login_tokens",
    "members",
    "meta",
    "organizations",
    "pending_authorizations",
    "provider_blocks",
    "refresh_leases",
    "replicas",
    "retired_keys",
    "schema_support",
    "shared_counters",
    "shared_limits",
    "tool_feedback",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_events",
    "webhook_health",
    "webhook_replays",
    "webhook_secrets",
    "webhooks",
    "write_marks",
];

#[test]
fn servers_that_share_a_database_pass_their_suite() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        migrated(&server).await;
        let tests: [(&str, patchbay_storage::conformance::Test); 6] = [
            ("live", |storage| Box::pin(replicas::live_servers_are_listed_until_they_leave(storage))),
            ("leader", |storage| Box::pin(replicas::one_of_many_concurrent_servers_leads(storage))),
            ("fence", |storage| Box::pin(replicas::a_former_leader_stores_nothing(storage))),
            ("changes", |storage| Box::pin(replicas::each_write_of_a_kept_thing_is_a_change(storage))),
            ("counters", |storage| Box::pin(replicas::counters_are_changed_one_after_the_other(storage))),
            ("words", |storage| Box::pin(replicas::one_word_is_sent_for_a_transaction(storage))),
        ];
        for (name, test) in tests {
            let url = server.create_database(name, Some(super::MIGRATED)).await;
            let storage = open(&url).await;
            test(&storage).await;
            storage.close().await;
        }
    });
}

/// A table that is added must be in one of the two lists, and no write of a kept one can leave its trigger out.
#[test]
fn every_kept_table_logs_each_write() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("kept", None).await;
        open(&url).await.close().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let mut listed = [&KEPT[..], &NOT_KEPT].concat();
        listed.sort_unstable();
        assert_eq!(
            tables, listed,
            "is what the table contains kept in memory? Add it to a list, and a trigger if it is"
        );
        // After each row (1) of INSERT (4), UPDATE (16) and DELETE (8), of all columns, without a condition.
        let logged: Vec<String> = sqlx::query_scalar(
            "SELECT t.tgrelid::regclass::text FROM pg_trigger t WHERE t.tgfoid::regproc::text LIKE 'log_change_of_%' \
             AND t.tgtype = 29 AND t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgenabled = 'O' ORDER BY 1",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(logged, KEPT);
    });
}

fn keys(changes: Vec<StoredChange>) -> Vec<String> {
    changes.into_iter().map(|change| change.key).collect()
}

/// Transactions are committed in another order than they begin: each change is found when it is visible, and once.
#[test]
fn a_change_is_found_whenever_it_is_committed() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("order", None).await;
        let storage = open(&url).await;
        meddle(
            &url,
            "INSERT INTO organizations VALUES ('org', 'Org', 0); \
             INSERT INTO projects VALUES ('a', 'org', 'A', 0), ('b', 'org', 'B', 0), ('c', 'org', 'C', 0)",
        )
        .await;
        let mut watch = storage.replicas().unwrap().watch().await.unwrap();
        assert!(watch.look().await.unwrap().is_empty());
        let (mut early, mut dropped) =
            (PgConnection::connect(&url).await.unwrap(), PgConnection::connect(&url).await.unwrap());
        sqlx::raw_sql("BEGIN; UPDATE projects SET name = 'x' WHERE id = 'a'").execute(&mut early).await.unwrap();
        sqlx::raw_sql("BEGIN; UPDATE projects SET name = 'x' WHERE id = 'c'").execute(&mut dropped).await.unwrap();
        for _ in 0..3 {
            meddle(&url, "UPDATE projects SET name = 'x' WHERE id = 'b'").await;
            assert_eq!(keys(watch.look().await.unwrap()), ["b"]);
            assert!(watch.look().await.unwrap().is_empty());
        }
        sqlx::raw_sql("COMMIT").execute(&mut early).await.unwrap();
        sqlx::raw_sql("ROLLBACK").execute(&mut dropped).await.unwrap();
        assert_eq!(keys(watch.look().await.unwrap()), ["a"]);
        meddle(&url, "UPDATE projects SET name = 'y' WHERE id = 'b'").await;
        assert_eq!(keys(watch.look().await.unwrap()), ["b"]);

        // What has been visible for an hour is deleted, and a watch that may have missed it says so. What an open transaction wrote
        // longer ago is not.
        let rows = async || {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let rows: i64 =
                sqlx::query_scalar("SELECT count(*) FROM changes").fetch_one(&mut connection).await.unwrap();
            rows
        };
        let all = rows().await;
        let (store, mut open) = (storage.replicas().unwrap(), PgConnection::connect(&url).await.unwrap());
        sqlx::raw_sql("BEGIN; UPDATE projects SET name = 'z' WHERE id = 'c'").execute(&mut open).await.unwrap();
        let an_hour_passes = async || {
            meddle(
                &url,
                "UPDATE changes SET changed_at = changed_at - 3600000000; \
                 UPDATE shared_counters SET changed_at = changed_at - 3600000000",
            )
            .await;
            store.forget_old().await.unwrap();
        };
        store.forget_old().await.unwrap();
        assert_eq!((all, rows().await), (8, 8));
        meddle(&url, "UPDATE projects SET name = 'z' WHERE id = 'b'").await;
        an_hour_passes().await;
        assert_eq!(rows().await, 1, "those of the transactions that had ended an hour ago are gone");
        an_hour_passes().await;
        sqlx::raw_sql("COMMIT").execute(&mut open).await.unwrap();
        store.forget_old().await.unwrap();
        assert_eq!(rows().await, 2, "nobody may have looked since then");
        assert_eq!(keys(watch.look().await.unwrap()), ["c", "b"]);
        an_hour_passes().await;
        an_hour_passes().await;
        assert_eq!(rows().await, 0);
        meddle(
            &url,
            "CREATE OR REPLACE FUNCTION clock_micros() RETURNS bigint LANGUAGE sql VOLATILE AS \
             $$ SELECT ((extract(epoch FROM clock_timestamp()) + 1801) * 1000000)::bigint $$",
        )
        .await;
        watch.look().await.unwrap_err();
        storage.close().await;
    });
}

#[test]
fn one_server_at_a_time_holds_a_lock() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("start", None).await;
        let storage = open(&url).await;
        let store = storage.replicas().unwrap();
        let first = store.lock("start").await.unwrap();
        let other = store.lock("other").await.unwrap();
        let second = store.lock("start");
        let mut second = std::pin::pin!(second);
        tokio::select! {
            biased;
            _ = &mut second => panic!("two servers hold one lock"),
            read = async {
                for _ in 0..20 {
                    storage.meta().ping().await.unwrap();
                }
            } => read,
        }
        drop(first);
        drop(other);
        drop(second.await.unwrap());
        storage.close().await;
    });
}

#[test]
fn a_watch_whose_connection_is_cut_says_so() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("watch", None).await;
        let storage = open(&url).await;
        let replicas = storage.replicas().unwrap();
        let (mut one, mut two) = (replicas.watch().await.unwrap(), replicas.watch().await.unwrap());
        one.look().await.unwrap();
        cut(&server, "watch").await;
        one.look().await.unwrap_err();
        two.word().await.unwrap_err();
        drop((one, two));
        let mut again = replicas.watch().await.unwrap();
        again.look().await.unwrap();
        storage.close().await;
    });
}

/// The times of servers and leaders are those of the database's clock.
#[test]
fn a_server_that_is_silent_is_gone_and_leads_no_longer() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("silent", None).await;
        let storage = open(&url).await;
        let store = storage.replicas().unwrap();
        let (one, two) = (replicas::replica("one"), replicas::replica("two"));
        store.announce(&one).await.unwrap();
        let fence = store.lead(&one.id).await.unwrap().unwrap();
        meddle(
            &url,
            "UPDATE replicas SET seen_at = seen_at - 15000000; UPDATE leader SET expires_at = expires_at - 5000000",
        )
        .await;
        assert_eq!(store.live().await.unwrap().len(), 1);
        assert_eq!(store.lead(&two.id).await.unwrap(), None);
        meddle(
            &url,
            "UPDATE replicas SET seen_at = seen_at - 5000000; UPDATE leader SET expires_at = expires_at - 5000000",
        )
        .await;
        assert!(store.live().await.unwrap().is_empty());
        let refused = fenced(fence, storage.meta().set("name", b"value")).await.unwrap_err();
        assert!(matches!(refused, StorageError::NotLeader), "{refused}");
        let next = store.lead(&two.id).await.unwrap().unwrap();
        assert!(next > fence);
        assert_eq!(store.lead(&one.id).await.unwrap(), None);

        // The leader whose time ran out leads again under another number: somebody may have led in between.
        meddle(&url, "UPDATE leader SET expires_at = 0").await;
        assert!(store.lead(&two.id).await.unwrap().unwrap() > next);

        // While a transaction of the leader is under way, nobody takes its place.
        let fence = store.lead(&two.id).await.unwrap().unwrap();
        // The leader itself renews its leadership meanwhile, or steps down.
        let mut duty = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("BEGIN; INSERT INTO meta VALUES ('duty', '')").execute(&mut duty).await.unwrap();
        let meta = storage.meta();
        let work = fenced(fence, meta.set("duty", b"value"));
        let mut work = std::pin::pin!(work);
        let is_waiting = async |expected: i64| loop {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE NOT granted")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            if waiting >= expected {
                break;
            }
        };
        tokio::select! {
            _ = &mut work => panic!("nothing held the work up"),
            () = is_waiting(1) => {}
        }
        assert_eq!(store.lead(&two.id).await.unwrap(), Some(fence));
        store.leave(&two.id).await.unwrap();
        let three = ReplicaId::new("three");
        let taking = store.lead(&three);
        let mut taking = std::pin::pin!(taking);
        tokio::select! {
            _ = &mut taking => panic!("another server leads in the middle of the leader's work"),
            () = is_waiting(2) => {}
        }
        sqlx::raw_sql("COMMIT").execute(&mut duty).await.unwrap();
        let (done, taken) = tokio::join!(work, taking);
        done.unwrap();
        assert!(taken.unwrap().unwrap() > fence);
        let refused = fenced(fence, storage.meta().set("duty", b"late")).await.unwrap_err();
        assert!(matches!(refused, StorageError::NotLeader), "{refused}");
        storage.close().await;
    });
}
