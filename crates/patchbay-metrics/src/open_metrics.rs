//! Writes everything in the text format of OpenMetrics
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};

use crate::{
    ClientOutcome, DbOperation, Gauges, Histogram, Label, McpMethod, Metrics, family::OTHER, process::Process,
};

/// The content type of the format.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns the text.
pub fn open_metrics(metrics: &'static Metrics, gauges: &Gauges) -> String {
    let collector = Collector { metrics, gauges: gauges.clone() };
    let (mut registry, mut text) = (Registry::default(), String::with_capacity(32 * 1024));
    registry.register_collector(Box::new(collector));
    // Writing to a text does not fail, and every label can be encoded.
    let written = text::encode(&mut text, &registry);
    debug_assert!(written.is_ok(), "the metrics can be written");
    text
}

#[derive(Debug)]
struct Collector {
    metrics: &'static Metrics,
    gauges: Gauges,
}

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = Writer(encoder);
        http(&mut writer, self.metrics)?;
        actions(&mut writer, self.metrics)?;
        providers(&mut writer, self.metrics)?;
        accounts(&mut writer, self.metrics, &self.gauges)?;
        webhooks(&mut writer, self.metrics, &self.gauges)?;
        logs(&mut writer, &self.gauges)?;
        storage(&mut writer, self.metrics, &self.gauges)?;
        process(&mut writer, &self.gauges)
    }
}

struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        write(&mut self.0.encode_descriptor(name, help, None, kind)?)
    }

    fn counters<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        counts: impl IntoIterator<Item = (S, u64)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Counter, |encoder| {
            counts.into_iter().try_for_each(|(labels, count)| {
                encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
            })
        })
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        self.family(name, help, MetricType::Counter, |encoder| {
            encoder.encode_counter::<NoLabelSet, _, u64>(&count, None)
        })
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, |encoder| encoder.encode_gauge(&value))
    }

    /// Writes a number of things. It is exact, which a number with decimals is not.
    fn number(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, |encoder| encoder.encode_gauge(&value))
    }

    fn numbers<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (S, u64)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, |encoder| {
            values.into_iter().try_for_each(|(labels, value)| encoder.encode_family(&labels)?.encode_gauge(&value))
        })
    }

    fn histograms(
        &mut self,
        name: &str,
        help: &str,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, write)
    }
}

/// Writes a histogram that has counted something.
fn histogram<S: EncodeLabelSet>(encoder: &mut MetricEncoder<'_>, labels: &S, times: &Histogram) -> fmt::Result {
    let buckets = times.buckets();
    let count = buckets.iter().map(|(_, count)| count).sum::<u64>();
    if count == 0 {
        return Ok(());
    }
    let mut encoder = encoder.encode_family(labels)?;
    encoder.encode_histogram::<NoLabelSet>(times.sum_seconds(), count, &buckets, None)
}

fn http(writer: &mut Writer<'_>, metrics: &Metrics) -> fmt::Result {
    let routes = &metrics.server_requests.0;
    let help = "Time until the head of the response, by method, route and status.";
    writer.histograms("http_server_request_duration_seconds", help, |encoder| {
        let all = routes.all();
        let known = all.iter().map(|(route, responses)| (route.as_str(), &**responses));
        for (route, responses) in known.chain([(OTHER, routes.other())]) {
            for ((method, status), times) in responses.all() {
                let labels = [("method", method.as_str()), ("route", route), ("status", &status.to_string())];
                histogram(encoder, &labels, &times)?;
            }
            histogram(encoder, &[("method", OTHER), ("route", route), ("status", OTHER)], responses.other())?;
        }
        Ok(())
    })?;
    let help = "Time of a request to a provider, by connector and status, or by why the provider did not respond.";
    let connectors = &metrics.provider_requests.0;
    writer.histograms("http_client_request_duration_seconds", help, |encoder| {
        let all = connectors.all();
        let known = all.iter().map(|(connector, outcomes)| (connector.as_str(), &**outcomes));
        for (connector, outcomes) in known.chain([(OTHER, connectors.other())]) {
            for (outcome, times) in outcomes.all() {
                let connector = ("connector", connector);
                match outcome {
                    ClientOutcome::Status(status) => {
                        histogram(encoder, &[connector, ("status", &status.to_string())], &times)?;
                    }
                    ClientOutcome::Failed(kind) => histogram(encoder, &[connector, ("error", kind.as_str())], &times)?,
                }
            }
            histogram(encoder, &[("connector", connector), ("status", OTHER)], outcomes.other())?;
        }
        Ok(())
    })?;
    let help = "Time until the response to a message of the Model Context Protocol began, by method.";
    writer.histograms("mcp_server_operation_duration_seconds", help, |encoder| {
        let mut methods = McpMethod::ALL.iter();
        methods.try_for_each(|&method| histogram(encoder, &[("method", method.as_str())], metrics.mcp.of(method)))
    })
}

fn actions(writer: &mut Writer<'_>, metrics: &Metrics) -> fmt::Result {
    let connectors = &metrics.actions.0;
    let all = connectors.all();
    let known =
        || all.iter().map(|(connector, runs)| (connector.as_str(), &**runs)).chain([(OTHER, connectors.other())]);
    let help = "Runs of actions and requests of the proxy, by connector, action and outcome.";
    writer.family("patchbay_action_runs", help, MetricType::Counter, |encoder| {
        for (connector, runs) in known() {
            let all = runs.actions.all();
            let actions = all.iter().map(|(action, counters)| (action.as_str(), &**counters));
            for (action, counters) in actions.chain([(OTHER, runs.actions.other())]) {
                for (outcome, count) in counters.all().filter(|(_, count)| *count > 0) {
                    let labels = [("connector", connector), ("action", action), ("outcome", outcome)];
                    encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
                }
            }
        }
        Ok(())
    })?;
    let help = "Time of runs of actions and requests of the proxy, by connector.";
    writer.histograms("patchbay_action_duration_seconds", help, |encoder| {
        known().try_for_each(|(connector, runs)| histogram(encoder, &[("connector", connector)], &runs.durations))
    })
}

fn providers(writer: &mut Writer<'_>, metrics: &Metrics) -> fmt::Result {
    let help = "Requests to providers that were sent again.";
    writer.counter("patchbay_provider_retries", help, metrics.provider_retries.get())?;
    let help = "Calls and requests that a limit refused, by whose limit it is.";
    let counts = metrics.rate_limited.all().map(|(whose, count)| ([("whose", whose)], count));
    writer.counters("patchbay_rate_limited", help, counts)?;
    let help = "Requests that the egress policy refused, by what shows that they are not allowed.";
    let counts = metrics.egress_refused.all().map(|(reason, count)| ([("reason", reason)], count));
    writer.counters("patchbay_egress_refused", help, counts)
}

fn accounts(writer: &mut Writer<'_>, metrics: &Metrics, gauges: &Gauges) -> fmt::Result {
    if let Some(accounts) = &gauges.accounts {
        let help = "Linked accounts by connector and status.";
        let counts = accounts.iter();
        let counts =
            counts.map(|(connector, status, count)| ([("connector", &**connector), ("status", *status)], *count));
        writer.numbers("patchbay_accounts", help, counts)?;
    }
    let connectors = &metrics.refreshes.connectors;
    let help = "Token requests that refresh a token, by connector and outcome.";
    writer.family("patchbay_token_renewals", help, MetricType::Counter, |encoder| {
        let all = connectors.all();
        let known = all.iter().map(|(connector, counters)| (connector.as_str(), &**counters));
        for (connector, counters) in known.chain([(OTHER, connectors.other())]) {
            for (outcome, count) in counters.all().filter(|(_, count)| *count > 0) {
                let labels = [("connector", connector), ("outcome", outcome)];
                encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        Ok(())
    })?;
    let help = "For how long the refresh that is overdue longest had been due at the worker's last look.";
    writer.gauge("patchbay_token_renewal_lag_seconds", help, metrics.refreshes.lag().as_secs_f64())
}

fn webhooks(writer: &mut Writer<'_>, metrics: &Metrics, gauges: &Gauges) -> fmt::Result {
    let help = "Attempts of deliveries to webhooks, by what came of them.";
    let counts = metrics.deliveries.all().map(|(outcome, count)| ([("outcome", outcome)], count));
    writer.counters("patchbay_webhook_deliveries", help, counts)?;
    if let Some(queue) = &gauges.webhook_queue {
        let help = "Deliveries to webhooks that wait (pending), and that are not attempted again (dead).";
        let counts = queue.iter().map(|(state, count)| ([("state", *state)], *count));
        writer.numbers("patchbay_webhook_queue", help, counts)?;
    }
    if let Some(seconds) = gauges.webhook_oldest_seconds {
        let help = "Age of the oldest delivery that waits.";
        writer.gauge("patchbay_webhook_oldest_seconds", help, seconds)?;
    }
    if let Some(open) = gauges.webhooks_open {
        writer.number("patchbay_webhooks_open", "Webhooks whose circuit breaker is open.", open)?;
    }
    Ok(())
}

fn logs(writer: &mut Writer<'_>, gauges: &Gauges) -> fmt::Result {
    writer.counter("patchbay_log_rows", "Runs that were written to the logs.", gauges.log_rows)?;
    let help = "Runs that are missing in the logs, by reason.";
    let counts = gauges.log_dropped.iter().map(|(reason, count)| ([("reason", *reason)], *count));
    writer.counters("patchbay_log_dropped", help, counts)?;
    match gauges.log_bytes {
        Some(bytes) => writer.number("patchbay_log_bytes", "Size of the logs.", bytes),
        None => Ok(()),
    }
}

fn storage(writer: &mut Writer<'_>, metrics: &Metrics, gauges: &Gauges) -> fmt::Result {
    writer.number("patchbay_storage_up", "Whether the database answers (1) or not (0).", gauges.has_storage.into())?;
    let help = "For how long the database has been away; 0 while it is there.";
    writer.gauge("patchbay_storage_stale_seconds", help, gauges.stale_seconds)?;
    let help = "Time of the database: on SQLite until a transaction begins, on PostgreSQL the whole one.";
    writer.histograms("patchbay_db_duration_seconds", help, |encoder| {
        DbOperation::ALL.iter().try_for_each(|&operation| {
            let labels = [("backend", operation.backend()), ("op", operation.as_str())];
            histogram(encoder, &labels, metrics.db.of(operation))
        })
    })?;
    let help = "Look-ups of what is kept in memory, by cache and outcome.";
    let misses = metrics.cache_misses.all().collect::<Vec<_>>();
    let lookups = metrics.cache_lookups.all();
    let counts = lookups.zip(&misses).flat_map(|((cache, lookups), (_, misses))| {
        let labels = |outcome| [("cache", cache), ("outcome", outcome)];
        [(labels("hit"), lookups.saturating_sub(*misses)), (labels("miss"), *misses)]
    });
    writer.counters("patchbay_cache", help, counts)
}

fn process(writer: &mut Writer<'_>, gauges: &Gauges) -> fmt::Result {
    let labels = [("version", gauges.version)];
    writer.numbers("patchbay_build_info", "The version of the server.", [(labels, 1)])?;
    let Some(process) = Process::read() else { return Ok(()) };
    let help = "Processor time of the process.";
    writer.family("process_cpu_seconds", help, MetricType::Counter, |encoder| {
        encoder.encode_counter::<NoLabelSet, _, f64>(&process.cpu_seconds, None)
    })?;
    writer.number(
        "process_resident_memory_bytes",
        "Memory of the process that is not swapped out.",
        process.resident_bytes,
    )?;
    writer.number("process_virtual_memory_bytes", "Address space of the process.", process.virtual_bytes)?;
    writer.number("process_threads", "Threads of the process.", process.threads)?;
    writer.number("process_open_fds", "Files and sockets that are open.", process.open_files)?;
    match process.started_at {
        Some(started) => {
            writer.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970-01-01.", started)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
