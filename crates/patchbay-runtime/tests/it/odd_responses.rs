//! Responses that depart from the standards reach callers as they were meant.

use axum::{
    extract::Request,
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use patchbay_model::{ErrorCode, FailureReason};
use serde_json::{Value, json};

use crate::support::{RunnerBed, load_connector};

const CONNECTOR: &str = r#"
Patchbay: 1.0.0
info: {title: Odd, key: odd, version: 1.0.0, description: For a test.}
categories: [documents]
baseUrl: https://api.odd.example.com/v1
authentication:
  - key: {type: custom, label: Key, authorization: {type: none},
      configFields: [{key: key, label: Key, type: password, required: true, secret: true}],
      environments: [{key: production, name: Production}]}
actions:
  - actionId: read
    label: Read
    description: Reads.
    categories: [documents]
    actionType: get
    inputs: [{name: name, type: string, in: path, required: true, description: The response.}]
    steps:
      - {stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: "/read/${inputs.name}"}}}
    result: {data: $.steps.a.output.data, headers: $.steps.a.output.headers}
  - actionId: compute
    label: Compute
    description: Computes.
    categories: [documents]
    actionType: get
    inputs: [{name: name, type: string, in: path, required: true, description: The response.}]
    steps:
      - {stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: "/read/${inputs.name}"}}}
    result:
      text: "${steps.a.output.data.big} ${steps.a.output.data.long}"
      same: "{{steps.a.output.data.big == 123456789012345678901234567891}}"
      larger: "{{steps.a.output.data.big > 5}}"
  - actionId: list_by_total
    label: List by total
    description: Lists.
    categories: [documents]
    actionType: list
    inputs: [{name: name, type: string, in: path, required: true, description: The response.}]
    steps:
      - {stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: "/read/${inputs.name}"}}}
    result:
      data: $.steps.a.output.data.results
      next: "{{steps.a.output.data.page * 2 < steps.a.output.data.total ? string(steps.a.output.data.page + 1) : null}}"
  - actionId: search
    label: Search
    description: Searches.
    categories: [documents]
    actionType: get
    inputs: [{name: q, type: string, in: query, required: true, description: The text.}]
    steps:
      - stepId: a
        description: A.
        stepFunction:
          functionName: request
          parameters: {url: "/search?fixed=a+b", args: [{name: q, value: $.inputs.q, in: query}]}
    result: {data: $.steps.a.output.data}
  - actionId: list
    label: List
    description: Lists.
    categories: [documents]
    actionType: list
    inputs: [{name: name, type: string, in: path, required: true, description: The list.}]
    steps:
      - stepId: a
        description: A.
        stepFunction:
          functionName: paginated_request
          parameters:
            url: "/list/${inputs.name}"
            response: {dataKey: items, nextKey: next}
            iterator: {key: after, in: query, mode: cursor}
    result: {data: $.steps.a.output.data}
  - actionId: number_pages
    label: Number pages
    description: Lists.
    categories: [documents]
    actionType: list
    inputs: [{name: name, type: string, in: path, required: true, description: The list.}]
    steps:
      - stepId: a
        description: A.
        stepFunction:
          functionName: paginated_request
          parameters:
            url: "/numbered/${inputs.name}"
            response: {dataKey: items}
            iterator: {key: page, in: query, mode: page, startPage: 1}
    result: {data: $.steps.a.output.data}
"#;

async fn respond(request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let mut parts = path.trim_start_matches("/v1/").splitn(2, '/');
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        ("read", name) => read(name),
        ("search", _) => axum::Json(json!(query)).into_response(),
        ("list", ring) => {
            // Each letter of the name is a cursor that leads to the next letter, and the last one to the first.
            let at = query.trim_start_matches("after=");
            let place = ring.find(at).filter(|_| !at.is_empty()).map_or(0, |place| place + 1);
            let next = ring.chars().nth(place).or_else(|| ring.chars().next()).unwrap();
            axum::Json(json!({ "items": [at], "next": next.to_string() })).into_response()
        }
        (_, last) => {
            let page = query.trim_start_matches("page=").parse::<u64>().unwrap().min(last.parse().unwrap());
            axum::Json(json!({ "items": [{ "id": page }], "asked": query })).into_response()
        }
    }
}

fn read(name: &str) -> Response {
    let json = |body: &[u8]| ([("content-type", "application/json")], body.to_vec()).into_response();
    match name {
        "mark" => json(b"\xef\xbb\xbf{\"a\":1}"),
        "surrogate" => json(br#"[{"a":"cut \ud83d"},{"a":"\ude00 cut"},{"a":"\ud83d\ude00"}]"#),
        "cut_utf8" => json(b"{\"a\":\"x\xf0\x9f\"}"),
        "latin" => {
            ([("content-type", "application/json;charset=latin1")], b"{\"a\":\"Stra\xdfe\"}".to_vec()).into_response()
        }
        "greek" => ([("content-type", "text/plain; charset=iso-8859-7")], b"\xe1\xe2\xe3".to_vec()).into_response(),
        "utf16" => {
            let body = "\u{feff}{\"a\":\"\u{1f600}\"}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
            ([("content-type", "application/json")], body).into_response()
        }
        "numbers" => json(
            br#"{"big":123456789012345678901234567890,"long":0.12345678901234567890,"zeros":1.10,"huge":1e400,"e":-2.5E-7}"#,
        ),
        "page" => json(br#"{"results":[1,2],"page":1,"total":3}"#),
        "no_total" => json(br#"{"results":[1,2]}"#),
        "other_total" => json(br#"{"results":[1,2],"page":{},"total":"many"}"#),
        "text" => json(br#""maintenance""#),
        "deep" => json(format!("{}1{}", "[".repeat(140), "]".repeat(140)).as_bytes()),
        "headers" => {
            let mut response = json(b"1");
            let headers = response.headers_mut();
            headers.insert("x-latin", HeaderValue::from_bytes(b"M\xe4rz").unwrap());
            headers.insert("x-utf8", HeaderValue::from_bytes("\u{4e2d}\u{6587}".as_bytes()).unwrap());
            headers.insert("set-cookie", HeaderValue::from_static("SID=canary-cookie; Path=/"));
            response
        }
        other => panic!("no response has the name {other}"),
    }
}

async fn bed() -> RunnerBed {
    RunnerBed::start(load_connector(CONNECTOR), "https://api.odd.example.com", respond).await
}

async fn result(action: &str, name: &str) -> Value {
    bed().await.run(action, json!({ "path": { "name": name } })).await.unwrap()
}

#[tokio::test]
async fn text_in_every_encoding_is_read() {
    for (name, expected) in [
        ("mark", json!({"a": 1})),
        ("surrogate", json!([{"a": "cut \u{fffd}"}, {"a": "\u{fffd} cut"}, {"a": "\u{1f600}"}])),
        ("cut_utf8", json!({"a": "x\u{fffd}"})),
        ("latin", json!({"a": "Stra\u{df}e"})),
        ("greek", json!("\u{3b1}\u{3b2}\u{3b3}")),
        ("utf16", json!({"a": "\u{1f600}"})),
    ] {
        assert_eq!(result("read", name).await["data"], expected, "{name}");
    }
}

#[tokio::test]
async fn numbers_stay_as_they_came() {
    let data = result("read", "numbers").await["data"].to_string();
    for number in ["123456789012345678901234567890", "0.12345678901234567890", "1.10", "400", "-2.5"] {
        assert!(data.contains(number), "{number}: {data}");
    }
    let computed = result("compute", "numbers").await;
    assert_eq!(computed["text"], "123456789012345678901234567890 0.1234567890123456789");
    assert_eq!((&computed["same"], &computed["larger"]), (&json!(false), &json!(true)));
}

/// A result is computed from what the provider sent, so it is the provider's response that is at fault.
#[tokio::test]
async fn a_response_without_what_the_result_reads_is_an_error_of_the_provider() {
    assert_eq!(result("list_by_total", "page").await, json!({ "data": [1, 2], "next": "2" }));
    for (action, name) in [("list_by_total", "no_total"), ("list_by_total", "other_total"), ("list_by_total", "text")] {
        let error = bed().await.run(action, json!({ "path": { "name": name } })).await.unwrap_err();
        assert_eq!((error.code, error.status()), (ErrorCode::ProviderInvalidResponse, 502), "{name}: {error}");
        assert_eq!(error.reason(), Some(FailureReason::Unavailable), "{name}");
        assert!(error.message.contains("Odd's response") && error.message.contains("list_by_total"), "{error}");
    }
}

#[tokio::test]
async fn json_that_is_too_deep_is_an_error_that_says_so() {
    let error = bed().await.run("read", json!({ "path": { "name": "deep" } })).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ProviderInvalidResponse);
    assert!(error.message.contains("nested more than 127 levels"), "{error}");
}

#[tokio::test]
async fn headers_are_text_and_cookies_are_not_shown() {
    let headers = result("read", "headers").await["headers"].clone();
    assert_eq!((&headers["x-latin"], &headers["x-utf8"]), (&json!("M\u{e4}rz"), &json!("\u{4e2d}\u{6587}")));
    assert!(headers.get("set-cookie").is_none(), "{headers}");
}

#[tokio::test]
async fn spaces_in_a_query_are_percent_encoded() {
    let found = bed().await.run("search", json!({ "query": { "q": "two words+1" } })).await.unwrap();
    assert_eq!(found["data"], "fixed=a+b&q=two%20words%2B1");
}

#[tokio::test]
async fn cursors_that_go_round_end_where_they_began() {
    for (ring, records) in [("a", 2), ("ab", 3), ("abcdefg", 8)] {
        let bed = bed().await;
        let found = bed.run("list", json!({ "path": { "name": ring } })).await.unwrap();
        assert_eq!(found["data"].as_array().unwrap().len(), records, "{ring}: {found}");
        assert_eq!(bed.take_requests().len(), records, "{ring}");
    }
}

#[tokio::test]
async fn numbered_pages_end_at_a_page_that_repeats_the_one_before() {
    for (last, requests) in [("1", 2), ("4", 5)] {
        let bed = bed().await;
        let found = bed.run("number_pages", json!({ "path": { "name": last } })).await.unwrap();
        assert_eq!(found["data"].as_array().unwrap().len(), requests - 1, "{found}");
        assert_eq!(bed.take_requests().len(), requests);
    }
}
