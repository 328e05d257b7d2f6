//! Members and their browser sessions.

use patchbay_model::{BrowserSession, KeyHash, Member, MemberId, OrganizationId, PasswordHash};

use super::{at, project, seal};
use crate::Storage;

async fn member(storage: &dyn Storage, id: &str) -> Member {
    if storage.organizations().first().await.unwrap().is_none() {
        project(storage, "a").await;
    }
    Member {
        id: MemberId::new(id),
        organization_id: OrganizationId::new("org"),
        name: "Operator".to_owned(),
        password: None,
        created_at: at(0),
        seal: Some(seal(1)),
    }
}

fn browser(member: &Member, number: u8, expires: i64) -> BrowserSession {
    BrowserSession {
        hash: KeyHash([number; 32]),
        member_id: member.id.clone(),
        created_at: at(0),
        expires_at: at(expires),
        seal: Some(seal(number)),
    }
}

pub async fn a_member_is_stored(storage: &dyn Storage) {
    let mut first = member(storage, "m1").await;
    assert!(storage.members().create_first(&first).await.unwrap());
    let second = member(storage, "m2").await;
    assert!(!storage.members().create_first(&second).await.unwrap());
    assert_eq!(storage.members().first(&first.organization_id).await.unwrap(), Some(first.clone()));
    first.password = Some(PasswordHash("$argon2id$v=19$…".to_owned()));
    first.seal = Some(seal(2));
    assert!(storage.members().set_password(&first).await.unwrap());
    assert!(!storage.members().set_password(&second).await.unwrap());
    assert_eq!(storage.members().get(&first.id).await.unwrap(), Some(first));
    assert_eq!(storage.members().get(&second.id).await.unwrap(), None);
}

pub async fn a_browser_session_expires(storage: &dyn Storage) {
    let member = member(storage, "m1").await;
    storage.members().create_first(&member).await.unwrap();
    let session = browser(&member, 1, 10);
    storage.browser_sessions().create(&session).await.unwrap();
    assert_eq!(storage.browser_sessions().by_hash(&session.hash, at(9)).await.unwrap(), Some(session.clone()));
    assert_eq!(storage.browser_sessions().by_hash(&session.hash, at(10)).await.unwrap(), None);
    assert_eq!(storage.browser_sessions().by_hash(&KeyHash([2; 32]), at(0)).await.unwrap(), None);
}

/// A clock that jumps must not end logins: only the retention deletes, after it has checked the clock.
pub async fn a_new_browser_session_deletes_no_other(storage: &dyn Storage) {
    let member = member(storage, "m1").await;
    storage.members().create_first(&member).await.unwrap();
    let sessions = [browser(&member, 1, 10), browser(&member, 2, 1_000_000_000), browser(&member, 3, 20)];
    for session in &sessions {
        storage.browser_sessions().create(session).await.unwrap();
    }
    assert_eq!(
        storage.browser_sessions().by_hash(&sessions[0].hash, at(9)).await.unwrap().as_ref(),
        Some(&sessions[0])
    );
    assert_eq!(storage.browser_sessions().delete_expired(at(11)).await.unwrap(), 1);
    assert_eq!(storage.browser_sessions().by_hash(&sessions[0].hash, at(9)).await.unwrap(), None);
    for session in &sessions[1..] {
        assert_eq!(storage.browser_sessions().by_hash(&session.hash, at(9)).await.unwrap().as_ref(), Some(session));
    }
}

pub async fn other_browser_sessions_are_deleted(storage: &dyn Storage) {
    let member = member(storage, "m1").await;
    storage.members().create_first(&member).await.unwrap();
    for number in 1..=3 {
        storage.browser_sessions().create(&browser(&member, number, 10)).await.unwrap();
    }
    assert_eq!(storage.browser_sessions().delete_others(&member.id, &KeyHash([2; 32])).await.unwrap(), 2);
    assert!(storage.browser_sessions().by_hash(&KeyHash([1; 32]), at(0)).await.unwrap().is_none());
    assert!(storage.browser_sessions().by_hash(&KeyHash([2; 32]), at(0)).await.unwrap().is_some());
    assert!(storage.browser_sessions().delete(&KeyHash([2; 32])).await.unwrap());
    assert!(!storage.browser_sessions().delete(&KeyHash([2; 32])).await.unwrap());
}
