//! The flags of `patchbay serve` and their `PATCHBAY_*` environment variables.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use patchbay_vault::Secret;

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The options of `serve`. Each can also be set in the environment or in the configuration file.
#[derive(Args, Debug, Default)]
pub struct Options {
    /// Address to listen on; port 0 selects a free port [default: 127.0.0.1:8080]
    #[arg(long, env = "PATCHBAY_LISTEN", value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Directory for the database, the key ring and the lock [default: .patchbay]
    #[arg(long, env = "PATCHBAY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL database that replaces the file in the data directory, `postgres://USER:PASSWORD@HOST/DATABASE`. Other users of
    /// the machine can see a password on the command line: use the variable or the file
    #[arg(long, env = "PATCHBAY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
    /// Largest number of connections to PostgreSQL [default: 10]
    #[arg(long, env = "PATCHBAY_DATABASE_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub database_max_connections: Option<u64>,
    /// PostgreSQL database of the logs, if it is another one than that of the accounts
    #[arg(long, env = "PATCHBAY_LOGS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub logs_database_url: Option<Secret>,
    /// Whether the database URL leads to a pooler in transaction mode
    #[arg(long, env = "PATCHBAY_DATABASE_POOLED", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub database_pooled: Option<bool>,
    /// URL of the same database that leads around the pooler
    #[arg(long, env = "PATCHBAY_DATABASE_LISTEN_URL", hide_env_values = true, value_name = "URL")]
    pub database_listen_url: Option<Secret>,
    /// URL at which users reach this server; links and callback URLs start with it [default: <http://ADDRESS>]
    #[arg(long, env = "PATCHBAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Reverse proxies whose `X-Forwarded-For` or `Forwarded` header names the client (CIDR, comma-separated)
    #[arg(long = "trusted-proxy", env = "PATCHBAY_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR")]
    pub trusted_proxies: Vec<String>,
    /// Directory of connectors that override the built-in ones
    #[arg(long, env = "PATCHBAY_CONNECTORS", value_name = "DIR")]
    pub connectors: Option<PathBuf>,
    /// Folder of built web pages that replaces the embedded ones, for development
    #[arg(long, env = "PATCHBAY_WEB_DIR", value_name = "DIR")]
    pub web_dir: Option<PathBuf>,
    /// Serve simulated providers, and send the requests for their hosts to them
    #[arg(long, env = "PATCHBAY_SANDBOX", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub sandbox: Option<bool>,
    /// Configuration file (`patchbay config default` prints a documented one)
    #[arg(long, env = "PATCHBAY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// File with the API key of the first project; `PATCHBAY_API_KEY` contains the key itself
    #[arg(long, env = "PATCHBAY_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Log filter: error, warn, info, debug, or a filter such as `patchbay_engine=debug` [default: info]
    #[arg(long, env = "PATCHBAY_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Format of log lines [default: text]
    #[arg(long, env = "PATCHBAY_LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// Address on which `/metrics` is served without a key, for monitoring in your own network [default: none]
    #[arg(long, env = "PATCHBAY_METRICS_LISTEN", value_name = "IP:PORT")]
    pub metrics_listen: Option<String>,
    /// Private networks that requests may reach, over plain http too (CIDR, comma-separated)
    #[arg(long, env = "PATCHBAY_EGRESS_ALLOW", value_delimiter = ',', value_name = "CIDR")]
    pub egress_allow: Vec<String>,
    /// PEM file of certificate authorities to trust in addition to the public ones, for providers in your own network
    #[arg(long, env = "PATCHBAY_EGRESS_CA_FILE", value_name = "FILE")]
    pub egress_ca_file: Option<PathBuf>,
    /// Outbound proxy, `http://user:password@host:port`; without it `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply. Other users
    /// of the machine can see a password on the command line: use the variable or the file
    #[arg(long, env = "PATCHBAY_EGRESS_PROXY", hide_env_values = true, value_name = "URL")]
    pub egress_proxy: Option<Secret>,
    /// Hosts that are called without the outbound proxy (names with subdomains, addresses, CIDR; comma-separated)
    #[arg(long, env = "PATCHBAY_EGRESS_NO_PROXY", value_delimiter = ',', value_name = "HOST")]
    pub egress_no_proxy: Vec<String>,
    /// Let the outbound proxy resolve names that this machine cannot resolve. It must then refuse private addresses itself
    #[arg(long, env = "PATCHBAY_EGRESS_PROXY_RESOLVES_NAMES", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub egress_proxy_resolves_names: Option<bool>,
    /// Send the requests for one base URL to another, for example to a staging system (comma-separated)
    #[arg(long = "upstream", env = "PATCHBAY_UPSTREAMS", value_delimiter = ',', value_name = "FROM=TO")]
    pub upstreams: Vec<String>,
    /// Origins that may embed the Hub with any session and call its API from a browser. Without any, every origin may
    /// call the API, and only the origins that a session lists may embed the Hub (comma-separated)
    #[arg(
        long = "hub-allowed-origin",
        env = "PATCHBAY_HUB_ALLOWED_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub hub_allowed_origins: Vec<String>,
    /// Largest request body, in MiB [default: 32]
    #[arg(long, env = "PATCHBAY_BODY_LIMIT_MIB", value_name = "MIB")]
    pub body_limit_mib: Option<u64>,
    /// Largest response body read from a provider, in MiB [default: 32]
    #[arg(long, env = "PATCHBAY_RESPONSE_LIMIT_MIB", value_name = "MIB")]
    pub response_limit_mib: Option<u64>,
    /// Memory that the large values of all calls may take together, in MiB [default: half of what the machine or the
    /// container has]
    #[arg(long, env = "PATCHBAY_MEMORY_LIMIT_MIB", value_name = "MIB")]
    pub memory_limit_mib: Option<u64>,
    /// Longest time of a call, in seconds [default: 60]
    #[arg(long, env = "PATCHBAY_CALL_BUDGET_SECONDS", value_name = "SECONDS")]
    pub call_budget_seconds: Option<u64>,
    /// Largest number of open connections of clients [default: 10000]
    #[arg(long, env = "PATCHBAY_CONNECTION_LIMIT", value_name = "NUMBER")]
    pub connection_limit: Option<u64>,
    /// Requests that an API key may send in a minute; 0 sets no limit [default: 1000]
    #[arg(long, env = "PATCHBAY_KEY_REQUESTS_PER_MINUTE", value_name = "NUMBER")]
    pub key_requests_per_minute: Option<u64>,
    /// How long calls go on with what a server has in memory while PostgreSQL is away, in seconds; 0 refuses them [default: 60]
    #[arg(long, env = "PATCHBAY_CACHE_STALE_SECONDS", value_name = "SECONDS")]
    pub cache_stale_seconds: Option<u64>,
    /// Retention period of call records, in days; 0 keeps them without limit [default: 90]
    #[arg(long, env = "PATCHBAY_CALL_RETENTION_DAYS", value_name = "DAYS")]
    pub call_retention_days: Option<u64>,
    /// Time after SIGTERM or SIGINT in which the server is not ready and still serves, in seconds, so that load balancers notice
    /// [default: 5 if other servers use the database, otherwise 0]
    #[arg(long, env = "PATCHBAY_SHUTDOWN_DRAIN_SECONDS", value_name = "SECONDS")]
    pub shutdown_drain_seconds: Option<u64>,
    /// Time that running requests have to finish once no further connections are accepted, in seconds [default: 20]
    #[arg(long, env = "PATCHBAY_SHUTDOWN_GRACE_SECONDS", value_name = "SECONDS")]
    pub shutdown_grace_seconds: Option<u64>,
}

/// Returns a variable of the environment that other programs share, such as `HTTPS_PROXY`.
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the binary's configuration may read the environment")]
    std::env::var(name).ok()
}

/// Returns the operator's API key from `PATCHBAY_API_KEY` or from a file. It has no flag: other users can see flags.
pub fn operator_key(file: Option<PathBuf>) -> anyhow::Result<Option<Secret>> {
    #[expect(clippy::disallowed_methods, reason = "the binary's configuration may read the environment")]
    let from_environment = std::env::var("PATCHBAY_API_KEY").ok().filter(|text| !text.trim().is_empty());
    let text = match (from_environment, file) {
        (Some(_), Some(_)) => bail!("PATCHBAY_API_KEY and an API key file are both set; set only one"),
        (Some(text), None) => text,
        (None, Some(path)) => std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the API key file {}", path.display()))?,
        (None, None) => return Ok(None),
    };
    Ok(Some(Secret::new(text.trim().to_owned())))
}
