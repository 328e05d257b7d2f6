//! OAuth 2.0 authorization through the real server: the browser's responses, and killed processes.

use std::time::Duration;

use patchbay_simulator::{Fault, FaultFilter, PlannedFault};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::support::{
    ApiResponse, Server,
    oauth2::{OAuth2Bed, StartedAuthorization, attempt, begin, begin_with, finish, get_me, profile, sign_in},
    offline,
};

#[test]
fn account_data_is_fetched_once_after_the_authorization() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let body = json!({
        "connector_key": "oauth2", "authentication_config_key": "sign_in_with_id",
        "setup_information": { "clientId": "app", "clientSecret": "app-secret" },
    });
    let profile = server.api().post("/auth_configs", &body).text("/id");
    let account = sign_in(&bed, &server, &profile);
    let shown = server.api().get(&format!("/accounts/{account}")).json();
    // An id is not a secret: it is returned, and responses that contain it are not redacted.
    assert_eq!(shown["setup_information"]["userId"], "u1", "{shown}");
    assert_eq!(get_me(&server, &account).json()["data"]["id"], "u1");
    // The token is refreshed at the token endpoint; the id is kept.
    bed.oauth.expire_access_tokens();
    assert_eq!(get_me(&server, &account).status, 200);
    assert_eq!(bed.oauth.token_requests(), ["authorization_code", "refresh_token"]);
    let shown = server.api().get(&format!("/accounts/{account}")).json();
    assert_eq!(shown["setup_information"]["userId"], "u1", "{shown}");
}

#[test]
fn the_browser_is_redirected_to_the_provider_and_back() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let profile = profile(&server);
    let shown = server.api().get("/connectors/meta/oauth2");
    let redirect = format!("{}/connect/oauth2/oauth2/callback", server.base);
    assert_eq!(shown.text("/authentication/0/redirect_uri"), redirect);
    let shown = shown.json();
    let methods = shown["authentication"].as_array().unwrap();
    let service = methods.iter().find(|method| method["key"] == "service").unwrap();
    assert_eq!(service["redirect_uri"], Value::Null);

    let begun = begin(&server, &profile);
    assert_eq!(begun.answer.status, 302, "{}", begun.answer);
    let cookie = begun.answer.header("set-cookie").unwrap();
    for part in ["patchbay_sign_in_", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(begun.answer.header("cache-control"), Some("no-store"));
    assert_eq!(begun.answer.header("referrer-policy"), Some("no-referrer"));
    let back = bed.visit(begun.answer.header("location").unwrap());
    assert!(back.starts_with(&redirect), "{back}");
    assert_eq!(attempt(&server, &begun)["status"], "pending");
    let end = finish(&server, &back, &begun.cookie);
    assert_eq!(end.status, 303, "{end}");
    assert_eq!(end.header("location"), Some(format!("{}/embedded/accounts/callback", server.base).as_str()));
    assert!(end.header("set-cookie").unwrap().contains("Max-Age=0"));
    let done = attempt(&server, &begun);
    assert_eq!(done["status"], "authenticated", "{done}");
    let account = done["account"]["id"].as_str().unwrap();
    assert_eq!(get_me(&server, account).text("/data/name"), "Ada");
    let known = server.api().get(&format!("/v2/accounts/{account}")).json();
    assert_eq!(known["token"]["scopes"], json!(["read", "write"]));
    assert!(!known.to_string().contains("at_"), "a token is never shown: {known}");
    let again = finish(&server, &back, &begun.cookie);
    assert_eq!(again.status, 400);
    assert!(again.body.contains("The account was not connected"), "{again}");
}

#[test]
fn over_https_an_authorization_is_completed_only_with_its_host_cookie() {
    const PUBLIC: &str = "https://pb.example";
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.fixture.server_in(data.path(), &[("https://oauth2.example.com", "")], &["--public-url", PUBLIC]);
    let profile = profile(&server);
    // Returns the name without its prefix, and the response to the callback with the given cookies.
    let finish_with = |cookies: &dyn Fn(&str) -> String| {
        let begun = begin(&server, &profile);
        let set = begun.answer.header("set-cookie").unwrap();
        assert!(set.contains("; Secure") && set.contains("; Path=/;") && !set.contains("Domain"), "{set}");
        let plain = begun.cookie.strip_prefix("__Host-").unwrap_or_else(|| panic!("{set}"));
        let back = bed.visit(begun.answer.header("location").unwrap());
        let path = back.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("{back}"));
        let end = server.anonymous().header("cookie", &cookies(plain)).get(path);
        (end, attempt(&server, &begun)["status"].clone())
    };
    let named = |plain: &str| plain.split_once('=').unwrap().0.to_owned();
    let own = |plain: &str| format!("__Host-{plain}");
    for cookies in [
        &|plain: &str| plain.to_owned(),
        &|plain: &str| format!("{plain}; __Host-{}=planted", named(plain)),
        &|plain: &str| format!("__Secure-{plain}; __host-{plain}; {plain}"),
    ] as [&dyn Fn(&str) -> String; 3]
    {
        let (end, status) = finish_with(cookies);
        assert_eq!((end.status, status), (400, json!("error")), "{end}");
        assert!(end.body.contains("in the browser that started it"), "{end}");
    }
    assert!(bed.oauth.token_requests().is_empty(), "no code is exchanged for another browser");
    for cookies in [
        &|plain: &str| own(plain),
        &|plain: &str| format!("{}=planted; {}; {}=planted", named(plain), own(plain), named(plain)),
        &|plain: &str| format!("__Host-{}=planted; {}", named(plain), own(plain)),
        &|plain: &str| format!("{}; __Host-{}=planted", own(plain), named(plain)),
    ] as [&dyn Fn(&str) -> String; 4]
    {
        let (end, status) = finish_with(cookies);
        assert_eq!((end.status, status), (303, json!("authenticated")), "{end}");
        assert!(end.header("set-cookie").unwrap().starts_with("__Host-patchbay_sign_in_"), "{end}");
    }
}

#[test]
fn an_authorization_of_a_used_or_ended_session_links_nothing() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let profile = profile(&server);
    let token = server.session(json!({ "provider": "oauth2" }));
    let start = || {
        let attempt = server.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
        let path = format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id={attempt}");
        let answer = server.anonymous().get(&path);
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let back = bed.visit(answer.header("location").unwrap());
        (StartedAuthorization { token: token.clone(), attempt, cookie, answer }, back, path)
    };
    // Two windows of one session: the first one that returns links the account.
    let ((first, first_back, path), (second, second_back, _)) = (start(), start());
    assert_eq!(finish(&server, &first_back, &first.cookie).status, 303);
    let page = finish(&server, &second_back, &second.cookie);
    assert!(page.status == 409 && page.body.contains("already used"), "{page}");
    let ended = attempt(&server, &second);
    assert_eq!((&ended["status"], &ended["error"]["code"]), (&json!("error"), &json!("SessionUsedError")), "{ended}");
    // The Hub still finds the success of the first one.
    assert_eq!(attempt(&server, &first)["status"], "authenticated");
    assert_eq!(server.anonymous().get(&path).status, 400, "its attempt has ended");
    let page = server.anonymous().get(&format!("/connect/oauth2/{profile}?token={token}"));
    assert!(page.status == 409 && page.body.contains("already used"), "{page}");
    assert_eq!(bed.oauth.token_requests().len(), 1, "no further code is exchanged");

    let made = server.session_answer(json!({ "provider": "oauth2", "origin_owner_id": "another" }));
    let token = made.text("/token");
    let prepared = server.hub(&token).post("/hub/connection_attempts", &json!({ "integration_id": profile }));
    let answer = server.anonymous().get(&format!("/connect/oauth2/{profile}?token={token}"));
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = bed.visit(answer.header("location").unwrap());
    assert_eq!(server.api().delete(&format!("/connect_sessions/{}", made.json()["id"])).status, 204);
    for page in [finish(&server, &back, &cookie), server.anonymous().get(&prepared.text("/url"))] {
        assert!(page.status == 401 && page.body.contains("has expired or does not exist"), "{page}");
    }
    assert_eq!(bed.oauth.token_requests().len(), 1, "no further code is exchanged");
    assert_eq!(server.api().get("/v2/accounts").json()["total"], 1);
}

/// Creates a profile for customers with their own OAuth app, whose secret they enter before the authorization.
fn own_apps(server: &Server) -> String {
    let body = json!({ "connector_key": "oauth2", "authentication_config_key": "own_app" });
    server.api().post("/auth_configs", &body).text("/id")
}

fn prepare(server: &Server, token: &str, profile: &str) -> ApiResponse {
    let body = json!({
        "token": token, "integration_id": profile, "redirect_uri": format!("{}/embedded/accounts/callback", server.base),
        "credentials": { "clientId": "app", "clientSecret": "app-secret" },
    });
    server.hub(token).post("/hub/connection_attempts", &body)
}

#[test]
fn form_values_are_in_no_url() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let profile = own_apps(&server);
    let token = server.session(json!({ "provider": "oauth2" }));
    let prepared = prepare(&server, &token, &profile);
    assert_eq!(prepared.status, 201, "{prepared}");
    let url = prepared.text("/url");
    assert!(url.starts_with(&format!("/connect/oauth2/{profile}?patchbay_ticket=")), "{url}");
    // A link may be opened twice; the newest window completes the authorization.
    assert_eq!(server.anonymous().get(&url).status, 302);
    let answer = server.anonymous().get(&url);
    let location = answer.header("location").unwrap();
    for secret in ["app-secret", token.as_str()] {
        assert!(!url.contains(secret) && !location.contains(secret), "{url} {location}");
    }
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let end = finish(&server, &bed.visit(location), &cookie);
    assert_eq!(end.status, 303, "{end}");
    let attempt = server.hub(&token).get(&format!("/hub/connection_attempts/{}", prepared.text("/id"))).json();
    assert_eq!(attempt["status"], "authenticated", "{attempt}");
    assert_eq!(get_me(&server, attempt["account"]["id"].as_str().unwrap()).status, 200);
    let late = server.anonymous().get(&url);
    assert_eq!(late.status, 400);
    assert!(late.body.contains("this attempt has ended"), "{late}");
}

#[test]
fn a_prepared_authorization_is_validated_before_the_redirect() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let (profile, other) = (own_apps(&server), profile(&server));
    let token = server.session(json!({ "provider": "oauth2" }));
    let full = json!({ "clientId": "app", "clientSecret": "s" });
    let spotdraft = server.api().get("/auth_configs?connector_key=spotdraft").text("/data/0/id");
    for (body, status, words) in [
        (json!({ "token": token, "integration_id": profile, "credentials": {} }), 400, "Client ID"),
        (json!({ "token": token, "integration_id": profile, "credentials": { "x": "1" } }), 400, "does not exist"),
        (json!({ "token": token, "integration_id": "nothing", "credentials": full }), 404, "no connector profile"),
        (json!({ "token": token, "integration_id": spotdraft, "credentials": full }), 404, "no such integration"),
        (json!({ "token": token, "integration_id": 7 }), 400, "integration_id"),
    ] {
        let answer = server.hub(&token).post("/hub/connection_attempts", &body);
        assert_eq!(answer.status, status, "{body}: {answer}");
        assert!(answer.body.contains(words), "{body}: {answer}");
    }
    // An unknown code, a code of another integration, and a code used as `state`.
    let ticket = prepare(&server, &token, &profile).text("/url").split_once('=').unwrap().1.to_owned();
    for (path, words) in [
        (format!("/connect/oauth2/{profile}?patchbay_ticket=guessed"), "start again in the Hub"),
        (format!("/connect/oauth2/{other}?patchbay_ticket={ticket}"), "another connector profile"),
        (format!("/connect/oauth2/oauth2/callback?state={ticket}&code=x"), "unknown authorization"),
    ] {
        let answer = server.anonymous().get(&path);
        assert_eq!(answer.status, 400, "{path}: {answer}");
        assert!(answer.body.contains(words), "{path}: {answer}");
    }
}

/// Starts an authorization whose session requires a confirmation, up to the redirect to the confirmation URL.
fn to_be_confirmed(bed: &OAuth2Bed, server: &Server) -> (StartedAuthorization, String) {
    let profile = profile(server);
    let session = json!({ "provider": "oauth2", "confirm_url": "http://localhost:9/confirm?from=hub" });
    let begun = begin_with(server, &profile, session);
    let back = bed.visit(begun.answer.header("location").unwrap());
    let end = finish(server, &back, &begun.cookie);
    assert_eq!(end.status, 303, "{end}");
    let asked = end.header("location").unwrap();
    let confirmation =
        asked.strip_prefix("http://localhost:9/confirm?from=hub&confirmation=").unwrap_or_else(|| panic!("{asked}"));
    (begun, confirmation.to_owned())
}

#[test]
fn nothing_is_linked_before_the_product_confirms_the_browsers_user() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    offline(data.path(), &["project", "create", "Ours"]);
    let theirs = offline(data.path(), &["project", "create", "Theirs"]);
    let key = offline(data.path(), &["api-key", "create", "--project", &theirs, "--name", "theirs"]);
    let server = bed.server(data.path());
    let (begun, confirmation) = to_be_confirmed(&bed, &server);
    assert_eq!(attempt(&server, &begun)["status"], "pending");
    assert!(bed.oauth.token_requests().is_empty(), "the code is not traded yet");

    let owner =
        server.api().post("/connect_sessions/authenticate", &json!({ "token": begun.token })).text("/origin_owner_id");
    let body = json!({ "confirmation": confirmation, "origin_owner_id": owner });
    // Another project can neither confirm nor cancel it.
    let stranger = server.with_key(&key).post("/connect_sessions/confirm", &body);
    assert_eq!((stranger.status, stranger.text("/errorCode")), (400, "SignInUnknownError".to_owned()), "{stranger}");
    let end = server.api().post("/connect_sessions/confirm", &body);
    assert_eq!(end.status, 200, "{end}");
    assert_eq!(end.text("/status"), "authenticated");
    assert_eq!(end.text("/redirect_uri"), format!("{}/embedded/accounts/callback", server.base));
    assert_eq!(attempt(&server, &begun)["account"]["id"], end.json()["account"]["id"]);
    assert_eq!(get_me(&server, &end.text("/account/id")).status, 200);

    let again = server.api().post("/connect_sessions/confirm", &body);
    assert_eq!((again.status, again.text("/errorCode")), (400, "SignInUnknownError".to_owned()), "{again}");
}

/// An attacker sends the link of their own session to a victim, who authorizes with their account at the provider.
#[test]
fn cross_user_session_fixation_is_rejected_by_the_products_confirmation() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let (begun, confirmation) = to_be_confirmed(&bed, &server);
    let refused = server.api().post(
        "/connect_sessions/confirm",
        &json!({ "confirmation": confirmation, "origin_owner_id": "the-one-who-is-signed-in" }),
    );
    assert_eq!((refused.status, refused.text("/errorCode")), (400, "SignInRefusedError".to_owned()), "{refused}");
    let ended = attempt(&server, &begun);
    assert_eq!(ended["status"], "error", "{ended}");
    assert!(bed.oauth.token_requests().is_empty(), "nothing was traded");
    assert_eq!(server.api().get("/v2/accounts").json()["data"], json!([]));

    // A confirmation is not accepted as `state`, and a `state` is not accepted as confirmation.
    let (_, confirmation) = to_be_confirmed(&bed, &server);
    let path = format!("/connect/oauth2/oauth2/callback?state={confirmation}&code=x");
    assert_eq!(server.anonymous().get(&path).status, 400);
    let state = json!({ "confirmation": "guessed", "origin_owner_id": "a" });
    assert_eq!(server.api().post("/connect_sessions/confirm", &state).text("/errorCode"), "SignInUnknownError");
}

#[test]
fn a_confirmation_url_must_be_a_web_url_of_the_product() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    for url in
        ["javascript:alert(1)", "http://app.example.com/", "https://user@app.example.com/", "https://a/#x", "confirm"]
    {
        let body = json!({ "origin_owner_id": "a", "origin_owner_name": "A", "confirm_url": url });
        let answer = server.api().post("/connect_sessions", &body);
        assert_eq!(answer.status, 400, "{url}: {answer}");
        assert!(answer.body.contains("confirm_url"), "{url}: {answer}");
    }
}

#[test]
fn a_form_post_callback_is_repeated_with_the_cookie() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let profile = profile(&server);
    let begun = begin(&server, &profile);
    let back = bed.visit(begun.answer.header("location").unwrap());
    let query = Url::parse(&back).unwrap();
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(query.query_pairs()).finish();
    let client = server.anonymous().header("content-type", "application/x-www-form-urlencoded");
    let posted = client.send("POST", "/connect/oauth2/oauth2/callback", Some(form));
    assert_eq!(posted.status, 303, "{posted}");
    let end = finish(&server, posted.header("location").unwrap(), &begun.cookie);
    assert_eq!(end.status, 303, "{end}");
    assert_eq!(attempt(&server, &begun)["status"], "authenticated");
}

#[test]
fn invalid_input_shows_a_page_with_instructions() {
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let server = bed.server(data.path());
    let profile = profile(&server);
    let token = server.session(json!({ "provider": "oauth2" }));
    let spotdraft = server.session(json!({ "provider": "spotdraft" }));
    for (path, status, words) in [
        (format!("/connect/oauth2/{profile}"), 401, "has expired or does not exist"),
        (format!("/connect/oauth2/{profile}?token=guessed"), 401, "has expired or does not exist"),
        (format!("/connect/oauth2/{profile}?token={spotdraft}"), 404, "no such integration"),
        (format!("/connect/oauth2/nothing?token={token}"), 404, "no connector profile"),
        (format!("/connect/oauth2/{profile}?token={token}&unknown=1"), 400, "does not exist"),
        (format!("/connect/oauth2/{profile}?token={token}&connection_attempt_id=x"), 404, "no such connection attempt"),
        ("/connect/oauth2/oauth2/callback".to_owned(), 400, "unknown authorization"),
        ("/connect/oauth2/oauth2/callback?state=%00&code=%3Cscript%3E".to_owned(), 400, "unknown authorization"),
        ("/connect/oauth2/nothing/callback?state=x".to_owned(), 400, "unknown authorization"),
    ] {
        let answer = server.anonymous().get(&path);
        assert_eq!(answer.status, status, "{path}: {answer}");
        assert!(answer.body.contains(words), "{path}: {answer}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(!answer.body.contains("<script"), "{answer}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
}

/// The process is killed at different times of a refresh, from before the token request to after the token is stored.
/// If the account no longer works, the provider must not accept any of its tokens either.
#[test]
fn a_killed_process_loses_no_token_that_the_provider_accepts() {
    const KILLS: u64 = 60;
    let bed = OAuth2Bed::start();
    let data = tempfile::tempdir().unwrap();
    let mut server = bed.server(data.path());
    let profile = profile(&server);
    let mut account = sign_in(&bed, &server, &profile);
    let (mut went_on, mut relinked) = (0, 0);
    for kill in 0..KILLS {
        bed.oauth.expire_access_tokens();
        let late = FaultFilter { path_prefix: Some("/token".into()), method: None };
        let fault = Fault::Delay { millis: 5 };
        bed.oauth.plan(PlannedFault { matching: late, times: 1, fault });
        let call = {
            let client = server.api().header("x-account-id", &account);
            std::thread::spawn(move || {
                // The connection may be interrupted: the process is being killed.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    client.post("/actions/rpc", &json!({ "action": "oauth2_get_me" }))
                }));
            })
        };
        // The delay varies the time of the kill; the assertions do not depend on it.
        std::thread::park_timeout(Duration::from_micros(kill * 500));
        server.kill();
        call.join().unwrap();
        server = bed.server(data.path());
        let answer = get_me(&server, &account);
        if answer.status == 200 {
            went_on += 1;
            continue;
        }
        assert_eq!((answer.status, answer.code().as_str()), (412, "AccountExpiredCredentialsError"), "{answer}");
        let lost = bed.oauth.live_refresh_tokens();
        assert!(lost.is_empty(), "kill {kill}: the provider would still honour {lost:?}: {answer}");
        let again = sign_in(&bed, &server, &profile);
        assert_eq!(again, account, "linking again keeps the account");
        account = again;
        relinked += 1;
    }
    assert_eq!(went_on + relinked, KILLS);
    assert!(went_on > 0);
}
