//! Expiry notices: sent once, before the expiry, and withdrawn by refreshes.

use std::sync::Arc;

use patchbay_engine::{AccountQuery, ErrorCode};
use patchbay_model::{AccountId, AccountStatus, Clock as _, ExpiryCause, Timestamp};
use patchbay_simulator::OAuthRules;

use super::OAuth2Bed;
use crate::support::RecordingSink;

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// Starts a bed whose events are recorded.
async fn start(rules: OAuthRules) -> (OAuth2Bed, Arc<RecordingSink>) {
    let bed = OAuth2Bed::with_rules(rules).await;
    let sink = RecordingSink::attach(&bed);
    (bed, sink)
}

/// Advances the clock and does the work of the background worker.
async fn advance(bed: &OAuth2Bed, seconds: i64) {
    bed.clock.advance_seconds(seconds);
    bed.engine.refresh_due_tokens().await;
    bed.engine.send_expiry_notices().await;
}

/// Lists the accounts that are due to be reconnected.
async fn due(bed: &OAuth2Bed) -> Vec<AccountId> {
    let query = AccountQuery { reconnect_due: true, page: 1, page_size: 10, ..AccountQuery::default() };
    let page = bed.engine.accounts.list(&bed.caller, query).await.unwrap();
    page.items.iter().map(|view| view.account.id.clone()).collect()
}

async fn expiry_of(bed: &OAuth2Bed, account: &AccountId) -> Option<(ExpiryCause, Timestamp)> {
    let view = bed.view(account).await;
    assert_eq!(view.expiry_notice.is_some(), view.account.next_expiry().is_some());
    view.account.next_expiry().map(|expiry| (expiry.cause, expiry.at))
}

#[tokio::test]
async fn an_idle_account_is_refreshed_before_its_refresh_token_expires() {
    // Like Xero: access tokens live half an hour, and refresh tokens sixty days without use.
    for life in [1800, 90 * DAY] {
        let rules = OAuthRules {
            access_token_ttl_secs: Some(life),
            refresh_token_ttl_secs: Some(60 * DAY),
            ..OAuthRules::default()
        };
        let (bed, sink) = start(rules).await;
        let account = bed.authorize().await;
        for _ in 0..70 {
            advance(&bed, DAY).await;
        }
        let stored = bed.stored(&account).await;
        assert_eq!(stored.status, AccountStatus::Active, "{life}: {:?}", stored.status_reasons);
        bed.run(&account, "get_me").await.unwrap();
        assert_eq!(sink.count(), 0, "{life}: no reconnect was needed");
        let refreshes = if life == 1800 { 70 } else { 1 };
        assert_eq!(bed.count_token_requests("refresh_token"), refreshes, "{life}");
    }
}

#[tokio::test]
async fn an_expiry_that_refreshes_do_not_move_is_announced_once() {
    let rules =
        OAuthRules { rotates_refresh_tokens: false, refresh_token_ttl_secs: Some(100 * DAY), ..OAuthRules::default() };
    let (bed, sink) = start(rules).await;
    let account = bed.authorize().await;
    let end = bed.clock.now().plus_seconds(100 * DAY);
    assert_eq!(expiry_of(&bed, &account).await, Some((ExpiryCause::RefreshToken, end)));

    // The notice is sent a tenth of the lifetime before the expiry; refreshes in between do not move it.
    for _ in 0..89 {
        advance(&bed, DAY).await;
    }
    assert_eq!(expiry_of(&bed, &account).await, Some((ExpiryCause::RefreshToken, end)));
    assert_eq!(sink.count(), 0);
    assert!(due(&bed).await.is_empty());
    sink.fail_with(Some(ErrorCode::Storage));
    advance(&bed, DAY).await;
    assert_eq!(sink.count(), 0);
    sink.fail_with(None);
    advance(&bed, HOUR).await;
    advance(&bed, HOUR).await;
    advance(&bed, DAY).await;
    let events = sink.events();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.event_type.as_str(), event.account_id.as_ref()), ("account.relink_due", Some(&account)));
    assert_eq!(
        (event.data["cause"].as_str(), event.data["ends_at"].as_str()),
        (Some("refresh_token"), Some(&*end.to_rfc3339()))
    );
    insta::assert_snapshot!(event.data["message"].as_str().unwrap(), @"reconnect the account at Harbor before 2026-04-25T10:30:00.000Z: its refresh token expires");

    assert_eq!(due(&bed).await, std::slice::from_ref(&account));

    // Without a reconnect, one more refresh after the expiry ends the account.
    for _ in 0..12 {
        advance(&bed, DAY).await;
    }
    let stored = bed.stored(&account).await;
    assert_eq!(
        (stored.status, stored.refresh_at, stored.next_expiry()),
        (AccountStatus::ReconnectRequired, None, None)
    );
    let why = stored.status_reasons[0].description.clone().unwrap();
    assert!(why.contains("its refresh token expired at 2026-04-25T10:30:00.000Z"), "{why}");
    let before = bed.count_token_requests("refresh_token");
    advance(&bed, DAY).await;
    assert_eq!(bed.run(&account, "get_me").await.unwrap_err().code, ErrorCode::AccountExpiredCredentials);
    assert_eq!((bed.count_token_requests("refresh_token"), sink.count()), (before, 1));
    assert!(due(&bed).await.is_empty(), "the account no longer works, so no reconnect is due");

    // After a reconnect it has another expiry.
    let profile = stored.profile_id;
    assert_eq!(bed.reconnect(&profile, &account).await, account);
    let end = bed.clock.now().plus_seconds(100 * DAY);
    assert_eq!(expiry_of(&bed, &account).await, Some((ExpiryCause::RefreshToken, end)));
}

#[tokio::test]
async fn a_rotated_refresh_token_moves_its_expiry() {
    let rules = OAuthRules { refresh_token_ttl_secs: Some(60 * DAY), ..OAuthRules::default() };
    let (bed, _) = start(rules).await;
    let account = bed.authorize().await;
    advance(&bed, HOUR).await;
    let end = bed.clock.now().plus_seconds(60 * DAY);
    assert_eq!(expiry_of(&bed, &account).await, Some((ExpiryCause::RefreshToken, end)));
}

#[tokio::test]
async fn a_token_without_refresh_is_announced_and_ends_its_account() {
    let rules =
        OAuthRules { issues_refresh_tokens: false, access_token_ttl_secs: Some(10 * DAY), ..OAuthRules::default() };
    let (bed, sink) = start(rules).await;
    let account = bed.authorize().await;
    let end = bed.clock.now().plus_seconds(10 * DAY);
    assert_eq!(expiry_of(&bed, &account).await, Some((ExpiryCause::AccessToken, end)));
    advance(&bed, 9 * DAY - 1).await;
    assert_eq!(sink.count(), 0);
    advance(&bed, 1).await;
    advance(&bed, HOUR).await;
    assert_eq!(sink.count(), 1);
    bed.run(&account, "get_me").await.unwrap();
    advance(&bed, DAY).await;
    let stored = bed.stored(&account).await;
    assert_eq!(stored.status, AccountStatus::ReconnectRequired, "without a call");
    let why = stored.status_reasons[0].description.clone().unwrap();
    assert!(why.contains("its token has expired and the provider issued no refresh token"), "{why}");
    assert_eq!((bed.count_token_requests("refresh_token"), sink.count()), (0, 1));
}

#[tokio::test]
async fn client_credentials_have_no_expiry() {
    let (bed, sink) = start(OAuthRules::default()).await;
    let service = bed.client_credentials_account().await;
    assert_eq!(expiry_of(&bed, &service.id).await, None);
    for _ in 0..3 {
        advance(&bed, DAY).await;
    }
    assert_eq!((bed.stored(&service.id).await.status, sink.count()), (AccountStatus::Active, 0));
}
