//! Connect sessions and connection attempts.

use patchbay_engine::{ErrorCode, Field, NewSession, ProblemPath};
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;

use super::{GOOD, count_accounts, profile_for, two_methods_bed};
use crate::support::session_for;

#[tokio::test]
async fn a_session_expires() {
    let bed = two_methods_bed().await;
    let (made, _) = bed.session(session_for("a")).await;
    bed.clock.advance_seconds(1_799);
    bed.engine.sessions.for_hub(&made.token).await.unwrap();
    bed.engine.sessions.authenticate(&bed.caller, &made.token).await.unwrap();
    bed.clock.advance_seconds(1);
    let ended = bed.engine.sessions.for_hub(&made.token).await.unwrap_err();
    assert_eq!((ended.status(), ended.code), (401, ErrorCode::SessionExpired));
    let ended = bed.engine.sessions.authenticate(&bed.caller, &made.token).await.unwrap_err();
    assert_eq!(ended.code, ErrorCode::SessionNotFound);
    assert_eq!(bed.engine.sessions.for_hub(&Secret::new("")).await.unwrap_err().code, ErrorCode::SessionExpired);
}

#[tokio::test]
async fn inconsistent_sessions_are_rejected() {
    let bed = two_methods_bed().await;
    let refused = async |new| bed.engine.sessions.create(&bed.caller, new).await.unwrap_err();
    for life in [0, -1, 31_536_001, i64::MAX] {
        let error = refused(NewSession { expires_in: Some(life), ..session_for("a") }).await;
        assert_eq!(error.problems[0].path, Field::ExpiresIn.into());
    }
    let mut nobody = session_for(" ");
    nobody.owner.name = String::new();
    assert_eq!(refused(nobody).await.problems.len(), 2);
    for origin in ["https://app.example.com;script-src", "https://a.example,b.example", "https://*.example.com"] {
        let origins = vec!["https://app.example.com".to_owned(), origin.to_owned()];
        let error = refused(NewSession { allowed_origins: origins, ..session_for("a") }).await;
        assert_eq!(error.problems[0].path, ProblemPath::index(Field::AllowedOrigins, 1), "{origin}");
    }
    let near = refused(NewSession { connector: Some("two_method".into()), ..session_for("a") }).await;
    assert!(near.message.contains("`two_methods`"), "{near}");
}

#[tokio::test]
async fn a_session_lists_only_its_profiles() {
    let bed = two_methods_bed().await;
    let token = profile_for(&bed, "token", "production").await;
    let shown = async |new: NewSession| {
        let (_, hub) = bed.session(new).await;
        bed.engine.linking.profiles(&hub, None).await.unwrap().into_iter().map(|hub| hub.profile.id.clone()).collect()
    };
    let first = bed.default_profile().await.id.clone();
    let all: Vec<_> = shown(session_for("a")).await;
    assert_eq!((all.len(), all.contains(&first), all.contains(&token.id)), (2, true, true));
    let one: Vec<_> = shown(NewSession { profile_id: Some(token.id.clone()), ..session_for("a") }).await;
    assert_eq!(one, std::slice::from_ref(&token.id));
    let default: Vec<_> = shown(NewSession { connector: Some("two_methods".into()), ..session_for("a") }).await;
    assert_eq!(default, std::slice::from_ref(&first));
    let other: Vec<_> = shown(NewSession { categories: vec!["hris".into()], ..session_for("a") }).await;
    assert!(other.is_empty());
    let narrow = NewSession { profile_id: Some(token.id.clone()), ..session_for("a") };
    let error = bed.link_with(narrow, &*bed.default_profile().await, &[("key", GOOD)]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ProfileNotFound);
    assert_eq!(count_accounts(&bed).await, 0);
}

#[tokio::test]
async fn attempts_are_cancelled_or_expire_for_good() {
    let bed = two_methods_bed().await;
    let (_, hub) = bed.session(session_for("a")).await;
    let state = async |id| bed.engine.attempts.get(&hub, id).await.unwrap().status;
    let cancelled = bed.engine.attempts.start(&hub).await.unwrap();
    bed.engine.attempts.cancel(&hub, &cancelled.id).await.unwrap();
    let expired = bed.engine.attempts.start(&hub).await.unwrap();
    bed.clock.advance_seconds(299);
    assert_eq!(state(&expired.id).await, AttemptStatus::Pending);
    bed.clock.advance_seconds(1);
    assert_eq!(state(&expired.id).await, AttemptStatus::Expired);
    bed.engine.attempts.cancel(&hub, &expired.id).await.unwrap();
    assert_eq!(state(&expired.id).await, AttemptStatus::Expired);
    assert_eq!(state(&cancelled.id).await, AttemptStatus::Cancelled);
    // An attempt expires with its session, and other sessions do not find it.
    let (made, short) = bed.session(NewSession { expires_in: Some(60), ..session_for("a") }).await;
    let attempt = bed.engine.attempts.start(&short).await.unwrap();
    assert_eq!(attempt.expires_at, made.session.expires_at);
    assert_eq!(bed.engine.attempts.get(&hub, &attempt.id).await.unwrap_err().code, ErrorCode::AttemptNotFound);
}
