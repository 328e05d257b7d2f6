//! Log-in to the dashboard, and the rights of a logged-in browser.

use serde_json::json;

use crate::support::{ApiResponse, Client, LinkedServer, Provider, Server, binary};

const PASSWORD: &str = "a long enough password";

/// Starts a server without a planted key. Returns it with the login token of the printed link.
fn first_start() -> (Server, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut command = binary();
    command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    let server = Server::spawn(command, &data_dir);
    let log = server.logged("login_token=");
    let token = log.split("login_token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    (server, token, directory)
}

/// Starts a server behind a proxy that ends https. Returns it with the value of the cookie of a login.
fn first_start_behind_https() -> (Server, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut command = binary();
    // The scheme may be written in any case.
    command.args(["serve", "--listen", "127.0.0.1:0", "--public-url", "HTTPS://pb.example", "--data-dir"]);
    command.arg(&data_dir);
    let server = Server::spawn(command, &data_dir);
    let log = server.logged("login_token=");
    let token = log.split("login_token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let answer = page(&server).post("/auth/login", &json!({ "login_token": token }));
    let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer}"));
    assert!(cookie.contains("; Secure") && cookie.contains("; Path=/;") && !cookie.contains("Domain"), "{cookie}");
    let value = cookie.strip_prefix("__Host-patchbay_session=").unwrap_or_else(|| panic!("{cookie}"));
    let value = value.split(';').next().unwrap().to_owned();
    (server, value, directory)
}

fn page(server: &Server) -> Client {
    server.anonymous().header("x-requested-with", "patchbay")
}

/// Returns a client with the cookie of a response.
fn browser(server: &Server, answer: &ApiResponse) -> Client {
    let cookie = answer.headers.iter().find(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
    let cookie = cookie.unwrap_or_else(|| panic!("{answer}"));
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    page(server).header("cookie", cookie.split(';').next().unwrap())
}

#[test]
fn unauthenticated_bodies_are_limited() {
    let (server, _, _directory) = first_start();
    let large = json!({ "password": "x".repeat(17 * 1024) });
    let answer = page(&server).post("/auth/login", &large);
    assert_eq!((answer.status, answer.code()), (413, "PayloadTooLargeError".to_owned()), "{answer}");
    assert_eq!(page(&server).send("PUT", "/auth/password", Some(large.to_string())).status, 413);
}

#[test]
fn a_link_works_once_then_a_password() {
    let (server, token, _directory) = first_start();
    let stranger = server.anonymous().get("/auth/session").json();
    assert_eq!((&stranger["signed_in"], &stranger["password_set"]), (&json!(false), &json!(false)));
    assert!(stranger["sandbox"].is_null() && stranger["projects"] == json!([]));

    let answer = page(&server).post("/auth/login", &json!({ "login_token": token }));
    assert_eq!(answer.status, 200, "{answer}");
    let first = browser(&server, &answer);
    assert!(!answer.body.contains(&token));
    let session = first.get("/auth/session").json();
    assert_eq!(session["signed_in"], true);
    assert_eq!(session["project"]["name"], "default");
    assert_eq!(session["sandbox"]["credentials"]["clientId"], "sandbox-client-id");

    let again = page(&server).post("/auth/login", &json!({ "login_token": token }));
    assert_eq!((again.status, again.code()), (401, "InvalidLoginError".to_owned()), "{again}");

    for weak in ["", "short", "aaaaaaaaaaaaaaaa", "password1234"] {
        assert_eq!(first.send("PUT", "/auth/password", Some(json!({ "password": weak }).to_string())).status, 400);
    }
    let chosen = json!({ "password": PASSWORD }).to_string();
    assert_eq!(first.send("PUT", "/auth/password", Some(chosen.clone())).status, 204);
    assert_eq!(first.send("PUT", "/auth/password", Some(chosen)).status, 400, "the current one is needed now");

    let wrong = page(&server).post("/auth/login", &json!({ "password": "a long enough passwore" }));
    assert_eq!((wrong.status, wrong.code()), (401, "InvalidLoginError".to_owned()), "{wrong}");
    let answer = page(&server).post("/auth/login", &json!({ "password": PASSWORD }));
    assert_eq!(answer.status, 200, "{answer}");
    let second = browser(&server, &answer);

    // A password change ends the log-ins of other browsers, but not of this one.
    let change = json!({ "password": "another long password", "current_password": PASSWORD }).to_string();
    assert_eq!(second.send("PUT", "/auth/password", Some(change)).status, 204);
    assert_eq!(first.get("/accounts").status, 401);
    assert_eq!(second.get("/accounts").status, 200);
    assert_eq!(second.post("/auth/logout", &json!({})).status, 204);
    assert_eq!(second.get("/accounts").status, 401);
    assert!(!server.log().contains(PASSWORD) && !server.log().contains("another long password"));
}

#[test]
fn over_https_a_login_is_read_only_from_its_host_cookie() {
    let (server, own, _directory) = first_start_behind_https();
    for not_logged_in in [
        format!("patchbay_session={own}"),
        format!("__host-patchbay_session={own}"),
        format!("__Secure-patchbay_session={own}"),
        format!("a=b; patchbay_session={own}; __Host-patchbay_session_x={own}"),
    ] {
        let browser = page(&server).header("cookie", &not_logged_in);
        assert_eq!(browser.get("/auth/session").json()["signed_in"], false, "{not_logged_in}");
        assert_eq!(browser.get("/accounts").status, 401, "{not_logged_in}");
        assert_eq!(browser.post("/auth/logout", &json!({})).status, 204);
    }
    for logged_in in [
        format!("__Host-patchbay_session={own}"),
        format!("patchbay_session=planted; __Host-patchbay_session={own}; patchbay_session=planted"),
        format!("__Host-patchbay_session=planted; __Host-patchbay_session={own}"),
        format!("__Host-patchbay_session={own}; __Host-patchbay_session=planted"),
        format!("x=\u{fc}; __Host-patchbay_session={own}"),
    ] {
        let browser = page(&server).header("cookie", &logged_in);
        assert_eq!(browser.get("/auth/session").json()["signed_in"], true, "{logged_in}");
        assert_eq!(browser.get("/accounts").status, 200, "{logged_in}");
    }
    // A planted cookie in front does not keep the login from ending.
    let cookies = format!("patchbay_session=planted; __Host-patchbay_session=planted; __Host-patchbay_session={own}");
    assert_eq!(page(&server).header("cookie", &cookies).post("/auth/logout", &json!({})).status, 204);
    assert_eq!(page(&server).header("cookie", &format!("__Host-patchbay_session={own}")).get("/accounts").status, 401);
}

#[test]
fn over_http_a_planted_cookie_does_not_log_the_operator_out() {
    let (server, token, _directory) = first_start();
    let answer = page(&server).post("/auth/login", &json!({ "login_token": token }));
    let own = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(own.starts_with("patchbay_session="), "{own}");
    for cookies in [
        format!("patchbay_session=planted; {own}"),
        format!("{own}; patchbay_session=planted"),
        format!("__Host-patchbay_session=planted; {own}"),
    ] {
        let browser = page(&server).header("cookie", &cookies);
        assert_eq!(browser.get("/accounts").status, 200, "{cookies}");
        assert_eq!(browser.get("/auth/session").json()["signed_in"], true, "{cookies}");
    }
}

#[test]
fn wrong_passwords_are_rate_limited_and_login_links_are_not() {
    let (server, token, _directory) = first_start();
    let guess = || page(&server).post("/auth/login", &json!({ "password": "a wrong password" }));
    let statuses = (0..8).map(|_| guess().status).collect::<Vec<_>>();
    assert!(statuses[..5].iter().all(|status| *status == 401), "{statuses:?}");
    let slowed = guess();
    assert_eq!((slowed.status, slowed.code()), (429, "TooManyAttemptsError".to_owned()), "{slowed}");
    assert!(slowed.headers.iter().any(|(name, _)| name == "retry-after"));
    assert_eq!(page(&server).post("/auth/login", &json!({ "login_token": token })).status, 200);
}

#[test]
fn another_site_cannot_use_the_browsers_cookie() {
    let (server, token, _directory) = first_start();
    let own = browser(&server, &page(&server).post("/auth/login", &json!({ "login_token": token })));
    let body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
    assert_eq!(own.post("/connect_sessions", &body).status, 201);
    for foreign in [
        own.clone().header("x-requested-with", "XMLHttpRequest"),
        own.clone().header("origin", "https://evil.example"),
        own.clone().header("origin", "null"),
    ] {
        let answer = foreign.post("/connect_sessions", &body);
        assert_eq!((answer.status, answer.code()), (403, "ForeignPageError".to_owned()), "{answer}");
    }
    assert_eq!(own.clone().header("origin", &server.base).post("/connect_sessions", &body).status, 201);
    // A preflight request of the API is not allowed.
    let preflight = server
        .anonymous()
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .send("OPTIONS", "/connect_sessions", None);
    assert!(!preflight.headers.iter().any(|(name, _)| name.starts_with("access-control-allow")), "{preflight}");
    // An invalid key is an error even with a valid cookie.
    assert_eq!(own.clone().header("authorization", "Basic %%%").get("/accounts").status, 401);
    assert_eq!(own.header("x-project-id", "another").get("/accounts").status, 404);
    for wrong in [json!({}), json!({ "password": "x", "login_token": "y" }), json!({ "user": "x" })] {
        assert_eq!(page(&server).post("/auth/login", &wrong).status, 400);
    }
}

#[test]
fn a_login_link_can_be_created_while_the_server_is_stopped() {
    let (mut server, _, _directory) = first_start();
    let (data_dir, base) = (server.data_dir.clone(), server.base.clone());
    assert_eq!(server.terminate(), Some(0));
    drop(server);
    let made = binary().args(["login-link", "--data-dir"]).arg(&data_dir).output().unwrap();
    let link = String::from_utf8(made.stdout).unwrap();
    assert!(link.starts_with(&format!("{base}/dashboard?login_token=")), "the URL of the last server: {link}");
    let made = binary().args(["login-link", "--public-url", "http://pb.test/", "--data-dir"]).arg(&data_dir).output();
    let link = String::from_utf8(made.unwrap().stdout).unwrap();
    let token = link.trim().strip_prefix("http://pb.test/dashboard?login_token=").unwrap_or_else(|| panic!("{link}"));
    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    let server = Server::spawn(command, &data_dir);
    assert_eq!(page(&server).post("/auth/login", &json!({ "login_token": token })).status, 200);
}

#[test]
fn an_api_key_cannot_grant_more_than_its_own_scopes() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let made = server.api().post("/api_keys", &json!({ "name": "ci", "scopes": ["platform:read", "platform:write"] }));
    assert_eq!(made.status, 201, "{made}");
    let (key, id) = (made.text("/key"), made.text("/id"));
    assert!(!server.api().get("/api_keys").body.contains(&key));
    let weak = server.with_key(&key);
    assert_eq!(weak.get("/accounts").status, 200);
    let more = weak.post("/api_keys", &json!({ "name": "more", "scopes": ["actions:execute"] }));
    assert_eq!((more.status, more.code()), (403, "MissingScopeError".to_owned()), "{more}");
    // It may not change a key with more scopes than its own.
    let strong = server.api().get("/api_keys").text("/data/0/id");
    assert_eq!(weak.delete(&format!("/api_keys/{strong}")).status, 403);
    for bad in [json!({ "name": "" }), json!({ "name": "x", "scopes": ["all"] }), json!({})] {
        assert_eq!(server.api().post("/api_keys", &bad).status, 400);
    }

    // A disabled key is rejected at once although it is cached; an enabled key works again.
    let path = format!("/api_keys/{id}");
    let changed = server.api().patch(&path, &json!({ "enabled": false, "name": "renamed" }));
    assert_eq!((changed.text("/name"), &changed.json()["enabled"]), ("renamed".to_owned(), &json!(false)));
    assert_eq!(weak.get("/accounts").status, 401);
    server.api().patch(&path, &json!({ "enabled": true }));
    assert_eq!(weak.get("/accounts").status, 200);
    assert_eq!(server.api().delete(&path).status, 204);
    assert_eq!(weak.get("/accounts").status, 401);
    assert_eq!(server.api().delete(&path).status, 404);
}

#[test]
fn a_debugged_run_shows_the_requests_without_secrets() {
    let linked = LinkedServer::new();
    let body = json!({ "action": "spotdraft_list_contract_types" });
    let answer = linked.api().post("/actions/rpc?debug=true", &body);
    let debug = &answer.json()["debug"];
    let request = &debug["requests"][0];
    assert_eq!((&request["method"], &request["status"]), (&json!("GET"), &json!(200)), "{answer}");
    assert!(request["url"].as_str().unwrap().contains("/contract"), "{answer}");
    assert_eq!(request["headers"]["client-secret"], "[redacted]", "{answer}");
    assert!(request["response_body"].is_object() || request["response_body"].is_array(), "{answer}");
    assert!(linked.api().post("/actions/rpc", &body).json()["debug"].is_null());
    let failed = linked.api().post(
        "/actions/rpc?debug=true",
        &json!({ "action": "spotdraft_get_contract", "path": { "contract_id": "999999" } }),
    );
    assert!(failed.status >= 400 && failed.json()["debug"]["requests"].is_array(), "{failed}");
}

#[test]
fn newer_account_names_are_searched_and_paged() {
    let linked = LinkedServer::new();
    let list = |query: &str| linked.server.api().get(&format!("/v2/accounts?{query}")).json();
    let page = list("");
    assert_eq!((&page["total"], &page["data"][0]["id"]), (&json!(1), &json!(linked.account)));
    let account = &page["data"][0];
    assert_eq!(account["connector"], "spotdraft");
    assert_eq!(account["connector_profile_id"], linked.integration.as_str());
    assert_eq!(account["owner_id"], "customer-123");
    for (query, total) in [
        ("search=ACME", 1),
        ("search=spotd", 1),
        ("search=nobody", 0),
        ("search=%25", 0),
        ("type=test", 0),
        ("type=production", 1),
        ("status=active&connector=spotdraft&owner_id=customer-123", 1),
        ("status=suspended", 0),
    ] {
        assert_eq!(list(query)["total"], total, "{query}");
    }
    assert_eq!(linked.server.api().get("/v2/accounts?type=wrong").status, 400);
    let one = linked.server.api().get(&format!("/v2/accounts/{}", linked.account));
    assert_eq!(one.json()["owner_name"], "Acme");
    assert_eq!(linked.server.api().get("/v2/accounts/nothing").status, 404);
}
