//! The search for actions over HTTP: its shape, its bounds, and that it knows changes and tenants.

use serde_json::{Value, json};

use crate::support::{
    ApiResponse, Client, LinkedServer, Provider, Server,
    pushing::{push, pushing_project, small_connector},
};

fn search(client: &Client, body: &Value) -> ApiResponse {
    client.post("/actions/search", body)
}

fn ids(answer: &ApiResponse) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer}");
    let json = answer.json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(json["total_count"], results.len());
    results.iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn actions_are_found_by_what_people_say() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    let answer = search(&api, &json!({ "query": "nudge the signer again", "connector": "spotdraft", "top_k": 3 }));
    assert_eq!(ids(&answer)[0], "spotdraft_resend_signature_email");
    let json = answer.json();
    let best = &json["results"][0];
    assert_eq!((&best["action_name"], &best["connector_key"]), (&best["id"], &json!("spotdraft")));
    assert_eq!((&best["label"], best["description"].is_string()), (&json!("Resend the signature email"), true));
    assert!(best["similarity_score"].as_f64().is_some_and(|score| (0.4..=1.0).contains(&score)), "{best}");
    assert_eq!((&json["query"], &json["connector_filter"]), (&json!("nudge the signer again"), &json!("spotdraft")));
    assert!(ids(&answer).len() <= 3);
    assert_eq!(
        search(&api, &json!({ "query": "nudge the signer again", "connector": "spotdraft", "top_k": 3 })).body,
        answer.body
    );
    // Over all connectors, and by its ID.
    let first = |query: &str| ids(&search(&api, &json!({ "query": query })))[0].clone();
    assert_eq!(first("post something in a Slack channel"), "slack_post_message");
    assert_eq!(first("zoom_delete_meeting"), "zoom_delete_meeting");
    // A list of actions with a search text contains them, too.
    let listed = api.get("/actions?search=nudge+the+signer&filter[connectors]=spotdraft");
    assert!(listed.body.contains("\"spotdraft_resend_signature_email\""), "{listed}");
}

#[test]
fn a_search_that_nothing_serves_has_no_good_match() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for query in ["knit a woollen jumper", "zzzz qqqq", "🦀", "?", "the"] {
        assert_eq!(ids(&search(&api, &json!({ "query": query, "min_similarity": 0.4 }))), [""; 0], "{query}");
    }
    assert_eq!(ids(&search(&api, &json!({ "query": "send a message", "connector": "tool" }))), [""; 0]);
}

#[test]
fn bad_searches_say_what_is_wrong() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for (body, path) in [
        (json!({}), "query"),
        (json!({ "query": "" }), "query"),
        (json!({ "query": " \n\t" }), "query"),
        (json!({ "query": 1 }), "query"),
        (json!({ "query": "a", "top_k": 0 }), "top_k"),
        (json!({ "query": "a", "top_k": 1001 }), "top_k"),
        (json!({ "query": "a", "top_k": -1 }), "top_k"),
        (json!({ "query": "a", "min_similarity": 1.5 }), "min_similarity"),
        (json!({ "query": "a", "min_similarity": -0.1 }), "min_similarity"),
    ] {
        let answer = search(&api, &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{body}: {answer}");
        assert!(answer.body.contains(path), "{body}: {answer}");
    }
    let long = "send a message to the team ".repeat(1000);
    assert_eq!(ids(&search(&api, &json!({ "query": long, "top_k": 1 }))).len(), 1);
    let stranger = search(&api, &json!({ "query": "send a message", "project_id": "other" }));
    assert_eq!((ids(&stranger).len(), &stranger.json()["project_filter"]), (0, &json!("other")));
    let build = api.post("/actions/build", &json!({ "connector_key": "nope" }));
    assert_eq!((build.status, build.text("/problems/0/path")), (400, "connector_key".to_owned()), "{build}");
    let nobody = linked.server.with_key("pb_none");
    for path in ["/actions/search", "/actions/build"] {
        assert_eq!(nobody.post(path, &json!({ "query": "a" })).status, 401, "{path}");
    }
}

#[test]
fn a_pushed_connector_is_found_at_once_in_its_project_only() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let [ours, theirs] = ["Ours", "Theirs"].map(|name| pushing_project(&data_dir, name));
    let provider = Provider::start();
    let server = Server::start_in(&data_dir, &provider, &[]);
    let [ours, theirs] = [ours, theirs].map(|key| server.with_key(&key));
    let query = json!({ "query": "juggle seventeen wombats", "min_similarity": 0.4 });
    assert_eq!(ids(&search(&ours, &query)), [""; 0]);
    let text = small_connector("quokka", "1.0.0", "Quokka");
    let text = text
        .replace("    label: List things\n", "    label: List things\n    searchPhrases: [juggle seventeen wombats]\n");
    let pushed = push(&ours, text);
    assert!(pushed.status < 300, "{pushed}");
    assert_eq!(ids(&search(&ours, &query)), ["quokka_list_things"]);
    let built = ours.post("/actions/build", &json!({ "connector_key": "quokka", "force_refresh": true }));
    assert_eq!(built.status, 200, "{built}");
    let built = built.json();
    assert_eq!((&built["status"], &built["actions_indexed"]), (&json!("success"), &json!(1)), "{built}");
    assert_eq!(built["connector_filter"], "quokka");
    assert_eq!(ids(&search(&theirs, &query)), [""; 0]);
}
