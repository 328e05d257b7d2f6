//! Bodies whose text is small next to what it becomes, from a provider and from a caller: the server's memory hardly grows,
//! other callers are answered meanwhile, and when too many come at once they are refused in words.

use std::{
    mem,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{ApiResponse, LinkedServer, Server, pushing::pushing_project};

const MIB: usize = 1024 * 1024;
/// The other callers of these tests send more requests than a key may.
const WITHOUT_KEY_LIMIT: [&str; 2] = ["--key-requests-per-minute", "0"];
/// The length of each body: just below the limit of 32 MiB.
const BODY_BYTES: usize = 30 * MIB;
/// The largest growth of the server's memory for one body, in KiB.
const MAX_GROWTH_KIB: u64 = 256 * 1024;
/// The longest that another caller waits while bodies are read. A debug build on two cores needs most of it.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// A body: its name, content type, and how it repeats an item.
struct Bomb {
    name: &'static str,
    kind: &'static str,
    before: &'static str,
    item: &'static str,
    after: &'static str,
}

const fn json_bomb(name: &'static str, before: &'static str, item: &'static str, after: &'static str) -> Bomb {
    Bomb { name, kind: "application/json", before, item, after }
}

const fn xml_bomb(name: &'static str, item: &'static str) -> Bomb {
    Bomb { name, kind: "application/xml", before: "<a>", item, after: "</a>" }
}

const JSON_BOMBS: [Bomb; 9] = [
    json_bomb("empty objects", "[", "{},", "{}]"),
    json_bomb("numbers", "[", "1,", "1]"),
    json_bomb("long numbers", "[", "-1.23456789e-5,", "1]"),
    json_bomb("empty strings", "[", "\"\",", "\"\"]"),
    json_bomb("keys", "{", "\"k#\":1,", "\"k\":1}"),
    json_bomb("pairs", "[", "[1,2],", "[]]"),
    json_bomb("nested lists", "[", "[[[[[[[[[[]]]]]]]]]],", "[]]"),
    json_bomb("open lists", "[", "[", "]"),
    json_bomb("a text in the text", "{\"$serde_json::private::RawValue\":\"[", "{},", "{}]\"}"),
];
const XML_BOMBS: [Bomb; 4] = [
    xml_bomb("empty elements", "<b/>"),
    xml_bomb("different elements", "<b#/>"),
    xml_bomb("attributes", "<b c=\"\"/>"),
    xml_bomb("pairs of elements", "<b><c/></b>"),
];

impl Bomb {
    fn fault(&self, bytes: usize) -> Value {
        let Self { kind, before, item, after, .. } = self;
        let (kind, before, item, after) = (*kind, *before, *item, *after);
        json!({
            "kind": "repeated", "content_type": kind, "before": before, "item": item, "after": after, "bytes": bytes,
        })
    }

    fn text(&self, bytes: usize) -> String {
        let mut text = self.before.to_owned();
        let mut number = 0;
        while text.len() < bytes {
            text.push_str(&self.item.replace('#', &number.to_string()));
            number += 1;
        }
        text + self.after
    }
}

/// What happened while work was done.
struct Measured<T> {
    result: T,
    /// The growth of the largest resident memory, in KiB.
    grown: u64,
    /// The longest wait of another caller.
    wait: Duration,
}

/// Does work while another caller asks for `/healthz` and runs a small action.
fn measure<T>(name: &str, linked: &LinkedServer, work: impl FnOnce() -> T) -> Measured<T> {
    let server = &linked.server;
    // Resets the peak to the memory of this moment.
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
    let before = server.memory_kib("VmHWM");
    let is_done = AtomicBool::new(false);
    let (result, wait) = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_done.load(Ordering::Relaxed) {
                let start = Instant::now();
                assert_eq!(server.anonymous().get("/healthz").status, 200);
                let accounts = server.api().get("/accounts?page_size=1");
                assert_eq!(accounts.status, 200, "{accounts}");
                longest = longest.max(start.elapsed());
            }
            longest
        });
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        (result, watching.join().unwrap())
    });
    let grown = server.memory_kib("VmHWM").saturating_sub(before);
    eprintln!("{name}: {} MiB more, another caller waits at most {wait:?}", grown / 1024);
    Measured { result, grown, wait }
}

fn run(linked: &LinkedServer) -> ApiResponse {
    linked.run("get_contract_status", json!({ "path": { "composite_id": "T-8" } }))
}

fn proxy(linked: &LinkedServer) -> ApiResponse {
    linked.api().post("/unified/proxy", &json!({ "path": "/v2.1/public/contracts/T-8/status" }))
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn bodies_of_a_provider_cost_little_and_stop_nobody() {
    let linked = LinkedServer::with_arguments(&WITHOUT_KEY_LIMIT);
    for bomb in JSON_BOMBS.iter().chain(&XML_BOMBS) {
        linked.provider.fault(1, bomb.fault(BODY_BYTES));
        let measured = measure(&format!("a provider's {}", bomb.name), &linked, || run(&linked));
        let answer = measured.result;
        assert!(matches!(answer.status, 200 | 502), "{}: {:.300}", bomb.name, answer.body);
        assert!(measured.grown < MAX_GROWTH_KIB, "{}: {} KiB", bomb.name, measured.grown);
        assert!(measured.wait < MAX_WAIT, "{}: {:?}", bomb.name, measured.wait);
    }
    linked.provider.fault(1, JSON_BOMBS[0].fault(BODY_BYTES));
    let measured = measure("a proxied body", &linked, || proxy(&linked));
    assert_eq!(measured.result.status, 200, "{:.300}", measured.result.body);
    assert!(measured.grown < MAX_GROWTH_KIB && measured.wait < MAX_WAIT, "{} KiB", measured.grown);
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn bodies_of_a_caller_cost_little_and_stop_nobody() {
    let linked = LinkedServer::with_arguments(&WITHOUT_KEY_LIMIT);
    let token = linked.server.session(json!({}));
    for bomb in &JSON_BOMBS {
        let list = bomb.text(BODY_BYTES);
        let body = format!("{{\"action\":\"spotdraft_get_contract_status\",\"body\":{{\"x\":{list}}}}}");
        let unknown = format!("{{\"integration_id\":\"x\",\"credentials\":{{\"x\":{list}}}}}");
        let requests: [(&str, &dyn Fn() -> ApiResponse); 3] = [
            ("/actions/rpc", &|| linked.api().send("POST", "/actions/rpc", Some(body.clone()))),
            ("/unified/proxy", &|| linked.api().send("POST", "/unified/proxy", Some(body.clone()))),
            ("/hub/accounts", &|| linked.server.hub(&token).send("POST", "/hub/accounts", Some(unknown.clone()))),
        ];
        for (path, send) in requests {
            let name = format!("a caller's {} at {path}", bomb.name);
            let measured = measure(&name, &linked, send);
            assert!((400..500).contains(&measured.result.status), "{name}: {:.300}", measured.result.body);
            assert!(measured.grown < MAX_GROWTH_KIB, "{name}: {} KiB", measured.grown);
            assert!(measured.wait < MAX_WAIT, "{name}: {:?}", measured.wait);
        }
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn connector_files_cost_little() {
    let mut linked = LinkedServer::with_arguments(&WITHOUT_KEY_LIMIT);
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let key = pushing_project(&data_dir, "Ours");
    let restarted = Server::start_in(&data_dir, &linked.provider, &WITHOUT_KEY_LIMIT);
    // The first one owns the folder.
    let _first = mem::replace(&mut linked.server, restarted);
    let aliases = {
        let levels = (1..12).map(|level| {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{inner}]\n")
        });
        format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", levels.collect::<String>())
    };
    let yaml = linked.server.with_key(&key).header("content-type", "application/yaml");
    for (name, text) in [
        ("aliases", aliases),
        ("empty lists", format!("x: [{}[]]\n", "[],".repeat(600_000))),
        ("entries", (0..200_000).map(|number| format!("a{number}:\n")).collect()),
        ("nested lists", format!("x: {}", "[".repeat(2_000_000))),
        ("a long body", "x".repeat(BODY_BYTES)),
    ] {
        let measured = measure(name, &linked, || yaml.send("POST", "/connectors", Some(text.clone())));
        assert_eq!(measured.result.status, 400, "{name}: {:.300}", measured.result.body);
        assert!(measured.grown < MAX_GROWTH_KIB, "{name}: {} KiB", measured.grown);
        assert!(measured.wait < MAX_WAIT, "{name}: {:?}", measured.wait);
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn many_large_bodies_at_once_are_refused_and_not_fatal() {
    const CALLERS: usize = 16;
    let linked =
        LinkedServer::with_arguments(&["--memory-limit-mib", "256", WITHOUT_KEY_LIMIT[0], WITHOUT_KEY_LIMIT[1]]);
    let record = json!({ "id": "T-8", "status": "DRAFT", "name": "Mutual NDA", "counterparty": "Acme Incorporated" });
    let body = |bytes: usize| json!({ "kind": "repeated", "before": "[", "item": format!("{record},"), "after": "{}]", "bytes": bytes });
    linked.provider.fault(1, body(8 * MIB));
    assert_eq!(run(&linked).status, 200);
    linked.provider.fault(u32::try_from(CALLERS).unwrap(), body(8 * MIB));
    let measured = measure("16 large calls at once", &linked, || {
        thread::scope(|scope| {
            let calls = (0..CALLERS).map(|_| scope.spawn(|| run(&linked))).collect::<Vec<_>>();
            calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
        })
    });
    let (mut done, mut refused) = (0, 0);
    for answer in &measured.result {
        match answer.status {
            200 => done += 1,
            503 => {
                refused += 1;
                assert_eq!(answer.code(), "ServerBusyError", "{answer}");
                assert!(answer.header("retry-after").is_some(), "{answer}");
            }
            _ => panic!("{answer:.300}"),
        }
    }
    eprintln!("{done} were answered, {refused} refused");
    assert!(done > 0 && refused > 0, "{done} {refused}");
    // The budget, and what the allocator keeps beside it.
    assert!(measured.grown < 2 * MAX_GROWTH_KIB, "{} KiB", measured.grown);
    assert!(measured.wait < MAX_WAIT, "{:?}", measured.wait);
    linked.provider.fault_none();
    linked.provider.fault(1, body(8 * MIB));
    assert_eq!(run(&linked).status, 200, "the memory is released");
}
