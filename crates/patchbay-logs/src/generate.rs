//! Makes runs from a seed, for tests and measurements: the same seed makes the same runs.

use patchbay_model::{CallId, Entropy, Timestamp};

use crate::row::{AttemptRow, LogKind, Party, RunId, RunRow, Source, StepKind, StepRow, Target};

/// A source of numbers (`SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>).
pub struct Generator {
    state: u64,
    /// The number of accounts.
    accounts: u64,
}

impl Entropy for Numbers {
    fn fill(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.0.to_le_bytes()[index % 8].rotate_left(u32::try_from(index / 8).unwrap_or_default());
        }
    }
}

/// The bytes of one number.
struct Numbers(u64);

impl Generator {
    /// Creates a generator of runs of this number of accounts.
    pub fn new(seed: u64, accounts: u64) -> Self {
        Self { state: seed, accounts }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Returns a run that began at this time, in a project.
    pub fn run(&mut self, project: &str, started_at: Timestamp) -> RunRow {
        // Few accounts make most calls.
        let account = (self.below(self.accounts) * self.below(self.accounts)) / self.accounts.max(1);
        let connector = account % 12;
        let action = self.below(8);
        let is_proxy = self.below(10) == 0;
        let status = match self.below(100) {
            0 => 500,
            1 => 502,
            2 => 429,
            3 => 404,
            _ => 200,
        };
        let duration_micros = i64::try_from(2_000 + self.below(400_000) * self.below(20) / 4).unwrap_or_default();
        let id = RunId::of_call(&CallId::generate(started_at, &Numbers(self.next())));
        let url = format!("https://api{connector}.example.com/v2/items/{}", self.below(100_000));
        let attempt = |offset: i64, status: u16| AttemptRow {
            method: "GET".to_owned(),
            url: url.clone(),
            status: Some(status),
            error: None,
            offset_micros: offset,
            duration_micros: duration_micros / 3,
        };
        let step = |index: u32, success: bool, attempts: Vec<AttemptRow>| StepRow {
            index,
            kind: StepKind {
                id: Some(format!("step_{index}")),
                function: Some(if index == 0 { "request" } else { "map_fields" }.to_owned()),
                function_version: Some("1".to_owned()),
            },
            iterations: 1,
            started_at,
            duration_micros: duration_micros / 2,
            skipped: false,
            success,
            status: if success { 200 } else { status },
            message: None,
            attempts,
        };
        let retried = self.below(20) == 0;
        let first = if retried { vec![attempt(0, 503), attempt(100, status)] } else { vec![attempt(0, status)] };
        let mut steps = vec![step(0, status < 400, first)];
        if status < 400 && !is_proxy {
            steps.push(step(1, true, Vec::new()));
        }
        RunRow {
            id,
            project: project.to_owned(),
            kind: if is_proxy { LogKind::Unified } else { LogKind::Action },
            started_at,
            duration_micros,
            status,
            error_code: (status >= 400)
                .then(|| if status == 429 { "RateLimitError" } else { "ProviderError" }.to_owned()),
            message: (status >= 400).then(|| format!("the provider responded with {status} to item {account}")),
            method: Some("GET".to_owned()),
            url: Some(url),
            request_id: None,
            session_id: None,
            target: Target {
                connector: Some(format!("connector_{connector}")),
                version: Some(if account.is_multiple_of(3) { "1.0.0" } else { "1.1.0" }.to_owned()),
                owner: Some("patchbay".to_owned()),
                profile: Some(format!("profile_{connector}")),
                action: (!is_proxy).then(|| format!("connector_{connector}_action_{action}")),
                action_type: (!is_proxy).then(|| if action < 4 { "list" } else { "get" }.to_owned()),
                category: Some("documents".to_owned()),
                mode: Some("production".to_owned()),
            },
            party: Party {
                account: Some(format!("account_{account}")),
                owner_id: Some(format!("customer_{}", account / 2)),
                owner_name: Some(format!("Customer {}", account / 2)),
            },
            source: Source {
                kind: Some(if self.below(5) == 0 { "mcp" } else { "api" }.to_owned()),
                id: Some(format!("key_{}", account % 5)),
                user_agent: Some(format!("client/{}", self.below(30))),
                ip_address: Some(format!("192.0.2.{}", self.below(250))),
                ..Source::default()
            },
            step_count: u32::try_from(steps.len()).unwrap_or_default(),
            steps,
            steps_left_out: 0,
        }
    }
}
