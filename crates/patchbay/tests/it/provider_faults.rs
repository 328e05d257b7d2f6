//! Failures of a provider: each has its own clear error, and has no side effects.

use serde_json::{Value, json};

use crate::support::{LinkedServer, Provider, Server, link_body};

/// Runs a read-only action while every request fails with the fault.
fn under(linked: &LinkedServer, fault: Value) -> crate::support::ApiResponse {
    linked.provider.fault(20, fault);
    linked.run("get_contract_status", json!({ "path": { "composite_id": "T-8" } }))
}

#[test]
fn html_is_not_data() {
    let linked = LinkedServer::new();
    insta::assert_snapshot!(under(&linked, json!({ "kind": "html" })).snapshot());
}

#[test]
fn a_truncated_body_is_reported() {
    let linked = LinkedServer::new();
    let answer = under(&linked, json!({ "kind": "truncated_body" }));
    assert_eq!(answer.status, 502, "{answer}");
    insta::assert_snapshot!(answer.snapshot());
}

#[test]
fn a_redirect_to_another_host_gets_no_credentials() {
    let linked = LinkedServer::new();
    let answer = under(&linked, json!({ "kind": "redirect", "location": "http://169.254.169.254/latest/meta-data" }));
    assert_eq!(answer.status, 502, "{answer}");
}

#[test]
fn large_and_compressed_bodies_are_limited() {
    let linked = LinkedServer::with_arguments(&["--response-limit-mib", "1"]);
    for fault in
        [json!({ "kind": "huge_body", "bytes": 4_000_000 }), json!({ "kind": "gzip_bomb", "bytes": 50_000_000 })]
    {
        let answer = under(&linked, fault);
        assert_eq!(answer.status, 502, "{answer}");
        assert!(answer.body.contains("ProviderResponseTooLargeError"), "{answer}");
        linked.provider.fault_none();
    }
}

#[test]
fn responses_of_mostly_empty_values_are_refused() {
    let linked = LinkedServer::new();
    let body = |kind: &str, before: &str, item: &str, after: &str| {
        json!({
            "kind": "repeated", "content_type": kind, "before": before, "item": item, "after": after,
            "bytes": 9_000_000,
        })
    };
    let list = |item: &str| body("application/json", "[", &format!("{item},"), &format!("{item}]"));
    let xml = |item: &str| body("application/xml", "<a>", item, "</a>");
    for fault in [
        list("{}"),
        list("1"),
        list("[[]]"),
        list("\"\""),
        body("application/json", "{", "\"k#\":1,", "\"k\":1}"),
        xml("<b/>"),
        xml("<b c=''>1</b>"),
    ] {
        let item = fault["item"].clone();
        let answer = under(&linked, fault);
        assert_eq!(answer.status, 502, "{item}: {:.300}", answer.body);
        assert_eq!(answer.code(), "ProviderResponseTooLargeError", "{item}");
        assert!(answer.body.contains("too many small values"), "{item}: {:.300}", answer.body);
        linked.provider.fault_none();
    }
    let record = json!({ "id": "T-8", "status": "DRAFT", "name": "Mutual NDA", "counterparty": "Acme Incorporated" });
    let answer = under(&linked, list(&record.to_string()));
    assert_eq!(answer.status, 200, "{:.300}", answer.body);
    linked.provider.fault_none();
    let answer = under(&linked, xml("<record id='T-8'><status>DRAFT</status><name>Mutual NDA of Acme</name></record>"));
    assert_eq!(answer.status, 200, "{:.300}", answer.body);
}

#[test]
fn a_slow_provider_times_out() {
    let linked = LinkedServer::with_arguments(&["--call-budget-seconds", "1"]);
    let answer = under(&linked, json!({ "kind": "delay", "millis": 20_000 }));
    assert_eq!(answer.status, 408, "{answer}");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[test]
fn errors_of_the_provider_keep_status_and_body() {
    let linked = LinkedServer::new();
    let answer = under(&linked, json!({ "kind": "status", "status": 422, "body": { "detail": "No." } }));
    assert_eq!(answer.status, 422, "{answer}");
    insta::assert_snapshot!(answer.snapshot());
}

#[test]
fn a_status_that_is_no_error_of_http_becomes_502() {
    let linked = LinkedServer::new();
    for status in [600, 799, 999] {
        let fault = json!({ "kind": "status", "status": status, "body": { "detail": "No." } });
        let answer = under(&linked, fault.clone());
        assert_eq!(answer.status, 502, "{status}: {answer}");
        assert_eq!(answer.json()["provider_errors"][0]["status"], status, "{answer}");
        linked.provider.fault_none();
        linked.provider.fault(1, fault);
        let answer = linked.api().post("/unified/proxy", &json!({ "path": "/contract_types/" }));
        assert_eq!(
            (answer.status, answer.code()),
            (502, "ProviderInvalidResponseError".to_owned()),
            "{status}: {answer}"
        );
        linked.provider.fault_none();
    }
}

#[test]
fn no_account_is_stored_while_the_provider_is_down() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    drop(provider);
    let body = link_body(&integration);
    let answer = server.hub(&token).post("/hub/accounts", &body);
    assert_eq!(answer.status, 502, "{answer}");
    // Nobody refused anything, and there is nothing to show.
    assert_eq!((answer.text("/reason"), answer.json().get("provider_response")), ("unreachable".to_owned(), None));
    assert_eq!(server.api().get("/accounts").json(), json!([]));
}

#[test]
fn each_failure_has_its_reason_in_the_hub_and_in_the_api() {
    let linked = LinkedServer::new();
    let token = linked.server.session(json!({ "multiple": true }));
    let body = link_body(&linked.server.integration(&token));
    for (fault, reason) in [
        (json!({ "kind": "status", "status": 401, "body": { "detail": "No." } }), "refused"),
        (json!({ "kind": "status", "status": 403, "body": { "detail": "No." } }), "refused"),
        (json!({ "kind": "blocked", "status": 403 }), "unavailable"),
        (json!({ "kind": "status", "status": 503, "body": null }), "unavailable"),
        (json!({ "kind": "html" }), "unavailable"),
        (json!({ "kind": "status", "status": 504, "body": null }), "timed_out"),
        (json!({ "kind": "rate_limited", "retry_after": 0 }), "rate_limited"),
        (json!({ "kind": "close" }), "unreachable"),
    ] {
        linked.provider.fault(20, fault.clone());
        let answer = linked.server.hub(&token).post("/hub/accounts", &body);
        assert!((400..600).contains(&answer.status), "{fault}: {answer}");
        assert_eq!(answer.text("/reason"), reason, "the Hub, {fault}: {answer}");
        let answer = linked.run("get_contract_status", json!({ "path": { "composite_id": "T-8" } }));
        assert_eq!(answer.text("/reason"), reason, "the API, {fault}: {answer}");
        linked.provider.fault_none();
    }
    let wrong = linked.server.hub(&token).post("/hub/accounts", &json!({ "integration_id": "none" }));
    assert_eq!(wrong.json().get("reason"), None, "{wrong}");
}

#[test]
fn echoed_secrets_are_redacted() {
    let linked = LinkedServer::new();
    let echo =
        json!({ "kind": "status", "status": 400, "body": { "you_sent": crate::support::canary::CLIENT_SECRET } });
    // The test client panics if a response contains the secret.
    let answer = under(&linked, echo.clone());
    assert_eq!(answer.status, 400, "{answer}");
    linked.provider.fault_none();
    linked.provider.fault(1, echo);
    let answer = linked.api().post("/unified/proxy", &json!({ "path": "/contract_types/" }));
    assert_eq!(answer.json()["status"], 400, "{answer}");
}

#[test]
fn a_client_that_does_not_wait_gets_the_limit_that_applies() {
    let linked = LinkedServer::new();
    linked.provider.fault(1, json!({ "kind": "rate_limited", "retry_after": 30 }));
    let body = json!({ "action": "spotdraft_get_contract_status", "path": { "composite_id": "T-8" } });
    let hasty = linked.api().header("x-rate-limit-wait", "0");
    // The first response is the provider's; its rate limit then applies to every other request.
    let answer = hasty.post("/actions/rpc", &body);
    assert_eq!((answer.status, answer.code().as_str()), (429, "ProviderError"), "{answer}");
    assert_eq!(answer.header("retry-after"), Some("30"));
    linked.provider.forget_requests();
    for (path, body) in [("/actions/rpc", &body), ("/unified/proxy", &json!({ "path": "/contract_types/" }))] {
        let answer = hasty.post(path, body);
        assert_eq!((answer.status, answer.code().as_str()), (429, "ProviderRateLimitError"), "{answer}");
        let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
        assert!(seconds.is_some_and(|seconds| (1..=30).contains(&seconds)), "{answer}");
    }
    assert!(linked.provider.requests().is_empty(), "nothing was sent");
    let answer = linked.api().header("x-rate-limit-wait", "soon").post("/actions/rpc", &body);
    assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{answer}");
}
