//! The search of the documentation, with all the pages that a server makes itself.

use crate::support::{
    ApiResponse, Client, Provider, Server, offline,
    pushing::{push, pushing_project, small_connector},
};

fn find(client: &Client, query: &str) -> ApiResponse {
    let query = url::form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
    client.clone().header("accept", "application/json").get(&format!("/docs/search?q={query}"))
}

/// Returns the page of a response. Templates escape slashes.
fn html_of(response: &ApiResponse) -> String {
    response.body.replace("&#x2f;", "/")
}

/// Returns the paths of the results, the best first.
fn paths(client: &Client, query: &str) -> Vec<String> {
    let found = find(client, query);
    assert_eq!(found.status, 200, "{query}: {found}");
    let results = found.json()["results"].as_array().unwrap().clone();
    results.iter().map(|result| result["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn newcomers_find_their_page_on_a_server() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let anyone = server.anonymous();
    let questions = include_str!("../../../patchbay-docs/tests/questions.tsv").lines();
    let mut failures = Vec::new();
    for (question, expected) in questions.filter_map(|line| line.split_once('\t')) {
        let mut found = paths(&anyone, question);
        found.truncate(3);
        if !found
            .iter()
            .any(|path| path.split('#').next().is_some_and(|page| expected.split(' ').any(|known| known == page)))
        {
            failures.push(format!("{question} -> {expected}: {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_a_page_defines_is_found_first() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let anyone = server.anonymous();
    for (query, first) in [
        ("spotdraft_list_contracts", "/docs/connectors/spotdraft/actions/spotdraft_list_contracts"),
        ("SpotDraft_List_Contracts", "/docs/connectors/spotdraft/actions/spotdraft_list_contracts"),
        ("what is UnauthorizedError?", "/docs/errors"),
        ("idempotencylimiterror", "/docs/errors"),
    ] {
        let found = paths(&anyone, query);
        let page = found.first().and_then(|path| path.split('#').next());
        assert_eq!(page, Some(first), "{query}: {found:?}");
    }
    // One wrong letter, and an unfinished word.
    for query in ["spotdraft list contarcts", "spotdraft list contr"] {
        let found = paths(&anyone, query);
        assert!(found.iter().any(|path| path.ends_with("/spotdraft_list_contracts")), "{query}: {found:?}");
    }
}

#[test]
fn the_connectors_of_a_project_are_found_by_its_people() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let (ours, theirs) = (pushing_project(&data_dir, "Ours"), pushing_project(&data_dir, "Theirs"));
    let project = offline(&data_dir, &["project", "create", "Limited"]);
    let limited =
        offline(&data_dir, &["api-key", "create", "--project", &project, "--name", "l", "--scopes", "platform:read"]);
    let provider = Provider::start();
    let server = Server::start_in(&data_dir, &provider, &[]);
    let ours = server.with_key(&ours);
    // The site without the connector is built first, and must not be shown afterwards.
    assert_eq!(paths(&ours, "zanzibarware"), [""; 0]);
    assert_eq!(push(&ours, small_connector("zanzibarware", "1.0.0", "Zanzibarware")).status, 201);
    let action = "/docs/connectors/zanzibarware/actions/zanzibarware_list_things";
    assert_eq!(paths(&ours, "zanzibarware_list_things").first().map(String::as_str), Some(action));
    assert!(paths(&ours, "zanzibarware").len() > 1);
    for stranger in [server.anonymous(), server.with_key(&theirs), server.with_key(&limited)] {
        for query in ["zanzibarware", "zanzibarware_list_things", "zanzibarwar"] {
            let found = find(&stranger, query);
            assert!(!found.body.contains("/docs/connectors/zanzibarware"), "{query}: {found}");
            // Nor is the name suggested.
            assert!(found.json()["suggestion"].is_null(), "{query}: {found}");
        }
    }
}

#[test]
fn any_query_gets_a_helpful_answer() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let anyone = server.anonymous();
    let json = anyone.clone().header("accept", "application/json");
    let html = anyone.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let long = "x".repeat(200);
    for query in [
        "",
        "q",
        "q=",
        "q=%20%09",
        "q=%00%01",
        "q=%ff%fe",
        "q=???",
        "q=%3Cscript%3E",
        "q=a&q=b",
        "q[]=a",
        "other=1",
        "q=--",
        "q=%F0%9F%94%91",
        "q=%22'%60;drop",
        "q=..%2F..%2F",
        &format!("q={long}"),
    ] {
        let found = json.get(&format!("/docs/search?{query}"));
        assert_eq!(found.status, 200, "{query}: {found}");
        assert!(found.json()["results"].is_array() && found.header("cache-control").is_some(), "{found}");
        let response = html.get(&format!("/docs/search?{query}"));
        assert_eq!(response.status, 200, "{query}: {response}");
        assert!(
            html_of(&response).contains("<h1>Search</h1>") && !html_of(&response).contains("<script>"),
            "{response}"
        );
    }
    let long = format!("/docs/search?q={long}x");
    let (found, response) = (json.get(&long), html.get(&long));
    assert_eq!((found.status, found.code().as_str(), response.status), (400, "ValidationError", 400), "{found}");
    assert!(html_of(&response).contains("longer than 200 characters"), "{response}");

    let response = html.get("/docs/search?q=key+ring");
    assert!(
        html_of(&response).contains("<mark>") && html_of(&response).contains("href=\"/docs/operate/key-ring"),
        "{response}"
    );
    assert!(response.header("vary").is_some_and(|vary| vary.contains("accept")), "{response}");
    let policy = response.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'") && !policy.contains("unsafe"), "{policy}");
    let response = html.get("/docs/search?q=akkkounts");
    assert!(
        html_of(&response).contains("Nothing found") && html_of(&response).contains("href=\"/docs/search?q=account"),
        "{response}"
    );
    assert_eq!(json.get("/docs/search?q=akkkounts").text("/suggestion").get(..7), Some("account"));
}
