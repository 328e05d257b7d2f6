//! `patchbay serve`: assembles the server, announces its address, and shuts it down in order.
//!
//! It writes exactly one line to standard output when it accepts requests, `listening on http://ADDRESS:PORT`.
//! Everything else goes to standard error.

mod banner;
mod connections;
mod drain;
mod logging;
mod metrics;
mod reload;
mod signals;
mod workers;

use std::{io::Write, net::SocketAddr, sync::Arc};

use anyhow::Context;
use patchbay_engine::{Engine, EngineConfig, EngineParts};
use patchbay_logs::{Logs, SqliteLimits};
use patchbay_model::{Clock, Entropy, LARGE_VALUES};
use patchbay_server::{RouteUrls, SandboxInfo, ServerConfig};
use patchbay_simulator::{
    RunningSimulator, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_CONNECTOR, Simulator, SimulatorConfig,
};
use patchbay_vault::OsEntropy;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Options, Settings},
    connectors, control,
    data_dir::{DataDir, name_full_disk},
    database::PostgresTarget,
    runtime::{SystemClock, Threads, build_runtime},
    web,
};
use connections::{Clocks, Places};
use workers::Workers;

/// Runs the server until SIGTERM or SIGINT.
pub fn command(options: Options) -> anyhow::Result<()> {
    let settings = Settings::resolve(options)?;
    logging::start(&settings.log_level, settings.log_format)?;
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS library is already installed in this process"))?;
    let data_dir = settings.data_dir.clone();
    build_runtime(Threads::Multi)?.block_on(run(settings)).map_err(|error| name_full_disk(&data_dir, error))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let descriptors = connections::raise_limit();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let (stopping, stop) = (signals::listen()?, CancellationToken::new());
    let reload = signals::hang_ups()?;

    // The lock and the port come first: both fail at once if another server runs.
    let data_dir = Arc::new(DataDir::open_with(&settings.data_dir, settings.postgres.as_ref())?);
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}; is another program using the port?", settings.listen))?;
    let metrics_listener = match settings.metrics_listen {
        Some(address) => Some(metrics::listen(address).await?),
        None => None,
    };
    let address = listener.local_addr()?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", local_address(address)));

    // Reading connectors needs the processor, opening the database waits for the disk: they run concurrently.
    // The connectors are read on this thread, so that the rest of the start reuses the memory that it frees.
    let opening = {
        let (data_dir, clock, entropy) = (data_dir.clone(), clock.clone(), entropy.clone());
        let target = settings.postgres.clone();
        tokio::spawn(async move { data_dir.unlock(target.as_ref(), &*clock, &entropy).await })
    };
    let read = connectors::InstanceConnectors::open(settings.connectors.clone());
    let (database, vault) = opening.await??;
    let clock = database.clock(clock).await?;
    let (instance, connectors) = read?;
    if !connectors.report.is_empty() {
        eprint!("{}", connectors.report);
    }
    for name in &connectors.refused {
        tracing::error!(connector = %name, "the connector has errors and is not in use; the others are");
    }

    LARGE_VALUES.set_limit(settings.memory_limit_bytes);
    let urls = Arc::new(RouteUrls::new(&public_url));
    let (simulator, upstreams) = start_sandbox(&settings, &clock).await?;
    let logs_database =
        settings.logs_database.clone().or(settings.postgres.as_ref().and_then(PostgresTarget::session_url));
    let logs = Arc::new(match logs_database {
        Some(url) => Logs::in_postgres(url),
        None => Logs::in_file(&data_dir.logs(), SqliteLimits::default()),
    });
    let engine = Engine::start(EngineParts {
        storage: database.storage(),
        logs: logs.clone(),
        vault: Arc::new(vault),
        registry: connectors.registry,
        source: Some(Arc::new(instance)),
        clock,
        entropy,
        config: EngineConfig {
            urls: urls.clone(),
            egress_allow: settings.egress_allow.clone(),
            egress_ca: settings.egress_ca.clone(),
            egress_proxy: settings.egress_proxy.clone(),
            upstreams,
            call_budget_millis: u64::try_from(settings.call_budget.as_millis()).unwrap_or(u64::MAX),
            max_response_bytes: settings.response_limit_bytes,
            call_retention_days: settings.call_retention_days,
            log_max_bytes: EngineConfig::default().log_max_bytes,
            key_requests_per_minute: settings.key_requests_per_minute,
            stale_seconds: settings.stale_seconds,
            listen_address: address.to_string(),
        },
    })
    .await?;

    let start_lock = engine.setup.lock().await?;
    let mut first_start = engine.setup.first_start(settings.api_key).await?;
    let sandbox = simulator.is_some().then(|| SandboxInfo {
        connector: SANDBOX_CONNECTOR,
        client_id: SANDBOX_CLIENT_ID.to_owned(),
        client_secret: SANDBOX_CLIENT_SECRET.to_owned(),
    });
    let handler = patchbay_server::router(
        engine.clone(),
        ServerConfig {
            urls: urls.clone(),
            version: env!("CARGO_PKG_VERSION"),
            body_limit_bytes: settings.body_limit_bytes,
            assets: web::assets(settings.web_dir.as_deref()),
            hub_allowed_origins: settings.hub_allowed_origins.clone(),
            is_local: address.ip().is_loopback(),
            trusted_proxies: settings.trusted_proxies.clone(),
            sandbox,
            settings: crate::config::setting_docs(),
            stopping: stopping.clone(),
            stop: stop.clone(),
        },
    );

    let control = control::start(&data_dir, &engine, &urls);
    let shown = banner::print(&urls, first_start.as_ref(), simulator.is_some());
    if first_start.take().is_some() {
        shown.context(
            "cannot show the API key and the dashboard link on standard error; the next start shows new ones",
        )?;
        engine.setup.finish_first_start().await?;
    }
    drop(start_lock);
    data_dir.record_url(&public_url);
    engine.start_integrity_checks();
    tokio::spawn(reload::on_hang_up(engine.clone(), data_dir.clone(), reload, stop.clone()));
    let workers = Workers::start(&handler, settings.shutdown_grace, Clocks::DOCUMENTED, &stopping)?;
    drop(handler);
    let places = Places::new(connections::connections_within(descriptors, settings.connection_limit));
    if let Some(listener) = metrics_listener {
        tokio::spawn(metrics::serve(listener, engine.clone(), stop.clone()));
    }
    tokio::spawn(drain::delay(settings.drain, engine.clone(), stopping, stop.clone()));
    let server = tokio::spawn(connections::serve(listener, workers, places, stop));
    announce(address)?;
    let drained = server.await?;

    tracing::info!(drained = drained.all, "stopped");
    control.stop(&data_dir).await;
    // Background tasks that calls started (token refreshes) run on the workers' threads until they have finished. Then the
    // calls that did not finish within the grace period are cut, which queues their records.
    engine.stop_background().await;
    drained.join();
    engine.shutdown().await;
    if let Some(simulator) = simulator {
        simulator.stop().await;
    }
    logs.close().await;
    database.close().await;
    Ok(())
}

/// Starts the simulated providers if the sandbox is enabled. The operator's own upstreams take precedence.
async fn start_sandbox(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<(Option<RunningSimulator>, Vec<(String, String)>)> {
    let mut upstreams = settings.upstreams.clone();
    if !settings.sandbox {
        return Ok((None, upstreams));
    }
    let simulator = Simulator::new(SimulatorConfig::sandbox(clock.clone()));
    let covered = simulator.upstreams();
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))
        .await
        .context("the sandbox cannot listen on a local port")?;
    let running = simulator.start(listener).await.context("the sandbox cannot start")?;
    let address = running.address();
    for (base_url, path) in covered {
        if !upstreams.iter().any(|(from, _)| *from == base_url) {
            upstreams.push((base_url, format!("http://{address}{path}")));
        }
    }
    tracing::info!(%address, "the sandbox serves simulated providers");
    Ok((Some(running), upstreams))
}

/// Returns the address that a browser on this machine can open.
fn local_address(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), v4.port())
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), v6.port())
        }
        other => other,
    }
}

fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    Ok(())
}
