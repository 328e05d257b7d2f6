//! Cursors that callers hold, composite IDs, and fields that need scopes.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use patchbay_engine::ErrorCode;
use serde_json::{Value, json};

use super::{StepsBed, another_account, run, steps_bed};

/// Starts a bed whose provider has pages of two items (0 1 | 2 3 | 4 5 | 6) by token and by number, issues, and people.
async fn paginated_bed() -> StepsBed {
    steps_bed(|request: Request| async move { respond(&request) }).await
}

fn respond(request: &Request) -> Response {
    let query = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect::<std::collections::HashMap<_, _>>();
    let page = |number: u64| (number * 2..7.min(number * 2 + 2)).collect::<Vec<_>>();
    let body = match request.uri().path() {
        "/pages" => {
            let number = query.get("after").map_or(0, |after| after.trim_start_matches("page-").parse().unwrap());
            let next = (number < 3).then(|| format!("page-{}", number + 1));
            json!({ "items": page(number), "next": next })
        }
        "/numbers" => json!({ "items": page(query["page"].parse::<u64>().unwrap() - 1) }),
        "/issues" => json!([{ "id": 7, "project": { "key": "A/B" } }, { "id": 8 }]),
        "/people" => json!([{ "n": "Ada", "s": 5, "h": { "t": "Bern", "r": 9 } }]),
        path => json!({ "path": path, "query": request.uri().query() }),
    };
    axum::Json(body).into_response()
}

/// Follows `next` to the last page, and returns the data of all pages.
async fn walk(bed: &StepsBed, action: &str, location: &str, input: &str) -> Vec<Value> {
    let (mut pages, mut inputs) = (Vec::new(), json!({}));
    loop {
        let page = run(bed, action, inputs).await.unwrap();
        pages.push(page["data"].clone());
        let Some(next) = page["next"].as_str() else { return pages };
        assert!(next.starts_with("pbc1_") && !next.contains("page-") && pages.len() < 9, "{next}");
        inputs = json!({ location: { input: next } });
    }
}

#[tokio::test]
async fn pages_have_the_size_that_the_connector_declares() {
    let bed = paginated_bed().await;
    let expected = [json!([0, 1, 2]), json!([3, 4, 5]), json!([6])];
    assert_eq!(walk(&bed, "list_pages", "query", "next").await, expected);
    let requests = bed.provider.take_requests();
    assert_eq!(requests.first().map(String::as_str), Some("GET /pages"));
    assert_eq!(
        requests.iter().filter(|line| line.ends_with("after=page-1")).count(),
        2,
        "the page in which the first response ended is requested again"
    );
    assert_eq!(walk(&bed, "list_by_number", "body", "from").await, expected);
    let tokens = [json!([0, 1]), json!([2, 3]), json!([4, 5]), json!([6])];
    assert_eq!(walk(&bed, "list_by_token", "query", "next").await, tokens);
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_account_and_action_only() {
    let bed = paginated_bed().await;
    let next = run(&bed, "list_pages", json!({})).await.unwrap()["next"].as_str().unwrap().to_owned();
    let mut tampered = next.clone().into_bytes();
    let last = tampered.len() - 20;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let other = another_account(&bed).await;
    for (account, action, cursor) in [
        (bed.account(), "list_pages", tampered.as_str()),
        (bed.account(), "list_pages", "page-1"),
        (bed.account(), "list_pages", r#"{"v":1,"t":"page-1","p":0}"#),
        (bed.account(), "list_by_token", &next),
        (&other, "list_pages", &next),
    ] {
        let error = bed.run_with(account, action, json!({ "query": { "next": cursor } })).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::Validation), "{action} {cursor}");
        assert_eq!((error.problems[0].path.to_string().as_str(), error.problems[0].code), ("query.next", "cursor"));
        assert!(!error.message.contains(cursor), "{error}");
    }
    let again = run(&bed, "list_pages", json!({ "query": { "next": next } })).await.unwrap();
    assert_eq!(again["data"], json!([3, 4, 5]), "a rejected cursor does not invalidate others");
    let empty = run(&bed, "list_pages", json!({ "query": { "next": "" } })).await.unwrap();
    assert_eq!(empty["data"], json!([0, 1, 2]));
}

#[tokio::test]
async fn an_action_without_a_unified_cursor_reads_token_and_position() {
    let bed = paginated_bed().await;
    let inputs = json!({ "query": { "token": "page-2", "position": 1 } });
    assert_eq!(run(&bed, "list_from_position", inputs).await.unwrap()["data"], json!([5, 6]));
}

#[tokio::test]
async fn composite_ids_resolve_to_their_parts() {
    let bed = paginated_bed().await;
    let issues = run(&bed, "list_issues", json!({})).await.unwrap()["data"].clone();
    let id = issues[0]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("cid1_") && issues[0]["remote_id"] == 7, "{issues}");
    assert_eq!(issues[1], json!({ "id": null, "remote_id": 8 }), "a record without a part has no ID");
    let found = run(&bed, "get_issue", json!({ "path": { "id": id }, "query": { "others": [id, id] } })).await.unwrap();
    assert_eq!(found["data"]["path"], "/projects/A%2FB/issues/7");
    assert_eq!(found["data"]["query"], "other=7&other=7");
    for (inputs, path) in [
        (json!({ "path": { "id": "7" } }), "path.id"),
        (json!({ "path": { "id": "cid1_W10" } }), "path.id"),
        (json!({ "path": { "id": id }, "query": { "others": [id, "8"] } }), "query.others[1]"),
    ] {
        let error = run(&bed, "get_issue", inputs).await.unwrap_err();
        assert_eq!((error.status(), error.code), (400, ErrorCode::Validation));
        assert_eq!((error.problems[0].path.to_string().as_str(), error.problems[0].code), (path, "composite_id"));
    }
}

#[tokio::test]
async fn every_field_is_mapped_if_the_provider_reports_no_scopes() {
    let bed = paginated_bed().await;
    let people = run(&bed, "list_people", json!({})).await.unwrap();
    let expected = json!([{ "name": "Ada", "salary": 5, "home": { "town": "Bern", "rent": 9 } }]);
    assert_eq!((&people["mapped"], &people["cast"][0]["s"]), (&expected, &json!("5")));
}
