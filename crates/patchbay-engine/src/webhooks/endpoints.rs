//! How many deliveries run at the same time: 64 in all, and up to 8 for an endpoint (host and port).
//!
//! An endpoint begins with two. It gets one more with each success, and half with each failure; endpoints that were slow or failed
//! last may together have half of all. So receivers that are dead or slow do not take the places of the others.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use patchbay_model::{DueWebhook, WebhookId};
use url::Url;

/// The number of deliveries that run at the same time.
pub(crate) const MAX_RUNNING: usize = 64;
const MAX_OF_ENDPOINT: usize = 8;
const FIRST_OF_ENDPOINT: usize = 2;
const MAX_OF_SLOW: usize = MAX_RUNNING / 2;
/// An answer that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);
/// The number of endpoints that are remembered while none of their deliveries runs.
const MAX_REMEMBERED: usize = 10_000;

/// The host and port of a URL; the URL itself if it has none.
pub(crate) fn endpoint_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    host.map_or_else(|| url.to_owned(), |(host, port)| format!("{host}:{port}"))
}

#[derive(Clone, Copy)]
struct Endpoint {
    running: usize,
    allowed: usize,
    is_slow: bool,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { running: 0, allowed: FIRST_OF_ENDPOINT, is_slow: false }
    }
}

/// The endpoints and what runs on them.
#[derive(Default)]
pub(crate) struct Endpoints {
    known: HashMap<String, Endpoint>,
    /// Webhooks with one delivery at a time that runs.
    single: HashSet<WebhookId>,
    running: usize,
}

impl Endpoints {
    /// Returns whether no further delivery may run.
    pub(crate) fn is_full(&self) -> bool {
        self.running >= MAX_RUNNING
    }

    /// Returns how many deliveries of each webhook to claim, in turn.
    pub(crate) fn plan(&self, due: &[DueWebhook]) -> Vec<(WebhookId, u32)> {
        let mut planned: HashMap<String, Endpoint> = HashMap::new();
        let mut counts = vec![0; due.len()];
        let mut free = MAX_RUNNING.saturating_sub(self.running);
        let mut free_of_slow = MAX_OF_SLOW.saturating_sub(self.running_slow());
        let endpoints = due.iter().map(|webhook| endpoint_of(&webhook.url)).collect::<Vec<_>>();
        let mut is_complete = false;
        while !is_complete && free > 0 {
            is_complete = true;
            for ((webhook, name), count) in due.iter().zip(&endpoints).zip(&mut counts) {
                if webhook.one_at_a_time && (*count > 0 || self.single.contains(&webhook.id)) {
                    continue;
                }
                let known = || self.known.get(name).copied().unwrap_or_default();
                let endpoint = planned.entry(name.clone()).or_insert_with(known);
                if free == 0 || endpoint.running >= endpoint.allowed || (endpoint.is_slow && free_of_slow == 0) {
                    continue;
                }
                endpoint.running += 1;
                free -= 1;
                free_of_slow -= usize::from(endpoint.is_slow);
                *count += 1;
                is_complete = false;
            }
        }
        let planned = due.iter().zip(counts).filter(|(_, count)| *count > 0);
        planned.map(|(webhook, count)| (webhook.id, count)).collect()
    }

    fn running_slow(&self) -> usize {
        self.known.values().filter(|endpoint| endpoint.is_slow).map(|endpoint| endpoint.running).sum()
    }

    /// Counts a delivery that begins.
    pub(crate) fn begin(&mut self, endpoint: &str, webhook: WebhookId, is_single: bool) {
        self.known.entry(endpoint.to_owned()).or_default().running += 1;
        self.running += 1;
        if is_single {
            self.single.insert(webhook);
        }
    }

    /// Counts a delivery that ended.
    pub(crate) fn end(&mut self, endpoint: &str, webhook: WebhookId, is_success: bool, took: Duration) {
        self.running = self.running.saturating_sub(1);
        self.single.remove(&webhook);
        let Some(known) = self.known.get_mut(endpoint) else { return };
        known.running = known.running.saturating_sub(1);
        known.is_slow = !is_success || took >= SLOW;
        known.allowed = if is_success { (known.allowed + 1).min(MAX_OF_ENDPOINT) } else { (known.allowed / 2).max(1) };
        if self.known.len() > MAX_REMEMBERED {
            self.known.retain(|_, endpoint| endpoint.running > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(id: i64, host: &str) -> DueWebhook {
        DueWebhook { id: WebhookId(id), url: format!("https://{host}/hook/{id}"), one_at_a_time: false }
    }

    fn counts(endpoints: &Endpoints, due: &[DueWebhook]) -> Vec<u32> {
        endpoints.plan(due).into_iter().map(|(_, count)| count).collect()
    }

    fn answer(endpoints: &mut Endpoints, host: &str, is_success: bool, millis: u64, times: usize) {
        for _ in 0..times {
            endpoints.begin(host, WebhookId(1), false);
            endpoints.end(host, WebhookId(1), is_success, Duration::from_millis(millis));
        }
    }

    #[test]
    fn webhooks_of_one_endpoint_share_its_limit() {
        let mut endpoints = Endpoints::default();
        answer(&mut endpoints, "a.example:443", true, 5, 20);
        assert_eq!(counts(&endpoints, &[due(1, "a.example"), due(2, "A.example:443")]), [4, 4]);
        assert_eq!(
            counts(&endpoints, &[due(1, "a.example"), due(2, "b.example")]),
            [8, 2],
            "a new one begins with two"
        );
        (0..8).for_each(|_| endpoints.begin("a.example:443", WebhookId(1), false));
        assert!(counts(&endpoints, &[due(1, "a.example")]).is_empty());
    }

    #[test]
    fn all_together_are_limited_and_each_has_a_turn() {
        let endpoints = Endpoints::default();
        let many = (0..100).map(|id| due(id, &format!("h{id}.example"))).collect::<Vec<_>>();
        assert_eq!(counts(&endpoints, &many), vec![1; 64]);
        assert_eq!(counts(&endpoints, &many[..40]).iter().sum::<u32>(), 64);
    }

    #[test]
    fn slow_and_failing_endpoints_leave_half_to_the_others() {
        let mut endpoints = Endpoints::default();
        for host in 0..60 {
            let name = format!("h{host}.example:443");
            answer(&mut endpoints, &name, host % 2 == 0, 5_000, 3);
            endpoints.begin(&name, WebhookId(host), false);
        }
        assert!(counts(&endpoints, &[due(1, "h1.example")]).is_empty());
        assert_eq!(counts(&endpoints, &[due(1, "new.example")]), [2]);
        let mut steady = Endpoints::default();
        answer(&mut steady, "h.example:443", true, 5_000, 20);
        assert_eq!(counts(&steady, &[due(1, "h.example")]), [8], "a slow one that accepts is not held up");
        answer(&mut steady, "h.example:443", false, 5, 9);
        assert_eq!(counts(&steady, &[due(1, "h.example")]), [1]);
    }

    #[test]
    fn a_webhook_with_one_at_a_time_has_one() {
        let mut endpoints = Endpoints::default();
        let ordered = DueWebhook { one_at_a_time: true, ..due(7, "a.example") };
        assert_eq!(counts(&endpoints, std::slice::from_ref(&ordered)), [1]);
        endpoints.begin("a.example:443", WebhookId(7), true);
        assert!(counts(&endpoints, std::slice::from_ref(&ordered)).is_empty());
        endpoints.end("a.example:443", WebhookId(7), true, Duration::ZERO);
        assert_eq!(counts(&endpoints, &[ordered]), [1]);
    }
}
