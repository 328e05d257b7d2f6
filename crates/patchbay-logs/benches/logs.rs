//! What logs cost: processor time for each run that is appended, indexes included, and the time of twenty filters.
//!
//! `bench/logs RUNS` prints two tables. The runs are made from a seed, so that two measurements have the same ones.

use std::time::{Duration, Instant};

use patchbay_logs::{
    Dimension as D, Generator, LogFilter, LogStore, Order, OrderBy, PageStart, RunQuery, SqliteLimits, SqliteLogs,
};
use patchbay_model::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The number of runs without an argument.
const DEFAULT_RUNS: u64 = 1_000_000;
/// The number of runs in a transaction.
const BATCH: usize = 4_096;
/// The time over which the runs are spread: 90 days, in microseconds.
const SPAN: u64 = 90 * 86_400_000_000;
/// The start of the first run.
const START: i64 = 1_768_473_000_000_000;

/// Returns the processor time of this process.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Returns twenty filters.
fn filters(runs: u64) -> Vec<(&'static str, LogFilter, Order)> {
    let all = LogFilter::default;
    let at = |part: u64| Some(Timestamp::from_micros(START + i64::try_from(SPAN / 10 * part).unwrap_or(i64::MAX)));
    let newest = Order::default();
    let slowest = Order { by: OrderBy::Duration, ascending: false };
    let day = LogFilter { start: at(9), ..all() };
    vec![
        ("newest", all(), newest),
        ("oldest", all(), Order { ascending: true, ..newest }),
        ("account", all().with(D::AccountSecureId, &["account_7"]), newest),
        ("rare account", all().with(D::AccountSecureId, &["account_9000"]), newest),
        ("unknown account", all().with(D::AccountSecureId, &["nobody"]), newest),
        ("owner", all().with(D::OriginOwnerId, &["customer_3"]), newest),
        ("action", all().with(D::ActionId, &["connector_3_action_3"]), newest),
        ("connector", all().with(D::ConnectorKey, &["connector_3"]), newest),
        ("connector version", all().with(D::ConnectorVersion, &["1.0.0"]), newest),
        ("status 502", all().with(D::StatusCode, &["502"]), newest),
        ("failed", LogFilter { success: Some(false), ..all() }, newest),
        (
            "failed of an account",
            LogFilter { success: Some(false), ..all() }.with(D::AccountSecureId, &["account_7"]),
            newest,
        ),
        ("error code", all().with(D::ErrorCode, &["RateLimitError"]), newest),
        ("address", all().with(D::IpAddress, &["192.0.2.7"]), newest),
        ("user agent", all().with(D::UserAgent, &["client/3"]), newest),
        ("source", all().with(D::SourceType, &["mcp"]), newest),
        ("raw requests", all().with(D::LogType, &["unified"]), newest),
        ("slower than 1.8 s", LogFilter { min_duration_micros: Some(1_800_000), ..all() }, newest),
        ("last nine days, slowest", day, slowest),
        ("text", LogFilter { text: Some(format!("with 502 to item {}", runs % 50)), ..all() }, newest),
    ]
}

fn main() {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(DEFAULT_RUNS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let directory = tempfile::tempdir();
    match (runtime, directory) {
        (Ok(runtime), Ok(directory)) => runtime.block_on(measure(runs, directory.path())),
        _ => eprintln!("cannot start"),
    }
}

async fn measure(runs: u64, directory: &std::path::Path) {
    let path = directory.join("logs.db");
    let store = match SqliteLogs::open(&path, SqliteLimits::default()).await {
        Ok(store) => store,
        Err(error) => return eprintln!("{error}"),
    };
    let mut generator = Generator::new(1, 10_000);
    let (mut batch, mut spent, mut steps) = (Vec::with_capacity(BATCH), Duration::ZERO, 0);
    for number in 0..runs {
        let after = i64::try_from(SPAN / runs.max(1) * number).unwrap_or(i64::MAX);
        let run = generator.run("project", Timestamp::from_micros(START.saturating_add(after)));
        steps += run.steps.len();
        batch.push(run);
        if batch.len() == BATCH || number + 1 == runs {
            let before = processor_time();
            let appended = store.append(&batch).await;
            while matches!(store.tidy().await, Ok(true)) {}
            spent += processor_time().saturating_sub(before);
            if let Err(error) = appended {
                return eprintln!("{error}");
            }
            batch.clear();
        }
    }
    let bytes = store.status().await.map(|status| status.bytes).unwrap_or_default();
    let each = spent.as_nanos() / u128::from(runs.max(1));
    println!("{runs} runs, {steps} steps, {} MB, {each} ns of processor time a run", bytes / 1_000_000);
    for (name, filter, order) in filters(runs) {
        let query = RunQuery { project: "project".to_owned(), filter, order, start: PageStart::Offset(0), size: 25 };
        let began = Instant::now();
        match store.runs(&query).await {
            Ok(page) => println!(
                "{name:28} {:8.1} ms  {:3} rows, {}{}",
                began.elapsed().as_secs_f64() * 1_000.0,
                page.rows.len(),
                page.total_at_least,
                if page.total.is_some() { "" } else { "+" }
            ),
            Err(error) => println!("{name:28} {error}"),
        }
    }
    store.close().await;
}
