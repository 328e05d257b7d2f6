//! The trace of a run (`?debug=true`) contains no secret: none of the account, and none that a step created or received.

use axum::response::IntoResponse as _;
use patchbay_engine::RunRequest;
use serde_json::json;

use super::{SECRET, steps_bed};
use crate::support::run_request;

#[tokio::test]
async fn traces_redact_signatures_and_session_tokens() {
    let bed = steps_bed(|request| async move {
        let (parts, body) = request.into_parts();
        let said = axum::body::to_bytes(body, 65_536).await.unwrap();
        let said = String::from_utf8(said.to_vec()).unwrap();
        match parts.uri.path() {
            // The provider echoes the request, and sends the session in a header.
            "/session" => {
                let header = [("x-session", "canary-session-31c7")];
                (header, axum::Json(json!({ "session": "canary-session-31c7", "you": said }))).into_response()
            }
            _ => {
                let proof = parts.headers["authorization"].to_str().unwrap().to_owned();
                axum::Json(json!({ "name": "Ada", "proof": proof })).into_response()
            }
        }
    })
    .await;
    let request = run_request(bed.account(), "steps_get_by_session", &json!({}));
    let debug = RunRequest { debug: true, ..request };
    let outcome = bed.run_request(debug).await.unwrap();
    assert_eq!(outcome.result["data"], "Ada");
    let shown = serde_json::to_value(outcome.trace.unwrap().requests).unwrap();
    assert_eq!(shown[1]["response_body"], json!({ "name": "Ada", "proof": "[redacted]" }));
    assert_eq!(shown[0]["body"], json!({ "assertion": "[redacted]" }));
    assert_eq!(shown[0]["response_headers"]["x-session"], "[redacted]");
    let text = shown.to_string();
    // `eyJ` is the start of every JSON Web Token.
    for secret in ["canary", "eyJ", SECRET] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
