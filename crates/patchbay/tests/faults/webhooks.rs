//! Webhooks under load: servers that are killed, receivers that are dead or slow, and the libraries of Standard Webhooks as
//! receivers.

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    LinkedServer, Provider, Server,
    database::select,
    link_body,
    receiver::{Delivered, Receiver},
};

/// The arguments of every server: deliveries may reach this machine, and keys are not limited.
const ARGUMENTS: [&str; 4] = ["--egress-allow", "127.0.0.0/8", "--key-requests-per-minute", "0"];
/// The number of times that a process is killed.
const KILLS: u64 = 40;

fn header<'a>(delivered: &'a Delivered, name: &str) -> &'a str {
    delivered.0[name].to_str().unwrap()
}

fn create(server: &Server, url: &str, events: &[&str]) -> (i64, String) {
    let created = server.api().post("/webhooks", &json!({ "url": url, "events": events }));
    assert_eq!(created.status, 201, "{created}");
    (created.json()["id"].as_i64().unwrap(), created.text("/secret"))
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn every_change_has_its_event_however_often_the_server_is_killed() {
    let (provider, receiver) = (Provider::start(), Receiver::start());
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut server = Server::start_in(&data_dir, &provider, &ARGUMENTS);
    let token = server.session(json!({}));
    let linked = server.hub(&token).post("/hub/accounts", &link_body(&server.integration(&token)));
    let account = linked.text("/id");
    let revision = || {
        let query = format!("SELECT CAST(revision AS TEXT) FROM accounts WHERE id = '{account}'");
        select(&data_dir, &query).parse::<usize>().unwrap()
    };
    create(&server, &receiver.url, &["account.updated"]);
    let before = revision();
    let mut confirmed = 0_u64;
    for round in 0..KILLS {
        let (base, path) = (server.api(), format!("/accounts/{account}"));
        confirmed += std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                // Until the server is gone.
                let write = |number: u64| {
                    let label = json!({ "label": format!("round {round}, write {number}") }).to_string();
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| base.send("PATCH", &path, Some(label))))
                };
                let mut written = 0;
                while write(written).is_ok_and(|answer| answer.status == 200) {
                    written += 1;
                }
                written
            });
            let moment = Instant::now() + Duration::from_millis(20 + round * 37 % 200);
            while Instant::now() < moment {
                std::thread::yield_now();
            }
            server.kill();
            writer.join().unwrap()
        });
        server = Server::start_in(&data_dir, &provider, &ARGUMENTS);
    }
    let changes = revision() - before;
    let mut bytes = BTreeMap::new();
    let deadline = Instant::now() + Duration::from_mins(2);
    while bytes.len() < changes {
        assert!(Instant::now() < deadline, "{} of {changes} changes were delivered", bytes.len());
        for delivered in receiver.received() {
            let id = header(&delivered, "webhook-id").to_owned();
            let first = bytes.entry(id).or_insert_with(|| delivered.1.clone());
            assert_eq!(*first, delivered.1, "an event has other bytes");
        }
    }
    let attempts = receiver.received().len();
    assert_eq!(bytes.len(), changes, "no event without a change");
    assert!(u64::try_from(changes).unwrap() >= confirmed);
    eprintln!(
        "{KILLS} kills, {confirmed} confirmed and {changes} stored changes, as many events, {attempts} deliveries"
    );
}

/// Drains `events` of each of 50 webhooks, the first ten of which answer as `bad` says. Returns how long the healthy ones took.
fn drain(events: usize, bad: Option<(Duration, StatusCode)>) -> Duration {
    let linked = LinkedServer::with_arguments(&ARGUMENTS);
    let receivers = (0..50).map(|number| {
        let answer = bad.filter(|_| number < 10).unwrap_or((Duration::ZERO, StatusCode::NO_CONTENT));
        Receiver::answering(move |_| answer)
    });
    let receivers = receivers.collect::<Vec<_>>();
    let accepting = if bad.is_some() { 10..50 } else { 0..40 };
    let used = if bad.is_some() { 0..50 } else { 0..40 };
    for receiver in &receivers[used] {
        create(&linked.server, &receiver.url, &["account.updated"]);
    }
    let (path, began) = (format!("/accounts/{}", linked.account), Instant::now());
    for number in 0..events {
        let changed = linked.server.api().patch(&path, &json!({ "label": format!("label {number}") }));
        assert_eq!(changed.status, 200, "{changed}");
    }
    for receiver in &receivers[accepting] {
        let received = receiver.wait_for(events);
        assert_eq!(received.len(), events, "each is delivered once");
    }
    began.elapsed()
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn dead_and_slow_receivers_do_not_delay_the_others() {
    // 10,000 deliveries over 50 webhooks.
    let events = 200;
    let healthy = drain(events, None);
    let beside_dead = drain(events, Some((Duration::ZERO, StatusCode::INTERNAL_SERVER_ERROR)));
    let beside_slow = drain(events, Some((Duration::from_secs(20), StatusCode::NO_CONTENT)));
    eprintln!(
        "healthy webhooks: {healthy:?} without others, {beside_dead:?} beside dead ones, {beside_slow:?} beside slow ones"
    );
    let limit = healthy.mul_f64(1.5) + Duration::from_secs(1);
    assert!(beside_dead < limit && beside_slow < limit, "limit {limit:?}");
}

/// Runs a verifier of a library: it gets `{secret, headers, body}` and prints `true` or the reason.
fn verify(command: &mut Command, secret: &str, delivered: &Delivered) -> String {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = names.map(|name| (name, Value::from(header(delivered, name))));
    let body = String::from_utf8(delivered.1.to_vec()).unwrap();
    let case = json!({ "secret": secret, "headers": Value::from_iter(headers), "body": body });
    let output = command.env("CASE", case.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const JAVASCRIPT: &str = r#"
const { Webhook } = require("standardwebhooks");
const { secret, headers, body } = JSON.parse(process.env.CASE);
try { new Webhook(secret).verify(body, headers); console.log("true"); } catch (error) { console.log(error.message); }
"#;
const SIGN: &str = r#"
const { Webhook } = require("standardwebhooks");
const { secret, headers, body } = JSON.parse(process.env.CASE);
console.log(new Webhook(secret).sign(headers["webhook-id"], new Date(headers["webhook-timestamp"] * 1000), body));
"#;
const PYTHON: &str = r#"
import json, os
from standardwebhooks.webhooks import Webhook
case = json.loads(os.environ["CASE"])
try:
    Webhook(case["secret"]).verify(case["body"], case["headers"])
    print("true")
except Exception as error:
    print(error)
"#;

/// Returns where the libraries are; none if they are not installed.
#[expect(clippy::disallowed_methods, reason = "who runs the test says where the libraries are")]
fn libraries() -> Option<(String, String)> {
    Some((std::env::var("STANDARD_WEBHOOKS_NODE").ok()?, std::env::var("STANDARD_WEBHOOKS_PYTHON").ok()?))
}

/// Needs the libraries: `STANDARD_WEBHOOKS_NODE` is a directory with the npm package `standardwebhooks` in its `node_modules`,
/// `STANDARD_WEBHOOKS_PYTHON` a Python with the package of that name.
#[test]
#[ignore = "needs the libraries of Standard Webhooks; `make faults` skips it without them"]
fn the_libraries_of_standard_webhooks_accept_a_delivery_and_nothing_else() {
    let Some((node, python)) = libraries() else {
        eprintln!("skipped: STANDARD_WEBHOOKS_NODE and STANDARD_WEBHOOKS_PYTHON are not set");
        return;
    };
    let (linked, receiver) = (LinkedServer::with_arguments(&ARGUMENTS), Receiver::start());
    let (webhook, secret) = create(&linked.server, &receiver.url, &["account.updated"]);
    let path = format!("/accounts/{}", linked.account);
    linked.server.api().patch(&path, &json!({ "label": "Ünïcödé ☃ \u{1f980}" }));
    linked.server.api().post(&format!("/webhooks/{webhook}/test"), &json!({}));
    let rotate = json!({ "overlap_seconds": 3600 });
    receiver.wait_for(2);
    let rotated = linked.server.api().post(&format!("/webhooks/{webhook}/rotate_secret"), &rotate).text("/secret");
    linked.server.api().post(&format!("/webhooks/{webhook}/test"), &json!({}));
    let received = receiver.wait_for(3);
    let check = |secret: &str, delivered: &Delivered| {
        let javascript = verify(Command::new("node").current_dir(&node).args(["-e", JAVASCRIPT]), secret, delivered);
        let by_python = verify(Command::new(&python).args(["-c", PYTHON]), secret, delivered);
        [javascript, by_python]
    };
    for delivered in &received {
        assert_eq!(check(&secret, delivered), ["true", "true"]);
        let changed = |change: fn(&mut Delivered)| {
            let mut other = delivered.clone();
            change(&mut other);
            check(&secret, &other)
        };
        let one_byte =
            changed(|(_, body)| *body = body.iter().map(|byte| if *byte == b'a' { b'b' } else { *byte }).collect());
        let another_id = changed(|(headers, _)| drop(headers.insert("webhook-id", "evt_another".parse().unwrap())));
        // A right signature, of a time six minutes ago.
        let mut late = delivered.clone();
        let time = header(delivered, "webhook-timestamp").parse::<u64>().unwrap() - 360;
        late.0.insert("webhook-timestamp", time.into());
        let sign = |delivered: &Delivered| {
            verify(Command::new("node").current_dir(&node).args(["-e", SIGN]), &secret, delivered)
        };
        let signature = sign(&late);
        late.0.insert("webhook-signature", signature.parse().unwrap());
        let late = check(&secret, &late);
        let ours = sign(delivered);
        assert!(header(delivered, "webhook-signature").split(' ').any(|one| one == ours), "{ours}");
        for refused in [one_byte, another_id, late] {
            assert!(refused.iter().all(|verdict| verdict != "true"), "{refused:?}");
        }
    }
    assert_eq!(check(&rotated, &received[2]), ["true", "true"], "both secrets sign");
    assert_ne!(check(&rotated, &received[0]), ["true", "true"]);
}
