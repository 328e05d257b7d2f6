//! Reads the configuration file strictly: reports every mistake with its line.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use patchbay_connector::{
    SourceFile, render,
    syntax::{Mapping, Reader, Report, parse},
};
use patchbay_vault::Secret;

use super::LogFormat;

/// The settings in a configuration file; absent keys are `None` or empty.
#[derive(Debug, Default)]
pub struct FileSettings {
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub database_url: Option<Secret>,
    pub database_max_connections: Option<u64>,
    pub logs_database_url: Option<Secret>,
    pub database_pooled: Option<bool>,
    pub database_listen_url: Option<Secret>,
    pub public_url: Option<String>,
    pub connectors: Option<PathBuf>,
    pub web_dir: Option<PathBuf>,
    pub sandbox: Option<bool>,
    pub api_key_file: Option<PathBuf>,
    pub log_level: Option<String>,
    pub log_format: Option<LogFormat>,
    pub metrics_listen: Option<String>,
    pub egress_allow: Vec<String>,
    pub egress_ca_file: Option<PathBuf>,
    pub egress_proxy: Option<Secret>,
    pub egress_no_proxy: Vec<String>,
    pub egress_proxy_resolves_names: Option<bool>,
    pub upstreams: Vec<(String, String)>,
    pub hub_allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<String>,
    pub body_limit_mib: Option<u64>,
    pub response_limit_mib: Option<u64>,
    pub memory_limit_mib: Option<u64>,
    pub call_budget_seconds: Option<u64>,
    pub connection_limit: Option<u64>,
    pub key_requests_per_minute: Option<u64>,
    pub cache_stale_seconds: Option<u64>,
    pub call_retention_days: Option<u64>,
    pub shutdown_drain_seconds: Option<u64>,
    pub shutdown_grace_seconds: Option<u64>,
}

/// Reads a file. The error contains every problem with its line and a hint.
pub fn read(path: &Path) -> anyhow::Result<FileSettings> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration file {name}"))?;
    let source = SourceFile { name: name.clone(), text: mask_user_info(&text) };
    let report = Report::default();
    let tree = match parse(&name, &text) {
        Ok(tree) => tree,
        Err(diagnostic) => bail!("the configuration file is not valid\n\n{}", render(&[*diagnostic], &[source])),
    };
    let settings = settings(Reader::new(&tree, &name, &report));
    let diagnostics = report.into_diagnostics();
    if !diagnostics.is_empty() {
        bail!("the configuration file is not valid\n\n{}", render(&diagnostics, &[source]));
    }
    Ok(settings.unwrap_or_default())
}

/// Replaces the user names and passwords of URLs by as many asterisks: messages show the lines with mistakes, and logs keep
/// them.
fn mask_user_info(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let line = after.split(['\n', '\r']).next().unwrap_or_default();
        // A password that is not percent-encoded may contain any character; the last `@` ends it.
        let length = line.rfind('@').unwrap_or(0);
        masked.extend(after[..length].chars().map(|_| '*'));
        rest = &after[length..];
    }
    masked.push_str(rest);
    masked
}

fn settings(reader: Reader<'_>) -> Option<FileSettings> {
    const KEYS: [&str; 18] = [
        "listen",
        "dataDir",
        "database",
        "publicUrl",
        "trustedProxies",
        "connectors",
        "webDir",
        "sandbox",
        "apiKeyFile",
        "log",
        "metrics",
        "egress",
        "upstreams",
        "hub",
        "limits",
        "cache",
        "records",
        "shutdown",
    ];
    // An empty file changes no setting.
    if reader.node.is_null() {
        return None;
    }
    let root = reader.mapping("the configuration", &KEYS)?;
    let section =
        |key: &str, keys: &[&str]| root.get(key).and_then(|section| section.mapping(&format!("`{key}`"), keys));
    let database = section("database", &["url", "maxConnections", "pooled", "listenUrl", "logsUrl"]);
    let log = section("log", &["level", "format"]);
    let metrics = section("metrics", &["listen"]);
    let egress = section("egress", &["allow", "caFile", "proxy", "noProxy", "proxyResolvesNames"]);
    let hub = section("hub", &["allowedOrigins"]);
    let limits = section(
        "limits",
        &[
            "bodyMebibytes",
            "responseMebibytes",
            "memoryMebibytes",
            "callSeconds",
            "connections",
            "keyRequestsPerMinute",
        ],
    );
    let cache = section("cache", &["staleSeconds"]);
    let records = section("records", &["retentionDays"]);
    let shutdown = section("shutdown", &["drainSeconds", "graceSeconds"]);
    let whole_number = |section: Option<Mapping<'_>>, key: &str| {
        section.and_then(|section| section.get(key)).and_then(|value| value.whole())
    };
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    Some(FileSettings {
        listen: root.text("listen"),
        data_dir: root.text("dataDir").map(PathBuf::from),
        database_url: database.and_then(|database| database.text("url")).map(Secret::new),
        database_max_connections: whole_number(database, "maxConnections"),
        logs_database_url: database.and_then(|database| database.text("logsUrl")).map(Secret::new),
        database_pooled: database.and_then(|database| database.get("pooled")).and_then(|value| value.boolean()),
        database_listen_url: database.and_then(|database| database.text("listenUrl")).map(Secret::new),
        public_url: root.text("publicUrl"),
        connectors: root.text("connectors").map(PathBuf::from),
        web_dir: root.text("webDir").map(PathBuf::from),
        sandbox: root.get("sandbox").and_then(|value| value.boolean()),
        api_key_file: root.text("apiKeyFile").map(PathBuf::from),
        log_level: log.and_then(|log| log.text("level")),
        log_format: log.and_then(|log| log.get("format")).and_then(|format| format.choice(&formats)),
        metrics_listen: metrics.and_then(|metrics| metrics.text("listen")),
        egress_allow: egress.map(|egress| egress.texts("allow")).unwrap_or_default(),
        egress_ca_file: egress.and_then(|egress| egress.text("caFile")).map(PathBuf::from),
        egress_proxy: egress.and_then(|egress| egress.text("proxy")).map(Secret::new),
        egress_no_proxy: egress.map(|egress| egress.texts("noProxy")).unwrap_or_default(),
        egress_proxy_resolves_names: egress
            .and_then(|egress| egress.get("proxyResolvesNames"))
            .and_then(|value| value.boolean()),
        upstreams: root
            .get("upstreams")
            .map(|upstreams| {
                upstreams.entries("`upstreams`").filter_map(|(from, to)| Some((from.to_owned(), to.text()?))).collect()
            })
            .unwrap_or_default(),
        hub_allowed_origins: hub.map(|hub| hub.texts("allowedOrigins")).unwrap_or_default(),
        trusted_proxies: root.texts("trustedProxies"),
        body_limit_mib: whole_number(limits, "bodyMebibytes"),
        response_limit_mib: whole_number(limits, "responseMebibytes"),
        memory_limit_mib: whole_number(limits, "memoryMebibytes"),
        call_budget_seconds: whole_number(limits, "callSeconds"),
        connection_limit: whole_number(limits, "connections"),
        key_requests_per_minute: whole_number(limits, "keyRequestsPerMinute"),
        cache_stale_seconds: whole_number(cache, "staleSeconds"),
        call_retention_days: whole_number(records, "retentionDays"),
        shutdown_drain_seconds: whole_number(shutdown, "drainSeconds"),
        shutdown_grace_seconds: whole_number(shutdown, "graceSeconds"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_shown_with_its_line_and_a_suggestion() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("patchbay.yaml");
        let text = "listen: 127.0.0.1:1\ndatadir: x\nsandbox: maybe\negress:\n  alow: []\nlimits:\n  callSeconds: -1\nlog:\n  format: jsn\n";
        std::fs::write(&path, text).unwrap();
        let message = format!("{:#}", read(&path).unwrap_err()).replace(&path.display().to_string(), "patchbay.yaml");
        insta::assert_snapshot!(message);
    }

    #[test]
    fn a_mistake_in_a_line_with_a_password_does_not_show_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("patchbay.yaml");
        for text in [
            "egress:\n  proxi: http://user:hunter22@proxy:1\n",
            "egress:\n  proxy: [ \"http://user:hun@ter/22@proxy:1\" ]\n",
            "egress: { proxy: { a: http://u:hunter22@a, b: http://u:hunter22@b } }\n",
            "egress:\n  proxy: http://user:hunter22@proxy:1: 2\n",
        ] {
            std::fs::write(&path, text).unwrap();
            let message = format!("{:#}", read(&path).unwrap_err());
            assert!(!message.contains("hunter22") && !message.contains("ter/22"), "{message}");
        }
    }
}
