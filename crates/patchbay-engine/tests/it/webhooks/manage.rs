//! Webhooks of a project: rules, limits, tenants, keys.

use patchbay_engine::{ErrorCode, Field, NewWebhook, ProblemPath, WebhookPatch};
use patchbay_model::{DeliveryId, WebhookId};

use super::{Receiver, create, deliver, deliveries, new_webhook, standard, test, text, webhook_bed};

#[tokio::test]
async fn a_webhook_needs_a_safe_url_and_known_events() {
    let bed = webhook_bed().await;
    let new = |url: &str, events: &[&str]| new_webhook(url, events);
    let created = &["account.created"][..];
    for (new, field) in [
        (new("", created), Field::Url),
        (new("app.example.com/hook", created), Field::Url),
        (new("ftp://app.example.com/hook", created), Field::Url),
        (new("https://user:pass@app.example.com/hook", created), Field::Url),
        (new("https://169.254.169.254/latest", created), Field::Url),
        (new("https://10.0.0.1/hook", created), Field::Url),
        (new("https://app.example.com/hook#x", created), Field::Url),
        (new("https://app.example.com:0/hook", created), Field::Url),
        (new("https://app.exam\nple.com/hook", created), Field::Url),
        (new("https://app.example.com/ho\tok", created), Field::Url),
        (new("https://app.example.com/\0", created), Field::Url),
        (new("https://app.example.com/\u{85}", created), Field::Url),
        (new(&format!("https://app.example.com/{}", "\u{fc}".repeat(1_000)), created), Field::Url),
        (new(&format!("https://app.example.com/{}", "x".repeat(2_000)), created), Field::Url),
        (new("https://app.example.com", &[]), Field::Events),
        (new("https://app.example.com", &["account.renamed"]), Field::Events),
        (
            NewWebhook { connector_events: vec!["x".to_owned()], ..new("https://app.example.com", created) },
            Field::ConnectorEvents,
        ),
        (
            NewWebhook {
                headers: [("webhook-id".to_owned(), "x".to_owned())].into(),
                ..new("https://app.example.com", created)
            },
            Field::Headers,
        ),
        (NewWebhook { name: Some("a\nb".to_owned()), ..new("https://app.example.com", created) }, Field::Name),
    ] {
        let url = new.url.clone();
        let error = bed.engine.webhooks.create(&bed.caller, new).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Validation, "{url}");
        let paths = error.problems.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>();
        assert!(matches!(&paths[..], [ProblemPath::Field(found, _)] if *found == field), "{url}: {paths:?}");
    }
    assert!(bed.engine.webhooks.list(&bed.caller).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_has_at_most_fifty() {
    let bed = webhook_bed().await;
    for number in 0..50 {
        create(&bed, &format!("https://app.example.com/{number}"), &["account.created"]).await;
    }
    let new = new_webhook("https://app.example.com", &["account.created"]);
    let error = bed.engine.webhooks.create(&bed.caller, new.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::WebhookLimit);
    let stranger = bed.stranger().await;
    bed.engine.webhooks.create(&stranger, new).await.unwrap();
}

#[tokio::test]
async fn another_project_sees_and_changes_nothing() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let webhook = create(&bed, &receiver.url, &["account.created"]).await.view.webhook.id;
    test(&bed, webhook).await;
    deliver(&bed).await;
    let delivery = deliveries(&bed, webhook).await[0].id;
    let (stranger, webhooks) = (bed.stranger().await, &bed.engine.webhooks);
    let filter = patchbay_engine::DeliveryFilter { limit: 9, ..Default::default() };
    for error in [
        webhooks.get(&stranger, webhook).await.unwrap_err(),
        webhooks.patch(&stranger, webhook, &WebhookPatch::default()).await.unwrap_err(),
        webhooks.delete(&stranger, webhook).await.unwrap_err(),
        webhooks.rotate_secret(&stranger, webhook, None).await.unwrap_err(),
        webhooks.test(&stranger, webhook).await.unwrap_err(),
        bed.engine.deliveries.list(&stranger, webhook, filter).await.unwrap_err(),
        webhooks.get(&bed.caller, WebhookId(-1)).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::WebhookNotFound);
    }
    for error in [
        bed.engine.deliveries.get(&stranger, delivery).await.unwrap_err(),
        bed.engine.deliveries.replay(&stranger, delivery).await.unwrap_err(),
        bed.engine.deliveries.get(&bed.caller, DeliveryId(i64::MAX)).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::DeliveryNotFound);
    }
    assert!(webhooks.list(&stranger).await.unwrap().is_empty());
    bed.engine.webhooks.get(&bed.caller, webhook).await.unwrap();
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let new = NewWebhook {
        name: Some("first".to_owned()),
        connector_events: vec!["*:*".to_owned()],
        headers: [("x-key".to_owned(), "one".to_owned())].into(),
        ..new_webhook("https://app.example.com", &["account.created"])
    };
    let id = bed.engine.webhooks.create(&bed.caller, new).await.unwrap().view.webhook.id;
    let patch = async |patch: WebhookPatch| bed.engine.webhooks.patch(&bed.caller, id, &patch).await;
    let headers = Some([("x-key".to_owned(), "one".to_owned())].into());
    let moved = WebhookPatch { url: Some(receiver.url.clone()), headers, ..WebhookPatch::default() };
    let moved = patch(moved).await.unwrap();
    assert_eq!((moved.webhook.name.as_deref(), moved.header_names.len()), (Some("first"), 1));
    let events = WebhookPatch { events: Some(vec!["account.deleted".to_owned()]), ..WebhookPatch::default() };
    let changed = patch(events).await.unwrap();
    assert_eq!(changed.events().collect::<Vec<_>>(), ["account.deleted"]);
    assert_eq!(changed.connector_events().collect::<Vec<_>>(), ["*:*"]);
    let none = WebhookPatch { events: Some(Vec::new()), connector_events: Some(Vec::new()), ..WebhookPatch::default() };
    assert_eq!(patch(none).await.unwrap_err().code, ErrorCode::Validation);
    let cleared = WebhookPatch { name: Some(None), headers: Some([].into()), ..WebhookPatch::default() };
    let cleared = patch(cleared).await.unwrap();
    assert_eq!((cleared.webhook.name.clone(), cleared.header_names.len()), (None, 0));
    test(&bed, id).await;
    deliver(&bed).await;
    assert_eq!(receiver.take()[0].0.get("x-key"), None);
}

#[tokio::test]
async fn headers_are_not_sent_to_another_origin_than_they_were_entered_for() {
    let bed = webhook_bed().await;
    let headers = || [("authorization".to_owned(), "Bearer one".to_owned())].into();
    let new = NewWebhook { headers: headers(), ..new_webhook("https://app.example.com/hook", &["account.created"]) };
    let id = bed.engine.webhooks.create(&bed.caller, new).await.unwrap().view.webhook.id;
    let move_to = async |url: &str, headers| {
        let patch = WebhookPatch { url: Some(url.to_owned()), headers, ..WebhookPatch::default() };
        bed.engine.webhooks.patch(&bed.caller, id, &patch).await
    };
    for other in ["https://evil.example.com/hook", "https://app.example.com:8443/hook", "https://app.example.com./hook"]
    {
        let error = move_to(other, None).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Validation, "{other}");
        assert_eq!((&error.problems[0].path, error.problems[0].code), (&Field::Headers.into(), "address_changed"));
        assert_eq!(bed.engine.webhooks.get(&bed.caller, id).await.unwrap().webhook.url, "https://app.example.com/hook");
    }
    // The same origin in another spelling.
    let kept = move_to("https://APP.example.com:443/other?x=1", None).await.unwrap();
    assert_eq!(kept.webhook.url, "https://app.example.com/other?x=1");
    assert_eq!(kept.header_names, ["authorization"]);
    let anew = move_to("https://b.example.com/hook", Some(headers())).await.unwrap();
    assert_eq!(anew.header_names, ["authorization"]);
    let none = move_to("https://c.example.com/hook", Some([].into())).await.unwrap();
    assert!(none.header_names.is_empty());
    // Without headers, nothing can be sent to the wrong place.
    move_to("https://d.example.com/hook", None).await.unwrap();
}

#[tokio::test]
async fn a_url_is_stored_as_it_is_called() {
    let bed = webhook_bed().await;
    for (given, stored) in [
        ("https:a.example.com", "https://a.example.com/"),
        (" https://A.example.com:443/x/../y ", "https://a.example.com/y"),
        ("https:\\\\a.example.com\\x", "https://a.example.com/x"),
    ] {
        let created = create(&bed, given, &["account.created"]).await;
        assert_eq!(created.view.webhook.url, stored, "{given}");
    }
}

#[tokio::test]
async fn secrets_of_webhooks_are_sealed_and_shown_once() {
    let (bed, receiver) = (webhook_bed().await, Receiver::start().await);
    let headers = [("x-key".to_owned(), "canary-of-the-receiver".to_owned())].into();
    let new = NewWebhook { headers, ..new_webhook(&receiver.url, &["account.created"]) };
    let created = bed.engine.webhooks.create(&bed.caller, new).await.unwrap();
    let secret = created.secret.expose().to_owned();
    for file in std::fs::read_dir(bed.data_dir()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for text in [secret.as_str(), "canary-of-the-receiver"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} is in a file");
        }
    }
    assert!(!format!("{created:?}").contains(&secret));
    test(&bed, created.view.webhook.id).await;
    deliver(&bed).await;
    let (headers, body) = receiver.take().remove(0);
    assert_eq!(text(&headers, "webhook-signature"), standard(&secret, &headers, &body));
}
