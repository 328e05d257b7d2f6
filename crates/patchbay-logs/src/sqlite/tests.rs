//! The suite on files whose segments are of different sizes, and what only files have.

use super::*;
use crate::{
    conformance,
    dimension::Dimension as D,
    filter::{LogFilter, Order},
    logs::{DropReason, Logs},
    store::PageStart,
};

/// Small segments, and one.
const LIMITS: [SqliteLimits; 2] =
    [SqliteLimits { runs: 50, micros: 24 * 3_600_000_000 }, SqliteLimits { runs: 100_000, micros: i64::MAX }];

async fn store(limits: SqliteLimits) -> (SqliteLogs, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (SqliteLogs::open(&directory.path().join("logs.db"), limits).await.unwrap(), directory)
}

macro_rules! suite {
    ($($test:ident,)+) => {$(
        #[tokio::test]
        async fn $test() {
            for limits in LIMITS {
                let (store, _directory) = store(limits).await;
                conformance::$test(&store).await;
                store.close().await;
            }
        }
    )+};
}

suite! {
    filters_find_what_they_say,
    a_run_is_read_with_its_steps,
    steps_are_listed_over_all_runs,
    aggregates_agree_with_the_runs,
    old_runs_are_deleted,
}

fn all() -> RunQuery {
    RunQuery {
        project: "ours".to_owned(),
        filter: LogFilter::default(),
        order: Order::default(),
        start: PageStart::Offset(0),
        size: 100,
    }
}

async fn append_in_batches(store: &SqliteLogs, rows: &[RunRow]) {
    for batch in rows.chunks(20) {
        store.append(batch).await.unwrap();
    }
}

#[tokio::test]
async fn a_segment_that_a_crash_left_half_sealed_is_completed_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs.db");
    let rows = conformance::runs(1, "ours", 130);
    let store = SqliteLogs::open(&path, LIMITS[0]).await.unwrap();
    append_in_batches(&store, &rows).await;
    // Two of its indexes.
    assert!(store.tidy().await.unwrap() && store.tidy().await.unwrap());
    drop(store);
    let store = SqliteLogs::open(&path, LIMITS[0]).await.unwrap();
    let count = async || {
        let mut connection = store.readers.acquire().await.unwrap();
        let sealed = segments::list(&mut connection).await.unwrap();
        sealed.iter().filter(|segment| segment.is_sealed).count()
    };
    assert_eq!(count().await, 0);
    while store.tidy().await.unwrap() {}
    assert_eq!(count().await, 2);
    assert_eq!(store.runs(&all()).await.unwrap().rows.len(), 100);
    // The open segment goes on.
    store.append(&conformance::runs(2, "ours", 3)).await.unwrap();
    assert_eq!(store.status().await.unwrap().runs, 133);
}

#[tokio::test]
async fn rows_that_are_not_stored_leave_no_trace() {
    let (store, _directory) = store(LIMITS[0]).await;
    let rows = conformance::runs(1, "ours", 30);
    sqlx::query("CREATE TRIGGER refuse BEFORE INSERT ON log_hours BEGIN SELECT raise(ABORT, 'no'); END")
        .execute(&store.writer)
        .await
        .unwrap();
    assert!(store.append(&rows).await.is_err());
    sqlx::query("DROP TRIGGER refuse").execute(&store.writer).await.unwrap();
    assert_eq!(store.status().await.unwrap().runs, 0);
    store.append(&rows).await.unwrap();
    let page = store.runs(&all()).await.unwrap();
    assert_eq!(page.rows.first().map(|run| &run.target), rows.last().map(|run| &run.target));
    assert_eq!(store.run("ours", rows[7].id).await.unwrap().as_ref(), Some(&rows[7]));
}

#[tokio::test]
async fn the_oldest_segments_are_dropped_when_the_file_is_too_large() {
    let (store, _directory) = store(LIMITS[0]).await;
    append_in_batches(&store, &conformance::runs(1, "ours", 1_000)).await;
    while store.tidy().await.unwrap() {}
    let full = store.status().await.unwrap();
    let retention = Retention { max_bytes: full.bytes / 2, ..Retention::default() };
    assert!(store.retain(Timestamp::from_micros(conformance::START), &retention).await.unwrap() > 0);
    let left = store.status().await.unwrap();
    assert!(left.bytes <= full.bytes / 2 && left.runs > 0 && left.newest == full.newest, "{left:?}");
    assert!(left.oldest > full.oldest);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_a_missing_one_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs.db");
    let now = Timestamp::from_micros(conformance::START);
    std::fs::write(
        &path,
        "this is not a database, and it is longer than the header of one, so that it is damaged".repeat(20),
    )
    .unwrap();
    let logs = Logs::in_file(&path, LIMITS[0]);
    assert!(logs.reader().is_err());
    let rows = conformance::runs(1, "ours", 5);
    logs.append(&rows, now).await.unwrap();
    assert_eq!(logs.reader().unwrap().status().await.unwrap().runs, 5);
    let names = || {
        let mut names = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>();
        names.sort();
        names
    };
    assert!(names().iter().any(|name| name.starts_with("logs.db.damaged-")), "{:?}", names());
    // Removed while it is open.
    std::fs::remove_file(&path).unwrap();
    logs.append(&rows, now).await.unwrap();
    assert!(path.exists());
    assert_eq!(logs.reader().unwrap().status().await.unwrap().runs, 5);
    assert_eq!(logs.written(), 10);
    logs.drop_runs(DropReason::QueueFull, 3);
    assert!(logs.dropped().contains(&("queue_full", 3)));
    logs.close().await;
}

#[tokio::test]
async fn queries_use_the_index_of_a_sealed_segment() {
    let (store, _directory) = store(LIMITS[0]).await;
    append_in_batches(&store, &conformance::runs(1, "ours", 200)).await;
    while store.tidy().await.unwrap() {}
    let mut connection = store.readers.acquire().await.unwrap();
    let mut index_of = async |filter: LogFilter| {
        let conditions = Conditions::resolve(&mut Lite(&mut connection), &filter, true).await.unwrap();
        let times = Times::of(&filter);
        let tables = store.tables(&mut connection, &conditions, times).await.unwrap();
        (tables.len(), tables.last().and_then(|table| table.index))
    };
    let at = |minute: i64| Some(Timestamp::from_micros(conformance::START + minute * 60_000_000));
    assert_eq!(index_of(LogFilter::default()).await.1, Some(Index::Time));
    assert_eq!(index_of(LogFilter::default().with(D::AccountSecureId, &["account_0"])).await.1, Some(Index::Account));
    assert_eq!(index_of(LogFilter::default().with(D::ConnectorKey, &["connector_0"])).await.1, Some(Index::Action));
    assert_eq!(index_of(LogFilter { success: Some(false), ..LogFilter::default() }).await.1, Some(Index::Errors));
    // Other times, and values that do not occur, need no look at a segment.
    let hour = LogFilter { start: at(60), end: at(70), ..LogFilter::default() };
    assert!(index_of(hour).await.0 <= 2);
    let (segments, _) = index_of(LogFilter::default().with(D::IpAddress, &["192.0.2.7"])).await;
    assert!(segments <= 4, "{segments}");
}

/// A filter with what it means, written a second time.
type Check = (LogFilter, fn(&RunRow) -> bool);

/// Returns filters that each find some of many runs.
fn checks() -> Vec<Check> {
    let all = LogFilter::default;
    vec![
        (all().with(D::AccountSecureId, &["account_390"]), |run| run.party.account.as_deref() == Some("account_390")),
        (all().with(D::OriginOwnerId, &["customer_150"]), |run| run.party.owner_id.as_deref() == Some("customer_150")),
        (all().with(D::ActionId, &["connector_3_action_3"]), |run| {
            run.target.action.as_deref() == Some("connector_3_action_3")
        }),
        (all().with(D::StatusCode, &["502"]), |run| run.status == 502),
        (all().with(D::ErrorCode, &["RateLimitError"]), |run| run.error_code.as_deref() == Some("RateLimitError")),
        (all().with(D::IpAddress, &["192.0.2.17"]), |run| run.source.ip_address.as_deref() == Some("192.0.2.17")),
        (LogFilter { min_duration_micros: Some(1_880_000), ..all() }, |run| run.duration_micros >= 1_880_000),
        (LogFilter { success: Some(false), ..all() }.with(D::ConnectorKey, &["connector_5"]), |run| {
            run.status >= 400 && run.target.connector.as_deref() == Some("connector_5")
        }),
        (LogFilter { text: Some("responded with 502 to item 1".to_owned()), ..all() }, |run| {
            run.message.as_deref().is_some_and(|message| message.contains("responded with 502 to item 1"))
        }),
    ]
}

#[tokio::test]
async fn filters_of_many_runs_are_exact_and_use_indexes() {
    const RUNS: i64 = 120_000;
    let limits = SqliteLimits { runs: 20_000, micros: i64::MAX };
    let (store, _directory) = store(limits).await;
    let mut generator = crate::generate::Generator::new(9, 400);
    let checks = checks();
    let mut expected = vec![0_u64; checks.len()];
    let mut batch = Vec::new();
    for number in 0..RUNS {
        let run = generator.run("ours", Timestamp::from_micros(conformance::START + number * 700_000));
        for ((_, check), count) in checks.iter().zip(&mut expected) {
            *count += u64::from(check(&run));
        }
        batch.push(run);
        if batch.len() == 4_000 {
            store.append(&batch).await.unwrap();
            batch.clear();
        }
    }
    while store.tidy().await.unwrap() {}
    let mut connection = store.readers.acquire().await.unwrap();
    for ((filter, check), expected) in checks.into_iter().zip(expected) {
        assert!(expected > 0, "{filter:?} finds nothing");
        let page = store.runs(&RunQuery { filter: filter.clone(), ..all() }).await.unwrap();
        assert!(page.rows.iter().all(check), "{filter:?}");
        assert!(page.total.is_none_or(|total| total == expected), "{filter:?}: {:?}, not {expected}", page.total);
        assert_eq!(page.rows.len() as u64, expected.min(100), "{filter:?}");
        // No sealed segment is scanned without an index.
        let conditions = Conditions::resolve(&mut Lite(&mut connection), &filter, true).await.unwrap();
        let tables = store.tables(&mut connection, &conditions, Times::of(&filter)).await.unwrap();
        for table in tables.iter().filter(|table| table.index.is_some()) {
            let name = &table.runs;
            let suffix = table.index.map_or("", |index| index.definition().0);
            let errors = if suffix == "errors" { " AND r.status >= 400" } else { "" };
            let mut sql = Sql::new(format!(
                "EXPLAIN QUERY PLAN SELECT r.id FROM {name} r INDEXED BY {name}_{suffix} WHERE r.project = 1{errors}"
            ));
            conditions.push_to(&mut sql);
            let plan = Lite(&mut connection).rows(sql).await.unwrap();
            let plan = plan.iter().map(|row| row.opt_text(3).unwrap().unwrap_or_default()).collect::<Vec<_>>();
            assert!(plan.iter().any(|line| line.contains("SEARCH r USING INDEX")), "{filter:?}: {plan:?}");
        }
    }
}
