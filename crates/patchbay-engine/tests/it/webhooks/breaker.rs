//! The circuit breaker, the order, and several servers.

use patchbay_engine::{HealthState, NewWebhook};
use patchbay_model::DeliveryState;

use super::{Receiver, create, deliver, deliveries, json_of, new_webhook, test, text, webhook_bed};

#[tokio::test]
async fn an_open_breaker_spends_no_attempt_and_survives_a_restart() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    receiver.answer(500);
    for _ in 0..30 {
        test(&bed, webhook).await;
    }
    deliver(&bed).await;
    let sent = receiver.take().len();
    assert!((5..=12).contains(&sent), "{sent} were sent before it opened");
    let untouched = deliveries(&bed, webhook).await.iter().filter(|delivery| delivery.attempts == 0).count();
    assert_eq!(untouched, 30 - sent);
    let shown = bed.engine.webhooks.get(&bed.caller, webhook).await.unwrap();
    assert_eq!(shown.state, HealthState::Open);

    let restarted = patchbay_engine::Engine::open(bed.setup.parts()).await.unwrap();
    bed.clock.advance_seconds(29);
    assert_eq!(restarted.deliver_due_events().await.unwrap(), 0, "it is open after a restart");
    bed.clock.advance_seconds(1);
    assert_eq!(restarted.deliver_due_events().await.unwrap(), 1, "one probe");
    bed.clock.advance_seconds(59);
    assert_eq!(deliver(&bed).await, 0, "the pause has doubled");
    receiver.answer(200);
    bed.clock.advance_seconds(1);
    deliver(&bed).await;
    bed.clock.advance_seconds(600);
    deliver(&bed).await;
    assert!(deliveries(&bed, webhook).await.iter().all(|delivery| delivery.state == DeliveryState::Delivered));
}

#[tokio::test]
async fn a_webhook_that_fails_does_not_hold_the_others_back() {
    let (bed, good, bad) = (webhook_bed().await, Receiver::start().await, Receiver::start().await);
    create(&bed, &bad.url, &["account.updated"]).await;
    create(&bed, &good.url, &["account.updated"]).await;
    bad.answer(500);
    for number in 0..20 {
        let patch = patchbay_engine::AccountPatch {
            label: Some(Some(format!("label {number}"))),
            ..patchbay_engine::AccountPatch::default()
        };
        bed.patch_account(&bed.account().clone(), patch).await.unwrap();
    }
    deliver(&bed).await;
    assert_eq!(good.take().len(), 20);
}

#[tokio::test]
async fn an_ordered_webhook_keeps_the_order_over_failures() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let ordered = NewWebhook { ordered: true, ..new_webhook(&receiver.url, &["account.created"]) };
    let webhook = bed.engine.webhooks.create(&bed.caller, ordered).await.unwrap().view.webhook.id;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(test(&bed, webhook).await);
    }
    // Each third is rejected once.
    receiver.answer_with(|number| {
        use axum::response::IntoResponse as _;
        let status = if number % 3 == 0 { 500 } else { 200 };
        axum::http::StatusCode::from_u16(status).unwrap().into_response()
    });
    let mut accepted = Vec::new();
    for _ in 0..60 {
        deliver(&bed).await;
        bed.clock.advance_seconds(30);
    }
    for (number, (headers, body)) in receiver.take().into_iter().enumerate() {
        assert_eq!(json_of(&body)["delivery_id"], text(&headers, "webhook-id"));
        if (number + 1) % 3 != 0 {
            accepted.push(text(&headers, "webhook-id").to_owned());
        }
    }
    assert_eq!(accepted, ids);
}

#[tokio::test]
async fn two_servers_deliver_each_event_once() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    let other = patchbay_engine::Engine::open(bed.setup.parts()).await.unwrap();
    for _ in 0..60 {
        test(&bed, webhook).await;
    }
    let (one, two) = tokio::join!(bed.engine.deliver_due_events(), other.deliver_due_events());
    assert_eq!(one.unwrap() + two.unwrap(), 60);
    let received = receiver.take();
    let distinct =
        received.iter().map(|(headers, _)| text(headers, "webhook-id")).collect::<std::collections::BTreeSet<_>>();
    assert_eq!((received.len(), distinct.len()), (60, 60));
}

#[tokio::test]
async fn what_a_killed_server_had_claimed_goes_on_elsewhere_within_20_seconds() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    test(&bed, webhook).await;
    let now = bed.engine.clock().now();
    // A server claims as the task does, and is never heard of again.
    let claimed = bed.storage.webhooks().claim(&[(webhook, 8)], now, now.plus_seconds(18)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    bed.clock.advance_seconds(17);
    assert_eq!(deliver(&bed).await, 0, "it is the other server's");
    bed.clock.advance_seconds(2);
    assert_eq!(deliver(&bed).await, 1);
    assert_eq!(receiver.take().len(), 1);
}
