use std::time::Duration;

use super::*;
use crate::{Delivery, HttpMethod, LimitOf, RefreshOutcome, RequestFailureKind, RunOutcome};

fn sample() -> (&'static Metrics, Gauges) {
    let metrics: &'static Metrics = Box::leak(Box::default());
    let second = Duration::from_secs(1);
    metrics.server_requests.observe(HttpMethod::Post, "/actions/rpc", 200, second);
    metrics.server_requests.observe(HttpMethod::of("BREW"), "unmatched", 404, second);
    metrics.provider_requests.observe("hris", ClientOutcome::Status(200), second);
    metrics.provider_requests.observe("hris", ClientOutcome::Failed(RequestFailureKind::Timeout), second);
    metrics.actions.observe("hris", "hris_list_employees", RunOutcome::of_status(200), second);
    metrics.refreshes.count("hris", RefreshOutcome::Rejected);
    metrics.deliveries.of(Delivery::Dead).add_one();
    metrics.rate_limited.of(LimitOf::Key).add(3);
    let gauges = Gauges {
        version: "1.2.3",
        has_storage: true,
        accounts: Some(vec![("hris".to_owned(), "active", 4)]),
        webhook_queue: Some(vec![("pending", 5)]),
        log_dropped: vec![("queue_full", 6)],
        ..Gauges::default()
    };
    (metrics, gauges)
}

fn value(text: &str, series: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned)
}

#[test]
fn what_was_counted_is_written() {
    let (metrics, gauges) = sample();
    let text = open_metrics(metrics, &gauges);
    for (series, expected) in [
        (r#"http_server_request_duration_seconds_count{method="POST",route="/actions/rpc",status="200"}"#, "1"),
        (r#"http_server_request_duration_seconds_count{method="_OTHER",route="unmatched",status="404"}"#, "1"),
        (r#"http_client_request_duration_seconds_sum{connector="hris",status="200"}"#, "1.0"),
        (r#"http_client_request_duration_seconds_count{connector="hris",error="timeout"}"#, "1"),
        (r#"patchbay_action_runs_total{connector="hris",action="hris_list_employees",outcome="success"}"#, "1"),
        (r#"patchbay_token_renewals_total{connector="hris",outcome="rejected"}"#, "1"),
        (r#"patchbay_webhook_deliveries_total{outcome="dead"}"#, "1"),
        (r#"patchbay_webhook_queue{state="pending"}"#, "5"),
        (r#"patchbay_rate_limited_total{whose="key"}"#, "3"),
        (r#"patchbay_accounts{connector="hris",status="active"}"#, "4"),
        (r#"patchbay_log_dropped_total{reason="queue_full"}"#, "6"),
        (r#"patchbay_cache_total{cache="accounts",outcome="hit"}"#, "0"),
        (r#"patchbay_build_info{version="1.2.3"}"#, "1"),
        ("patchbay_storage_up", "1"),
    ] {
        assert_eq!(value(&text, series).as_deref(), Some(expected), "{series} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_bucket_contains_what_the_smaller_ones_contain() {
    let (metrics, gauges) = sample();
    let text = open_metrics(metrics, &gauges);
    let bucket = |limit| {
        value(&text, &format!(r#"patchbay_action_duration_seconds_bucket{{le="{limit}",connector="hris"}}"#)).or_else(
            || value(&text, &format!(r#"patchbay_action_duration_seconds_bucket{{connector="hris",le="{limit}"}}"#)),
        )
    };
    let found = ["0.75", "1.0", "10.0", "+Inf"].map(|limit| bucket(limit).unwrap_or_default());
    assert_eq!(found, ["0", "1", "1", "1"], "{text}");
}

#[test]
fn an_action_beyond_the_limit_is_another_one() {
    let metrics: &'static Metrics = Box::leak(Box::default());
    for number in 0..2_010 {
        metrics.actions.observe("big", &format!("big_{number}"), RunOutcome::Success, Duration::ZERO);
    }
    let text = open_metrics(metrics, &Gauges::default());
    let series = text.lines().filter(|line| line.starts_with("patchbay_action_runs_total{"));
    assert_eq!(series.count(), 2_001);
    let other = value(&text, r#"patchbay_action_runs_total{connector="big",action="other",outcome="success"}"#);
    assert_eq!(other.as_deref(), Some("10"));
}

#[test]
fn a_label_is_escaped() {
    let metrics: &'static Metrics = Box::leak(Box::default());
    metrics.server_requests.observe(HttpMethod::Get, "a\"b\\c\nd", 200, Duration::ZERO);
    let text = open_metrics(metrics, &Gauges::default());
    assert!(text.contains(r#"route="a\"b\\c\nd""#), "{text}");
}
