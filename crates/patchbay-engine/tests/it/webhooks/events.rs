//! Which events there are, and what they contain.

use axum::response::IntoResponse;
use patchbay_engine::{AccountPatch, NewWebhook};
use patchbay_model::{AccountId, AccountStatus, PlatformEvent};
use serde_json::{Value, json};

use super::{Receiver, SECRET, WebhookBed, create, deliver, deliveries, json_of, new_webhook, test, text, webhook_bed};

fn every_event() -> Vec<&'static str> {
    PlatformEvent::ALL.map(PlatformEvent::as_str).to_vec()
}

async fn suspend(bed: &WebhookBed, is_suspended: bool) {
    let status = if is_suspended { AccountStatus::Suspended } else { AccountStatus::Active };
    let patch = AccountPatch { status: Some(status), ..AccountPatch::default() };
    bed.patch_account(&bed.account().clone(), patch).await.unwrap();
}

#[tokio::test]
async fn the_life_of_an_account_is_told_in_order() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let new = NewWebhook { ordered: true, ..new_webhook(&receiver.url, &every_event()) };
    let webhook = bed.engine.webhooks.create(&bed.caller, new).await.unwrap().view.webhook.id;
    let linked = bed.link("another", &[("key", "canary-another-key")]).await.unwrap();
    suspend(&bed, true).await;
    suspend(&bed, false).await;
    bed.delete_account(&linked.id).await.unwrap();
    assert_eq!(deliver(&bed).await, 5);
    let received = receiver.take();
    let bodies = received.iter().map(|(_, body)| json_of(body)).collect::<Vec<_>>();
    let reported = bodies.iter().map(|body| (body["event"].as_str().unwrap(), body["account_id"].as_str().unwrap()));
    let (ours, theirs) = (bed.account().as_str(), linked.id.as_str());
    assert_eq!(
        reported.collect::<Vec<_>>(),
        [
            ("account.created", theirs),
            ("account.updated", ours),
            ("account.updated", ours),
            ("account.reactivated", ours),
            ("account.deleted", theirs),
        ]
    );
    assert_eq!(bodies[1]["status"], "suspended");
    for ((headers, body), parsed) in received.iter().zip(&bodies) {
        assert_eq!(text(headers, "webhook-id"), parsed["delivery_id"], "the id is part of the body");
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains("canary"), "an event contains no secret: {text}");
        assert_eq!((parsed["provider"].clone(), parsed["record_type"].clone()), (json!("steps"), json!("account")));
    }
    assert!(deliveries(&bed, webhook).await.iter().all(|delivery| delivery.attempts == 1));
    assert_eq!(deliver(&bed).await, 0, "each is delivered once");
}

#[tokio::test]
async fn a_webhook_is_told_of_what_it_is_subscribed_to() {
    let (bed, receiver, other) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    create(&bed, &receiver.url, &["account.reactivated"]).await;
    let disabled = NewWebhook { enabled: false, ..new_webhook(&other.url, &every_event()) };
    bed.engine.webhooks.create(&bed.caller, disabled).await.unwrap();
    suspend(&bed, true).await;
    suspend(&bed, false).await;
    deliver(&bed).await;
    assert_eq!(receiver.take_events(), ["account.reactivated"]);
    assert!(other.take().is_empty());
}

#[tokio::test]
async fn events_of_connectors_are_told_once() {
    let (bed, receiver, other) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    let named =
        NewWebhook { connector_events: vec!["steps:contract.signed".to_owned()], ..new_webhook(&receiver.url, &[]) };
    bed.engine.webhooks.create(&bed.caller, named).await.unwrap();
    let foreign = NewWebhook { connector_events: vec!["acme:*".to_owned()], ..new_webhook(&other.url, &[]) };
    bed.engine.webhooks.create(&bed.caller, foreign).await.unwrap();
    let emit = async |kind: &str, id: &str| {
        let body = json!({ "type": kind, "id": id, "date": "2026-01-02T03:04:05Z", "note": SECRET });
        bed.run_with(bed.account(), "emit", json!({ "body": body })).await.unwrap();
    };
    emit("contract.signed", "e-1").await;
    emit("contract.signed", "e-1").await;
    emit("contract.sent", "e-2").await;
    emit("contract.signed", "e-3").await;
    assert_eq!(deliver(&bed).await, 2);
    let mut bodies = receiver.take().iter().map(|(_, body)| json_of(body)).collect::<Vec<_>>();
    bodies.sort_by_key(|body| body["record_id"].to_string());
    assert_eq!(bodies.iter().map(|body| body["record_id"].clone()).collect::<Vec<_>>(), ["e-1", "e-3"]);
    assert_eq!(
        (bodies[0]["event"].clone(), bodies[0]["event_data"].clone(), bodies[0]["event_date"].clone()),
        (
            json!("contract.signed"),
            json!({ "note": "[redacted]", "by": "customer" }),
            json!("2026-01-02T03:04:05.000Z")
        )
    );
    assert_eq!(bodies[0]["account_id"], bed.account().as_str());
    assert!(other.take().is_empty());
}

#[tokio::test]
async fn what_the_operator_reports_goes_to_one_webhook() {
    let (bed, receiver, other) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.deleted"]).await.view.webhook.id;
    create(&bed, &other.url, &["account.updated"]).await;
    let event = |event: &str, record_id: &str| patchbay_engine::ReportedEvent {
        event: event.to_owned(),
        record_id: record_id.to_owned(),
    };
    let account = bed.account().clone();
    let events = [
        event("hris_employees.updated", "4711"),
        event("account.updated", account.as_str()),
        event("account.updated", "another"),
        event("webhook.failing", "1"),
        event("a b", "1"),
        event("x", ""),
    ];
    let outcomes = bed.engine.deliveries.report(&bed.caller, webhook, &account, &events).await.unwrap();
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, false, false, false]);
    deliver(&bed).await;
    let mut reported = receiver.take_events();
    reported.sort_unstable();
    assert_eq!(reported, ["account.updated", "hris_employees.updated"]);
    assert!(other.take().is_empty());
    let unknown = AccountId::new("another");
    let error = bed.engine.deliveries.report(&bed.caller, webhook, &unknown, &events).await.unwrap_err();
    assert_eq!(error.code, patchbay_engine::ErrorCode::AccountNotFound);
}

#[tokio::test]
async fn the_other_webhooks_are_told_of_one_that_fails_for_a_day() {
    let (bed, receiver, failing) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    create(&bed, &receiver.url, &["webhook.failing"]).await;
    let broken = create(&bed, &failing.url, &["webhook.failing"]).await.view.webhook.id;
    failing.answer(500);
    test(&bed, broken).await;
    for hours in 0..24 {
        deliver(&bed).await;
        assert!(receiver.take().is_empty(), "after {hours} hours");
        bed.clock.advance_seconds(3_600);
    }
    deliver(&bed).await;
    deliver(&bed).await;
    deliver(&bed).await;
    let reported = receiver.take().iter().map(|(_, body)| json_of(body)).collect::<Vec<Value>>();
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert_eq!(
        (reported[0]["event"].clone(), reported[0]["webhook_id"].clone()),
        (json!("webhook.failing"), json!(broken.0))
    );
    assert_eq!(reported[0]["failing_since"], "2026-01-15T10:30:00.000Z");
    assert_eq!(reported[0]["last_error"], "it answered 500 Internal Server Error");
    let shown = bed.engine.webhooks.get(&bed.caller, broken).await.unwrap();
    assert_eq!(shown.state, patchbay_engine::HealthState::Failing);
    failing.answer_with(|_| "fine".into_response());
    test(&bed, broken).await;
    deliver(&bed).await;
    let shown = bed.engine.webhooks.get(&bed.caller, broken).await.unwrap();
    assert_eq!((shown.state, shown.since), (patchbay_engine::HealthState::Ok, None));
}
