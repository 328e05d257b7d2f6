//! The suite on PostgreSQL. It starts a server of its own.

use super::*;
use crate::{conformance, store::LogStore};
use patchbay_storage::conformance::postgres_server::PostgresServer;

macro_rules! suite {
    ($server:ident: $($test:ident),+) => {$(
        let store = PostgresLogs::open(&$server.create_database(stringify!($test), None).await).await.unwrap();
        conformance::$test(&store).await;
        store.close().await;
    )+};
}

#[tokio::test]
async fn postgresql_passes_the_suite() {
    let server = PostgresServer::start();
    suite! {
        server: filters_find_what_they_say, a_run_is_read_with_its_steps, steps_are_listed_over_all_runs,
            aggregates_agree_with_the_runs, old_runs_are_deleted
    }
    // Two servers that start at once, and write the same days and names.
    let url = server.create_database("shared", None).await;
    let (one, other) = tokio::join!(PostgresLogs::open(&url), PostgresLogs::open(&url));
    let (one, other) = (one.unwrap(), other.unwrap());
    let (first, second) = (conformance::runs(1, "ours", 40), conformance::runs(2, "ours", 40));
    let (appended, too) = tokio::join!(one.append(&first), other.append(&second));
    appended.unwrap();
    too.unwrap();
    assert_eq!(one.status().await.unwrap().runs, 80);
    let day = DAY * DAYS_AHEAD;
    one.retain(Timestamp::from_micros(conformance::START + day), &Retention::default()).await.unwrap();
    assert!(other.status().await.unwrap().segments > DAYS_AHEAD.unsigned_abs());
    one.close().await;
    other.close().await;
}
