//! The suite that every backend passes.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;

use crate::{
    dimension::Dimension,
    filter::{LogFilter, Order, OrderBy},
    generate::Generator,
    row::{LogKind, RunRow},
    store::{AggregateQuery, Interval, LogStore, PageStart, Retention, RunQuery, StepQuery},
};

/// The start of the first run of the suite: 15 January 2026, 10:30.
pub(crate) const START: i64 = 1_768_473_000_000_000;
const MINUTE: i64 = 60_000_000;

/// Returns runs a minute apart, oldest first.
pub(crate) fn runs(seed: u64, project: &str, count: i64) -> Vec<RunRow> {
    let mut generator = Generator::new(seed, 20);
    (0..count).map(|minute| generator.run(project, Timestamp::from_micros(START + minute * MINUTE))).collect()
}

/// Appends runs in several batches.
async fn append(store: &dyn LogStore, rows: &[RunRow]) {
    for batch in rows.chunks(37) {
        store.append(batch).await.unwrap();
    }
}

fn query(project: &str, filter: LogFilter) -> RunQuery {
    RunQuery { project: project.to_owned(), filter, order: Order::default(), start: PageStart::Offset(0), size: 100 }
}

/// Returns a run as lists show it.
fn listed(run: &RunRow) -> RunRow {
    RunRow { steps: Vec::new(), ..run.clone() }
}

/// The values of a run by which it is grouped.
type Values = Box<dyn Fn(&RunRow) -> Vec<Option<String>>>;

/// A check of a filter, written a second time.
type Check = Box<dyn Fn(&RunRow) -> bool>;

/// Returns filters, each with what it means.
fn filters() -> Vec<(&'static str, LogFilter, Check)> {
    use Dimension as D;
    fn is(found: Option<&String>, wanted: &[&str]) -> bool {
        found.is_some_and(|found| wanted.contains(&found.as_str()))
    }
    let all = LogFilter::default;
    let at = |minute: i64| Timestamp::from_micros(START + minute * MINUTE);
    vec![
        ("nothing", all(), Box::new(|_| true)),
        (
            "account",
            all().with(D::AccountSecureId, &["account_1", "account_2"]),
            Box::new(|run| is(run.party.account.as_ref(), &["account_1", "account_2"])),
        ),
        ("unknown account", all().with(D::AccountSecureId, &["account_999"]), Box::new(|_| false)),
        ("no value", all().with(D::AccountSecureId, &[]), Box::new(|_| false)),
        (
            "action",
            all().with(D::ActionId, &["connector_1_action_1"]),
            Box::new(|run| is(run.target.action.as_ref(), &["connector_1_action_1"])),
        ),
        (
            "connector and version",
            all().with(D::ConnectorKey, &["connector_0", "connector_3"]).with(D::ConnectorVersion, &["1.0.0"]),
            Box::new(|run| {
                is(run.target.connector.as_ref(), &["connector_0", "connector_3"])
                    && is(run.target.version.as_ref(), &["1.0.0"])
            }),
        ),
        ("status", all().with(D::StatusCode, &["404", "200"]), Box::new(|run| run.status == 404 || run.status == 200)),
        (
            "errors by status",
            all().with(D::StatusCode, &["500", "502"]),
            Box::new(|run| run.status == 500 || run.status == 502),
        ),
        ("not a status", all().with(D::StatusCode, &["x"]), Box::new(|_| false)),
        ("failed", LogFilter { success: Some(false), ..all() }, Box::new(|run| run.status >= 400)),
        ("succeeded", LogFilter { success: Some(true), ..all() }, Box::new(|run| run.status < 400)),
        (
            "failed of an account",
            LogFilter { success: Some(false), ..all() }.with(D::AccountSecureId, &["account_0"]),
            Box::new(|run| run.status >= 400 && is(run.party.account.as_ref(), &["account_0"])),
        ),
        ("kind", all().with(D::LogType, &["unified"]), Box::new(|run| run.kind == LogKind::Unified)),
        (
            "source",
            all().with(D::SourceType, &["mcp"]).with(D::UserAgent, &["client/1", "client/2"]),
            Box::new(|run| {
                is(run.source.kind.as_ref(), &["mcp"]) && is(run.source.user_agent.as_ref(), &["client/1", "client/2"])
            }),
        ),
        ("background", LogFilter { is_background: Some(true), ..all() }, Box::new(|_| false)),
        ("foreground", LogFilter { is_background: Some(false), ..all() }, Box::new(|_| true)),
        (
            "owner",
            all().with(D::OriginOwnerName, &["Customer 1"]),
            Box::new(|run| is(run.party.owner_name.as_ref(), &["Customer 1"])),
        ),
        ("method", all().with(D::HttpMethod, &["GET"]), Box::new(|_| true)),
        ("other method", all().with(D::HttpMethod, &["POST"]), Box::new(|_| false)),
        (
            "error code",
            all().with(D::ErrorCode, &["RateLimitError"]),
            Box::new(|run| is(run.error_code.as_ref(), &["RateLimitError"])),
        ),
        ("nowhere", all().with(D::Service, &["x"]), Box::new(|_| false)),
        (
            "times",
            LogFilter { start: Some(at(20)), end: Some(at(30)), ..all() },
            Box::new(move |run| (at(20)..=at(30)).contains(&run.started_at)),
        ),
        ("text", LogFilter { text: Some("WITH 502".to_owned()), ..all() }, Box::new(|run| run.status == 502)),
        (
            "text of the URL",
            LogFilter { text: Some("api7.EXAMPLE".to_owned()), ..all() },
            Box::new(|run| run.url.as_ref().is_some_and(|url| url.contains("api7."))),
        ),
        (
            "duration",
            LogFilter { min_duration_micros: Some(300_000), ..all() },
            Box::new(|run| run.duration_micros >= 300_000),
        ),
        (
            "tuples",
            LogFilter {
                tuples: vec![(D::ConnectorKey, "connector_2".to_owned()), (D::StatusCode, "500".to_owned())],
                ..all()
            },
            Box::new(|run| is(run.target.connector.as_ref(), &["connector_2"]) || run.status == 500),
        ),
    ]
}

/// Every filter finds what it says, in order, page by page, in every order, and counts it.
pub(crate) async fn filters_find_what_they_say(store: &dyn LogStore) {
    let rows = runs(1, "ours", 300);
    append(store, &rows).await;
    store.append(&runs(2, "theirs", 50)).await.unwrap();
    while store.tidy().await.unwrap() {}
    for (name, filter, check) in filters() {
        let expected = rows.iter().rev().filter(|run| check(run)).map(listed).collect::<Vec<_>>();
        let page = store.runs(&query("ours", filter.clone())).await.unwrap();
        let shown = expected.iter().take(100).cloned().collect::<Vec<_>>();
        assert_eq!(page.rows, shown, "{name}");
        assert_eq!((page.total, page.searched_from), (Some(expected.len() as u64), None), "{name}");
        // By cursors of few rows, in each order.
        for by in [OrderBy::Start, OrderBy::End, OrderBy::Duration, OrderBy::Status] {
            for ascending in [false, true] {
                let mut start = PageStart::Offset(0);
                let mut found = Vec::new();
                loop {
                    let query =
                        RunQuery { order: Order { by, ascending }, start, size: 70, ..query("ours", filter.clone()) };
                    let page = store.runs(&query).await.unwrap();
                    found.extend(page.rows);
                    match page.next {
                        Some(next) => start = PageStart::After(next),
                        None => break,
                    }
                }
                let mut expected = expected.clone();
                let value = |run: &RunRow| match by {
                    OrderBy::Start | OrderBy::Connector => run.started_at.as_micros(),
                    OrderBy::End => run.started_at.as_micros() + run.duration_micros,
                    OrderBy::Duration => run.duration_micros,
                    OrderBy::Status => run.status.into(),
                };
                expected.sort_by_key(|run| (value(run), run.id));
                if !ascending {
                    expected.reverse();
                }
                assert_eq!(found, expected, "{name} {by:?} {ascending}");
            }
        }
    }
}

/// A run is found by its id, with its steps, only in its project.
pub(crate) async fn a_run_is_read_with_its_steps(store: &dyn LogStore) {
    let rows = runs(3, "ours", 120);
    append(store, &rows).await;
    for run in rows.iter().step_by(17) {
        assert_eq!(store.run("ours", run.id).await.unwrap().as_ref(), Some(run));
        assert_eq!(store.run("theirs", run.id).await.unwrap(), None);
        let by_id = LogFilter::default().with(Dimension::ActionRunId, &[&run.id.to_string()]);
        assert_eq!(store.runs(&query("ours", by_id)).await.unwrap().rows, [listed(run)]);
    }
}

/// Steps of all runs are listed, newest run first; with their requests counted if only those are wanted.
pub(crate) async fn steps_are_listed_over_all_runs(store: &dyn LogStore) {
    let rows = runs(4, "ours", 90);
    append(store, &rows).await;
    store.append(&runs(5, "theirs", 9)).await.unwrap();
    while store.tidy().await.unwrap() {}
    for (success, only_attempts) in [(None, false), (Some(false), false), (Some(true), false), (None, true)] {
        let filter =
            LogFilter { success, ..LogFilter::default() }.with(Dimension::AccountSecureId, &["account_0", "account_1"]);
        let is_wanted = |run: &&RunRow| matches!(run.party.account.as_deref(), Some("account_0" | "account_1"));
        let expected = rows.iter().rev().filter(is_wanted).filter(|run| only_attempts || run.kind == LogKind::Action);
        let expected = expected.flat_map(|run| run.steps.iter().map(|step| (run.id, step.clone())));
        let expected = expected.filter(|(_, step)| {
            success.is_none_or(|success| step.success == success) && (!only_attempts || !step.attempts.is_empty())
        });
        let expected = expected.collect::<Vec<_>>();
        let (mut start, mut found, mut total) = (PageStart::Offset(0), Vec::new(), None);
        loop {
            let query = StepQuery { project: "ours".to_owned(), filter: filter.clone(), only_attempts, start, size: 7 };
            let page = store.steps(&query).await.unwrap();
            total = total.or(page.total);
            found.extend(page.rows.into_iter().map(|row| (row.run, row.step)));
            match page.next {
                Some(next) => start = PageStart::After(next),
                None => break,
            }
        }
        let count = expected.iter().map(|(_, step)| if only_attempts { step.attempts.len() as u64 } else { 1 }).sum();
        assert_eq!((found, total), (expected, Some(count)), "{success:?} {only_attempts}");
    }
}

/// Counts from the roll-ups and from the rows agree with the runs.
pub(crate) async fn aggregates_agree_with_the_runs(store: &dyn LogStore) {
    use Dimension as D;
    let rows = runs(6, "ours", 400);
    append(store, &rows).await;
    store.append(&runs(7, "theirs", 40)).await.unwrap();
    let at = |minute: i64| Timestamp::from_micros(START + minute * MINUTE);
    let cases: Vec<(&str, Vec<D>, Values)> = vec![
        (
            "rolled up",
            vec![D::ConnectorKey, D::Success],
            Box::new(|run| vec![run.target.connector.clone(), Some((run.status < 400).to_string())]),
        ),
        (
            "rolled up by source",
            vec![D::SourceType, D::StatusCode],
            Box::new(|run| vec![run.source.kind.clone(), Some(run.status.to_string())]),
        ),
        (
            "from rows",
            vec![D::AccountSecureId, D::HttpMethod],
            Box::new(|run| vec![run.party.account.clone(), run.method.clone()]),
        ),
        ("no dimension", vec![], Box::new(|_| vec![])),
        ("kind", vec![D::LogType], Box::new(|run| vec![Some(run.kind.as_str().to_owned())])),
        ("action", vec![D::ActionId], Box::new(|run| vec![run.target.action.clone()])),
    ];
    for (name, dimensions, values) in cases {
        // Hours are cut on both sides.
        for (start, end) in [(None, None), (Some(at(17)), Some(at(333))), (Some(at(40)), Some(at(45)))] {
            for interval in [Interval::None, Interval::Hour, Interval::Minute] {
                let filter = LogFilter { start, end, ..LogFilter::default() }.with(D::SourceType, &["api", "mcp"]);
                let query = AggregateQuery {
                    project: "ours".to_owned(),
                    filter,
                    dimensions: dimensions.clone(),
                    interval,
                    period: 1,
                };
                let found = store.aggregate(&query).await.unwrap();
                assert_eq!(found.searched_from, None);
                let mut expected = BTreeMap::<(Option<i64>, Vec<Option<String>>), (u64, u64)>::new();
                for run in &rows {
                    if start.is_some_and(|start| run.started_at < start) || end.is_some_and(|end| run.started_at > end)
                    {
                        continue;
                    }
                    let length = match interval {
                        Interval::Hour => Some(60 * MINUTE),
                        Interval::Minute => Some(MINUTE),
                        _ => None,
                    };
                    let time = length.map(|length| run.started_at.as_micros() / length * length);
                    let counts = expected.entry((time, values(run))).or_default();
                    counts.0 += 1;
                    counts.1 += u64::from(run.status >= 400);
                }
                let found = found
                    .rows
                    .into_iter()
                    .map(|row| ((row.time.map(Timestamp::as_micros), row.values), (row.durations.calls(), row.errors)));
                assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{name} {interval:?} {start:?}");
            }
        }
    }
}

/// Runs are deleted when they are too old, also those of a segment that stays; the newest ones stay.
pub(crate) async fn old_runs_are_deleted(store: &dyn LogStore) {
    const DAY: i64 = 24 * 60 * MINUTE;
    let mut generator = Generator::new(8, 20);
    let at = |hours: i64| Timestamp::from_micros(START + hours * 60 * MINUTE);
    let rows = (0..240).map(|hour| generator.run("ours", at(hour))).collect::<Vec<_>>();
    for chunk in rows.chunks(10) {
        store.append(chunk).await.unwrap();
        store.tidy().await.unwrap();
    }
    let now = at(239);
    let retention = Retention { days: 3, ..Retention::default() };
    let removed = store.retain(now, &retention).await.unwrap();
    let kept = rows.iter().rev().filter(|run| run.started_at.as_micros() >= now.as_micros() - 3 * DAY);
    let kept = kept.map(listed).collect::<Vec<_>>();
    assert_eq!(removed, (rows.len() - kept.len()) as u64);
    assert_eq!(store.runs(&query("ours", LogFilter::default())).await.unwrap().rows, kept);
    let status = store.status().await.unwrap();
    assert_eq!((status.runs, status.newest), (kept.len() as u64, Some(now)));
    assert_eq!(store.retain(now, &retention).await.unwrap(), 0);
    let kept = &rows[rows.len() - 3];
    assert_eq!(store.run("ours", kept.id).await.unwrap().as_ref(), Some(kept));
}
