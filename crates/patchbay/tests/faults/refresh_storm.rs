//! Very many calls at the moment when a token ends: the provider gets one refresh, whatever it answers.

use std::{
    sync::Barrier,
    time::{Duration, Instant},
};

use patchbay_simulator::{Fault, FaultFilter, PlannedFault};
use serde_json::{Map, Value};

use crate::support::{
    Server,
    oauth2::{OAuth2Bed, get_me, profile, sign_in},
};

/// The number of concurrent calls, each on a thread and a connection of its own.
const CALLS: usize = 300;

struct Storm {
    bed: OAuth2Bed,
    server: Server,
    account: String,
    _data: tempfile::TempDir,
}

impl Storm {
    fn start() -> Self {
        let bed = OAuth2Bed::start();
        let data = tempfile::tempdir().unwrap();
        let server = bed.server_with(data.path(), &["--call-budget-seconds", "20", "--key-requests-per-minute", "0"]);
        let account = sign_in(&bed, &server, &profile(&server));
        Self { bed, server, account, _data: data }
    }

    /// Lets the provider answer the next token request with a fault.
    fn plan(&self, fault: Fault) {
        let matching = FaultFilter { path_prefix: Some("/token".into()), method: None };
        self.bed.oauth.plan(PlannedFault { matching, times: 1, fault });
    }

    /// Ends the token, and calls from many threads at once. Returns how often each status with its code was answered, and
    /// the number of token requests.
    fn break_loose(&self, name: &str) -> (Vec<(u16, String, usize)>, usize) {
        self.bed.oauth.expire_access_tokens();
        let (before, began) = (self.bed.oauth.token_requests().len(), Instant::now());
        let barrier = Barrier::new(CALLS);
        let answers = std::thread::scope(|scope| {
            let calls = (0..CALLS).map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let answer = get_me(&self.server, &self.account);
                    let code = if answer.status == 200 { String::new() } else { answer.code() };
                    (answer.status, code)
                })
            });
            let calls = calls.collect::<Vec<_>>();
            calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
        });
        let mut counted: Vec<(u16, String, usize)> = Vec::new();
        for (status, code) in answers {
            match counted.iter_mut().find(|(known, of, _)| *known == status && *of == code) {
                Some((_, _, count)) => *count += 1,
                None => counted.push((status, code, 1)),
            }
        }
        let requests = self.bed.oauth.token_requests().len() - before;
        eprintln!("{name}: {CALLS} calls, {requests} token requests, {counted:?}, {:?}", began.elapsed());
        (counted, requests)
    }

    fn status(&self) -> String {
        self.server.api().get(&format!("/accounts/{}", self.account)).text("/status")
    }

    /// Waits until a call succeeds: after a failed refresh, the next one waits a few seconds.
    fn recovers(&self, name: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let answer = get_me(&self.server, &self.account);
            if answer.status == 200 {
                return;
            }
            assert!(Instant::now() < deadline, "{name}: {answer}");
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_storm_at_the_end_of_a_token_is_one_refresh() {
    let storm = Storm::start();
    // The provider answers at once, and late.
    for (name, delay) in [("at once", 0), ("after five seconds", 5_000)] {
        if delay > 0 {
            storm.plan(Fault::Delay { millis: delay });
        }
        assert_eq!(storm.break_loose(name), (vec![(200, String::new(), CALLS)], 1), "{name}");
    }
    // It fails once: no account is lost, and the next refresh succeeds.
    let text = |status| Fault::Status { status, body: Value::Null, headers: Map::new() };
    for (name, fault) in [
        ("500", text(500)),
        ("503", text(503)),
        ("a connection that closes", Fault::Close),
        ("HTML", Fault::Html),
        ("429", Fault::RateLimited { retry_after: 1 }),
    ] {
        storm.plan(fault);
        let (answers, requests) = storm.break_loose(name);
        // A fault that is answered before the provider's own handler is not among its requests.
        assert!(requests <= 1, "{name}: {requests} requests");
        assert!(answers.iter().all(|(status, _, _)| *status == 200 || *status >= 400), "{name}: {answers:?}");
        assert_eq!(storm.status(), "active", "{name}");
        storm.recovers(name);
        assert_eq!(storm.status(), "active", "{name}");
    }
    // It hangs: the calls end with their budget.
    storm.plan(Fault::Hang);
    let began = Instant::now();
    let (answers, requests) = storm.break_loose("hangs");
    assert!(requests <= 1, "{requests}");
    assert!(answers.iter().all(|(status, _, _)| *status >= 400), "{answers:?}");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(storm.status(), "active");
    storm.recovers("hangs");
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_storm_at_a_rejected_refresh_token_is_one_request() {
    let storm = Storm::start();
    storm.bed.oauth.revoke_all();
    let (answers, requests) = storm.break_loose("invalid_grant");
    assert_eq!(requests, 1);
    assert_eq!(answers.iter().map(|(status, _, _)| *status).collect::<Vec<_>>(), [412], "{answers:?}");
    assert_eq!(storm.status(), "error");
    // Later calls ask the provider nothing.
    let (answers, requests) = storm.break_loose("afterwards");
    assert_eq!((answers[0].0, answers.len(), requests), (412, 1, 0), "{answers:?}");
}
