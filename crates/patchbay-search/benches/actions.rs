//! The cost of the search for actions: time and memory with ten thousand actions of connectors that do not exist.
//!
//! `cargo bench -p patchbay-search --bench actions` prints a table. The queries are those of the development set, so they are
//! as long as those of people, and a quarter of them has a wrong letter.

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use patchbay_search::actions::{ActionIndex, ActionText};

const ACTIONS: usize = 10_000;
const ACTIONS_OF_CONNECTOR: usize = 50;
const ROUNDS: usize = 10;
const RESULTS: usize = 100;

const VERBS: [&str; 10] =
    ["list", "get", "create", "update", "delete", "search", "send", "approve", "archive", "export"];
const NOUNS: [&str; 40] = [
    "accounts",
    "applicants",
    "attachments",
    "boards",
    "calls",
    "campaigns",
    "cards",
    "channels",
    "comments",
    "companies",
    "contacts",
    "contracts",
    "courses",
    "customers",
    "deals",
    "documents",
    "employees",
    "events",
    "files",
    "folders",
    "invoices",
    "issues",
    "jobs",
    "labels",
    "leads",
    "meetings",
    "messages",
    "notes",
    "orders",
    "pages",
    "payments",
    "products",
    "projects",
    "recordings",
    "refunds",
    "reports",
    "subscriptions",
    "tasks",
    "tickets",
    "users",
];
const QUALITIES: [&str; 8] = ["open", "overdue", "internal", "shared", "recent", "private", "signed", "archived"];

/// The texts of an action that does not exist.
struct Texts {
    id: String,
    local_id: String,
    connector: String,
    title: String,
    label: String,
    description: String,
    phrases: Vec<String>,
}

fn texts(number: usize) -> Texts {
    let connector = number / ACTIONS_OF_CONNECTOR;
    let (verb, noun) = (VERBS[number % 10], NOUNS[(number / 10 + connector * 7) % 40]);
    let (quality, other) = (QUALITIES[(number + connector) % 8], NOUNS[(number / 3) % 40]);
    let local_id = format!("{verb}_{quality}_{noun}");
    Texts {
        id: format!("vendor{connector}_{local_id}"),
        local_id,
        connector: format!("vendor{connector}"),
        title: format!("Vendor {connector}"),
        label: format!("{verb} {quality} {noun}"),
        description: format!("Calls the provider to {verb} the {quality} {noun} of the {other}, one page at a time."),
        phrases: vec![
            format!("{verb} all {noun} that are {quality}"),
            format!("which {noun} of the {other} are {quality}"),
            format!("{verb} what belongs to {other} number {number}"),
        ],
    }
}

fn main() {
    let texts = (0..ACTIONS).map(texts).collect::<Vec<_>>();
    let actions = texts.iter().map(|texts| ActionText {
        id: &texts.id,
        local_id: &texts.local_id,
        connector: &texts.connector,
        title: &texts.title,
        label: &texts.label,
        description: &texts.description,
        phrases: &texts.phrases,
        categories: vec!["crm", "documents"],
        parameters: vec!["id", "limit", "cursor", "created_after"],
    });
    let actions = actions.collect::<Vec<_>>();
    drop(ActionIndex::new(&actions[..100]));
    let before = resident_kilobytes();
    let started = Instant::now();
    let index = ActionIndex::new(&actions);
    let built = started.elapsed();
    let memory = resident_kilobytes().saturating_sub(before);

    let queries = queries();
    let mut times = Vec::with_capacity(queries.len() * ROUNDS);
    for _ in 0..ROUNDS {
        for query in &queries {
            let started = Instant::now();
            black_box(index.search(black_box(query), RESULTS, |_| true));
            times.push(started.elapsed());
        }
    }
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let share = |percent: usize| millis(times[(times.len() * percent / 100).min(times.len() - 1)]);
    println!("| {ACTIONS} actions, {} queries            | measured | limit |", queries.len());
    println!("|------------------------------------------|---------:|------:|");
    println!("| search, median                           | {:>5.2} ms |       |", share(50));
    println!("| search, 99th percentile                  | {:>5.2} ms | 10 ms |", share(99));
    println!("| search, slowest                          | {:>5.2} ms |       |", millis(times[times.len() - 1]));
    println!("| index: built in                          | {:>5.0} ms | 2000 ms |", millis(built));
    println!("| index: growth of the process while built | {:>5.1} MB | 15 MB |", kilobytes_to_megabytes(memory));
}

/// Returns the queries of the development set; in every fourth, two letters of the longest word are exchanged.
fn queries() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/queries.tsv");
    let text = fs::read_to_string(path).expect("the queries are there");
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next());
    lines
        .enumerate()
        .map(|(number, query)| if number % 4 == 0 { misspelled(query) } else { query.to_owned() })
        .collect()
}

fn misspelled(query: &str) -> String {
    let longest = query.split(' ').max_by_key(|word| word.len()).unwrap_or_default();
    let mut letters = longest.chars().collect::<Vec<_>>();
    if letters.len() > 3 {
        letters.swap(1, 2);
    }
    query.replace(longest, &letters.into_iter().collect::<String>())
}

/// Returns the memory of the process in kilobytes; 0 where the system does not tell.
fn resident_kilobytes() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

fn kilobytes_to_megabytes(kilobytes: u32) -> f64 {
    f64::from(kilobytes) / 1024.0
}
