//! The rate limit of API keys, over real connections.

use serde_json::json;

use crate::support::{ApiResponse, LinkedServer, Provider, Server};

/// Returns what the headers of a response say: the limit, what is left, and the seconds until all is restored.
fn quota(answer: &ApiResponse) -> Option<[u64; 3]> {
    let header = |name| answer.header(name).map(|value| value.parse::<u64>().unwrap());
    Some([header("ratelimit-limit")?, header("ratelimit-remaining")?, header("ratelimit-reset")?])
}

#[test]
fn a_key_has_its_own_limit_over_all_connections() {
    // So few that no request is restored while the test runs.
    let server = Server::start(&Provider::start(), &["--key-requests-per-minute", "3"]);
    let other = json!({ "name": "other", "scopes": ["platform:read"] });
    let other = server.api().post("/api_keys", &other);
    assert_eq!(quota(&other), Some([3, 2, 20]), "{other}");
    // Errors count and say what is left.
    let missing = server.api().get("/accounts/none");
    assert_eq!((missing.status, quota(&missing).unwrap()[1]), (404, 1), "{missing}");
    assert_eq!(quota(&server.api().get("/accounts")).unwrap()[1], 0);
    for path in ["/accounts", "/api_keys", "/accounts/none"] {
        let refused = server.api().get(path);
        assert_eq!((refused.status, refused.code()), (429, "TooManyRequestsError".to_owned()), "{refused}");
        let body = refused.json();
        assert_eq!((&body["statusCode"], body["message"].is_string()), (&json!(429), true), "{body}");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        let [limit, remaining, reset] = quota(&refused).unwrap();
        assert_eq!((limit, remaining), (3, 0));
        assert!((41..=60).contains(&reset), "{reset}");
    }
    // Another key is another budget, and so is none.
    let other = server.with_key(&other.text("/key"));
    assert_eq!(quota(&other.get("/accounts")).unwrap()[1], 2);
    let stranger = server.with_key("v1.local.nobody-has-this-key").get("/accounts");
    assert_eq!((stranger.status, quota(&stranger)), (401, None));
    for path in ["/healthz", "/openapi.json", "/docs/connectors"] {
        let public = server.anonymous().get(path);
        assert_eq!((public.status, quota(&public)), (200, None), "{path}");
    }
    // A page that everybody may read is shown to the key that has sent too much.
    assert_eq!(server.api().get("/docs/connectors").status, 200);
}

#[test]
fn a_change_of_a_key_does_not_restore_its_budget() {
    let server = Server::start(&Provider::start(), &["--key-requests-per-minute", "3"]);
    let made = server.api().post("/api_keys", &json!({ "name": "first" }));
    let key = server.with_key(&made.text("/key"));
    assert_eq!(quota(&key.get("/accounts")).unwrap()[1], 2);
    let renamed = server.api().patch(&format!("/api_keys/{}", made.text("/id")), &json!({ "name": "second" }));
    assert_eq!(renamed.status, 200, "{renamed}");
    assert_eq!(quota(&key.get("/accounts")).unwrap()[1], 1);
}

#[test]
fn refused_calls_reach_no_provider_and_sessions_are_not_limited() {
    let linked = LinkedServer::with_arguments(&["--key-requests-per-minute", "5"]);
    let token = linked.server.session(json!({}));
    while linked.run("list_contract_types", json!({})).status == 200 {}
    let sent = linked.provider.requests().len();
    for request in [
        linked.run("list_contract_types", json!({})),
        linked.api().post("/unified/proxy", &json!({ "method": "get", "path": "/contract_types/" })),
    ] {
        assert_eq!((request.status, request.code()), (429, "TooManyRequestsError".to_owned()), "{request}");
    }
    assert_eq!(linked.provider.requests().len(), sent);
    for _ in 0..20 {
        let answer = linked.server.hub(&token).get("/hub/connectors");
        assert_eq!((answer.status, quota(&answer)), (200, None), "{answer}");
    }
}

#[test]
fn a_limit_of_zero_is_none() {
    let server = Server::start(&Provider::start(), &["--key-requests-per-minute", "0"]);
    let answer = server.api().get("/accounts");
    assert_eq!((answer.status, quota(&answer)), (200, None), "{answer}");
}
