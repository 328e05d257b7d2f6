//! `patchbay doctor`: looks at the key ring and the database of a server, and says what is wrong with them. It changes nothing.

use std::{process::ExitCode, sync::Arc};

use clap::Args as ClapArgs;
use patchbay_model::{Clock as _, CodedError as _};
use patchbay_storage::{
    SchemaVersions, StorageError,
    postgres::{Findings, PostgresStorage},
    sqlite::SqliteStorage,
};
use patchbay_vault::KeyRing;

use super::{migrate::state, offline::DatabaseArgs};
use crate::{
    data_dir::{DataDir, is_filled},
    database::{Database, PostgresTarget},
    runtime::{SystemClock, Threads, build_runtime},
};

/// The difference of the clocks from which on it is a problem, in seconds.
const NOTED_SECONDS: i64 = 5;

#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What was found so far.
#[derive(Default)]
struct Report {
    has_problems: bool,
}

impl Report {
    fn fine(text: &str) {
        println!("ok: {text}");
    }

    fn problem(&mut self, text: &str) {
        self.has_problems = true;
        println!("problem: {text}");
    }

    fn schema(&mut self, versions: SchemaVersions) {
        let text = state(versions);
        if versions.stored == versions.own { Self::fine(&text) } else { self.problem(&text) }
    }
}

/// Runs the command, also while servers run. The exit code is 1 if there is a problem.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    build_runtime(Threads::Single)?.block_on(async {
        examine_key_ring(&mut report, &args.database);
        match args.database.postgres() {
            Some(target) => examine_postgres(&mut report, &target).await,
            None => examine_file(&mut report, &args.database).await,
        }
    });
    Ok(ExitCode::from(u8::from(report.has_problems)))
}

fn examine_key_ring(report: &mut Report, arguments: &DatabaseArgs) {
    let path = DataDir::key_ring_of(arguments.data_dir());
    if !path.exists() {
        return report.problem(&format!(
            "the key ring {} does not exist; check --data-dir, or start the server, which creates it",
            path.display()
        ));
    }
    match KeyRing::load(&path) {
        Ok(ring) => Report::fine(&format!("the key ring {} has {} keys", path.display(), ring.keys().count())),
        Err(error) => report.problem(&format!("the key ring {} cannot be used: {error}", path.display())),
    }
}

async fn examine_file(report: &mut Report, arguments: &DatabaseArgs) {
    let file = DataDir::database_of(arguments.data_dir());
    if !is_filled(&file) {
        return report.problem(&format!("the database {} does not exist; check --data-dir", file.display()));
    }
    match SqliteStorage::schema(&file).await {
        Ok(versions) => {
            Report::fine(&format!("the database is the file {}", file.display()));
            report.schema(versions);
        }
        Err(error) => report.problem(&described(&error)),
    }
}

async fn examine_postgres(report: &mut Report, target: &PostgresTarget) {
    let url = target.url.expose();
    let Findings { version, is_transaction_pooled, schema } = match PostgresStorage::examine(url).await {
        Ok(findings) => findings,
        Err(error) => return report.problem(&described(&error)),
    };
    Report::fine(&format!("the database is {version}"));
    report.schema(schema);
    let leads_around = target.listen_url.is_some();
    match (is_transaction_pooled, target.is_pooled) {
        (true, false) => report.problem(
            "the URL leads to a pooler in transaction mode, and `database.pooled` (PATCHBAY_DATABASE_POOLED) is not true; set it, \
             or give the URL of PostgreSQL itself or of a pooler in session mode",
        ),
        (true, true) if leads_around => Report::fine("the URL leads to a pooler in transaction mode, as `database.pooled` says"),
        (true, true) => Report::fine(
            "the URL leads to a pooler in transaction mode, as `database.pooled` says; without `database.listenUrl`, a server finds \
             the changes of others by looking twice a second",
        ),
        (false, true) => report.problem(
            "`database.pooled` (PATCHBAY_DATABASE_POOLED) is true, and the URL does not lead to a pooler in transaction mode: each \
             read takes two round trips too many; remove the setting",
        ),
        (false, false) => Report::fine("the URL does not lead to a pooler in transaction mode"),
    }
    if let Some(listen_url) = &target.listen_url {
        match PostgresStorage::check_listen_url(url, listen_url.expose()).await {
            Ok(()) => {
                Report::fine("`database.listenUrl` leads to the same database, without a pooler in transaction mode");
            }
            Err(error) => return report.problem(&described(&error)),
        }
    }
    // Another version must not migrate the schema here.
    if schema.stored == schema.own && is_transaction_pooled == target.is_pooled {
        examine_servers(report, target).await;
    }
}

async fn examine_servers(report: &mut Report, target: &PostgresTarget) {
    let database = match Database::connect(target).await {
        Ok(database) => database,
        Err(error) => return report.problem(&format!("{error:#}")),
    };
    match database.servers().await {
        Ok(addresses) if addresses.is_empty() => Report::fine("no server uses the database"),
        Ok(addresses) => Report::fine(&format!("servers use the database: {}", addresses.join(", "))),
        Err(error) => report.problem(&format!("{error:#}")),
    }
    match database.clock(Arc::new(SystemClock)).await {
        Ok(clock) => {
            let seconds = clock.now().as_seconds() - SystemClock.now().as_seconds();
            let text = format!("the database's clock is ahead of this machine's by {seconds} seconds");
            if seconds.abs() < NOTED_SECONDS {
                Report::fine(&text);
            } else {
                report.problem(&format!("{text}; correct the clocks"));
            }
        }
        Err(error) => report.problem(&format!("{error:#}")),
    }
    database.close().await;
}

/// Returns an error of the database with its cause.
fn described(error: &StorageError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!("{}{cause}", error.public_message())
}
