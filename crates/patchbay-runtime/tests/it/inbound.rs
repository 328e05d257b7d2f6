//! Inbound events: what providers and their libraries sign is accepted, and anything else is refused.
//!
//! `fixtures/inbound` has a connector for each provider, requests that were signed by code that is not ours (`vectors.json`,
//! see `tools/webhook-vectors`), signatures that providers print, handshakes (`printed.json`), and all payloads of
//! `@octokit/webhooks-examples`.

#[path = "../../../../fuzz/src/inbound.rs"]
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, Method};
use patchbay_connector::{
    Connector, SourceFile,
    definition::{SignatureEncoding, SignatureSource, ValueSource},
    load, render,
};
use patchbay_model::{
    Clock, Entropy,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_runtime::{
    Error, Revocation,
    inbound::{
        Delivery, InboundRequest, InboundSecrets, KeySets, Received, Refusal, dedupe_key, event_type, receive, route,
        signature_values,
    },
    local_runner::{LocalAccount, LocalRunner},
    recorded_tests::{CaseFile, ExpectedDelivery, Revoker, run_cases},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inbound")
}

fn connector(key: &str) -> Connector {
    let name = format!("{key}.connector.yaml");
    let files = [SourceFile { text: fs::read_to_string(folder().join(&name)).unwrap(), name }];
    let loaded = load(&files);
    assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics, &files));
    loaded.connector.unwrap()
}

/// Returns the cases of a file by connector.
fn cases(file: &str) -> BTreeMap<String, CaseFile> {
    serde_json::from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap()
}

struct NoRevoker;

#[async_trait]
impl Revoker for NoRevoker {
    async fn revoke(&self, _: &LocalRunner, _: LocalAccount<'_>) -> Result<Revocation, Error> {
        panic!("no case revokes")
    }
}

/// Runs cases and returns what differs.
async fn differences(connector: &Connector, cases: &CaseFile) -> Vec<String> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-12-01T12:00:00Z"));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    run_cases(connector, cases, &clock, &entropy, &NoRevoker).await.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_providers_and_their_libraries_sign_is_accepted() {
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for file in ["vectors.json", "printed.json"] {
        for (key, cases) in cases(file) {
            wrong.extend(differences(&connector(&key), &cases).await);
            seen.insert(key);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fixtures = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let fixtures = fixtures.filter_map(|name| name.strip_suffix(".connector.yaml").map(str::to_owned));
    assert_eq!(seen, fixtures.collect(), "each fixture has a case");
    assert_eq!(seen.len(), 17);
}

/// Changes each vector in one way after another: none is accepted.
#[tokio::test]
async fn what_is_changed_late_unsigned_or_signed_by_someone_else_is_refused() {
    let mut accepted = Vec::new();
    for (key, mut file) in cases("vectors.json") {
        let connector = connector(&key);
        let unsigned = |name: &str| ["content-type", "x-goog-resource-state", "x-goog-channel-id"].contains(&name);
        for case in std::mem::take(&mut file.cases) {
            let delivery = case.delivery.as_ref().unwrap();
            let is_by_token = matches!(&case.received, Some(ExpectedDelivery::Accepted(event)) if event.scheme.as_deref() != Some("hmac"));
            let mut check = async |what: &str, change: &mut dyn FnMut(&mut patchbay_runtime::recorded_tests::Case)| {
                let mut changed = case.clone();
                change(&mut changed);
                for reason in Refusal::ALL {
                    changed.received = Some(ExpectedDelivery::Refused(reason.as_str().to_owned()));
                    let cases = CaseFile { connector: key.clone(), cases: vec![changed.clone()] };
                    if differences(&connector, &cases).await.is_empty() {
                        return;
                    }
                }
                accepted.push(format!("{key}: {}: {what}", case.name));
            };
            if !is_by_token {
                let body = delivery.body.as_str().unwrap().to_owned();
                check("a byte more", &mut |case| {
                    case.delivery.as_mut().unwrap().body = json!(format!("{body} "));
                })
                .await;
                let other = body.replacen(|c: char| c.is_ascii_alphabetic(), "Q", 1);
                check("another byte", &mut |case| case.delivery.as_mut().unwrap().body = json!(other)).await;
            }
            let proofs = delivery.headers.keys().filter(|name| {
                ["signature", "token", "authorization", "hmac", "timestamp", "hash"]
                    .iter()
                    .any(|part| name.contains(part))
                    && !unsigned(name)
            });
            for name in proofs {
                check(&format!("without {name}"), &mut |case| {
                    _ = case.delivery.as_mut().unwrap().headers.remove(name);
                })
                .await;
                check(&format!("empty {name}"), &mut |case| {
                    _ = case.delivery.as_mut().unwrap().headers.insert(name.clone(), json!(""));
                })
                .await;
            }
            check("another secret", &mut |case| {
                case.credentials.values_mut().for_each(|value| *value = json!("whsec_AAAA"));
                let delivery = case.delivery.as_mut().unwrap();
                let subscription = delivery.subscription.iter_mut().filter_map(Value::as_object_mut);
                subscription.flat_map(|map| map.values_mut()).for_each(|value| *value = json!("AAAA"));
                let keys = delivery.key_sets.values_mut().filter_map(|set| set.pointer_mut("/keys/0/kid"));
                keys.for_each(|kid| *kid = json!("another"));
            })
            .await;
            check("no secret", &mut |case| {
                case.credentials.clear();
                let delivery = case.delivery.as_mut().unwrap();
                delivery.subscription = None;
                delivery.key_sets.clear();
            })
            .await;
            let has_time = delivery.headers.keys().any(|name| name.contains("timestamp") || name == "authorization")
                || delivery.headers.values().any(|value| value.as_str().is_some_and(|text| text.starts_with("t=")));
            if has_time {
                for (what, moment) in [("late", "2026-12-01T14:00:00Z"), ("early", "2026-12-01T10:00:00Z")] {
                    check(what, &mut |case| case.delivery.as_mut().unwrap().now = moment.parse().unwrap()).await;
                }
            }
        }
    }
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
}

struct NoKeySets;

#[async_trait]
impl KeySets for NoKeySets {
    async fn key_set(&self, _: &str, _: Option<&str>) -> Option<Arc<Value>> {
        None
    }
}

fn request(headers: &[(&'static str, String)], body: String) -> InboundRequest {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    InboundRequest {
        method: Method::POST,
        url: "https://gateway.example.com/webhooks/in/token".to_owned(),
        headers: headers.collect::<HeaderMap>(),
        body: Bytes::from(body),
    }
}

/// Every payload of GitHub has a type, a key that does not depend on the body, and is routed, in a megabyte or more, too.
#[test]
fn every_payload_of_github_is_routed() {
    let connector = connector("github");
    let events = connector.events.as_ref().unwrap();
    let mut text = String::new();
    let packed = fs::read(folder().join("github-payloads.json.gz")).unwrap();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let groups: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut count, mut keys, mut types) = (0, BTreeSet::new(), BTreeSet::new());
    for group in &groups {
        let name = group["name"].as_str().unwrap();
        for payload in group["examples"].as_array().unwrap() {
            count += 1;
            let id = format!("72d3162e-cc78-11e3-81ab-{count:012}");
            let headers = [("x-github-event", name.to_owned()), ("x-github-delivery", id.clone())];
            let request = request(&headers, payload.to_string());
            let delivery = Delivery::new(&request);
            let expected = payload["action"].as_str().map_or(name.to_owned(), |action| format!("{name}.{action}"));
            assert_eq!(event_type(events, &delivery).as_deref(), Some(expected.as_str()));
            let routed = route(events, &delivery).unwrap();
            assert_eq!(routed.len(), 1);
            assert_eq!((&routed[0].input["type"], &routed[0].input["id"]), (&json!(expected), &json!(id)));
            keys.insert(dedupe_key(events, &delivery));
            types.insert(expected);
        }
    }
    assert_eq!((groups.len(), count, keys.len()), (58, 329, 329));
    assert!(types.len() > 150, "{}", types.len());
}

/// A secret that is echoed: the response repeats it, and only the first is kept.
#[tokio::test]
async fn a_secret_in_a_header_is_kept_and_echoed() {
    let connector = connector("hooksecret");
    let events = connector.events.as_ref().unwrap();
    let request = request(&[("x-hook-secret", "first".to_owned())], String::new());
    let delivery = Delivery::new(&request);
    let now = "2026-12-01T12:00:00Z".parse().unwrap();
    let received = receive(events, &delivery, &InboundSecrets::default(), &NoKeySets, now).await;
    let Received::Captured { field, value, response: Some(response) } = received else { panic!("{received:?}") };
    assert_eq!(
        (field.as_str(), value.expose(), &response.headers["x-hook-secret"]),
        ("hookSecret", "first", &"first".parse().unwrap())
    );
    let kept = json!({ "hookSecret": "earlier" });
    let secrets = InboundSecrets { credentials: vec![&kept], subscription: None };
    let received = receive(events, &delivery, &secrets, &NoKeySets, now).await;
    assert!(matches!(received, Received::Handshake(_)), "{received:?}");
}

/// Repeated headers are ambiguous, a form is an object, and a list of more than a thousand events is not routed.
#[tokio::test]
async fn odd_requests_are_refused_within_bounds() {
    let github = connector("github");
    let events = github.events.as_ref().unwrap();
    let digits = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let mut twice = request(&[("x-hub-signature-256", digits.to_owned())], "Hello, World!".to_owned());
    twice.headers.append("x-hub-signature-256", digits.parse().unwrap());
    let credentials = json!({ "signingSecret": "It's a Secret to Everybody" });
    let secrets = InboundSecrets { credentials: vec![&credentials], subscription: None };
    let now = "2026-12-01T12:00:00Z".parse().unwrap();
    let received = receive(events, &Delivery::new(&twice), &secrets, &NoKeySets, now).await;
    assert!(matches!(received, Received::Refused(Refusal::SignatureMalformed)), "{received:?}");

    let microsoft = connector("microsoft");
    let events = microsoft.events.as_ref().unwrap();
    let list = |count: usize| json!({ "value": vec![json!({ "changeType": "created" }); count] }).to_string();
    assert_eq!(route(events, &Delivery::new(&request(&[], list(1000)))).unwrap().len(), 1000);
    assert!(route(events, &Delivery::new(&request(&[], list(1001)))).is_err());
    // Neither JSON nor a form: nothing is an event.
    assert!(route(events, &Delivery::new(&request(&[], "[".repeat(100_000)))).unwrap().is_empty());
}

#[test]
fn the_fuzz_target_accepts_its_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/inbound");
    let seeds = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    assert_eq!(seeds.map(|seed| target::inbound(&seed)).count(), 4);
}

fn rule(
    separator: Option<&str>,
    key: Option<&str>,
    prefix: Option<&str>,
    encoding: SignatureEncoding,
) -> SignatureSource {
    SignatureSource {
        source: ValueSource::Header("x-signature".to_owned()),
        prefix: prefix.map(str::to_owned),
        separator: separator.map(str::to_owned),
        key: key.map(str::to_owned),
        many: true,
        encoding,
    }
}

proptest! {
    /// Any text is read within bounds, or refused.
    #[test]
    fn any_signature_header_is_read_or_refused(
        text in "\\PC{0,64}|([tv]?[01]?[=, ]?[0-9a-f]{0,4}){0,40}",
        separator in proptest::option::of("[,; ]|, |"), key in proptest::option::of("v1|t|"),
        prefix in proptest::option::of("v0=|é|"), encoding in 0..3_usize,
    ) {
        let encoding = [SignatureEncoding::Hex, SignatureEncoding::Base64, SignatureEncoding::Base64Url][encoding];
        if separator.as_deref() != Some("") {
            let rule = rule(separator.as_deref(), key.as_deref(), prefix.as_deref(), encoding);
            if let Ok(found) = signature_values(&text, &rule) {
                prop_assert!((1..=16).contains(&found.len()));
                prop_assert!(found.iter().all(|one| one.len() <= text.len()));
            }
        }
    }

    /// What is written as providers write it is read, in any order and between other items.
    #[test]
    fn written_signatures_are_read(signatures in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..64), 1..6)) {
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let items = signatures.iter().map(|one| format!("v1={}", hex(one))).collect::<Vec<_>>().join(",");
        let stripe = rule(Some(","), Some("v1"), None, SignatureEncoding::Hex);
        prop_assert_eq!(signature_values(&format!("t=1,{items},v0=00"), &stripe), Ok(signatures.clone()));
        let one = rule(None, None, Some("sha256="), SignatureEncoding::Hex);
        prop_assert_eq!(signature_values(&format!("sha256={}", hex(&signatures[0])), &one), Ok(vec![signatures[0].clone()]));
        let spaced = rule(Some(" "), Some("sha256"), None, SignatureEncoding::Hex);
        prop_assert_eq!(signature_values(&format!("sha256 {}", hex(&signatures[0])), &spaced), Ok(vec![signatures[0].clone()]));
        let single = SignatureSource { many: false, ..rule(Some(","), Some("v1"), None, SignatureEncoding::Hex) };
        prop_assert_eq!(signature_values(&items, &single).is_ok(), signatures.len() == 1);
    }
}
