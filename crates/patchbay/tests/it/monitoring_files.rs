//! The files for monitoring in `deploy`: Prometheus and Grafana can use them with what the server says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Client, LinkedServer, canary};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// Returns the metrics with their types.
fn metrics() -> BTreeMap<String, String> {
    let linked = LinkedServer::new();
    let text = linked.api().get("/metrics").body;
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

/// Returns the names that a query may use.
fn series(metrics: &BTreeMap<String, String>) -> BTreeSet<String> {
    let names = metrics.iter().flat_map(|(name, kind)| match kind.as_str() {
        "counter" => vec![format!("{name}_total")],
        "histogram" => ["bucket", "count", "sum"].map(|part| format!("{name}_{part}")).to_vec(),
        _ => vec![name.clone()],
    });
    names.collect()
}

/// Returns the names in a text that are those of metrics.
fn used(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_metric = |word: &&str| {
        ["patchbay_", "http_", "process_", "mcp_"].iter().any(|prefix| word.starts_with(prefix)) && word.len() > 9
    };
    words.filter(is_metric).map(str::to_owned).collect()
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value {
            Value::String(text) if matches!(name.as_str(), "expr" | "definition" | "query") => found.push(text.clone()),
            other => expressions(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

fn run(program: &str, arguments: &[&str], directory: &Path) {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `tools/need promtool` installs it"));
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}:\n{text}");
}

#[test]
fn the_dashboard_the_rules_and_the_page_use_metrics_that_exist() {
    let metrics = metrics();
    let known = series(&metrics);
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/patchbay.json")).unwrap();
    let mut queries = Vec::new();
    expressions(&dashboard, &mut queries);
    assert!(queries.len() > 30, "{}", queries.len());
    for (place, text) in [
        ("the dashboard", queries.join("\n")),
        ("the rules", read("deploy/prometheus/alerts.yaml")),
        ("the tests of the rules", read("deploy/prometheus/alerts-test.yaml")),
    ] {
        let unknown = used(&text).difference(&known).cloned().collect::<Vec<_>>();
        assert!(unknown.is_empty(), "{place} uses {unknown:?}; there are {known:#?}");
    }
    // The page has a row for each metric, and no other rows.
    let page = read("docs/operate/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let documented = rows.filter_map(|(name, rest)| Some((name.to_owned(), rest.split(' ').next()?.to_owned())));
    let documented = documented.filter(|(name, _)| !name.starts_with('/')).collect::<BTreeMap<_, _>>();
    let expected = metrics.into_iter().map(|(name, kind)| {
        let name = if kind == "counter" { format!("{name}_total") } else { name };
        (name, kind)
    });
    assert_eq!(documented, expected.collect::<BTreeMap<_, _>>());
}

#[test]
fn each_alert_has_a_section_of_the_page() {
    let (rules, page) = (read("deploy/prometheus/alerts.yaml"), read("docs/operate/alerts.md"));
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect::<Vec<_>>();
    let runbooks = rules.lines().filter_map(|line| line.trim().strip_prefix("runbook: /docs/operate/alerts#"));
    let expected = alerts.iter().zip(runbooks).map(|(alert, anchor)| format!("## {alert} {{#{anchor}}}"));
    let sections = page.lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sections, expected.collect::<Vec<_>>());
    let tests = read("deploy/prometheus/alerts-test.yaml");
    for alert in alerts {
        assert!(tests.contains(&format!("- alertname: {alert}\n")), "{alert} has no test");
    }
}

#[test]
fn prometheus_accepts_the_rules_and_their_tests_pass() {
    let directory = repository().join("deploy/prometheus");
    run("promtool", &["check", "config", "prometheus.yaml"], &directory);
    run("promtool", &["check", "rules", "alerts.yaml"], &directory);
    run("promtool", &["test", "rules", "alerts-test.yaml"], &directory);
}

/// A running Prometheus, which is stopped when it is dropped.
struct Prometheus(Child);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prometheus_reads_the_metrics_with_a_key() {
    let linked = LinkedServer::new();
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    let directory = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let target = linked.server.base.strip_prefix("http://").unwrap();
    let configuration = json!({
        "global": { "scrape_interval": "1s" },
        "scrape_configs": [{
            "job_name": "patchbay",
            "authorization": { "type": "Bearer", "credentials": canary::API_KEY },
            "static_configs": [{ "targets": [target] }],
        }],
    });
    let file = directory.path().join("prometheus.json");
    fs::write(&file, configuration.to_string()).unwrap();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _prometheus =
        Prometheus(child.unwrap_or_else(|error| panic!("prometheus: {error}; `tools/need promtool` installs it")));
    let deadline = Instant::now() + Duration::from_mins(1);
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(Instant::now() < deadline, "Prometheus does not start");
        thread::yield_now();
    }
    let api = Client::new(&format!("http://{address}"));
    loop {
        let query = "patchbay_action_runs_total%7Bconnector%3D%22spotdraft%22%2Coutcome%3D%22success%22%7D";
        let answer = api.get(&format!("/api/v1/query?query={query}"));
        if answer.status == 200
            && let Some(found) = answer.json()["data"]["result"].get(0)
        {
            assert_eq!(found["value"][1], "1", "{answer}");
            assert_eq!(found["metric"]["action"], "spotdraft_list_contract_types", "{answer}");
            break;
        }
        assert!(Instant::now() < deadline, "{answer}\n{}", api.get("/api/v1/targets").body);
        thread::yield_now();
    }
}
