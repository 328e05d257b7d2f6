//! Logging in by password: who waits after wrong passwords.

use std::net::IpAddr;

use patchbay_engine::{Engine, Error, ErrorCode, LoggedIn, LoginClient};
use patchbay_vault::Secret;

use super::{TwoMethodsBed, two_methods_bed};

const PASSWORD: &str = "quiet marble otter lantern";

/// Returns a client without marks.
fn stranger(last: u8) -> LoginClient {
    LoginClient { address: IpAddr::from([192, 0, 2, last]), device_marks: Vec::new() }
}

async fn log_in(engine: &Engine, password: &str, client: &LoginClient) -> Result<LoggedIn, Error> {
    engine.members.log_in_by_password(&Secret::new(password), client).await
}

/// Returns a bed whose member has a password, and the member's first login.
async fn bed_with_password() -> (TwoMethodsBed, LoggedIn) {
    let bed = two_methods_bed().await;
    let link = bed.engine.members.create_login_token(bed.project()).await.unwrap();
    let first = bed.engine.members.log_in_by_link(&link).await.unwrap();
    bed.engine.members.set_password(&first.token, None, &Secret::new(PASSWORD)).await.unwrap();
    (bed, first)
}

/// Sends wrong passwords until they are delayed, and returns the delay.
async fn guess_until_delayed(bed: &TwoMethodsBed, client: &LoginClient) -> u64 {
    loop {
        let error = log_in(&bed.engine, "a wrong password", client).await.unwrap_err();
        match error.code {
            ErrorCode::InvalidLogin => {}
            ErrorCode::TooManyAttempts => return error.retry_after.unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn only_the_guesser_waits() {
    let (bed, first) = bed_with_password().await;
    guess_until_delayed(&bed, &stranger(1)).await;
    for marks in [vec![], vec!["planted"], vec!["", "%%%", "AAAA"]] {
        let device_marks = marks.into_iter().map(Secret::new).collect();
        let client = LoginClient { device_marks, ..stranger(1) };
        let error = log_in(&bed.engine, PASSWORD, &client).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::TooManyAttempts, "the right password waits too");
    }
    // A known browser at the same address, next to a planted mark.
    let device_marks = vec![Secret::new("planted"), first.device_mark.clone()];
    let known = LoginClient { device_marks, ..stranger(1) };
    let again = log_in(&bed.engine, PASSWORD, &known).await.unwrap();
    log_in(&bed.engine, PASSWORD, &stranger(2)).await.unwrap();

    // A known browser waits after its own guesses, with each of its marks; another one does not.
    guess_until_delayed(&bed, &known).await;
    let renewed = LoginClient { device_marks: vec![again.device_mark], ..stranger(9) };
    assert_eq!(log_in(&bed.engine, PASSWORD, &renewed).await.unwrap_err().code, ErrorCode::TooManyAttempts);
    let other = log_in(&bed.engine, PASSWORD, &stranger(3)).await.unwrap();
    let other = LoginClient { device_marks: vec![other.device_mark], ..stranger(1) };
    log_in(&bed.engine, PASSWORD, &other).await.unwrap();
}

#[tokio::test]
async fn a_change_of_the_password_waits_for_its_own_login_only() {
    let (bed, first) = bed_with_password().await;
    guess_until_delayed(&bed, &stranger(1)).await;
    let members = &bed.engine.members;
    let change = async |token: &Secret, current: &str| {
        let (current, new) = (Secret::new(current), Secret::new("seven copper kites descending"));
        members.set_password(token, Some(&current), &new).await.map_err(|error| error.code)
    };
    for _ in 0..6 {
        assert_eq!(change(&first.token, "a wrong password").await, Err(ErrorCode::InvalidLogin));
    }
    assert_eq!(change(&first.token, PASSWORD).await, Err(ErrorCode::TooManyAttempts));
    let second = log_in(&bed.engine, PASSWORD, &stranger(2)).await.unwrap();
    assert_eq!(change(&second.token, PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_corrected_clock_changes_no_delay() {
    let (bed, _) = bed_with_password().await;
    let client = stranger(1);
    let wait = guess_until_delayed(&bed, &client).await;
    for seconds in [-86_400, 86_400 * 3_650, -86_400 * 7_300] {
        bed.clock.correct_seconds(seconds);
        let error = log_in(&bed.engine, PASSWORD, &client).await.unwrap_err();
        assert_eq!(error.retry_after, Some(wait), "{seconds}");
    }
    bed.clock.advance_seconds(i64::try_from(wait).unwrap());
    log_in(&bed.engine, PASSWORD, &client).await.unwrap();
}

#[tokio::test]
async fn a_mark_is_valid_after_a_restart() {
    let (bed, first) = bed_with_password().await;
    let engine = bed.another_engine().await;
    let known = LoginClient { device_marks: vec![first.device_mark], ..stranger(1) };
    for _ in 0..6 {
        assert!(log_in(&engine, "a wrong password", &stranger(1)).await.is_err());
    }
    log_in(&engine, PASSWORD, &known).await.unwrap();
}
