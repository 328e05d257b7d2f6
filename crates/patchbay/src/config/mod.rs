//! The configuration. A flag overrides the environment, which overrides the file, which overrides the default.
//!
//! Each setting is one field of [`Options`] (its flag and `PATCHBAY_*` name), one key of the file
//! ([`file`]) and one field of [`Settings`]. The documented file is `default.yaml`; a test checks that
//! its values are the defaults.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use ipnet::IpNet;
use patchbay_egress::ProxyConfig;
use patchbay_storage::postgres::DEFAULT_MAX_CONNECTIONS;
use patchbay_vault::Secret;
use url::Url;

mod docs;
pub mod file;
mod memory;
mod options;

pub use docs::setting_docs;
pub use options::{LogFormat, Options, variable};

use crate::database::PostgresTarget;

/// The configuration file that documents every setting with its default.
pub const DEFAULT_FILE: &str = include_str!("default.yaml");

/// The server's settings.
#[derive(Debug)]
pub struct Settings {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The directory of the database, the key ring and the lock.
    pub data_dir: PathBuf,
    /// The PostgreSQL database. `None` uses the file in the data directory.
    pub postgres: Option<PostgresTarget>,
    /// The URL of the PostgreSQL database of the logs, if it is another one.
    pub logs_database: Option<Secret>,
    /// The public URL. `None` derives it from the address.
    pub public_url: Option<String>,
    /// A directory of connectors that override the built-in ones.
    pub connectors: Option<PathBuf>,
    /// A folder of built web pages that replaces the embedded ones.
    pub web_dir: Option<PathBuf>,
    /// Whether the sandbox serves simulated providers.
    pub sandbox: bool,
    /// The operator's own API key for the first project.
    pub api_key: Option<Secret>,
    /// The log filter, in the syntax of `RUST_LOG`.
    pub log_level: String,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The address of the metrics without a key; `None` serves them only with a key.
    pub metrics_listen: Option<SocketAddr>,
    /// Private networks that outbound requests may reach.
    pub egress_allow: Vec<IpNet>,
    /// PEM text of certificate authorities to trust in addition to the public ones.
    pub egress_ca: Option<String>,
    /// The proxies through which requests leave the operator's network.
    pub egress_proxy: ProxyConfig,
    /// Pairs of base URLs: requests for the first go to the second.
    pub upstreams: Vec<(String, String)>,
    /// Origins that may embed the Hub and call its API; empty allows any.
    pub hub_allowed_origins: Vec<String>,
    /// Reverse proxies whose headers name the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// The largest response body read from a provider, in bytes.
    pub response_limit_bytes: usize,
    /// The memory that large values may take, in bytes.
    pub memory_limit_bytes: usize,
    /// The retention period of call records, in days. 0 keeps them without limit.
    pub call_retention_days: u32,
    /// The largest number of open connections of clients.
    pub connection_limit: usize,
    /// The requests that an API key may send in a minute. 0 sets no limit.
    pub key_requests_per_minute: u32,
    /// How long calls go on with what is in memory while a shared database is away, in seconds. 0 refuses them.
    pub stale_seconds: u32,
    /// The longest time of a call.
    pub call_budget: Duration,
    /// The time after SIGTERM or SIGINT in which the server still serves. `None` depends on whether others use the database.
    pub drain: Option<Duration>,
    /// The time that running requests have to finish after that.
    pub shutdown_grace: Duration,
}

impl Settings {
    /// Merges the options with the configuration file that they name.
    pub fn resolve(options: Options) -> anyhow::Result<Self> {
        let file = match &options.config {
            Some(path) => file::read(path)?,
            None => file::FileSettings::default(),
        };
        let listen = options.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let egress_allow = if options.egress_allow.is_empty() { file.egress_allow } else { options.egress_allow };
        let egress_no_proxy =
            if options.egress_no_proxy.is_empty() { file.egress_no_proxy } else { options.egress_no_proxy };
        let egress_proxy = egress_proxy(
            options.egress_proxy.or(file.egress_proxy).as_ref(),
            &egress_no_proxy,
            options.egress_proxy_resolves_names.or(file.egress_proxy_resolves_names).unwrap_or(false),
            variable,
        );
        let mut upstreams = Vec::new();
        for pair in &options.upstreams {
            upstreams.push(parse_upstream(pair)?);
        }
        if upstreams.is_empty() {
            upstreams = file.upstreams;
        }
        for (from, to) in &upstreams {
            check_upstream(from, to)?;
        }
        Ok(Self {
            listen: parse_listen(&listen)?,
            data_dir: options.data_dir.or(file.data_dir).unwrap_or_else(|| PathBuf::from(".patchbay")),
            postgres: postgres(
                options.database_url.or(file.database_url),
                options.database_max_connections.or(file.database_max_connections),
            )?
            .map(|target| {
                let is_pooled = options.database_pooled.or(file.database_pooled).unwrap_or(false);
                target.behind(is_pooled, options.database_listen_url.or(file.database_listen_url))
            }),
            logs_database: options
                .logs_database_url
                .or(file.logs_database_url)
                .filter(|url| !url.expose().trim().is_empty()),
            public_url: options.public_url.or(file.public_url).map(|text| parse_public_url(&text)).transpose()?,
            connectors: options.connectors.or(file.connectors),
            web_dir: options.web_dir.or(file.web_dir),
            sandbox: options.sandbox.or(file.sandbox).unwrap_or(false),
            api_key: options::operator_key(options.api_key_file.or(file.api_key_file))?,
            log_level: options.log.or(file.log_level).unwrap_or_else(|| "info".to_owned()),
            log_format: options.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            metrics_listen: options
                .metrics_listen
                .or(file.metrics_listen)
                .map(|text| parse_listen(&text))
                .transpose()?,
            egress_allow: egress_allow.iter().map(|text| parse_network(text)).collect::<anyhow::Result<_>>()?,
            trusted_proxies: if options.trusted_proxies.is_empty() {
                file.trusted_proxies
            } else {
                options.trusted_proxies
            }
            .iter()
            .map(|text| parse_network_of("trustedProxies", text))
            .collect::<anyhow::Result<_>>()?,
            egress_ca: options.egress_ca_file.or(file.egress_ca_file).as_deref().map(read_ca_file).transpose()?,
            egress_proxy,
            upstreams,
            hub_allowed_origins: if options.hub_allowed_origins.is_empty() {
                file.hub_allowed_origins
            } else {
                options.hub_allowed_origins
            }
            .iter()
            .map(|text| parse_origin(text))
            .collect::<anyhow::Result<_>>()?,
            body_limit_bytes: mebibytes(options.body_limit_mib.or(file.body_limit_mib), 32, "body limit")?,
            response_limit_bytes: mebibytes(
                options.response_limit_mib.or(file.response_limit_mib),
                32,
                "response limit",
            )?,
            memory_limit_bytes: memory_limit(options.memory_limit_mib.or(file.memory_limit_mib))?,
            call_budget: seconds(options.call_budget_seconds.or(file.call_budget_seconds), 60, 1..=300, "call budget")?,
            connection_limit: connection_limit(options.connection_limit.or(file.connection_limit))?,
            key_requests_per_minute: key_requests(options.key_requests_per_minute.or(file.key_requests_per_minute))?,
            stale_seconds: stale_seconds(options.cache_stale_seconds.or(file.cache_stale_seconds))?,
            call_retention_days: retention(options.call_retention_days.or(file.call_retention_days))?,
            drain: options
                .shutdown_drain_seconds
                .or(file.shutdown_drain_seconds)
                .map(|chosen| seconds(Some(chosen), chosen, 0..=600, "shutdown drain"))
                .transpose()?,
            shutdown_grace: seconds(
                options.shutdown_grace_seconds.or(file.shutdown_grace_seconds),
                20,
                0..=600,
                "shutdown grace",
            )?,
        })
    }
}

fn parse_listen(text: &str) -> anyhow::Result<SocketAddr> {
    // People write `localhost:8080`, which must not depend on a resolver.
    let text = text.trim();
    let address = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    address.parse().with_context(|| {
        format!("`{text}` is not an address to listen on; use IP:PORT, for example 127.0.0.1:8080 or [::]:8080")
    })
}

fn parse_public_url(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    base_url(text).with_context(|| format!("the public URL `{text}` is not valid"))?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// Parses an absolute http(s) URL without user, query or fragment.
fn base_url(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text.trim())
        .with_context(|| "it must be an absolute URL, for example https://patchbay.example.com")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        bail!("it must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        bail!("it must not contain a user, a query or a fragment");
    }
    Ok(url)
}

fn parse_origin(text: &str) -> anyhow::Result<String> {
    let url = base_url(text).with_context(|| format!("the Hub's allowed origin `{text}` is not valid"))?;
    if url.path() != "/" {
        bail!(
            "the Hub's allowed origin `{text}` has a path; an origin is scheme, host and port, for example https://app.example.com"
        );
    }
    Ok(url.origin().ascii_serialization())
}

/// Parses `FROM=TO`, a pair of base URLs.
pub fn parse_upstream(pair: &str) -> anyhow::Result<(String, String)> {
    let Some((from, to)) = pair.split_once('=') else {
        bail!("the upstream `{pair}` is not FROM=TO, for example https://api.example.com=http://127.0.0.1:9000");
    };
    let (from, to) = (from.trim().to_owned(), to.trim().to_owned());
    check_upstream(&from, &to)?;
    Ok((from, to))
}

fn check_upstream(from: &str, to: &str) -> anyhow::Result<()> {
    base_url(from).with_context(|| format!("upstreams: `{from}` is not a valid base URL"))?;
    base_url(to).with_context(|| format!("upstreams: `{to}` is not a valid base URL to replace `{from}`"))?;
    Ok(())
}

/// Parses a network in CIDR notation, or one address.
pub fn parse_network(text: &str) -> anyhow::Result<IpNet> {
    parse_network_of("egress.allow", text)
}

/// Parses a network of a setting.
fn parse_network_of(setting: &str, text: &str) -> anyhow::Result<IpNet> {
    let text = text.trim();
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(network);
    }
    text.parse::<IpAddr>().map(IpNet::from).with_context(|| {
        format!("{setting}: `{text}` is not a network; use CIDR, for example 10.0.0.0/8, or one address")
    })
}

/// Returns the outbound proxies: that of the setting for every request, otherwise those of the environment
/// (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in upper or lower case). A list of exceptions in the settings replaces
/// `NO_PROXY`, which is not read without a proxy: other programs use it too.
pub fn egress_proxy(
    setting: Option<&Secret>,
    no_proxy: &[String],
    resolves_names: bool,
    variable: impl Fn(&str) -> Option<String>,
) -> ProxyConfig {
    let setting = setting.map(Secret::expose).filter(|url| !url.trim().is_empty());
    let from_environment = |name: &str| {
        [name.to_owned(), name.to_lowercase()].iter().find_map(|name| variable(name)).filter(|url| !url.is_empty())
    };
    let of = |name: &str| setting.map(str::to_owned).or_else(|| from_environment(name));
    let (https, http) = (of("HTTPS_PROXY"), of("HTTP_PROXY"));
    let no_proxy = if !no_proxy.is_empty() {
        no_proxy.join(",")
    } else if https.is_some() || http.is_some() {
        from_environment("NO_PROXY").unwrap_or_default()
    } else {
        String::new()
    };
    ProxyConfig::new(https, http, no_proxy, resolves_names)
}

/// Reads the PEM text of a file of certificate authorities. The engine parses it.
pub fn read_ca_file(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("egress.caFile: cannot read {}", path.display()))
}

/// Checks the retention period: at most 36500 days (100 years).
fn retention(days: Option<u64>) -> anyhow::Result<u32> {
    let days = days.unwrap_or(90);
    match u32::try_from(days) {
        Ok(days) if days <= 36_500 => Ok(days),
        _ => bail!("the retention of call records must be from 0 (no limit) to 36500 days, not {days}"),
    }
}

/// Returns the PostgreSQL database of these settings.
fn postgres(url: Option<Secret>, max_connections: Option<u64>) -> anyhow::Result<Option<PostgresTarget>> {
    let max_connections = max_connections.unwrap_or(DEFAULT_MAX_CONNECTIONS.into());
    let Some(max_connections) = u32::try_from(max_connections).ok().filter(|number| (2..=1_000).contains(number))
    else {
        bail!("the largest number of connections to PostgreSQL is {max_connections}; it must be from 2 to 1000");
    };
    Ok(url.and_then(PostgresTarget::at).map(|target| PostgresTarget { max_connections, ..target }))
}

/// Checks the largest number of connections: from 1 to a million.
fn connection_limit(limit: Option<u64>) -> anyhow::Result<usize> {
    let limit = limit.unwrap_or(10_000);
    if !(1..=1_000_000).contains(&limit) {
        bail!("the limit of connections is {limit}; it must be from 1 to 1000000");
    }
    Ok(usize::try_from(limit)?)
}

/// Checks the requests of an API key: at most a million a minute, or 0 for no limit.
fn key_requests(per_minute: Option<u64>) -> anyhow::Result<u32> {
    let per_minute = per_minute.unwrap_or(1_000);
    match u32::try_from(per_minute) {
        Ok(number) if number <= 1_000_000 => Ok(number),
        _ => bail!("an API key may send from 1 to 1000000 requests a minute, or 0 for no limit, not {per_minute}"),
    }
}

/// Checks how long a server goes on without its database: at most an hour.
fn stale_seconds(seconds: Option<u64>) -> anyhow::Result<u32> {
    let seconds = seconds.unwrap_or(60);
    match u32::try_from(seconds) {
        Ok(number) if number <= 3_600 => Ok(number),
        _ => bail!("calls may go on without the database for 0 to 3600 seconds, not {seconds}"),
    }
}

/// Checks the memory of large values: from 64 MiB, less than which one large call may need, to a tebibyte.
fn memory_limit(limit: Option<u64>) -> anyhow::Result<usize> {
    let limit = limit.unwrap_or_else(memory::default_budget_mib);
    if !(64..=memory::MOST_MIB).contains(&limit) {
        bail!("the memory limit is {limit} MiB; it must be from 64 to {}", memory::MOST_MIB);
    }
    Ok(usize::try_from(limit * 1024 * 1024)?)
}

fn mebibytes(value: Option<u64>, default: u64, name: &str) -> anyhow::Result<usize> {
    let value = value.unwrap_or(default);
    if !(1..=1024).contains(&value) {
        bail!("the {name} is {value} MiB; it must be from 1 to 1024");
    }
    Ok(usize::try_from(value * 1024 * 1024)?)
}

fn seconds(
    value: Option<u64>,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
    name: &str,
) -> anyhow::Result<Duration> {
    let value = value.unwrap_or(default);
    if !range.contains(&value) {
        bail!("the {name} is {value} seconds; it must be from {} to {}", range.start(), range.end());
    }
    Ok(Duration::from_secs(value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_setting_replaces_the_proxies_of_the_environment() {
        let environment = |name: &str| match name {
            "https_proxy" => Some("http://lower.example".to_owned()),
            "HTTP_PROXY" => Some("http://upper.example".to_owned()),
            "NO_PROXY" => Some("intern.example".to_owned()),
            _ => None,
        };
        let none = |_: &str| None;
        let of = |https: &str, http: &str, no: &str| {
            let url = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            ProxyConfig::new(url(https), url(http), no.to_owned(), false)
        };
        let setting = Secret::new("http://own.example:3128");
        let own = "http://own.example:3128";
        let exceptions = ["a.example".to_owned(), "10.0.0.0/8".to_owned()];
        for (found, expected) in [
            (egress_proxy(None, &[], false, none), of("", "", "")),
            (
                egress_proxy(None, &[], false, environment),
                of("http://lower.example", "http://upper.example", "intern.example"),
            ),
            (egress_proxy(Some(&setting), &[], false, environment), of(own, own, "intern.example")),
            (egress_proxy(Some(&setting), &exceptions, false, environment), of(own, own, "a.example,10.0.0.0/8")),
            (egress_proxy(Some(&Secret::new(" ")), &[], false, none), of("", "", "")),
        ] {
            assert!(found == expected);
        }
    }

    #[derive(Parser)]
    struct Harness {
        #[command(flatten)]
        options: Options,
    }

    fn resolve(arguments: &[&str]) -> anyhow::Result<Settings> {
        let arguments = std::iter::once("patchbay").chain(arguments.iter().copied());
        Settings::resolve(Harness::parse_from(arguments).options)
    }

    #[test]
    fn the_documented_file_contains_the_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("patchbay.yaml");
        std::fs::write(&path, DEFAULT_FILE).unwrap();
        let from_file = resolve(&["--config", path.to_str().unwrap()]).unwrap();
        let from_nothing = resolve(&[]).unwrap();
        assert_eq!(format!("{from_file:?}"), format!("{from_nothing:?}"));
    }

    #[test]
    fn a_flag_overrides_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("patchbay.yaml");
        std::fs::write(&path, "listen: 127.0.0.1:1\nsandbox: true\negress:\n  allow: [10.0.0.0/8]\n").unwrap();
        let settings = resolve(&["--config", path.to_str().unwrap(), "--listen", "localhost:9"]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:9");
        assert!(settings.sandbox);
        assert_eq!(settings.egress_allow, ["10.0.0.0/8".parse().unwrap()]);
    }

    #[test]
    fn errors_of_invalid_values_show_the_valid_form() {
        for (arguments, part) in [
            (["--listen", "8080"], "use IP:PORT"),
            (["--public-url", "patchbay.example.com"], "must be an absolute URL"),
            (["--public-url", "ftp://x.example.com"], "must begin with http:// or https://"),
            (["--egress-allow", "ten.0.0.0/8"], "use CIDR"),
            (["--trusted-proxy", "proxy.example.com"], "trustedProxies: `proxy.example.com` is not a network"),
            (["--egress-ca-file", "/nowhere/ca.pem"], "egress.caFile: cannot read /nowhere/ca.pem"),
            (["--upstream", "https://a.example.com"], "is not FROM=TO"),
            (["--hub-allowed-origin", "https://a.example.com/x"], "has a path"),
            (["--body-limit-mib", "0"], "from 1 to 1024"),
            (["--memory-limit-mib", "63"], "from 64 to 1048576"),
            (["--call-budget-seconds", "0"], "from 1 to 300"),
            (["--key-requests-per-minute", "1000001"], "from 1 to 1000000 requests a minute, or 0"),
            (["--cache-stale-seconds", "3601"], "for 0 to 3600 seconds, not 3601"),
            (["--shutdown-drain-seconds", "601"], "the shutdown drain is 601 seconds; it must be from 0 to 600"),
        ] {
            let message = format!("{:#}", resolve(&arguments).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_public_url_is_trimmed() {
        let settings = resolve(&["--public-url", " https://x.example.com/patchbay/ "]).unwrap();
        assert_eq!(settings.public_url.as_deref(), Some("https://x.example.com/patchbay"));
    }
}
