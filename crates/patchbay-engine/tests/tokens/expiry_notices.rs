//! Expiry notices: sent once, before the expiry, and withdrawn by refreshes.

use std::sync::{Arc, Mutex};

use patchbay_engine::{AccountQuery, EmittedEvent, Error, ErrorCode, EventSink};
use patchbay_model::{AccountId, AccountStatus, Clock as _, ExpiryCause, Timestamp};
use patchbay_simulator::OAuthRules;

use crate::{
    authorization::{signed_in, signed_in_again},
    world::World,
};

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// Remembers what it hears, and may be out of order.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<EmittedEvent>>,
    is_broken: Mutex<bool>,
}

#[async_trait::async_trait]
impl EventSink for Ear {
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error> {
        if *self.is_broken.lock().unwrap() {
            return Err(Error::new(patchbay_engine::ErrorCode::Storage, "not now"));
        }
        self.heard.lock().unwrap().push(event);
        Ok(())
    }
}

impl Ear {
    fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

async fn listened(rules: OAuthRules) -> (World, Arc<Ear>) {
    let world = World::with(rules).await;
    let ear = Arc::new(Ear::default());
    assert!(world.engine.set_event_sink(ear.clone()));
    (world, ear)
}

/// The background's look, so much later.
async fn look(world: &World, seconds: i64) {
    world.clock.advance_seconds(seconds);
    world.engine.refresh_due_tokens().await;
    world.engine.send_expiry_notices().await;
}

/// Lists the accounts that are due to be reconnected.
async fn due(world: &World) -> Vec<AccountId> {
    let query = AccountQuery { reconnect_due: true, page: 1, page_size: 10, ..AccountQuery::default() };
    let page = world.engine.list_accounts(&world.caller, query).await.unwrap();
    page.items.iter().map(|view| view.account.id.clone()).collect()
}

async fn end_of(world: &World, account: &AccountId) -> Option<(ExpiryCause, Timestamp)> {
    let view = world.engine.get_account(&world.caller, account).await.unwrap();
    assert_eq!(view.expiry_notice.is_some(), view.account.next_expiry().is_some());
    view.account.next_expiry().map(|expiry| (expiry.cause, expiry.at))
}

#[tokio::test]
async fn an_idle_account_outlives_a_refresh_token_that_dies_of_disuse() {
    // As Xero has it: half an hour, and sixty days without use.
    for life in [1800, 90 * DAY] {
        let rules = OAuthRules {
            access_token_ttl_secs: Some(life),
            refresh_token_ttl_secs: Some(60 * DAY),
            ..OAuthRules::default()
        };
        let (world, ear) = listened(rules).await;
        let account = signed_in(&world).await;
        for _ in 0..70 {
            look(&world, DAY).await;
        }
        let stored = world.stored(&account).await;
        assert_eq!(stored.status, AccountStatus::Active, "{life}: {:?}", stored.status_reasons);
        world.run(&account, "get_me").await.unwrap();
        assert_eq!(ear.count(), 0, "{life}: nobody had to act");
        let renewals = if life == 1800 { 70 } else { 1 };
        assert_eq!(world.asked("refresh_token"), renewals, "{life}");
    }
}

#[tokio::test]
async fn an_end_that_renewals_do_not_move_is_told_once_and_in_time() {
    let rules =
        OAuthRules { rotates_refresh_tokens: false, refresh_token_ttl_secs: Some(100 * DAY), ..OAuthRules::default() };
    let (world, ear) = listened(rules).await;
    let account = signed_in(&world).await;
    let end = world.clock.now().plus_seconds(100 * DAY);
    assert_eq!(end_of(&world, &account).await, Some((ExpiryCause::RefreshToken, end)));

    // A tenth of its life ahead; renewals in between change nothing.
    for _ in 0..89 {
        look(&world, DAY).await;
    }
    assert_eq!(end_of(&world, &account).await, Some((ExpiryCause::RefreshToken, end)));
    assert_eq!(ear.count(), 0);
    assert!(due(&world).await.is_empty());
    *ear.is_broken.lock().unwrap() = true;
    look(&world, DAY).await;
    assert_eq!(ear.count(), 0);
    *ear.is_broken.lock().unwrap() = false;
    look(&world, HOUR).await;
    look(&world, HOUR).await;
    look(&world, DAY).await;
    let heard = ear.heard.lock().unwrap().clone();
    let [event] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((event.event_type.as_str(), event.account_id.as_ref()), ("account.relink_due", Some(&account)));
    assert_eq!(
        (event.data["cause"].as_str(), event.data["ends_at"].as_str()),
        (Some("refresh_token"), Some(&*end.to_rfc3339()))
    );
    insta::assert_snapshot!(event.data["message"].as_str().unwrap(), @"reconnect the account at Harbor before 2026-04-25T10:30:00.000Z: its refresh token expires");

    assert_eq!(due(&world).await, std::slice::from_ref(&account));

    // Nobody acted: the provider is asked once more after the end, and believed.
    for _ in 0..12 {
        look(&world, DAY).await;
    }
    let stored = world.stored(&account).await;
    assert_eq!(
        (stored.status, stored.refresh_at, stored.next_expiry()),
        (AccountStatus::ReconnectRequired, None, None)
    );
    let why = stored.status_reasons[0].description.clone().unwrap();
    assert!(why.contains("its refresh token expired at 2026-04-25T10:30:00.000Z"), "{why}");
    let asked = world.asked("refresh_token");
    look(&world, DAY).await;
    assert_eq!(world.run(&account, "get_me").await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!((world.asked("refresh_token"), ear.count()), (asked, 1));
    assert!(due(&world).await.is_empty(), "it is among those that do not work");

    // After a reconnect it has another expiry.
    let profile = stored.profile_id;
    assert_eq!(signed_in_again(&world, &profile, &account).await, account);
    let end = world.clock.now().plus_seconds(100 * DAY);
    assert_eq!(end_of(&world, &account).await, Some((ExpiryCause::RefreshToken, end)));
}

#[tokio::test]
async fn a_renewal_that_replaces_the_refresh_token_moves_its_end() {
    let rules = OAuthRules { refresh_token_ttl_secs: Some(60 * DAY), ..OAuthRules::default() };
    let (world, _) = listened(rules).await;
    let account = signed_in(&world).await;
    look(&world, HOUR).await;
    let end = world.clock.now().plus_seconds(60 * DAY);
    assert_eq!(end_of(&world, &account).await, Some((ExpiryCause::RefreshToken, end)));
}

#[tokio::test]
async fn a_token_that_nothing_renews_is_told_of_and_ends_its_account() {
    let rules =
        OAuthRules { issues_refresh_tokens: false, access_token_ttl_secs: Some(10 * DAY), ..OAuthRules::default() };
    let (world, ear) = listened(rules).await;
    let account = signed_in(&world).await;
    let end = world.clock.now().plus_seconds(10 * DAY);
    assert_eq!(end_of(&world, &account).await, Some((ExpiryCause::AccessToken, end)));
    look(&world, 9 * DAY - 1).await;
    assert_eq!(ear.count(), 0);
    look(&world, 1).await;
    look(&world, HOUR).await;
    assert_eq!(ear.count(), 1);
    world.run(&account, "get_me").await.unwrap();
    look(&world, DAY).await;
    let stored = world.stored(&account).await;
    assert_eq!(stored.status, AccountStatus::ReconnectRequired, "without a call");
    let why = stored.status_reasons[0].description.clone().unwrap();
    assert!(why.contains("its token has expired and the provider issued no refresh token"), "{why}");
    assert_eq!((world.asked("refresh_token"), ear.count()), (0, 1));
}

#[tokio::test]
async fn what_can_always_be_got_again_has_no_end() {
    let (world, ear) = listened(OAuthRules::default()).await;
    let service = world.service().await;
    assert_eq!(end_of(&world, &service.id).await, None);
    for _ in 0..3 {
        look(&world, DAY).await;
    }
    assert_eq!((world.stored(&service.id).await.status, ear.count()), (AccountStatus::Active, 0));
}
