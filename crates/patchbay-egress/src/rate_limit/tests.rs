use http::{HeaderName, HeaderValue};
use patchbay_model::testing::ManualClock;

use super::*;

fn endpoint(path: &str) -> Endpoint {
    Endpoint::new(&Method::GET, &Url::parse("https://api.example.com").unwrap().join(path).unwrap())
}

fn anywhere() -> Endpoint {
    endpoint("/")
}

fn in_seconds(seconds: f64) -> Instant {
    Instant::now() + Duration::from_secs_f64(seconds)
}

fn rate(requests_per_second: f64) -> LimitRules {
    LimitRules { requests_per_second: Some(requests_per_second), max_concurrency: None }
}

fn observe(limiter: &RateLimiter, account: &AccountId, status: u16, lines: &[(&'static str, &str)]) {
    let clock = ManualClock::at("2026-01-15T10:30:00Z");
    let headers =
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    limiter.observe(account, anywhere(), StatusCode::from_u16(status).unwrap(), &headers.collect(), &clock);
}

/// Returns how long the wait for a permit takes, in milliseconds, and drops the permit.
async fn wait_millis(
    limiter: &RateLimiter,
    account: &AccountId,
    rules: LimitRules,
    max_wait_secs: f64,
) -> Result<u128, RateLimited> {
    let start = Instant::now();
    limiter.acquire(account, anywhere(), rules, in_seconds(max_wait_secs)).await.map(|_| start.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_one_second_is_sent_at_once_then_requests_are_spaced() {
    let (limiter, account, start) = (RateLimiter::default(), AccountId::new("a"), Instant::now());
    for _ in 0..10 {
        limiter.acquire(&account, anywhere(), rate(10.0), in_seconds(60.0)).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(wait_millis(&limiter, &account, rate(10.0), 60.0).await, Ok(100));
    assert_eq!(wait_millis(&limiter, &account, rate(10.0), 60.0).await, Ok(100));
    assert_eq!(wait_millis(&limiter, &AccountId::new("b"), rate(10.0), 60.0).await, Ok(0));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(wait_millis(&limiter, &account, rate(10.0), 0.0).await, Ok(0), "a full bucket needs no wait");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_would_wait_too_long_is_limited_at_once_and_takes_no_token() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    assert_eq!(wait_millis(&limiter, &account, rate(0.5), 1.0).await, Ok(0));
    let limited = RateLimited { limit: LimitKind::RequestsPerSecond(0.5), retry_after_secs: 2 };
    for _ in 0..2 {
        assert_eq!(
            wait_millis(&limiter, &account, rate(0.5), 1.0).await,
            Err(limited),
            "a limited request does not delay others"
        );
    }
    assert_eq!(wait_millis(&limiter, &account, rate(0.5), 3.0).await, Ok(2000));
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_limited() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    let rules = LimitRules { requests_per_second: None, max_concurrency: Some(2) };
    let first = limiter.acquire(&account, anywhere(), rules, Instant::now()).await.unwrap();
    let _second = limiter.acquire(&account, anywhere(), rules, Instant::now()).await.unwrap();
    let limited = RateLimited { limit: LimitKind::Concurrency(2), retry_after_secs: 1 };
    assert_eq!(wait_millis(&limiter, &account, rules, 0.0).await, Err(limited));
    assert_eq!(wait_millis(&limiter, &account, rules, 5.0).await, Err(limited));
    assert_eq!(wait_millis(&limiter, &AccountId::new("b"), rules, 0.0).await, Ok(0));
    let (waiting, ()) =
        tokio::join!(limiter.acquire(&account, anywhere(), rules, in_seconds(5.0)), async { drop(first) });
    waiting.unwrap();
    let wider = LimitRules { requests_per_second: None, max_concurrency: Some(3) };
    assert_eq!(wait_millis(&limiter, &account, wider, 0.0).await, Ok(0), "another version of the connector");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_blocks_the_account() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    observe(&limiter, &account, 200, &[("retry-after", "9")]);
    observe(&limiter, &account, 503, &[("retry-after", "9")]);
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Ok(0), "only a 429 blocks");
    observe(&limiter, &account, 429, &[("retry-after", "9")]);
    observe(&limiter, &account, 429, &[("retry-after", "Thu, 15 Jan 2026 10:30:05 GMT")]);
    let limited = RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 9 };
    assert_eq!(
        wait_millis(&limiter, &account, LimitRules::default(), 1.0).await,
        Err(limited),
        "the longest delay applies"
    );
    assert_eq!(wait_millis(&limiter, &AccountId::new("b"), LimitRules::default(), 0.0).await, Ok(0));
    assert_eq!(wait_millis(&limiter, &account, rate(100.0), 10.0).await, Ok(9000));
}

#[tokio::test(start_paused = true)]
async fn a_window_counts_down_and_waits_for_its_reset() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    let reported = [("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "10")];
    observe(&limiter, &account, 200, &reported);
    for _ in 0..2 {
        assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Ok(0));
    }
    let limited = RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 10 };
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Err(limited));
    // A response that was overtaken reports more requests than are left.
    observe(&limiter, &account, 200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "10")]);
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Err(limited));
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 60.0).await, Ok(10_000));
    for _ in 0..4 {
        assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Ok(0));
    }
    assert_eq!(
        wait_millis(&limiter, &account, LimitRules::default(), 0.0).await,
        Err(limited),
        "the next window has the same size"
    );
    tokio::time::advance(Duration::from_mins(1)).await;
    for _ in 0..9 {
        assert_eq!(
            wait_millis(&limiter, &account, LimitRules::default(), 0.0).await,
            Ok(0),
            "an ended window has no effect"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_strictest_of_several_windows_applies() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    let reported =
        [("ratelimit", r#""burst";r=0;t=1, "daily";r=0;t=3600"#), ("ratelimit-policy", r#""burst";q=10;w=1"#)];
    observe(&limiter, &account, 200, &reported);
    let limited = RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 3600 };
    assert_eq!(wait_millis(&limiter, &account, rate(5.0), 60.0).await, Err(limited));
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_count_before_their_responses_arrive() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    observe(&limiter, &account, 200, &[("x-ratelimit-remaining", "100"), ("x-ratelimit-reset", "10")]);
    let mut permits = Vec::new();
    for _ in 0..4 {
        permits.push(limiter.acquire(&account, anywhere(), LimitRules::default(), Instant::now()).await.unwrap());
    }
    // The first response reports three requests, which the three in flight have already taken.
    observe(&limiter, &account, 200, &[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "10")]);
    let limited = RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 10 };
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Err(limited));
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_the_active_accounts() {
    let limiter = RateLimiter::default();
    for number in 0..EVICTION_THRESHOLD {
        let account = AccountId::new(number.to_string());
        limiter.acquire(&account, anywhere(), rate(10.0), in_seconds(60.0)).await.unwrap();
    }
    let held = AccountId::new("held");
    let permit = limiter
        .acquire(&held, anywhere(), LimitRules { max_concurrency: Some(1), requests_per_second: None }, in_seconds(1.0))
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    limiter.acquire(&AccountId::new("last"), anywhere(), rate(10.0), in_seconds(60.0)).await.unwrap();
    assert_eq!(limiter.accounts().len(), 2, "an active account is not evicted");
    drop(permit);
    let windows = (0..99).map(|number| format!("\"p{number}\";r=1;t=9")).collect::<Vec<_>>().join(", ");
    observe(&limiter, &held, 200, &[("ratelimit", &windows)]);
    assert_eq!(limiter.accounts()[&held].windows.len(), MAX_WINDOWS);
}

#[tokio::test(start_paused = true)]
async fn an_endless_window_is_shortened() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    let policy = [("ratelimit-policy", "\"a\";q=5;w=18446744073709551615"), ("ratelimit", "\"a\";r=5;t=1")];
    observe(&limiter, &account, 200, &policy);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_window_of_one_part_of_the_api_delays_only_requests_that_are_known_to_belong_to_it() {
    for kind in ["x-ratelimit-resource", "x-ratelimit-bucket"] {
        let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
        let clock = ManualClock::at("2026-01-15T10:30:00Z");
        let observe = |path: &str, resource: &str, remaining: &str| {
            let lines = [(kind, resource), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", "3000")];
            let lines = lines.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            limiter.observe(&account, endpoint(path), StatusCode::OK, &HeaderMap::from_iter(lines), &clock);
        };
        observe("/search", "search", "1");
        observe("/graphql", "graphql", "0");
        let acquire = async |path: &str| {
            limiter.acquire(&account, endpoint(path), LimitRules::default(), in_seconds(0.0)).await.map(drop)
        };
        let limited = Err(RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 3000 });
        assert_eq!((acquire("/graphql").await, acquire("/repos").await), (limited, Ok(())));
        assert_eq!((acquire("/search").await, acquire("/search").await), (Ok(()), limited));
        observe("/search", "core", "5");
        assert_eq!(acquire("/search").await, Ok(()), "the provider counts it elsewhere now");
        for number in 0..2 * MAX_ENDPOINTS {
            observe(&format!("/things/{number}"), "core", "5");
        }
        assert!(limiter.accounts()[&account].resources.len() <= MAX_ENDPOINTS);
    }
}

#[tokio::test(start_paused = true)]
async fn the_retry_after_of_a_403_blocks_the_account_and_one_of_more_than_a_day_does_not() {
    let (limiter, account) = (RateLimiter::default(), AccountId::new("a"));
    observe(&limiter, &account, 429, &[("retry-after", "90000")]);
    observe(&limiter, &account, 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1999999999")]);
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 0.0).await, Ok(0));
    observe(&limiter, &account, 403, &[("retry-after", "2")]);
    assert_eq!(wait_millis(&limiter, &account, LimitRules::default(), 3.0).await, Ok(2000));
}
