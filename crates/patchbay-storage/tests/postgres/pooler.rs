//! Behind `PgBouncer`: everything works in session mode, and in transaction mode if the settings say so.

use std::{error::Error as _, sync::Arc};

use patchbay_model::Word;
use patchbay_storage::{
    Storage, StorageError,
    conformance::{
        self,
        pgbouncer::{PgBouncer, PoolMode},
        postgres_server::PostgresServer,
        replicas,
    },
    postgres::{ConnectionSettings, PostgresStorage},
};

use super::{MIGRATED, Open, Opening, meddle, migrated, open, run_suite, runtime};

const POOLED: ConnectionSettings<'_> = ConnectionSettings { max_connections: 10, is_pooled: true, listen_url: None };

/// Returns the name of the database in a URL.
fn database(url: &str) -> String {
    let path = url.split('?').next().unwrap();
    path.rsplit('/').next().unwrap().to_owned()
}

fn passes_behind_pooler(mode: PoolMode, is_pooled: bool) {
    let server = Arc::new(PostgresServer::start());
    let pooler = Arc::new(PgBouncer::start(&server, mode));
    let settings = ConnectionSettings { is_pooled, ..POOLED };
    let behind: Open = Arc::new(move |url: String| -> Opening {
        let url = pooler.url(&database(&url));
        Box::pin(async move { PostgresStorage::open_with(&url, settings).await.unwrap() })
    });
    run_suite(&server, &behind);
}

#[test]
fn the_conformance_suite_passes_behind_a_pooler_in_transaction_mode() {
    passes_behind_pooler(PoolMode::Transaction, true);
}

#[test]
fn the_conformance_suite_passes_behind_a_pooler_in_session_mode() {
    passes_behind_pooler(PoolMode::Session, false);
}

#[test]
fn a_pooler_in_transaction_mode_is_recognized_and_migrates() {
    let server = PostgresServer::start();
    let transactions = PgBouncer::start(&server, PoolMode::Transaction);
    runtime().block_on(async {
        server.create_database("fresh", None).await;
        let url = transactions.url("fresh");
        let error = PostgresStorage::open(&url, 10).await.err().unwrap();
        assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("set `database.pooled: true`"), "{error}");
        assert!(error.source().unwrap().to_string().contains("pooler in transaction mode"), "{error}");
        let found = PostgresStorage::examine(&url).await.unwrap();
        assert!(found.is_transaction_pooled && found.version.starts_with("PostgreSQL "), "{found:?}");
        assert!(!PostgresStorage::examine(&server.url("fresh")).await.unwrap().is_transaction_pooled);

        assert!(PostgresStorage::schema(&url, true).await.unwrap().is_pending());
        let (a, b) = tokio::join!(PostgresStorage::open_with(&url, POOLED), PostgresStorage::open_with(&url, POOLED));
        for storage in [a.unwrap(), b.unwrap()] {
            storage.meta().set("name", b"value").await.unwrap();
            storage.close().await;
        }
        assert!(!PostgresStorage::schema(&url, true).await.unwrap().is_pending());
        // It is not taken for one that leads to the server itself.
        let direct = open(&server.url("fresh")).await;
        assert_eq!(direct.meta().get("name").await.unwrap().unwrap(), b"value");
        direct.close().await;
    });
}

/// What servers tell each other, too: only by looks, or also by notifications if a URL leads around the pooler.
#[test]
fn servers_share_a_database_behind_a_pooler_in_transaction_mode() {
    let server = PostgresServer::start();
    let pooler = PgBouncer::start(&server, PoolMode::Transaction);
    runtime().block_on(async {
        migrated(&server).await;
        let tests: [(&str, conformance::Test); 5] = [
            ("live", |storage| Box::pin(replicas::live_servers_are_listed_until_they_leave(storage))),
            ("leader", |storage| Box::pin(replicas::one_of_many_concurrent_servers_leads(storage))),
            ("fence", |storage| Box::pin(replicas::a_former_leader_stores_nothing(storage))),
            ("changes", |storage| Box::pin(replicas::each_write_of_a_kept_thing_is_a_change(storage))),
            ("counters", |storage| Box::pin(replicas::counters_are_changed_one_after_the_other(storage))),
        ];
        for (name, test) in tests {
            let direct = server.create_database(name, Some(MIGRATED)).await;
            let storage = PostgresStorage::open_with(&pooler.url(name), POOLED).await.unwrap();
            test(&storage).await;
            let store = storage.replicas().unwrap();
            let first = store.lock("start").await.unwrap();
            let (url, around) = (pooler.url(name), ConnectionSettings { listen_url: Some(&direct), ..POOLED });
            let second = PostgresStorage::open_with(&url, around).await.unwrap();
            // One of them holds the lock in a transaction, the other one in a session.
            let waiting = second.replicas().unwrap().lock("start");
            let mut waiting = std::pin::pin!(waiting);
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("two servers hold one lock"),
                read = async {
                    for _ in 0..20 {
                        storage.meta().ping().await.unwrap();
                    }
                } => read,
            }
            drop(first);
            drop(waiting.await.unwrap());
            storage.close().await;
            second.close().await;
        }

        let direct = server.create_database("words", Some(MIGRATED)).await;
        let around = ConnectionSettings { listen_url: Some(&direct), ..POOLED };
        let storage = PostgresStorage::open_with(&pooler.url("words"), around).await.unwrap();
        replicas::one_word_is_sent_for_a_transaction(&storage).await;
        let mut heard = storage.replicas().unwrap().watch().await.unwrap();
        meddle(&direct, "UPDATE projects SET name = 'x'").await;
        assert_eq!(heard.word().await.unwrap(), Word::Changed);
        storage.close().await;
    });
}

#[test]
fn a_listen_url_leads_to_the_same_database_around_the_pooler() {
    let (server, elsewhere) = (PostgresServer::start(), PostgresServer::start());
    let pooler = PgBouncer::start(&server, PoolMode::Transaction);
    runtime().block_on(async {
        let ours = server.create_database("ours", None).await;
        let others = [server.create_database("other", None).await, elsewhere.create_database("ours", None).await];
        let refused = async |listen_url: &str| {
            let settings = ConnectionSettings { listen_url: Some(listen_url), ..POOLED };
            let error = PostgresStorage::open_with(&pooler.url("ours"), settings).await.err().unwrap();
            assert!(error.to_string().contains("database.listenUrl"), "{error}");
            error.source().unwrap().to_string()
        };
        for other in &others {
            assert!(refused(other).await.contains("another database"));
        }
        assert!(refused(&pooler.url("ours")).await.contains("pooler in transaction mode"));
        PostgresStorage::check_listen_url(&pooler.url("ours"), &ours).await.unwrap();
    });
}
