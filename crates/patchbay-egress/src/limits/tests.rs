use http::{HeaderName, HeaderValue};
use patchbay_model::testing::ManualClock;

use super::*;

fn in_seconds(seconds: f64) -> Instant {
    Instant::now() + Duration::from_secs_f64(seconds)
}

fn rate(per_second: f64) -> Rules {
    Rules { per_second: Some(per_second), at_once: None }
}

fn learn(limits: &Limits, account: &AccountId, status: u16, lines: &[(&'static str, &str)]) {
    let clock = ManualClock::at("2026-01-15T10:30:00Z");
    let headers =
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    limits.learn(account, StatusCode::from_u16(status).unwrap(), &headers.collect(), &clock);
}

/// How long a turn is waited for, in milliseconds; it is given back at once.
async fn waited(limits: &Limits, account: &AccountId, rules: Rules, patience: f64) -> Result<u128, Limited> {
    let began = Instant::now();
    limits.turn(account, rules, in_seconds(patience)).await.map(|_| began.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn a_second_of_requests_passes_then_they_are_spread() {
    let (limits, account, began) = (Limits::default(), AccountId::new("a"), Instant::now());
    for _ in 0..10 {
        limits.turn(&account, rate(10.0), in_seconds(60.0)).await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(waited(&limits, &account, rate(10.0), 60.0).await, Ok(100));
    assert_eq!(waited(&limits, &account, rate(10.0), 60.0).await, Ok(100));
    assert_eq!(waited(&limits, &AccountId::new("b"), rate(10.0), 60.0).await, Ok(0));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(waited(&limits, &account, rate(10.0), 0.0).await, Ok(0), "a full bucket needs no patience");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_in_time_is_refused_at_once_and_takes_nothing() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    assert_eq!(waited(&limits, &account, rate(0.5), 1.0).await, Ok(0));
    let refused = Limited { limit: Limit::Rate(0.5), seconds: 2 };
    for _ in 0..2 {
        assert_eq!(waited(&limits, &account, rate(0.5), 1.0).await, Err(refused), "a refusal pushes nobody back");
    }
    assert_eq!(waited(&limits, &account, rate(0.5), 3.0).await, Ok(2000));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_go_at_once() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    let rules = Rules { per_second: None, at_once: Some(2) };
    let first = limits.turn(&account, rules, Instant::now()).await.unwrap();
    let _second = limits.turn(&account, rules, Instant::now()).await.unwrap();
    let refused = Limited { limit: Limit::AtOnce(2), seconds: 1 };
    assert_eq!(waited(&limits, &account, rules, 0.0).await, Err(refused));
    assert_eq!(waited(&limits, &account, rules, 5.0).await, Err(refused));
    assert_eq!(waited(&limits, &AccountId::new("b"), rules, 0.0).await, Ok(0));
    let (waiting, ()) = tokio::join!(limits.turn(&account, rules, in_seconds(5.0)), async { drop(first) });
    waiting.unwrap();
    let wider = Rules { per_second: None, at_once: Some(3) };
    assert_eq!(waited(&limits, &account, wider, 0.0).await, Ok(0), "another version of the connector");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_closes_the_account_for_everyone() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    learn(&limits, &account, 200, &[("retry-after", "9")]);
    learn(&limits, &account, 503, &[("retry-after", "9")]);
    assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Ok(0), "only where it refuses for a limit");
    learn(&limits, &account, 429, &[("retry-after", "9")]);
    learn(&limits, &account, 429, &[("retry-after", "Thu, 15 Jan 2026 10:30:05 GMT")]);
    let refused = Limited { limit: Limit::Told, seconds: 9 };
    assert_eq!(waited(&limits, &account, Rules::default(), 1.0).await, Err(refused), "the strictest counts");
    assert_eq!(waited(&limits, &AccountId::new("b"), Rules::default(), 0.0).await, Ok(0));
    assert_eq!(waited(&limits, &account, rate(100.0), 10.0).await, Ok(9000));
}

#[tokio::test(start_paused = true)]
async fn a_window_counts_down_and_waits_for_its_reset() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    let told = [("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "10")];
    learn(&limits, &account, 200, &told);
    for _ in 0..2 {
        assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Ok(0));
    }
    let refused = Limited { limit: Limit::Told, seconds: 10 };
    assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Err(refused));
    // An answer that was overtaken tells of more than there is.
    learn(&limits, &account, 200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "10")]);
    assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Err(refused));
    assert_eq!(waited(&limits, &account, Rules::default(), 60.0).await, Ok(10_000));
    for _ in 0..4 {
        assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Ok(0));
    }
    assert_eq!(
        waited(&limits, &account, Rules::default(), 0.0).await,
        Err(refused),
        "the next window has its size too"
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    for _ in 0..9 {
        assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Ok(0), "an old window says nothing more");
    }
}

#[tokio::test(start_paused = true)]
async fn the_strictest_of_several_windows_counts() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    let told = [("ratelimit", r#""burst";r=0;t=1, "daily";r=0;t=3600"#), ("ratelimit-policy", r#""burst";q=10;w=1"#)];
    learn(&limits, &account, 200, &told);
    let refused = Limited { limit: Limit::Told, seconds: 3600 };
    assert_eq!(waited(&limits, &account, rate(5.0), 60.0).await, Err(refused));
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_count_before_their_answers_do() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    learn(&limits, &account, 200, &[("x-ratelimit-remaining", "100"), ("x-ratelimit-reset", "10")]);
    let mut turns = Vec::new();
    for _ in 0..4 {
        turns.push(limits.turn(&account, Rules::default(), Instant::now()).await.unwrap());
    }
    // The first is answered, and leaves three: which the other three have taken already.
    learn(&limits, &account, 200, &[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "10")]);
    let refused = Limited { limit: Limit::Told, seconds: 10 };
    assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Err(refused));
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_who_is_busy() {
    let limits = Limits::default();
    for number in 0..SWEEP_AT {
        let account = AccountId::new(number.to_string());
        limits.turn(&account, rate(10.0), in_seconds(60.0)).await.unwrap();
    }
    let held = AccountId::new("held");
    let turn = limits.turn(&held, Rules { at_once: Some(1), per_second: None }, in_seconds(1.0)).await.unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    limits.turn(&AccountId::new("last"), rate(10.0), in_seconds(60.0)).await.unwrap();
    assert_eq!(limits.lock().len(), 2, "who is at it is not forgotten");
    drop(turn);
    let windows = (0..99).map(|number| format!("\"p{number}\";r=1;t=9")).collect::<Vec<_>>().join(", ");
    learn(&limits, &held, 200, &[("ratelimit", &windows)]);
    assert_eq!(limits.lock()[&held].windows.len(), MOST_WINDOWS);
}

#[tokio::test(start_paused = true)]
async fn a_window_without_an_end_is_not_believed() {
    let (limits, account) = (Limits::default(), AccountId::new("a"));
    let policy = [("ratelimit-policy", "\"a\";q=5;w=18446744073709551615"), ("ratelimit", "\"a\";r=5;t=1")];
    learn(&limits, &account, 200, &policy);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(waited(&limits, &account, Rules::default(), 0.0).await, Ok(0));
}
