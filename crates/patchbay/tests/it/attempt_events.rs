//! The event stream of a connection attempt: it reports the final status at once, is limited, and closes with the client or the server.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Provider, Server};

fn attempt(server: &Server) -> (String, String) {
    let token = server.session(json!({}));
    let id = server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
    (token, format!("/hub/connection_attempts/{id}"))
}

/// Returns the data of the only event of a stream.
fn event_data(body: &str) -> Value {
    let event = body.split("\n\n").find(|block| block.contains("event: attempt")).unwrap_or_else(|| panic!("{body}"));
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

/// Opens a stream. Returns its status line and the connection; dropping it closes the stream.
fn open(server: &Server, token: &str, path: &str) -> (String, BufReader<TcpStream>) {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(connection, "GET {path}/events HTTP/1.1\r\nhost: {address}\r\nx-hub-session-token: {token}\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(connection);
    let mut status = String::new();
    reader.read_line(&mut status).unwrap();
    (status, reader)
}

#[test]
fn the_final_status_is_streamed_at_once() {
    let server = Server::start(&Provider::start(), &[]);
    let (token, path) = attempt(&server);
    let (hub, events) = (server.hub(&token), format!("{path}/events"));
    let (status, _open) = open(&server, &token, &path);
    assert!(status.contains("200"), "{status}");
    let follower = std::thread::spawn(move || hub.get(&events));
    assert_eq!(server.hub(&token).delete(&path).status, 204);
    let answer = follower.join().unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")), "{answer}");
    assert_eq!((answer.header("x-accel-buffering"), answer.header("cache-control")), (Some("no"), Some("no-cache")));
    let expected = json!({ "status": "cancelled", "account": null, "error": null });
    assert_eq!(event_data(&answer.body), expected);
    // The stream of a finished attempt reports the status at once, in the format of the polling endpoint.
    assert_eq!(event_data(&server.hub(&token).get(&format!("{path}/events")).body), expected);
    assert_eq!(server.hub(&token).get(&path).json(), expected);
}

#[test]
fn an_attempt_is_visible_only_to_its_session() {
    let server = Server::start(&Provider::start(), &[]);
    let (token, path) = attempt(&server);
    let events = format!("{path}/events");
    assert_eq!(server.anonymous().get(&events).status, 401);
    assert_eq!(server.hub("nonsense").get(&events).status, 401);
    let (other, _) = attempt(&server);
    let answer = server.hub(&other).get(&events);
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/json")), "{answer}");
    assert_eq!(server.hub(&token).get("/hub/connection_attempts/none/events").status, 404);
}

#[test]
fn streams_are_limited_and_a_closed_one_frees_its_slot() {
    let server = Server::start(&Provider::start(), &[]);
    let (token, path) = attempt(&server);
    let mut followed = Vec::new();
    for number in 0..8 {
        let (status, reader) = open(&server, &token, &path);
        assert!(status.contains("200"), "{number}: {status}");
        followed.push(reader);
    }
    let refused = server.hub(&token).get(&format!("{path}/events"));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")), "{refused}");
    // Sessions of other customers have their own places, until the total is reached.
    let others = |number: usize| {
        let session = server.session(json!({ "origin_owner_id": format!("customer-{}", number / 4) }));
        let started = server.hub(&session).post("/hub/connection_attempts", &json!({ "provider": "spotdraft" }));
        assert!(started.status < 300, "{started}");
        let path = format!("/hub/connection_attempts/{}", started.text("/id"));
        (session, path)
    };
    let mut all = Vec::new();
    for number in 0..23 {
        let (session, path) = others(number);
        for _ in 0..8 {
            let (status, reader) = open(&server, &session, &path);
            assert!(status.contains("200"), "{number}: {status}");
            all.push(reader);
        }
    }
    // 192 are taken: the rest is for sessions that have none, one each.
    for number in 100..104 {
        let (session, path) = others(number * 4);
        let (status, reader) = open(&server, &session, &path);
        assert!(status.contains("200"), "{number}: {status}");
        all.push(reader);
        assert!(open(&server, &session, &path).0.contains("429"), "{number}");
    }
    drop(all);
    // The attempt can still be polled.
    assert_eq!(server.hub(&token).get(&path).json()["status"], "pending");
    followed.pop();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !open(&server, &token, &path).0.contains("200") {
        assert!(Instant::now() < deadline, "the slot of a closed stream was not freed");
        std::thread::yield_now();
    }
}

#[test]
fn streams_do_not_delay_the_shutdown() {
    let mut server = Server::start(&Provider::start(), &[]);
    let (token, path) = attempt(&server);
    let (status, mut reader) = open(&server, &token, &path);
    assert!(status.contains("200"), "{status}");
    assert_eq!(server.terminate(), Some(0));
    assert!(server.log().contains("drained=true"), "{}", server.log());
    // The server closed the stream properly.
    let mut rest = String::new();
    while reader.read_line(&mut rest).unwrap() > 0 {}
    assert!(rest.ends_with("0\r\n\r\n") && !rest.contains("event: attempt"), "{rest:?}");
}
