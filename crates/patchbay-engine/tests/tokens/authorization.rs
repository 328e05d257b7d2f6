//! Signing in at the provider, and every way in which someone may try to turn it into something else.

use patchbay_engine::{
    AuthorizationCallback, AuthorizationRedirect, CallbackOutcome, Error, ErrorCode, NewAuthorization,
};
use patchbay_model::{AccountId, AttemptId, AttemptStatus, ProfileId};
use patchbay_simulator::{Approval, Fault, FaultFilter, OAuthRules, PlannedFault, TokenResponseShape};
use patchbay_vault::Secret;
use url::Url;

use crate::world::World;

/// What a browser does: goes to the provider, and comes back with what it was given.
struct Browser {
    start: AuthorizationRedirect,
    token: Secret,
    attempt: AttemptId,
}

impl Browser {
    async fn begin(world: &World, profile: &ProfileId) -> Result<Self, Error> {
        let made = world.session(|_| {}).await;
        Self::begin_in(world, profile, made.token, None).await
    }

    async fn begin_in(
        world: &World,
        profile: &ProfileId,
        token: Secret,
        return_url: Option<&str>,
    ) -> Result<Self, Error> {
        let hub = world.engine.sessions.for_hub(&token).await.unwrap();
        let attempt = world.engine.attempts.start(&hub).await.unwrap().id;
        let request = NewAuthorization {
            token: token.clone(),
            profile_id: profile.clone(),
            attempt_id: Some(attempt.clone()),
            return_url: return_url.map(str::to_owned),
            fields: Vec::new(),
            allowed_origins: Vec::new(),
        };
        Ok(Self { start: Box::pin(world.engine.start_authorization(request)).await?, token, attempt })
    }

    /// The parameters that the provider sends back.
    async fn at_provider(&self, world: &World) -> Vec<(String, Secret)> {
        let location = Url::parse(self.start.location.expose()).unwrap();
        let real = format!("{}{}?{}", world.provider_url, location.path(), location.query().unwrap());
        let back = redirect_of(&real).await;
        assert!(back.starts_with("http://localhost/connect/oauth2/oauth2/callback?"), "{back}");
        let back = Url::parse(&back).unwrap();
        back.query_pairs().map(|(name, value)| (name.into_owned(), Secret::new(value))).collect()
    }

    fn answer(&self, parameters: Vec<(String, Secret)>) -> AuthorizationCallback {
        let cookies = vec![(self.start.cookie_suffix.clone(), self.start.browser_secret.clone())];
        AuthorizationCallback { connector: "oauth2".into(), parameters, cookies }
    }

    async fn finish(&self, world: &World) -> Result<CallbackOutcome, Error> {
        let parameters = self.at_provider(world).await;
        Box::pin(world.engine.finish_authorization(self.answer(parameters))).await
    }

    async fn attempt(&self, world: &World) -> (AttemptStatus, Option<String>) {
        let hub = world.engine.sessions.for_hub(&self.token).await.unwrap();
        let attempt = world.engine.attempts.get(&hub, &self.attempt).await.unwrap();
        (attempt.status, attempt.error.map(|error| error.code))
    }
}

/// Where an address sends a browser.
async fn redirect_of(url: &str) -> String {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        let answer = agent.get(&url).call().unwrap();
        answer.headers().get("location").unwrap().to_str().unwrap().to_owned()
    })
    .await
    .unwrap()
}

/// An account that signed in.
pub async fn signed_in(world: &World) -> AccountId {
    let profile = match world.engine.profiles.active_of_connector(&world.caller, "oauth2").await.unwrap() {
        Some(profile) if profile.auth_config_key == "sign_in" && profile.setup_information.contains_key("clientId") => {
            profile
        }
        _ => world.profile("sign_in").await,
    };
    let browser = Browser::begin(world, &profile.id).await.unwrap();
    browser.finish(world).await.unwrap().outcome.unwrap().unwrap()
}

/// An account that signed in through a profile, of its own owner.
pub async fn signed_in_as(world: &World, profile: &ProfileId, owner: &str) -> AccountId {
    let made = world.session(|new| owner.clone_into(&mut new.owner.id)).await;
    let browser = Browser::begin_in(world, profile, made.token, None).await.unwrap();
    browser.finish(world).await.unwrap().outcome.unwrap().unwrap()
}

/// The same account again.
pub async fn signed_in_again(world: &World, profile: &ProfileId, account: &AccountId) -> AccountId {
    let made = world.session(|new| new.account_id = Some(account.clone())).await;
    let browser = Browser::begin_in(world, profile, made.token, None).await.unwrap();
    browser.finish(world).await.unwrap().outcome.unwrap().unwrap()
}

/// The scopes that a sign-in through a profile asks for.
pub async fn asked_scopes(world: &World, profile: &ProfileId) -> String {
    scopes_of(&Browser::begin(world, profile).await.unwrap())
}

/// The scopes that an account's next sign-in asks for.
pub async fn asked_scopes_again(world: &World, profile: &ProfileId, account: &AccountId) -> String {
    let made = world.session(|new| new.account_id = Some(account.clone())).await;
    scopes_of(&Browser::begin_in(world, profile, made.token, None).await.unwrap())
}

fn scopes_of(browser: &Browser) -> String {
    let location = Url::parse(browser.start.location.expose()).unwrap();
    location.query_pairs().find(|(name, _)| name == "scope").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_sign_in_links_an_account_and_ends_its_attempt() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let location = Url::parse(browser.start.location.expose()).unwrap();
    let query =
        |name: &str| location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    assert_eq!(query("redirect_uri").as_deref(), Some("http://localhost/connect/oauth2/oauth2/callback"));
    assert_eq!(query("scope").as_deref(), Some("read,write"));
    assert_eq!(query("prompt").as_deref(), Some("consent"));
    assert_eq!(query("code_challenge_method").as_deref(), Some("S256"));
    assert_ne!(query("state").as_deref(), Some("ours-not-yours"), "the connector cannot choose the state");
    assert_eq!(browser.attempt(&world).await, (AttemptStatus::Pending, None));
    let mut parameters = browser.at_provider(&world).await;
    parameters.push(("realmId".into(), Secret::new("realm-7")));
    let end = world.engine.finish_authorization(browser.answer(parameters)).await.unwrap();
    assert_eq!(end.return_url, "http://localhost/embedded/accounts/callback");
    let account = world.stored(&end.outcome.unwrap().unwrap()).await;
    assert_eq!(browser.attempt(&world).await, (AttemptStatus::Authenticated, None));
    let keys = account.secrets.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(keys, ["accessToken", "realm", "refreshToken"]);
    let token = account.token.unwrap();
    assert_eq!((token.profile_id, token.scopes), (profile.id.clone(), vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!(world.run(&account.id, "get_me").await.unwrap()["data"]["scope"], "read,write");
}

#[tokio::test]
async fn a_browser_that_leaves_while_its_code_is_traded_loses_no_token() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    let late = FaultFilter { path_prefix: Some("/token".into()), method: None };
    world.provider.plan(PlannedFault { matching: late, times: 1, fault: Fault::Delay { millis: 200 } });
    let end = world.engine.finish_authorization(browser.answer(parameters));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), end).await.is_err());
    let hub = world.engine.sessions.for_hub(&browser.token).await.unwrap();
    let patience = std::time::Duration::from_mins(1);
    let ended = world.engine.attempts.follow(&hub, &browser.attempt, patience).await.unwrap();
    assert_eq!(ended.status, AttemptStatus::Authenticated, "{ended:?}");
}

#[tokio::test]
async fn what_was_not_granted_is_told_and_links_nothing() {
    let world = World::with(OAuthRules { approval: Approval::Never, ..OAuthRules::default() }).await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let error = browser.finish(&world).await.unwrap().outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInDenied);
    assert!(error.message.contains("access was not granted"), "{error}");
    assert_eq!(browser.attempt(&world).await, (AttemptStatus::Error, Some("SignInDeniedError".into())));
}

#[tokio::test]
async fn a_code_that_the_provider_refuses_ends_the_attempt() {
    let world = World::with(OAuthRules { shape: TokenResponseShape::AlwaysOk, ..OAuthRules::default() }).await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    world.clock.advance_seconds(120);
    let error = world.engine.finish_authorization(browser.answer(parameters)).await.unwrap().outcome.unwrap_err();
    assert!(error.message.contains("invalid_grant"), "{error}");
    assert_eq!(browser.attempt(&world).await.0, AttemptStatus::Error);
}

#[tokio::test]
async fn state_replay_is_refused() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    world.engine.finish_authorization(browser.answer(parameters.clone())).await.unwrap().outcome.unwrap();
    let error = world.engine.finish_authorization(browser.answer(parameters)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInUnknown);
    assert_eq!(browser.attempt(&world).await.0, AttemptStatus::Authenticated);
}

#[tokio::test]
async fn state_fixation_and_forgery_are_refused() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    for state in ["", "guessed", "ours-not-yours"] {
        let forged = vec![("state".into(), Secret::new(state)), ("code".into(), Secret::new("c"))];
        let error = world.engine.finish_authorization(browser.answer(forged)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInUnknown);
    }
    let none = world.engine.finish_authorization(browser.answer(vec![("code".into(), Secret::new("c"))])).await;
    assert_eq!(none.unwrap_err().code, ErrorCode::SignInUnknown);
    // It takes ten minutes at most.
    let parameters = browser.at_provider(&world).await;
    world.clock.advance_seconds(601);
    assert_eq!(
        world.engine.finish_authorization(browser.answer(parameters)).await.unwrap_err().code,
        ErrorCode::SignInUnknown
    );
}

#[tokio::test]
async fn session_fixation_is_refused_another_browser_cannot_finish() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    for cookies in [vec![], vec![("another".to_owned(), Secret::new("value"))]] {
        let browser = Browser::begin(&world, &profile.id).await.unwrap();
        let parameters = browser.at_provider(&world).await;
        let callback = AuthorizationCallback { cookies, ..browser.answer(parameters) };
        let error = world.engine.finish_authorization(callback).await.unwrap().outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInRefused);
        assert_eq!(world.asked("authorization_code"), 0, "the code was not traded");
        assert_eq!(browser.attempt(&world).await.0, AttemptStatus::Error);
    }
    // The mark of the right sign-in with the cookie of another one.
    let (mine, theirs) =
        (Browser::begin(&world, &profile.id).await.unwrap(), Browser::begin(&world, &profile.id).await.unwrap());
    let parameters = theirs.at_provider(&world).await;
    let cookies = vec![(theirs.start.cookie_suffix.clone(), mine.start.browser_secret.clone())];
    let callback = AuthorizationCallback { cookies, ..theirs.answer(parameters) };
    assert_eq!(
        world.engine.finish_authorization(callback).await.unwrap().outcome.unwrap_err().code,
        ErrorCode::SignInRefused
    );
}

#[tokio::test]
async fn cross_app_takeover_is_refused_an_answer_at_another_connectors_address() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    let callback = AuthorizationCallback { connector: "evil".into(), ..browser.answer(parameters) };
    assert_eq!(
        world.engine.finish_authorization(callback).await.unwrap().outcome.unwrap_err().code,
        ErrorCode::SignInRefused
    );
    assert_eq!(world.asked("authorization_code"), 0);
}

#[tokio::test]
async fn cross_provider_confusion_is_refused_by_the_issuer() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    for (issuer, is_taken) in [
        ("https://oauth2.example.com", true),
        ("https://oauth2.example.com/tenant", true),
        ("https://evil.example", false),
        ("https://oauth2.example.com.evil.example", false),
        ("http://oauth2.example.com", false),
        ("nonsense", false),
    ] {
        world.provider.change(|rules| rules.issuer = Some(issuer.to_owned()));
        let browser = Browser::begin(&world, &profile.id).await.unwrap();
        let outcome = browser.finish(&world).await.unwrap().outcome;
        assert_eq!(outcome.is_ok(), is_taken, "{issuer}: {outcome:?}");
    }
}

#[tokio::test]
async fn cross_tenant_confusion_is_refused() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let other = world.engine.projects.create("Theirs").await.unwrap();
    let new = patchbay_engine::NewKey { name: "k".into(), scopes: patchbay_model::ApiScope::defaults(), text: None };
    let key = world.engine.api_keys.create(&other.id, new).await.unwrap();
    let stranger = world.engine.api_keys.authenticate(&key.text).await.unwrap();
    let session = patchbay_engine::NewSession {
        owner: patchbay_model::Owner { id: "x".into(), name: "X".into(), username: None },
        categories: Vec::new(),
        connector: None,
        profile_id: None,
        account_id: None,
        label: None,
        metadata: serde_json::Map::new(),
        kind: patchbay_model::AccountKind::Production,
        multiple: false,
        allowed_origins: Vec::new(),
        confirm_url: None,
        expires_in: None,
    };
    let theirs = world.engine.sessions.create(&stranger, session).await.unwrap();
    // Their session does not show our profile, and does not know our attempt.
    let error = Browser::begin_in(&world, &profile.id, theirs.token.clone(), None).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::ProfileNotFound);
    let mine = Browser::begin(&world, &profile.id).await.unwrap();
    let request = NewAuthorization {
        token: theirs.token,
        profile_id: profile.id.clone(),
        attempt_id: Some(mine.attempt.clone()),
        return_url: None,
        fields: Vec::new(),
        allowed_origins: Vec::new(),
    };
    assert_eq!(world.engine.start_authorization(request).await.unwrap_err().code, ErrorCode::AttemptNotFound);
}

#[tokio::test]
async fn an_open_redirect_is_not_followed() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let own = "http://localhost/embedded/accounts/callback";
    for (return_url, expected) in [
        ("https://evil.example/x", own),
        ("https://app.example.com.evil.example/x", own),
        ("javascript:alert(1)", own),
        ("//evil.example", own),
        ("https://app.example.com/done?a=b", "https://app.example.com/done?a=b"),
        ("http://localhost/embedded/accounts/callback?x=1", "http://localhost/embedded/accounts/callback?x=1"),
    ] {
        let made = world.session(|new| new.allowed_origins = vec!["https://app.example.com".into()]).await;
        let browser = Browser::begin_in(&world, &profile.id, made.token, Some(return_url)).await.unwrap();
        assert_eq!(browser.finish(&world).await.unwrap().return_url, expected);
    }
}

#[tokio::test]
async fn code_injection_is_refused_by_the_verifier() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let (victim, attacker) =
        (Browser::begin(&world, &profile.id).await.unwrap(), Browser::begin(&world, &profile.id).await.unwrap());
    let stolen = victim.at_provider(&world).await.into_iter().find(|(name, _)| name == "code").unwrap();
    let mut own = attacker.at_provider(&world).await;
    own.retain(|(name, _)| name != "code");
    own.push(stolen);
    let error = world.engine.finish_authorization(attacker.answer(own)).await.unwrap().outcome.unwrap_err();
    assert!(error.message.contains("verifier does not match"), "{error}");
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_is_refused() {
    let claims = |name: &str, value: serde_json::Value| serde_json::Map::from_iter([(name.to_owned(), value)]);
    for (wrong, words) in [
        (serde_json::Map::new(), None),
        (claims("aud", serde_json::json!(["other", "app"])), None),
        (claims("nonce", "of-another-sign-in".into()), Some("was issued for another sign-in")),
        (claims("nonce", serde_json::Value::Null), Some("was issued for another sign-in")),
        (claims("aud", "another-app".into()), Some("was issued for another client")),
        (claims("iss", "https://elsewhere.example".into()), Some("was issued by another authorization server")),
    ] {
        let world = World::with(OAuthRules { id_claims: wrong, ..OAuthRules::default() }).await;
        let profile = world.profile("identity").await;
        let browser = Browser::begin(&world, &profile.id).await.unwrap();
        let location = browser.start.location.expose();
        assert_eq!(location.matches("nonce=").count(), 1, "{location}");
        assert!(!location.contains("ours-not-yours"), "the connector cannot choose the nonce");
        let outcome = browser.finish(&world).await.unwrap().outcome;
        match (outcome, words) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                assert_eq!(error.code, ErrorCode::SignInRefused);
                assert!(error.message.contains(words), "{}", error.message);
            }
            (outcome, words) => panic!("{outcome:?} in place of {words:?}"),
        }
    }
}

#[tokio::test]
async fn an_attempt_that_was_given_up_links_nothing() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let browser = Browser::begin(&world, &profile.id).await.unwrap();
    let hub = world.engine.sessions.for_hub(&browser.token).await.unwrap();
    let parameters = browser.at_provider(&world).await;
    world.engine.attempts.cancel(&hub, &browser.attempt).await.unwrap();
    let end = world.engine.finish_authorization(browser.answer(parameters)).await.unwrap();
    assert_eq!(end.outcome.unwrap_err().code, ErrorCode::SignInRefused);
    assert_eq!((browser.attempt(&world).await.0, world.asked("authorization_code")), (AttemptStatus::Cancelled, 0));
    let again = NewAuthorization {
        token: browser.token.clone(),
        profile_id: profile.id.clone(),
        attempt_id: Some(browser.attempt.clone()),
        return_url: None,
        fields: Vec::new(),
        allowed_origins: Vec::new(),
    };
    assert_eq!(world.engine.start_authorization(again).await.unwrap_err().code, ErrorCode::Validation);
}

#[tokio::test]
async fn typed_credentials_cannot_take_the_place_of_a_sign_in() {
    let world = World::new().await;
    let profile = world.profile("sign_in").await;
    let error = world.link_with(&profile, &[]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SignInRequired);
    let error = world.link_with(&profile, &[("accessToken", "mine")]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Validation);
}
