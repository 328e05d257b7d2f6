//! Filters of lists: every name means the same on both lists of accounts, and no value widens a result.

use serde_json::json;

use crate::support::{ApiResponse, LinkedServer};

/// Returns the number of items in a response.
fn count(answer: &ApiResponse) -> usize {
    assert_eq!(answer.status, 200, "{answer}");
    let json = answer.json();
    let items = json.as_array().or_else(|| json["data"].as_array()).or_else(|| json["integrations"].as_array());
    items.unwrap_or_else(|| panic!("{answer}")).len()
}

/// The names of each filter, a value that matches the account, and one that matches nothing.
fn account_filters(linked: &LinkedServer) -> Vec<(Vec<&'static str>, String, &'static str)> {
    vec![
        (vec!["owner_id", "owner_ids", "origin_owner_id", "origin_owner_ids"], "customer-123".into(), "customer-12"),
        (vec!["provider", "providers", "connector", "connectors"], "spotdraft".into(), "nope"),
        (vec!["account_id", "account_ids"], linked.account.clone(), "nope"),
        (
            vec!["connector_profile_id", "integration_id", "auth_config_id"],
            linked.integration.clone(),
            "00000000-0000-4000-8000-000000000000",
        ),
        (vec!["status", "statuses"], "active".into(), "suspended"),
        (vec!["type"], "production".into(), "test"),
    ]
}

#[test]
fn every_name_means_the_same_on_both_lists() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for (names, matching, other) in account_filters(&linked) {
        for name in names {
            for list in ["/accounts", "/v2/accounts"] {
                for name in [name.to_owned(), format!("filter[{name}]")] {
                    let found = api.get(&format!("{list}?{name}={matching}"));
                    assert_eq!(count(&found), 1, "{list} {name}");
                    assert_eq!(found.header("x-ignored-fields"), None, "{list} {name}");
                    assert_eq!(count(&api.get(&format!("{list}?{name}={other}"))), 0, "{list} {name}");
                }
            }
        }
    }
    let paged = api.get("/v2/accounts?origin_owner_id=customer-123&provider=nope").json();
    assert_eq!(paged["total"], json!(0), "filters narrow together");
}

#[test]
fn an_empty_value_matches_nothing_or_is_an_error() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for (names, matching, _) in account_filters(&linked) {
        for name in names {
            for list in ["/accounts", "/v2/accounts"] {
                for query in [format!("{name}="), name.to_owned(), format!("{name}=,"), format!("{name}[]=")] {
                    let answer = api.get(&format!("{list}?{query}"));
                    assert!(answer.status == 400 || count(&answer) == 0, "{list}?{query}: {answer}");
                }
                let both = api.get(&format!("{list}?{name}=&{name}={matching}"));
                assert_eq!(count(&both), 1, "{list}?{name}: an empty value next to another does not count");
            }
        }
    }
    for path in ["/accounts", "/v2/accounts", "/actions"] {
        let answer = api.get(&format!("{path}?search="));
        assert_eq!((answer.status, answer.text("/problems/0/path")), (400, "search".to_owned()), "{path}");
    }
    for path in ["/accounts?relink_due=", "/v2/accounts?relink_due=", "/auth_configs?enabled=", "/connectors?owner="] {
        assert_eq!(api.get(path).status, 400, "{path}");
    }
    let token = linked.server.session(json!({}));
    for path in ["connectors", "account_ids", "action_key", "providers", "account_id"] {
        assert_eq!(count(&api.get(&format!("/actions?filter[{path}]="))), 0, "{path}");
        assert_eq!(count(&api.get(&format!("/actions?filter[{path}][]="))), 0, "{path}");
    }
    for name in ["connector_key", "connector", "provider"] {
        assert_eq!(count(&api.get(&format!("/auth_configs?{name}="))), 0, "{name}");
        assert_eq!(count(&api.get(&format!("/auth_configs?{name}=spotdraft"))), 1, "{name}");
    }
    assert_eq!(count(&linked.server.hub(&token).get("/hub/connectors?provider=")), 0);
    assert_eq!(count(&linked.server.hub(&token).get("/hub/connectors?provider=spotdraft")), 1);
}

#[test]
fn an_unknown_filter_is_an_error() {
    let linked = LinkedServer::new();
    for list in ["/accounts", "/v2/accounts"] {
        for name in
            ["owner", "ownerId", "customer_id", "connectorKey", "statusCode", "filter[colour]", "filters[owner_id]"]
        {
            let answer = linked.server.api().get(&format!("{list}?{name}=x"));
            assert_eq!((answer.status, answer.text("/problems/0/path").as_str()), (400, name), "{list}: {answer}");
        }
        let other = linked.server.api().get(&format!("{list}?_=1&utm_source=x"));
        assert_eq!(count(&other), 1);
        assert_eq!(other.header("x-ignored-fields"), Some("query._, query.utm_source"), "{list}");
    }
}

#[test]
fn an_empty_filter_revokes_nothing() {
    let linked = LinkedServer::new();
    for (filter, path) in [
        (json!({ "connector": "", "since": "2020-01-01T00:00:00Z" }), "connector"),
        (json!({ "provider": " ", "until": "2100-01-01T00:00:00Z" }), "connector"),
        (json!({ "connector": "spotdraft", "since": "" }), "since"),
        (json!({ "connector": "spotdraft", "until": "" }), "until"),
    ] {
        let answer = linked.server.api().post("/accounts/revoke", &filter);
        assert_eq!((answer.status, answer.text("/problems/0/path").as_str()), (400, path), "{filter}: {answer}");
    }
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200, "the account is as it was");
}

#[test]
fn values_that_do_not_exist_are_errors_that_list_the_known_ones() {
    let linked = LinkedServer::new();
    let api = linked.server.api();
    for (path, known) in [
        ("/actions?include=actions_details", "action_details authentication_guides operation_details"),
        ("/actions?exclude=everything", "actions"),
        ("/actions?group_by=[%22provider%22]", "connector"),
        ("/accounts?status=asleep", "active suspended error"),
        ("/v2/accounts?type=imaginary", "production or test"),
    ] {
        let answer = api.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{path}: {answer}");
        assert!(answer.text("/message").contains(known), "{path}: {answer}");
    }
    for path in
        ["/actions?group_by=[%22connector%22]", "/actions?group_by=connector", "/actions?include=&exclude=actions"]
    {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
    for page in ["-1", "0", "x", "1.5", "4294967296", "2147483648"] {
        for list in ["/accounts", "/v2/accounts", "/auth_configs", "/connectors"] {
            let answer = api.get(&format!("{list}?page={page}"));
            assert_eq!(answer.status, 400, "{list} {page}");
            assert!(answer.text("/message").contains("1 or more"), "{list} {page}: {answer}");
        }
    }
}
