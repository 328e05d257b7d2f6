//! `emit_event`.

use std::sync::Arc;

use axum::{extract::Request, response::IntoResponse};
use patchbay_engine::ErrorCode;
use serde_json::{Value, json};

use super::{SECRET, StepsBed, run, steps_bed};
use crate::support::RecordingSink;

/// Starts a bed whose provider responds with `events`, and whose events are recorded.
async fn recording_bed(events: Value) -> (StepsBed, Arc<RecordingSink>) {
    let bed = steps_bed(move |_: Request| {
        let result = axum::Json(events.clone()).into_response();
        async move { result }
    })
    .await;
    let sink = RecordingSink::attach(&bed);
    assert!(!bed.engine.set_event_sink(sink.clone()), "the first sink stays");
    (bed, sink)
}

#[tokio::test]
async fn an_event_is_validated_emitted_and_returned() {
    let (bed, sink) = recording_bed(Value::Null).await;
    let body = json!({ "type": "contract.signed", "id": "e-1", "date": "2026-01-02T03:04:05+01:00", "note": SECRET });
    let result = run(&bed, "emit", json!({ "body": body })).await.unwrap();
    let event = json!({
        "eventType": "contract.signed", "eventId": "e-1", "eventDate": "2026-01-02T02:04:05.000Z",
        "data": { "note": "[redacted]", "by": "customer" },
    });
    assert_eq!(result, json!({ "data": event, "next": null }));
    let emitted = sink.events().remove(0);
    assert_eq!((emitted.event_type.as_str(), emitted.event_id.as_deref()), ("contract.signed", Some("e-1")));
    assert_eq!(emitted.event_date.to_rfc3339(), "2026-01-02T02:04:05.000Z");
    assert_eq!((&emitted.project_id, emitted.account_id.as_ref()), (&bed.caller.project_id, Some(bed.account())));
    assert_eq!((emitted.connector.as_str(), emitted.action.as_deref()), ("steps", Some("steps_emit")));
    assert_eq!(emitted.data, event["data"], "events contain no secret");

    let hexadecimal = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    let references = SECRET.chars().map(|letter| format!("&#{};", u32::from(letter))).collect::<String>();
    let body = json!({ "type": format!("t-{SECRET}"), "id": hexadecimal, "note": references });
    run(&bed, "emit", json!({ "body": body })).await.unwrap();
    let emitted = sink.events().remove(1);
    assert_eq!((emitted.event_type.as_str(), emitted.event_id.as_deref()), ("t-[redacted]", Some("[redacted]")));
    assert_eq!(emitted.data["note"], "[redacted]");

    let plain = run(&bed, "emit", json!({ "body": { "type": "t" } })).await.unwrap();
    let expected = json!({ "eventType": "t", "eventDate": "2026-01-15T10:30:00.000Z", "data": { "by": "customer" } });
    assert_eq!(plain["data"], expected, "an event without a date has the current time");
}

#[tokio::test]
async fn an_invalid_event_is_rejected_and_nothing_is_emitted() {
    let (bed, sink) = recording_bed(json!([{ "eventType": "a" }, { "eventId": "no type" }])).await;
    for (body, why) in [
        (json!({}), "`eventType` is missing"),
        (json!({ "type": "  " }), "`eventType` is empty"),
        (json!({ "type": "a\nb" }), "`eventType` is empty, longer"),
        (json!({ "type": "t", "id": "x".repeat(257) }), "`eventId`"),
        (json!({ "type": "t", "date": "yesterday" }), "`eventDate` is neither an ISO 8601 date"),
    ] {
        let error = run(&bed, "emit", json!({ "body": body })).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::EventInvalid), "{body}");
        assert!(error.message.contains(why), "{error}");
    }
    let error = run(&bed, "emit_what_is_there", json!({})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::EventInvalid, "all events are validated before the first is emitted");
    assert_eq!(sink.count(), 0);
    sink.fail_with(Some(ErrorCode::StorageUnavailable));
    let error = run(&bed, "emit", json!({ "body": { "type": "refused" } })).await.unwrap_err();
    assert_eq!((error.status(), error.code), (503, ErrorCode::StorageUnavailable), "a sink can fail the step");
}

#[tokio::test]
async fn emit_event_without_an_event_emits_the_previous_output() {
    let (bed, sink) =
        recording_bed(json!([{ "eventType": "a", "eventId": 7, "eventDate": 1_770_000_000 }, { "eventType": "b" }]))
            .await;
    let result = run(&bed, "emit_what_is_there", json!({})).await.unwrap();
    let emitted = sink.events().into_iter().map(|event| event.event_type).collect::<Vec<_>>();
    assert_eq!(emitted, ["a", "b"]);
    assert_eq!((&result["data"][0]["eventId"], result["data"].as_array().unwrap().len()), (&json!("7"), 2));
    assert_eq!(result["data"][0]["eventDate"], "2026-02-02T02:40:00.000Z");
}
