//! `emit_event`.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{extract::Request, response::IntoResponse};
use patchbay_engine::{EmittedEvent, Error, ErrorCode, EventSink};
use serde_json::{Value, json};

use crate::world::{SECRET, World, world};

#[derive(Default)]
struct Ear(Mutex<Vec<EmittedEvent>>);

#[async_trait]
impl EventSink for Ear {
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error> {
        if event.event_type == "refused" {
            return Err(Error::new(ErrorCode::StorageUnavailable, "the disk is full"));
        }
        self.0.lock().unwrap().push(event);
        Ok(())
    }
}

async fn listening(events: Value) -> (World, Arc<Ear>) {
    let world = world(move |_: Request| {
        let answer = axum::Json(events.clone()).into_response();
        async move { answer }
    })
    .await;
    let ear = Arc::new(Ear::default());
    assert!(world.engine.set_event_sink(ear.clone()));
    assert!(!world.engine.set_event_sink(ear.clone()), "the first stays");
    (world, ear)
}

#[tokio::test]
async fn an_event_is_validated_emitted_and_returned() {
    let (world, ear) = listening(Value::Null).await;
    let body = json!({ "type": "contract.signed", "id": "e-1", "date": "2026-01-02T03:04:05+01:00", "note": SECRET });
    let answer = world.run("emit", json!({ "body": body })).await.unwrap();
    let event = json!({
        "eventType": "contract.signed", "eventId": "e-1", "eventDate": "2026-01-02T02:04:05.000Z",
        "data": { "note": "[redacted]", "by": "customer" },
    });
    assert_eq!(answer, json!({ "data": event, "next": null }));
    let heard = ear.0.lock().unwrap().remove(0);
    assert_eq!((heard.event_type.as_str(), heard.event_id.as_deref()), ("contract.signed", Some("e-1")));
    assert_eq!(heard.event_date.to_rfc3339(), "2026-01-02T02:04:05.000Z");
    assert_eq!((&heard.project_id, heard.account_id.as_ref()), (&world.caller.project_id, Some(&world.account)));
    assert_eq!((heard.connector.as_str(), heard.action.as_deref()), ("steps", Some("steps_emit")));
    assert_eq!(heard.data, event["data"], "no secret leaves in an event");

    let plain = world.run("emit", json!({ "body": { "type": "t" } })).await.unwrap();
    let expected = json!({ "eventType": "t", "eventDate": "2026-01-15T10:30:00.000Z", "data": { "by": "customer" } });
    assert_eq!(plain["data"], expected, "without a date it happened now");
}

#[tokio::test]
async fn an_invalid_event_is_rejected_and_nothing_is_emitted() {
    let (world, ear) = listening(json!([{ "eventType": "a" }, { "eventId": "no type" }])).await;
    for (body, why) in [
        (json!({}), "`eventType` is missing"),
        (json!({ "type": "  " }), "`eventType` is empty"),
        (json!({ "type": "a\nb" }), "`eventType` is empty, longer"),
        (json!({ "type": "t", "id": "x".repeat(257) }), "`eventId`"),
        (json!({ "type": "t", "date": "yesterday" }), "`eventDate` is neither an ISO 8601 date"),
    ] {
        let error = world.run("emit", json!({ "body": body })).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::EventInvalid), "{body}");
        assert!(error.message.contains(why), "{error}");
    }
    let error = world.run("emit_what_is_there", json!({})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::EventInvalid, "all are checked before the first is emitted");
    assert!(ear.0.lock().unwrap().is_empty());
    let error = world.run("emit", json!({ "body": { "type": "refused" } })).await.unwrap_err();
    assert_eq!((error.status(), error.code), (503, ErrorCode::StorageUnavailable), "who hears it may fail the step");
}

#[tokio::test]
async fn emit_event_without_an_event_emits_the_previous_output() {
    let (world, ear) =
        listening(json!([{ "eventType": "a", "eventId": 7, "eventDate": 1_770_000_000 }, { "eventType": "b" }])).await;
    let answer = world.run("emit_what_is_there", json!({})).await.unwrap();
    let heard = ear.0.lock().unwrap().iter().map(|event| event.event_type.clone()).collect::<Vec<_>>();
    assert_eq!(heard, ["a", "b"]);
    assert_eq!((&answer["data"][0]["eventId"], answer["data"].as_array().unwrap().len()), (&json!("7"), 2));
    assert_eq!(answer["data"][0]["eventDate"], "2026-02-02T02:40:00.000Z");
}
