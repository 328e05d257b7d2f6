//! The logs of calls over the API.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{ApiResponse, Client, LinkedServer, Server, offline};

/// A card number that a customer typed where none belongs.
const CARD: &str = "4111111111111111";

/// Returns the page of logs once it has so many.
fn logs(api: &Client, path: &str, query: &Value, count: usize) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let page = api.post(path, query);
        assert_eq!(page.status, 200, "{page}");
        let page = page.json();
        if page["data"].as_array().unwrap().len() == count {
            return page;
        }
        assert!(Instant::now() < deadline, "{count} logs do not appear: {page}");
        thread::yield_now();
    }
}

fn refused(answer: &ApiResponse, word: &str) {
    assert_eq!(answer.status, 400, "{answer}");
    assert!(answer.body.contains("ValidationError") && answer.body.contains(word), "{word}: {answer}");
}

#[test]
fn a_run_is_logged_with_its_steps_and_its_requests() {
    let linked = LinkedServer::new();
    let api = linked.api();
    let answer = linked.run("list_contract_types", json!({}));
    assert_eq!(answer.status, 200);
    linked.provider.fault(1, json!({ "kind": "status", "status": 404, "body": { "detail": format!("card {CARD}") } }));
    let failed = linked.run("get_contract_status", json!({ "path": { "composite_id": format!("T-{CARD}") } }));
    assert!(failed.status >= 400, "{failed}");
    let own = api.clone().header("x-request-id", "ours-1");
    let proxied = own.post("/unified/proxy", &json!({ "path": "/contract_types/" }));
    assert_eq!(proxied.status, 200, "{proxied}");

    let only_calls = json!({ "filters": { "source_type": ["api"] } });
    let page = logs(&api, "/logs", &only_calls, 3);
    assert_eq!((&page["total"], &page["next"], &page["complete"]), (&json!(3), &Value::Null, &json!(true)));
    let page = logs(
        &api,
        "/logs/actions",
        &json!({ "filters": { "action_id": ["spotdraft_list_contract_types"], "source_type": ["api"] } }),
        1,
    );
    let run = &page["data"][0];
    assert_eq!(
        (&run["log_type"], &run["success"], &run["status_code"], &run["connector_key"], &run["account_id"]),
        (&json!("action"), &json!(true), &json!(200), &json!("spotdraft"), &json!(linked.account))
    );
    assert_eq!(
        (&run["http_method"], &run["mode"], &run["action_type"]),
        (&json!("GET"), &json!("production"), &json!("list"))
    );
    assert!(run["url"].as_str().unwrap().ends_with("/contract_types/"), "{run}");
    assert_eq!(run["connector_owner"], json!("patchbay"));
    let tests = api.post("/logs", &json!({ "filters": { "source_type": ["connection_test"] } })).json();
    assert_eq!(
        (&tests["data"][0]["connector_owner"], &tests["data"][0]["request_id"]),
        (&json!("patchbay"), &Value::Null)
    );
    // The id that the server gave to the request, or that the caller chose, finds its log.
    assert_eq!(run["request_id"].as_str(), answer.header("x-request-id"));
    for (id, action) in [(&run["request_id"], json!("spotdraft_list_contract_types")), (&json!("ours-1"), Value::Null)]
    {
        let found = api.post("/logs", &json!({ "filters": { "request_id": [id] } })).json();
        assert_eq!((&found["total"], &found["data"][0]["action_id"]), (&json!(1), &action), "{id}");
    }
    let id = run["action_run_id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/logs/actions/{id}")).json(), *run);
    let steps = api.get(&format!("/logs/actions/{id}/steps")).json();
    let step = &steps["data"][0];
    assert_eq!((&steps["total"], &step["step_index"], &step["success"]), (&json!(1), &json!(0), &json!(true)));
    assert_eq!((&step["step_function_name"], &step["attempts"][0]["status_code"]), (&json!("request"), &json!(200)));
    assert_eq!(api.get(&format!("/logs/actions/{id}/steps/0")).json(), *step);
    assert_eq!(api.get(&format!("/logs/actions/{id}/steps/1")).status, 404);
    assert_eq!(api.get(&format!("/logs/actions/{id}/defender")).status, 404);
    assert_eq!(api.get(&format!("/logs/actions/{id}/advanced")).json()["action_run_id"], json!(id));
    assert_eq!(api.get(&format!("/logs/unified/{id}")).status, 404);

    let failed = logs(&api, "/logs/actions", &json!({ "filters": { "success": false } }), 1);
    let failed = &failed["data"][0];
    assert_eq!((&failed["action_id"], &failed["success"]), (&json!("spotdraft_get_contract_status"), &json!(false)));
    assert!(failed["error_code"].is_string() && failed["message"].is_string(), "{failed}");
    let unified = logs(&api, "/logs/unified", &json!({}), 1);
    let request = unified["data"][0]["log_id"].as_str().unwrap();
    let sent = api.get(&format!("/logs/unified/{request}/provider")).json();
    let sent_id = sent["data"][0]["id"].as_str().unwrap();
    assert_eq!(sent["data"][0]["status_code"], json!(200));
    assert_eq!(api.get(&format!("/logs/unified/{request}/provider/{sent_id}")).json(), sent["data"][0]);

    let steps = api.post("/logs/steps", &json!({ "filters": { "success": false } })).json();
    assert_eq!(steps["data"].as_array().unwrap().len(), 1, "{steps}");
    let provider = api.post("/logs/provider", &json!({ "filters": { "account_secure_id": [linked.account] } })).json();
    assert_eq!(provider["data"].as_array().unwrap().len(), 3, "{provider}");
    let counts = api
        .post("/logs/stats/aggregate", &json!({ "dimensions": ["success"], "filters": { "source_type": ["api"] } }))
        .json();
    let counts = counts["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["dimensions"]["success"].clone(), row["requests"].clone()));
    assert_eq!(counts.collect::<Vec<_>>(), [(json!("false"), json!(1)), (json!("true"), json!(2))]);
    let values = api
        .post("/logs/stats/dimensions", &json!({ "dimensions": ["action_id"], "filters": { "source_type": ["api"] } }))
        .json();
    assert_eq!(values["data"]["action_id"].as_array().unwrap().len(), 2, "{values}");
    let first = api
        .get("/requests/logs?include=step_logs&filter[source_types]=api&order_by=eventDatetime&order_direction=asc")
        .json();
    assert_eq!(first["data"][0]["request_id"], json!(id));
    assert_eq!(first["data"][0]["step_requests"][0]["status"], json!(200));
    assert_eq!(api.get(&format!("/requests/logs/{id}")).json()["data"]["provider"], json!("spotdraft"));
    assert_eq!(api.get("/requests/logs/steps").json()["data"].as_array().unwrap().len(), 3);
    assert_eq!(api.get("/requests/platform-logs").json(), json!({ "next": null, "data": [] }));
    for shown in [page.to_string(), failed.to_string(), unified.to_string(), provider.to_string(), steps.to_string()] {
        assert!(!shown.contains(CARD), "{shown}");
    }
}

#[test]
fn no_row_contains_a_secret_or_a_card_number() {
    let mut linked = LinkedServer::new();
    let body = json!({ "detail": format!("{CARD} 4111 1111 1111 1111 sk_live_4eC39HqLyjWDarjtT1zdp7dc") });
    linked.provider.fault(1, json!({ "kind": "status", "status": 400, "body": body }));
    assert!(
        linked.run("get_contract_status", json!({ "path": { "composite_id": format!("T-{CARD}") } })).status >= 400
    );
    linked.api().post("/unified/proxy", &json!({ "path": format!("/{CARD}?token=canary-in-the-query") }));
    let data_dir = linked.server.data_dir.clone();
    assert_eq!(linked.server.terminate(), Some(0));
    let count = crate::support::database::select_log(&data_dir, "SELECT CAST(count(*) AS TEXT) FROM log_runs_1");
    assert!(count.parse::<u32>().unwrap() >= 2, "{count}");
    for name in ["logs.db", "logs.db-wal"] {
        let bytes = fs::read(data_dir.join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for secret in [CARD, "4111 1111", "sk_live_4eC39", "canary-in-the-query", crate::support::canary::CLIENT_SECRET]
        {
            assert!(!text.contains(secret), "{name} contains {secret}");
        }
    }
}

#[test]
fn what_is_not_a_filter_is_an_error() {
    let linked = LinkedServer::new();
    let api = linked.api();
    for (path, body, word) in [
        ("/logs", json!({ "filters": { "acount_secure_id": ["x"] } }), "acount_secure_id"),
        ("/logs/actions", json!({ "filter": {} }), "filter"),
        ("/logs/actions", json!({ "filters": { "start_time": "yesterday" } }), "start_time"),
        ("/logs/actions", json!({ "filters": { "order_by": "status" } }), "order_by"),
        ("/logs/actions", json!({ "filters": { "tuples": ["x"] } }), "tuple"),
        ("/logs/actions", json!({ "filters": { "tuples": ["[\"x\",\"y\"]"] } }), "tuple"),
        ("/logs/actions", json!({ "page": 401 }), "next"),
        ("/logs/actions", json!({ "page": 0 }), "page"),
        ("/logs/actions", json!({ "page_size": 101 }), "page"),
        ("/logs/actions", json!({ "next": "x" }), "next"),
        ("/logs/steps", json!({ "filters": { "x": 1 } }), "x"),
        ("/logs/provider", json!({ "filters": { "x": 1 } }), "x"),
        ("/logs/stats/aggregate", json!({ "dimensions": ["user_agent"] }), "dimensions"),
        ("/logs/stats/aggregate", json!({ "interval_type": "year" }), "interval_type"),
        ("/logs/stats/aggregate", json!({ "interval_period": 0 }), "interval_period"),
        ("/logs/stats/dimensions", json!({ "dimensions": ["x"] }), "dimensions"),
    ] {
        refused(&api.post(path, &body), word);
    }
    for (query, word) in [
        ("filter[acount_ids]=x", "acount_ids"),
        ("filter[start_date]=x", "start_date"),
        ("order_by=x", "order_by"),
        ("order_direction=up", "order_direction"),
        ("include=everything", "include"),
        ("next=x", "next"),
    ] {
        refused(&api.get(&format!("/requests/logs?{query}")), word);
    }
    let values = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    for name in ["action", "action_run_id", "request_id", "status_code", "account_secure_id", "error_code"] {
        let most = json!({ "filters": { name: values(500) } });
        assert_eq!(api.post("/logs", &most).status, 200, "{name}");
        let many = json!({ "filters": { name: values(501) } });
        for path in ["/logs", "/logs/actions", "/logs/unified", "/logs/steps", "/logs/provider"] {
            refused(&api.post(path, &many), "500 values");
        }
    }
    let tuples =
        |count: usize| vec![json!(["action_run_id", "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f"]).to_string(); count];
    assert_eq!(api.post("/logs", &json!({ "filters": { "tuples": tuples(500) } })).status, 200);
    refused(&api.post("/logs", &json!({ "filters": { "tuples": tuples(501) } })), "500 values");
    let lists = ["action", "request_id", "log_id", "action_run_id", "http_method"];
    let lists = lists.map(|name| (name.to_owned(), json!(values(500))));
    refused(&api.post("/logs", &json!({ "filters": serde_json::Map::from_iter(lists) })), "2000 values");
    refused(&api.get(&format!("/requests/logs?filter[actions]={}", values(501).join(","))), "500 values");
    refused(&api.get("/requests/logs/steps?filter[source_ids]=x"), "source_ids");
    refused(&api.get("/requests/logs?filter[categories]=x"), "categories");
}

#[test]
fn logs_belong_to_their_project_and_need_the_scope_to_read() {
    let mut linked = LinkedServer::new();
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    let page = logs(&linked.api(), "/logs/actions", &json!({ "filters": { "source_type": ["api"] } }), 1);
    let id = page["data"][0]["log_id"].as_str().unwrap().to_owned();
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let theirs = offline(&data_dir, &["project", "create", "Theirs"]);
    let stranger = offline(&data_dir, &["api-key", "create", "--project", &theirs, "--name", "theirs"]);
    let weak = offline(
        &data_dir,
        &["api-key", "create", "--project", "default-10001", "--name", "weak", "--scopes", "actions:execute"],
    );
    let server = Server::start_in(&data_dir, &linked.provider, &[]);
    let stranger = server.with_key(&stranger);
    for path in ["/logs", "/logs/actions", "/logs/unified", "/logs/steps", "/logs/provider"] {
        let page = stranger.post(path, &json!({})).json();
        assert_eq!((&page["data"], &page["total"]), (&json!([]), &json!(0)), "{path}");
    }
    assert_eq!(stranger.post("/logs/stats/aggregate", &json!({})).json()["data"], json!([]));
    assert_eq!(stranger.get("/requests/logs").json()["data"], json!([]));
    for path in [format!("/logs/actions/{id}"), format!("/logs/actions/{id}/steps"), format!("/requests/logs/{id}")] {
        assert_eq!(stranger.get(&path).status, 404, "{path}");
        assert_eq!(server.api().get(&path).status, 200, "{path}");
        assert_eq!(server.with_key(&weak).get(&path).status, 403, "{path}");
    }
    assert_eq!(server.with_key(&weak).post("/logs", &json!({})).status, 403);
}

#[test]
fn calls_go_on_without_the_file_of_the_logs() {
    if crate::support::database::postgres_server().is_some() {
        // Its logs are in the database.
        return;
    }
    let mut linked = LinkedServer::new();
    let path = linked.server.data_dir.join("logs.db");
    linked.server.terminate();
    for name in ["logs.db", "logs.db-wal", "logs.db-shm"] {
        let _ = fs::remove_file(linked.server.data_dir.join(name));
    }
    // Nobody can open a directory as a file.
    fs::create_dir(&path).unwrap();
    let server = Server::start_in(&linked.server.data_dir, &linked.provider, &[]);
    let api = server.api().header("x-account-id", &linked.account);
    let run = json!({ "action": "spotdraft_list_contract_types" });
    assert_eq!(api.post("/actions/rpc", &run).status, 200);
    let unavailable = api.post("/logs", &json!({}));
    assert_eq!(unavailable.status, 503, "{unavailable}");
    server.logged("THE LOGS CANNOT BE OPENED");
    // What waited is written when they can be.
    fs::remove_dir(&path).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while api.post("/logs", &json!({})).status == 503 {
        assert!(Instant::now() < deadline, "the logs do not come back");
        thread::yield_now();
    }
    logs(&api, "/logs", &json!({}), 1);
}

#[test]
fn logs_are_exported_and_followed() {
    let linked = LinkedServer::new();
    let api = linked.api();
    for _ in 0..3 {
        assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    }
    logs(&api, "/logs", &json!({ "filters": { "source_type": ["api"] } }), 3);
    let lines = api.post("/logs/export", &json!({ "filters": { "source_type": ["api"] } }));
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"), "{lines}");
    let rows = lines.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["action_id"], json!("spotdraft_list_contract_types"));
    let table = api.post("/logs/export", &json!({ "format": "csv", "filters": { "source_type": ["api"] } }));
    assert_eq!(table.body.lines().count(), 4, "{table}");
    assert!(table.body.starts_with("log_id,log_type,action_run_id,"), "{table}");
    refused(&api.post("/logs/export", &json!({ "format": "xml" })), "format");
    refused(&api.get("/logs/stream?filters=x"), "filters");
    let stranger = linked.server.anonymous();
    assert_eq!(stranger.post("/logs/export", &json!({})).status, 401);
    let status = api.get("/admin/logs").json();
    assert!(status["runs"].as_u64().unwrap() >= 3 && status["bytes"].as_u64().unwrap() > 0, "{status}");
    assert_eq!(status["dropped"]["queue_full"], json!(0));
}

#[test]
fn a_retried_request_is_logged_with_each_attempt() {
    let linked = LinkedServer::new();
    let api = linked.api();
    linked.provider.fault(2, json!({ "kind": "status", "status": 503, "body": {} }));
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);
    linked.provider.fault(1, json!({ "kind": "status", "status": 503, "body": {} }));
    assert_eq!(api.post("/unified/proxy", &json!({ "path": "/contract_types/" })).status, 200);
    let page = logs(&api, "/logs", &json!({ "filters": { "source_type": ["api"], "order_direction": "asc" } }), 2);
    let statuses = |attempts: &Value| {
        attempts.as_array().unwrap().iter().map(|attempt| attempt["status_code"].as_u64()).collect::<Vec<_>>()
    };
    let id = page["data"][0]["log_id"].as_str().unwrap();
    let step = api.get(&format!("/logs/actions/{id}/steps/0")).json();
    assert_eq!(statuses(&step["attempts"]), [Some(503), Some(503), Some(200)], "{step}");
    let id = page["data"][1]["log_id"].as_str().unwrap();
    let sent = api.get(&format!("/logs/unified/{id}/provider")).json();
    assert_eq!(statuses(&sent["data"]), [Some(503), Some(200)], "{sent}");
}

/// Opens a stream of logs, and returns it after its head.
fn stream(server: &Server, key: &str) -> TcpStream {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(connection, "GET /logs/stream HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    connection
}

#[test]
fn a_stream_of_logs_ends_with_its_key() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for ending in ["delete", "disable"] {
        let key = api.post("/api_keys", &json!({ "name": "reader", "scopes": ["platform:read"] }));
        let mut open = stream(&linked.server, &key.text("/key"));
        let path = format!("/api_keys/{}", key.text("/id"));
        let ended = match ending {
            "delete" => api.delete(&path),
            _ => api.patch(&path, &json!({ "enabled": false })),
        };
        assert!(ended.status < 300, "{ended}");
        // It ends with the last, empty chunk, and nothing that happens afterwards is in it.
        let mut rest = Vec::new();
        while !rest.ends_with(b"0\r\n\r\n") {
            let mut buffer = [0; 4096];
            let read = open.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "{ending}: {}", String::from_utf8_lossy(&rest));
            rest.extend_from_slice(&buffer[..read]);
        }
        assert!(!rest.windows(5).any(|part| part == b"event"), "{ending}: {}", String::from_utf8_lossy(&rest));
    }
}

#[test]
fn a_project_has_sixteen_streams_of_logs() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let theirs = offline(&data_dir, &["project", "create", "Theirs"]);
    let stranger = offline(&data_dir, &["api-key", "create", "--project", &theirs, "--name", "theirs"]);
    let server = Server::start_in(&data_dir, &linked.provider, &[]);
    let key = server.api().post("/api_keys", &json!({ "name": "reader", "scopes": ["platform:read"] })).text("/key");
    let open = (0..16).map(|_| stream(&server, &key)).collect::<Vec<_>>();
    let refused = server.api().get("/logs/stream");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")), "{refused}");
    drop(stream(&server, &stranger));
    assert_eq!(open.len(), 16);
}
