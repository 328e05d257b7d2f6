//! What is recorded of a call whose file is handed on: when it is whole, when it breaks, when the caller leaves.

mod support;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Response, header},
    routing::any,
};
use futures_util::{StreamExt as _, stream};
use patchbay_engine::{ErrorCode, RunReply, RunRequest};
use patchbay_storage::{Storage as _, sqlite::SqliteStorage};
use serde_json::{Map, Value};

/// A file of a hundred pieces; in the middle it breaks off when its name is `cut`.
async fn files() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(any(|uri: axum::http::Uri| async move {
        let cut = uri.path().ends_with("cut");
        let pieces = stream::iter(0..100_u32).then(move |place| async move {
            tokio::task::yield_now().await;
            match place {
                50 if cut => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                _ => Ok(Bytes::from(vec![1; 1024])),
            }
        });
        let response = Response::builder().header(header::CONTENT_LENGTH, 100 * 1024);
        response.body(Body::from_stream(pieces)).unwrap()
    }));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// Takes so many pieces of a file; the status and the error that the call is recorded with.
async fn recorded(name: &str, take: usize) -> (u16, Option<String>) {
    let upstreams = vec![("https://files.example.com".to_owned(), files().await)];
    let (engine, caller, folder) = support::engine(support::connector("tests/fixtures/files"), upstreams).await;
    let account = support::link(&engine, &caller, "files", &[("key", "canary-1234")]).await.unwrap().id.clone();
    let path = Map::from_iter([("name".to_owned(), Value::from(name))]);
    let request = RunRequest {
        account_id: account,
        profile_id: None,
        action: "files_stream_plain".to_owned(),
        path,
        query: Map::new(),
        headers: Map::new(),
        body: Map::new(),
        debug: true,
    };
    let RunReply::File(mut file) = engine.actions.run_streaming(&caller, request, None).await.unwrap() else {
        panic!()
    };
    assert_eq!(file.metadata.length, Some(100 * 1024));
    assert_eq!(file.outcome.result["data"], Value::from(file.placeholder.as_str()));
    let (trace, call) = (file.outcome.trace.take().unwrap(), file.outcome.call_id.clone());
    assert_eq!(trace.requests[0].response_body, Value::from("(streamed)"));
    for _ in 0..take {
        match file.content.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => assert_eq!(error.code, ErrorCode::ProviderConnection),
            None => break,
        }
    }
    drop(file);
    engine.shutdown().await;
    let storage = SqliteStorage::open(&folder.path().join("test.db")).await.unwrap();
    let record = storage.calls().get(&caller.project_id, &call).await.unwrap().unwrap();
    (record.status_code, record.error_code)
}

#[tokio::test]
async fn a_call_is_recorded_when_its_file_stream_ends() {
    assert_eq!(recorded("whole", usize::MAX).await, (200, None));
    assert_eq!(recorded("cut", usize::MAX).await, (502, Some("ProviderConnectionError".to_owned())));
    assert_eq!(recorded("whole", 2).await, (499, None));
}
