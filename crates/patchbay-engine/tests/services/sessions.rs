//! Connect sessions and attempts, by the clock.

use patchbay_engine::{ErrorCode, NewSession};
use patchbay_model::AttemptStatus;
use patchbay_vault::Secret;

use crate::world::{GOOD, World, session_for};

#[tokio::test]
async fn a_session_expires() {
    let world = World::new().await;
    let (made, _) = world.session(session_for("a")).await;
    world.clock.advance_seconds(1_799);
    world.engine.sessions.for_hub(&made.token).await.unwrap();
    world.engine.sessions.authenticate(&world.caller, &made.token).await.unwrap();
    world.clock.advance_seconds(1);
    let ended = world.engine.sessions.for_hub(&made.token).await.unwrap_err();
    assert_eq!((ended.status(), ended.code), (401, ErrorCode::SessionExpired));
    let ended = world.engine.sessions.authenticate(&world.caller, &made.token).await.unwrap_err();
    assert_eq!(ended.code, ErrorCode::SessionNotFound);
    assert_eq!(world.engine.sessions.for_hub(&Secret::new("")).await.unwrap_err().code, ErrorCode::SessionExpired);
}

#[tokio::test]
async fn inconsistent_sessions_are_rejected() {
    let world = World::new().await;
    let refused = async |new| world.engine.sessions.create(&world.caller, new).await.unwrap_err();
    for life in [0, -1, 31_536_001, i64::MAX] {
        let error = refused(NewSession { expires_in: Some(life), ..session_for("a") }).await;
        assert_eq!(error.problems[0].path, "expires_in");
    }
    let mut nobody = session_for(" ");
    nobody.owner.name = String::new();
    assert_eq!(refused(nobody).await.problems.len(), 2);
    for origin in ["https://app.example.com;script-src", "https://a.example,b.example", "https://*.example.com"] {
        let origins = vec!["https://app.example.com".to_owned(), origin.to_owned()];
        let error = refused(NewSession { allowed_origins: origins, ..session_for("a") }).await;
        assert_eq!(error.problems[0].path, "allowed_origins[1]", "{origin}");
    }
    let near = refused(NewSession { connector: Some("two_method".into()), ..session_for("a") }).await;
    assert!(near.message.contains("`two_methods`"), "{near}");
}

#[tokio::test]
async fn a_session_lists_only_its_profiles() {
    let world = World::new().await;
    let token = world.new_profile("token", "production").await;
    let shown = async |new: NewSession| {
        let (_, hub) = world.session(new).await;
        world.engine.hub_profiles(&hub, None).await.unwrap().into_iter().map(|hub| hub.profile.id.clone()).collect()
    };
    let first = world.profile().await.id.clone();
    let all: Vec<_> = shown(session_for("a")).await;
    assert_eq!((all.len(), all.contains(&first), all.contains(&token.id)), (2, true, true));
    let one: Vec<_> = shown(NewSession { profile_id: Some(token.id.clone()), ..session_for("a") }).await;
    assert_eq!(one, std::slice::from_ref(&token.id));
    let default: Vec<_> = shown(NewSession { connector: Some("two_methods".into()), ..session_for("a") }).await;
    assert_eq!(default, std::slice::from_ref(&first));
    let other: Vec<_> = shown(NewSession { categories: vec!["hris".into()], ..session_for("a") }).await;
    assert!(other.is_empty());
    let narrow = NewSession { profile_id: Some(token.id.clone()), ..session_for("a") };
    let error = world.link_with(narrow, &*world.profile().await, &[("key", GOOD)]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ProfileNotFound);
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn attempts_are_cancelled_or_expire_for_good() {
    let world = World::new().await;
    let (_, hub) = world.session(session_for("a")).await;
    let state = async |id| world.engine.attempts.get(&hub, id).await.unwrap().status;
    let cancelled = world.engine.attempts.start(&hub).await.unwrap();
    world.engine.attempts.cancel(&hub, &cancelled.id).await.unwrap();
    let expired = world.engine.attempts.start(&hub).await.unwrap();
    world.clock.advance_seconds(299);
    assert_eq!(state(&expired.id).await, AttemptStatus::Pending);
    world.clock.advance_seconds(1);
    assert_eq!(state(&expired.id).await, AttemptStatus::Expired);
    world.engine.attempts.cancel(&hub, &expired.id).await.unwrap();
    assert_eq!(state(&expired.id).await, AttemptStatus::Expired);
    assert_eq!(state(&cancelled.id).await, AttemptStatus::Cancelled);
    // An attempt does not outlive its session, and another session does not see it.
    let (made, short) = world.session(NewSession { expires_in: Some(60), ..session_for("a") }).await;
    let attempt = world.engine.attempts.start(&short).await.unwrap();
    assert_eq!(attempt.expires_at, made.session.expires_at);
    assert_eq!(world.engine.attempts.get(&hub, &attempt.id).await.unwrap_err().code, ErrorCode::AttemptNotFound);
}
