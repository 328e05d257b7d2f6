//! The call record of a streamed file: after its end, after a lost connection, and after the caller disconnects.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, stream};
use patchbay_engine::{ErrorCode, RunReply, RunRequest};
use serde_json::{Value, json};

use crate::support::{HttpProvider, TestBed, run_request};

/// Responds with a file of a hundred chunks. The connection is lost in the middle if the file's name is `cut`.
async fn respond(request: Request) -> Response {
    let is_cut = request.uri().path().ends_with("cut");
    let chunks = stream::iter(0..100_u32).then(move |number| async move {
        tokio::task::yield_now().await;
        match number {
            50 if is_cut => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            _ => Ok(Bytes::from(vec![1; 1024])),
        }
    });
    ([(header::CONTENT_LENGTH, 100 * 1024)], Body::from_stream(chunks)).into_response()
}

/// Reads `count` chunks of a file, and returns the status and the error code of the call record.
async fn recorded(name: &str, count: usize) -> (u16, Option<String>) {
    let bed = TestBed::builder().connector("files").account(&[("key", "canary-1234")]);
    let bed = bed.provider("https://files.example.com", HttpProvider::new(respond)).start().await;
    let request = run_request(bed.account(), "files_stream_plain", &json!({ "path": { "name": name } }));
    let request = RunRequest { debug: true, ..request };
    let reply = bed.engine.actions.run_streaming(&bed.caller, request, None).await.unwrap();
    let RunReply::File(mut file) = reply else { panic!() };
    assert_eq!(file.metadata.length, Some(100 * 1024));
    assert_eq!(file.outcome.result["data"], Value::from(file.placeholder.as_str()));
    let (trace, call) = (file.outcome.trace.take().unwrap(), file.outcome.call_id.clone());
    assert_eq!(trace.requests[0].response_body, Value::from("(streamed)"));
    for _ in 0..count {
        match file.content.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => assert_eq!(error.code, ErrorCode::ProviderConnection),
            None => break,
        }
    }
    drop(file);
    bed.engine.shutdown().await;
    let record = bed.logged(&call).await;
    (record.status, record.error_code)
}

#[tokio::test]
async fn a_call_is_recorded_when_its_file_stream_ends() {
    assert_eq!(Box::pin(recorded("whole", usize::MAX)).await, (200, None));
    assert_eq!(Box::pin(recorded("cut", usize::MAX)).await, (502, Some("ProviderConnectionError".to_owned())));
    assert_eq!(Box::pin(recorded("whole", 2)).await, (499, None));
}
