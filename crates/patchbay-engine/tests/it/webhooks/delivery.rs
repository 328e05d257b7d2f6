//! Attempts: what is sent, what counts as accepted, when it is attempted again.

use std::collections::BTreeSet;

use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::{NewWebhook, ReplayRequest, WebhookPatch};
use patchbay_model::{DeliveryState, ReplayWhich};

use super::{
    Receiver, create, deliver, deliveries, json_of, new_webhook,
    receiver::{Signed, is_authentic},
    stackone, standard, test, text, webhook_bed,
};

#[tokio::test]
async fn a_delivery_is_signed_and_says_who_sends_it() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let headers = [("Authorization".to_owned(), "Bearer canary-of-the-receiver".to_owned())].into();
    let new = NewWebhook { headers, ..new_webhook(&receiver.url, &["account.created"]) };
    let created = bed.engine.webhooks.create(&bed.caller, new).await.unwrap();
    let id = test(&bed, created.view.webhook.id).await;
    assert_eq!(deliver(&bed).await, 1);
    let (headers, body) = receiver.take().remove(0);
    let secret = created.secret.expose();
    assert_eq!(text(&headers, "webhook-signature"), standard(secret, &headers, &body));
    assert_eq!(text(&headers, "x-stackone-signature"), stackone(secret, &body));
    assert_eq!((text(&headers, "webhook-id"), text(&headers, "webhook-timestamp")), (id.as_str(), "1768473000"));
    assert_eq!(text(&headers, "content-type"), "application/json");
    assert_eq!(text(&headers, "authorization"), "Bearer canary-of-the-receiver");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(text(&headers, "user-agent"), format!("Patchbay-Webhooks/{version}"));
    assert_eq!(json_of(&body)["event"], "webhook.test");
    assert_eq!(created.view.header_names, ["Authorization"]);
}

#[tokio::test]
async fn the_receiver_of_the_documentation_accepts_a_delivery_and_nothing_else() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let created = create(&bed, &receiver.url, &["account.created"]).await;
    test(&bed, created.view.webhook.id).await;
    deliver(&bed).await;
    let (headers, body) = receiver.take().remove(0);
    let signed = Signed {
        id: text(&headers, "webhook-id"),
        timestamp: text(&headers, "webhook-timestamp"),
        signature: text(&headers, "webhook-signature"),
    };
    let (secret, now) = (created.secret.expose(), 1_768_473_000);
    assert!(is_authentic(secret, &signed, &body, now));
    assert!(!is_authentic(secret, &signed, &body[1..], now));
    assert!(!is_authentic(secret, &Signed { id: "evt_another", ..signed }, &body, now));
    assert!(!is_authentic(secret, &signed, &body, now + 360));
    assert!(!is_authentic("whsec_AAAA", &signed, &body, now));
    let page = include_str!("../../../../../docs/guides/webhooks.md");
    assert!(page.contains(include_str!("receiver.rs")), "the page has the code that this test runs");
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_until_the_overlap_ends() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let created = create(&bed, &receiver.url, &["account.created"]).await;
    let (id, old) = (created.view.webhook.id, created.secret);
    let rotate = async |overlap| bed.engine.webhooks.rotate_secret(&bed.caller, id, overlap).await;
    let new = rotate(None).await.unwrap().secret;
    let sent = async || {
        test(&bed, id).await;
        deliver(&bed).await;
        receiver.take().remove(0)
    };
    let (headers, body) = sent().await;
    let both = format!("{} {}", standard(new.expose(), &headers, &body), standard(old.expose(), &headers, &body));
    assert_eq!(text(&headers, "webhook-signature"), both, "the newest is first");
    assert_eq!(text(&headers, "x-stackone-signature"), stackone(old.expose(), &body), "this header has one value");
    bed.clock.advance_seconds(24 * 3_600);
    let (headers, body) = sent().await;
    assert_eq!(text(&headers, "webhook-signature"), standard(new.expose(), &headers, &body));
    assert_eq!(text(&headers, "x-stackone-signature"), stackone(new.expose(), &body));

    let third = rotate(Some(60)).await.unwrap().secret;
    let fourth = rotate(Some(60)).await.unwrap().secret;
    let (headers, body) = sent().await;
    let signatures = text(&headers, "webhook-signature").split(' ').collect::<Vec<_>>();
    let two = [&fourth, &third].map(|secret| standard(secret.expose(), &headers, &body));
    assert_eq!(signatures, two, "there are at most two");
    let last = rotate(Some(0)).await.unwrap().secret;
    let (headers, body) = sent().await;
    assert_eq!(text(&headers, "webhook-signature"), standard(last.expose(), &headers, &body));
    assert!(rotate(Some(7 * 86_400 + 1)).await.is_err());
}

#[tokio::test]
async fn a_receiver_that_is_away_for_a_day_gets_everything_after() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer(503);
    let mut ids = BTreeSet::new();
    for _ in 0..24 {
        ids.insert(test(&bed, webhook).await);
        // Every minute of an hour, as the task would.
        for _ in 0..60 {
            deliver(&bed).await;
            bed.clock.advance_seconds(60);
        }
    }
    let mut bytes = std::collections::BTreeMap::new();
    for (headers, body) in receiver.take() {
        let first = bytes.entry(text(&headers, "webhook-id").to_owned()).or_insert_with(|| body.clone());
        assert_eq!(*first, body, "no event has different bytes");
    }
    assert!(deliveries(&bed, webhook).await.iter().all(|delivery| delivery.state == DeliveryState::Pending));
    receiver.answer(200);
    for _ in 0..24 * 60 {
        deliver(&bed).await;
        bed.clock.advance_seconds(60);
    }
    let arrived = receiver.take();
    let arrived_ids =
        arrived.iter().map(|(headers, _)| text(headers, "webhook-id").to_owned()).collect::<BTreeSet<_>>();
    assert_eq!((arrived.len(), arrived_ids), (24, ids));
    assert!(deliveries(&bed, webhook).await.iter().all(|delivery| delivery.state == DeliveryState::Delivered));
}

#[tokio::test]
async fn a_delivery_is_given_up_after_ten_attempts_and_can_be_replayed() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer(500);
    let id = test(&bed, webhook).await;
    // The pauses add up to 91 hours at most, and the breaker adds a quarter of an hour to each.
    for _ in 0..100 * 12 {
        deliver(&bed).await;
        bed.clock.advance_seconds(300);
    }
    let dead = deliveries(&bed, webhook).await.remove(0);
    assert_eq!((dead.state, dead.attempts, dead.last_status), (DeliveryState::Dead, 10, Some(500)));
    assert_eq!(receiver.take().len(), 10);
    let record = bed.engine.deliveries.get(&bed.caller, dead.id).await.unwrap();
    let minutes = record.attempts.windows(2).map(|two| two[1].started_at.since(two[0].started_at).as_secs() / 60);
    let minutes = minutes.collect::<Vec<_>>();
    // A fifth less, or a fifth more and a step of this test.
    for (pause, hundredths) in minutes.iter().zip([8, 500, 3_000, 12_000, 30_000, 60_000, 84_000, 120_000, 144_000]) {
        assert!((hundredths * 8 / 1_000..=hundredths * 12 / 1_000 + 6).contains(pause), "{minutes:?}");
    }

    receiver.answer(204);
    bed.engine.deliveries.replay(&bed.caller, dead.id).await.unwrap();
    deliver(&bed).await;
    let (headers, _) = receiver.take().remove(0);
    assert_eq!(text(&headers, "webhook-id"), id, "a replay has the same id");
    let record = bed.engine.deliveries.get(&bed.caller, dead.id).await.unwrap();
    assert_eq!((record.delivery.state, record.attempts.len()), (DeliveryState::Delivered, 11));
    let request = ReplayRequest {
        since: "2026-01-15T00:00:00Z".parse().unwrap(),
        until: None,
        which: ReplayWhich::All,
        limit: 10,
    };
    let job = bed.engine.deliveries.replay_many(&bed.caller, webhook, request).await.unwrap();
    deliver(&bed).await;
    let progress = bed.engine.deliveries.replay_progress(&bed.caller, &job.id).await.unwrap();
    assert_eq!((progress.total, progress.delivered, progress.dead), (1, 1, 0));
}

#[tokio::test]
async fn a_replay_of_many_is_spread() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    for _ in 0..50 {
        test(&bed, webhook).await;
    }
    deliver(&bed).await;
    assert_eq!(receiver.take().len(), 50);
    let since = "2026-01-15T00:00:00Z".parse().unwrap();
    let request = ReplayRequest { since, until: None, which: ReplayWhich::All, limit: 1_000 };
    bed.engine.deliveries.replay_many(&bed.caller, webhook, request).await.unwrap();
    let mut counts = Vec::new();
    for _ in 0..4 {
        deliver(&bed).await;
        counts.push(receiver.take().len());
        bed.clock.advance_seconds(1);
    }
    assert_eq!(counts, [1, 20, 20, 9]);
}

#[tokio::test]
async fn only_2xx_is_success_and_redirects_are_not_followed() {
    let (bed, receiver, elsewhere) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    let target = elsewhere.url.clone();
    for (number, status) in [200_u16, 201, 204, 299, 302, 307, 304, 400, 404, 500].into_iter().enumerate() {
        let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
        let location = target.clone();
        receiver.answer_with(move |_| {
            let status = StatusCode::from_u16(status).unwrap();
            if matches!(status.as_u16(), 302 | 307) {
                (status, [(header::LOCATION, location.clone())]).into_response()
            } else {
                status.into_response()
            }
        });
        test(&bed, webhook).await;
        deliver(&bed).await;
        let delivery = deliveries(&bed, webhook).await.remove(0);
        let expected = if number < 4 { DeliveryState::Delivered } else { DeliveryState::Pending };
        assert_eq!(delivery.state, expected, "{status}");
        bed.engine.webhooks.delete(&bed.caller, webhook).await.unwrap();
    }
    assert!(elsewhere.take().is_empty());
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer(410);
    test(&bed, webhook).await;
    deliver(&bed).await;
    let shown = bed.engine.webhooks.get(&bed.caller, webhook).await.unwrap();
    assert_eq!(shown.state, patchbay_engine::HealthState::Disabled);
    assert_eq!(shown.webhook.disabled_reason.as_deref(), Some("it answered 410 Gone"));
    assert_eq!(deliveries(&bed, webhook).await[0].state, DeliveryState::Dead);
    let error = bed.engine.webhooks.test(&bed.caller, webhook).await.unwrap_err();
    assert_eq!(error.code, patchbay_engine::ErrorCode::WebhookDisabled);
    let patch = WebhookPatch { enabled: Some(true), ..WebhookPatch::default() };
    let shown = bed.engine.webhooks.patch(&bed.caller, webhook, &patch).await.unwrap();
    assert_eq!((shown.state, shown.webhook.disabled_reason.clone()), (patchbay_engine::HealthState::Ok, None));
}

#[tokio::test]
async fn an_overloaded_receiver_says_when_to_come_back() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer_with(|_| (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "7200")]).into_response());
    test(&bed, webhook).await;
    deliver(&bed).await;
    let now = bed.engine.clock().now();
    assert_eq!(deliveries(&bed, webhook).await[0].due_at, now.plus_seconds(7_200));
}

#[tokio::test]
async fn a_receiver_that_asks_for_more_than_a_day_gets_a_day() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer_with(|_| (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "172800")]).into_response());
    test(&bed, webhook).await;
    deliver(&bed).await;
    let now = bed.engine.clock().now();
    assert_eq!(deliveries(&bed, webhook).await[0].due_at, now.plus_seconds(86_400));
}

#[tokio::test]
async fn of_an_answer_a_beginning_is_kept_without_secrets() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let headers = [("x-key".to_owned(), "canary-of-the-receiver".to_owned())].into();
    let new = NewWebhook { headers, ..new_webhook(&receiver.url, &["account.created"]) };
    let created = bed.engine.webhooks.create(&bed.caller, new).await.unwrap();
    let (webhook, secret) = (created.view.webhook.id, created.secret.expose().to_owned());
    let echoed = format!("\0{secret} canary-of-the-receiver ☃{}", "☃".repeat(1 << 20));
    receiver.answer_with(move |_| echoed.clone().into_response());
    test(&bed, webhook).await;
    deliver(&bed).await;
    let delivery = deliveries(&bed, webhook).await.remove(0);
    let record = bed.engine.deliveries.get(&bed.caller, delivery.id).await.unwrap();
    let answer = record.attempts[0].answer.clone().unwrap();
    assert!(answer.starts_with("\u{fffd}[redacted] [redacted] ☃"), "{answer}");
    assert!((4_000..=4_096).contains(&answer.len()));
    assert_eq!(record.delivery.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_receiver_that_does_not_listen_is_a_failure() {
    let bed = webhook_bed().await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/hook?token=canary", listener.local_addr().unwrap())
    };
    let webhook = create(&bed, &closed, &["account.created"]).await.view.webhook.id;
    test(&bed, webhook).await;
    assert_eq!(deliver(&bed).await, 1);
    let delivery = deliveries(&bed, webhook).await.remove(0);
    assert_eq!((delivery.state, delivery.attempts, delivery.last_status), (DeliveryState::Pending, 1, None));
    let record = bed.engine.deliveries.get(&bed.caller, delivery.id).await.unwrap();
    assert!(!record.attempts[0].url.contains("canary"), "the query may be a secret");
}

#[tokio::test]
async fn the_egress_rules_hold_for_every_attempt() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    let mut parts = bed.setup.parts();
    parts.config.egress_allow.clear();
    let strict = patchbay_engine::Engine::open(parts).await.unwrap();
    test(&bed, webhook).await;
    strict.deliver_due_events().await.unwrap();
    assert!(receiver.take().is_empty());
    let delivery = deliveries(&bed, webhook).await.remove(0);
    assert!(delivery.last_error.unwrap().contains("which outbound requests may not reach"));
    let refused = strict.webhooks.create(&bed.caller, new_webhook(&receiver.url, &["account.created"])).await;
    assert_eq!(refused.unwrap_err().code, patchbay_engine::ErrorCode::Validation);
}
