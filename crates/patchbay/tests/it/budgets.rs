//! What strangers, tenants and customers may use, and that none of them keeps another from using the server.

use serde_json::json;

use crate::support::{ApiResponse, Client, Provider, Server, binary, link_body};

const PASSWORD: &str = "quiet marble otter lantern";
const NEW_PASSWORD: &str = "seven copper kites descending";
/// The addresses of clients behind a trusted proxy.
const STRANGER: &str = "198.51.100.66";
const OPERATOR: &str = "203.0.113.7";

/// Starts a server with these arguments and sets a password. Returns it with the cookies of the login by link.
fn server_with_password(arguments: &[&str]) -> (Server, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir).args(arguments);
    let server = Server::spawn(command, &data_dir);
    let log = server.logged("login_token=");
    let token = log.split("login_token=").nth(1).unwrap().split_whitespace().next().unwrap();
    let answer = page(&server).post("/auth/login", &json!({ "login_token": token }));
    assert_eq!(answer.status, 200, "{answer}");
    let cookies = cookies(&answer);
    let body = json!({ "password": PASSWORD }).to_string();
    let set = page(&server).header("cookie", &cookies).send("PUT", "/auth/password", Some(body));
    assert_eq!(set.status, 204, "{set}");
    (server, cookies, directory)
}

fn page(server: &Server) -> Client {
    server.anonymous().header("x-requested-with", "patchbay")
}

fn from(client: &Client, address: &str) -> Client {
    client.clone().header("x-forwarded-for", address)
}

/// Returns the cookies that a response sets, as a browser sends them.
fn cookies(answer: &ApiResponse) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| value.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

/// Returns the cookie of the device mark.
fn device(cookies: &str) -> &str {
    cookies.split("; ").find(|cookie| cookie.starts_with("patchbay_device=")).unwrap_or_else(|| panic!("{cookies}"))
}

fn log_in(client: &Client, password: &str) -> ApiResponse {
    client.post("/auth/login", &json!({ "password": password }))
}

/// Sends wrong passwords until they are delayed.
fn guess_until_delayed(client: &Client) {
    let delayed = (0..40).map(|_| log_in(client, "a wrong password")).find(|answer| answer.status == 429);
    let delayed = delayed.expect("guesses are delayed");
    assert_eq!(delayed.code(), "TooManyAttemptsError", "{delayed}");
    assert!(delayed.header("retry-after").is_some());
}

#[test]
fn a_stranger_does_not_lock_the_operator_out() {
    let (server, first, _directory) = server_with_password(&["--trusted-proxy", "127.0.0.0/8"]);
    let stranger = from(&page(&server), STRANGER);
    guess_until_delayed(&stranger);
    // Another address, and a browser that has logged in before, even from the stranger's address.
    assert_eq!(log_in(&from(&page(&server), OPERATOR), PASSWORD).status, 200);
    let known = stranger.clone().header("cookie", device(&first));
    let answer = log_in(&known, PASSWORD);
    assert_eq!(answer.status, 200, "{answer}");

    // A login changes the password with a counter of its own.
    let own = from(&page(&server), STRANGER).header("cookie", &cookies(&answer));
    let change = |current: &str| {
        let body = json!({ "password": NEW_PASSWORD, "current_password": current }).to_string();
        own.send("PUT", "/auth/password", Some(body)).status
    };
    let statuses = (0..40).map(|_| change("a wrong password"));
    assert_eq!(statuses.take_while(|status| *status != 429).take(40).collect::<Vec<_>>()[..5], [401; 5]);
    assert_eq!(log_in(&known, PASSWORD).status, 200, "wrong passwords of a login delay no other");
    let other = from(&page(&server), STRANGER).header("cookie", &cookies(&log_in(&known, PASSWORD)));
    let body = json!({ "password": NEW_PASSWORD, "current_password": PASSWORD }).to_string();
    assert_eq!(other.send("PUT", "/auth/password", Some(body)).status, 204);
    assert_eq!(log_in(&known, NEW_PASSWORD).status, 200, "the mark outlives a change of the password");

    // A browser with a mark cannot guess without a limit either, and only it is delayed.
    guess_until_delayed(&known);
    assert_eq!(log_in(&from(&page(&server), OPERATOR), NEW_PASSWORD).status, 200);
}

#[test]
fn the_device_mark_grants_nothing() {
    let (server, first, _directory) = server_with_password(&[]);
    let marked = page(&server).header("cookie", device(&first));
    assert_eq!(marked.get("/accounts").status, 401);
    assert_eq!(marked.get("/auth/session").json()["signed_in"], false);
    let as_login = device(&first).replace("patchbay_device", "patchbay_session");
    assert_eq!(page(&server).header("cookie", &as_login).get("/accounts").status, 401);
    // It stays when the browser logs out.
    let out = page(&server).header("cookie", &first).post("/auth/logout", &json!({}));
    assert!(!cookies(&out).contains("patchbay_device"), "{}", cookies(&out));
}

#[test]
fn a_client_cannot_name_its_own_address() {
    let (server, _, _directory) = server_with_password(&[]);
    let forged = |n: i32| from(&page(&server), &format!("198.51.100.{n}"));
    let delayed = (0..20).any(|n| log_in(&forged(n), "a wrong password").status == 429);
    assert!(delayed, "without a trusted proxy the connection's address counts");

    let (server, _, _directory) = server_with_password(&["--trusted-proxy", "127.0.0.1"]);
    let forged = |n: i32| from(&page(&server), &format!("192.0.2.{n}, {STRANGER}"));
    let delayed = (0..20).any(|n| log_in(&forged(n), "a wrong password").status == 429);
    assert!(delayed, "what the client wrote before the proxy's part does not count");
}

#[test]
fn a_login_link_is_created_beside_a_running_server() {
    let (server, _, _directory) = server_with_password(&["--trusted-proxy", "127.0.0.0/8"]);
    guess_until_delayed(&page(&server));
    let link = |arguments: &[&str]| {
        let output =
            binary().arg("login-link").args(arguments).arg("--data-dir").arg(&server.data_dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let own = link(&[]);
    let token = own.strip_prefix(&format!("{}/dashboard?login_token=", server.base)).unwrap_or_else(|| panic!("{own}"));
    let answer = page(&server).post("/auth/login", &json!({ "login_token": token }));
    assert_eq!(answer.status, 200, "a link is never delayed: {answer}");
    assert_eq!(page(&server).post("/auth/login", &json!({ "login_token": token })).status, 401, "it is used once");
    let other = link(&["--public-url", "https://pb.example/"]);
    assert!(other.starts_with("https://pb.example/dashboard?login_token="), "{other}");
}

#[test]
fn a_replaced_key_of_the_environment_is_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let start = |key: Option<&str>| {
        let mut command = binary();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
        command.envs(key.map(|key| ("PATCHBAY_API_KEY", key)));
        Server::spawn(command, &data_dir)
    };
    let (first, second) = ("kq8Wz3nYt6RbXe2JmVp5", "hT4cLs9GdUa7PfMi1QwZ");
    let mut server = start(Some(first));
    let listed = server.with_key(first).get("/api_keys").json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["name"], "environment");
    server.terminate();
    assert!(!server.log().contains("is revoked"), "{}", server.log());
    drop(server);

    let mut server = start(Some(second));
    assert_eq!(server.with_key(first).get("/accounts").status, 401);
    let listed = server.with_key(second).get("/api_keys").json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    server.terminate();
    let lines = server.log().lines().filter(|line| line.contains("is revoked")).count();
    assert_eq!(lines, 1, "{}", server.log());
    assert!(!server.log().contains(first) && !server.log().contains(second));
    drop(server);

    let mut server = start(None);
    assert_eq!(server.with_key(second).get("/accounts").status, 401);
    server.terminate();
    assert!(server.log().contains("PATCHBAY_API_KEY is no longer set"), "{}", server.log());
}

#[test]
fn wrong_keys_are_slowed_by_address_and_a_right_key_is_not() {
    let provider = Provider::start();
    let server = Server::start(&provider, &["--trusted-proxy", "127.0.0.0/8"]);
    let stranger = from(&server.with_key("a-wrong-key-of-a-stranger"), STRANGER);
    let slowed = (0..500).map(|_| stranger.get("/accounts")).find(|answer| answer.status != 401);
    let slowed = slowed.expect("guesses are slowed");
    assert_eq!((slowed.status, slowed.code()), (429, "TooManyAttemptsError".to_owned()), "{slowed}");
    assert!(slowed.header("retry-after").is_some());
    // Session tokens and requests without a key count as well.
    let hub = from(&server.hub("a-wrong-token"), STRANGER);
    assert!((0..20).any(|_| hub.get("/hub/connectors").status == 429));
    assert!((0..20).any(|_| from(&server.anonymous(), STRANGER).get("/accounts").status == 429));
    // A right key, a right token and public pages from this address are not affected, nor is another address.
    let token = server.session(json!({}));
    for _ in 0..20 {
        assert_eq!(from(&server.api(), STRANGER).get("/accounts").status, 200);
        assert_eq!(from(&server.hub(&token), STRANGER).get("/hub/connectors").status, 200);
    }
    assert_eq!(from(&server.anonymous(), STRANGER).get("/healthz").status, 200);
    assert_eq!(from(&server.anonymous(), STRANGER).get("/docs/connectors").status, 200);
    assert_eq!(from(&server.anonymous(), OPERATOR).get("/accounts").status, 401);
}

#[test]
fn links_of_one_customer_wait_in_a_bounded_line() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let integration = server.integration(&server.session(json!({})));
    let tokens = (0..20).map(|_| server.session(json!({ "origin_owner_id": "busy", "multiple": true })));
    let tokens = tokens.collect::<Vec<_>>();
    provider.fault(1_000, json!({ "kind": "delay", "millis": 5_000 }));
    let (send, receive) = std::sync::mpsc::channel();
    let answers = std::thread::scope(|scope| {
        for token in &tokens {
            let (send, server, integration) = (send.clone(), &server, &integration);
            scope.spawn(move || {
                let _ = send.send(server.hub(token).post("/hub/accounts", &link_body(integration)));
            });
        }
        // One is verified and eight wait, so eleven are refused while the provider is slow.
        let mut answers = (0..11).map(|_| receive.recv().unwrap()).collect::<Vec<_>>();
        provider.fault_none();
        answers.extend((0..9).map(|_| receive.recv().unwrap()));
        answers
    });
    let refused = answers.iter().filter(|answer| answer.status == 429).collect::<Vec<_>>();
    assert_eq!(refused.len(), 11);
    for answer in refused {
        assert_eq!(answer.code(), "TooManyLinksError", "{answer}");
        assert!(answer.header("retry-after").is_some());
    }
}
