use std::sync::atomic::AtomicUsize;

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

/// The row of each limit, in memory, with the rule of the storage.
struct Rows {
    servers: u32,
    is_away: AtomicBool,
    restored_at: Mutex<HashMap<String, Instant>>,
    leases: AtomicUsize,
    blocks: Mutex<Vec<(AccountId, Duration)>>,
}

impl Rows {
    fn new(servers: u32) -> Arc<Self> {
        Arc::new(Self {
            servers,
            is_away: AtomicBool::new(false),
            restored_at: Mutex::default(),
            leases: AtomicUsize::new(0),
            blocks: Mutex::default(),
        })
    }

    fn limiter(self: &Arc<Self>) -> Arc<RateLimiter> {
        let limiter = RateLimiter::default();
        limiter.share(self.clone());
        Arc::new(limiter)
    }
}

#[async_trait::async_trait]
impl SharedLimits for Rows {
    fn servers(&self) -> u32 {
        self.servers
    }

    async fn lease(&self, name: &str, wish: LeaseWish) -> Option<LeaseAnswer> {
        // The database takes its time.
        sleep(Duration::from_millis(2)).await;
        if self.is_away.load(Ordering::SeqCst) {
            return None;
        }
        self.leases.fetch_add(1, Ordering::SeqCst);
        let now = Instant::now();
        let mut rows = lock(&self.restored_at);
        let row = rows.entry(name.to_owned()).or_insert(now);
        let restored_at = (*row).max(now) + wish.cost;
        let wait = (restored_at - wish.capacity).saturating_duration_since(now);
        let is_granted = wait <= wish.max_wait;
        if is_granted {
            *row = restored_at;
        }
        Some(LeaseAnswer { is_granted, wait, restored_in: row.saturating_duration_since(now) })
    }

    fn tell(&self, account: &AccountId, blocked_for: Duration) {
        lock(&self.blocks).push((account.clone(), blocked_for));
    }
}

/// Sends as much as a rate allows on each of `busy` servers for 10 seconds. Returns the times of the requests.
async fn hammer(rows: &Arc<Rows>, busy: usize, rules: LimitRules) -> Vec<Instant> {
    let (end, sent) = (Instant::now() + Duration::from_secs(10), Arc::new(Mutex::new(Vec::new())));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..busy {
        let limiter = rows.limiter();
        for _ in 0..20 {
            let (limiter, sent) = (limiter.clone(), sent.clone());
            callers.spawn(async move {
                let account = AccountId::new("a");
                while Instant::now() < end {
                    if limiter.acquire(&account, anywhere(), rules, end).await.is_err() {
                        return;
                    }
                    lock(&sent).push(Instant::now());
                }
            });
        }
    }
    callers.join_all().await;
    let mut times = std::mem::take(&mut *lock(&sent));
    times.sort_unstable();
    times
}

#[tokio::test(start_paused = true)]
async fn servers_that_share_a_rate_stay_within_the_stated_error() {
    for servers in [1, 2, 4] {
        for busy in [1, servers as usize] {
            let (rows, began) = (Rows::new(servers), Instant::now());
            let sent = hammer(&rows, busy, rate(100.0)).await;
            // A single server has the burst of a second before.
            let from = if servers == 1 { began + Duration::from_secs(1) } else { began };
            let most = sent.iter().filter(|time| **time >= from).map(|start| {
                sent.iter().filter(|time| (*start..*start + Duration::from_secs(1)).contains(*time)).count()
            });
            let most = most.max().unwrap();
            assert!(most <= 125, "{busy} of {servers} servers: {most} in a second");
            assert!(sent.len() >= 800, "{busy} of {servers} servers: {} in 10 seconds", sent.len());
            assert_eq!(rows.leases.load(Ordering::SeqCst) == 0, servers == 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_has_its_part_of_a_rate_while_the_row_is_away() {
    let rows = Rows::new(4);
    rows.is_away.store(true, Ordering::SeqCst);
    let sent = hammer(&rows, 4, rate(100.0)).await;
    assert!((800..=1_100).contains(&sent.len()), "{}", sent.len());
    let account = AccountId::new("quiet");
    assert_eq!(wait_millis(&rows.limiter(), &account, rate(100.0), 0.0).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_not_wait_for_its_chunk_is_limited_at_once() {
    let rows = Rows::new(2);
    let (limiter, account) = (rows.limiter(), AccountId::new("a"));
    let mut sent = 0;
    let limited = loop {
        match wait_millis(&limiter, &account, rate(10.0), 0.0).await {
            Ok(_) => sent += 1,
            Err(limited) => break limited,
        }
    };
    assert_eq!(limited, RateLimited { limit: LimitKind::RequestsPerSecond(10.0), retry_after_secs: 1 });
    assert_eq!(sent, 2, "what it had saved, and a chunk");
    // The row is not asked again before it has a chunk.
    let leases = rows.leases.load(Ordering::SeqCst);
    for _ in 0..100 {
        assert!(wait_millis(&limiter, &account, rate(10.0), 0.0).await.is_err());
    }
    assert_eq!(rows.leases.load(Ordering::SeqCst), leases);
    assert!(wait_millis(&limiter, &account, rate(10.0), 1.0).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_says_is_told_to_the_other_servers() {
    let rows = Rows::new(2);
    let (one, two, account) = (rows.limiter(), rows.limiter(), AccountId::new("a"));
    observe(&one, &account, 200, &[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "9")]);
    assert!(lock(&rows.blocks).is_empty(), "it accepts requests");
    observe(&one, &account, 429, &[("retry-after", "7")]);
    observe(&one, &account, 200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")]);
    let seconds = |seconds| (account.clone(), Duration::from_secs(seconds));
    assert_eq!(*lock(&rows.blocks), [seconds(7), seconds(30)]);
    two.block(&account, Duration::from_secs(7));
    let limited = RateLimited { limit: LimitKind::ReportedByProvider, retry_after_secs: 7 };
    assert_eq!(wait_millis(&two, &account, rate(100.0), 1.0).await, Err(limited), "it outranks the rate");
    assert_eq!(wait_millis(&two, &account, rate(100.0), 10.0).await, Ok(7_000));
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_are_divided_among_servers() {
    let rules = LimitRules { requests_per_second: None, max_concurrency: Some(5) };
    for (servers, part) in [(1, 5), (2, 2), (4, 1), (9, 1)] {
        let (limiter, account) = (Rows::new(servers).limiter(), AccountId::new("a"));
        let mut permits = Vec::new();
        while let Ok(permit) = limiter.acquire(&account, anywhere(), rules, Instant::now()).await {
            permits.push(permit);
        }
        assert_eq!(permits.len(), part, "{servers} servers");
    }
}
