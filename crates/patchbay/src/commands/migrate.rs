//! `patchbay migrate`: brings the schema of a database to this version, apart from a start.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_storage::{SchemaVersions, postgres::PostgresStorage, sqlite::SqliteStorage};

use super::offline::DatabaseArgs;
use crate::{
    data_dir::DataDir,
    database::Database,
    runtime::{Threads, build_runtime},
};

#[derive(ClapArgs)]
pub struct Args {
    /// Only report whether a migration is pending, with exit code 1 if one is
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command. A PostgreSQL database may be in use; the file may not.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.database.require_database()?;
    build_runtime(Threads::Single)?.block_on(async {
        let file = DataDir::database_of(args.database.data_dir());
        let target = args.database.postgres();
        let versions = match &target {
            Some(target) => PostgresStorage::schema(target.url.expose(), target.is_pooled).await?,
            None => SqliteStorage::schema(&file).await?,
        };
        if args.check {
            println!("{}", state(versions));
            return Ok(ExitCode::from(u8::from(versions.is_pending())));
        }
        match &target {
            Some(target) => PostgresStorage::migrate(target.url.expose(), target.settings()).await?,
            None => {
                let data_dir = DataDir::open(args.database.data_dir())?;
                data_dir.lock_database()?;
                Database::open_file(&file).await?.close().await;
            }
        }
        println!("{}", outcome(versions));
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn state(SchemaVersions { stored, own }: SchemaVersions) -> String {
    match stored.cmp(&own) {
        std::cmp::Ordering::Less => {
            format!("the schema has version {stored}, and this Patchbay needs {own}; run `patchbay migrate`")
        }
        std::cmp::Ordering::Equal => format!("the schema has version {stored}, as this Patchbay needs"),
        std::cmp::Ordering::Greater => {
            format!("the schema has version {stored}, which is newer than {own}, that of this Patchbay")
        }
    }
}

fn outcome(versions: SchemaVersions) -> String {
    let SchemaVersions { stored, own } = versions;
    if versions.is_pending() { format!("migrated the schema from version {stored} to {own}") } else { state(versions) }
}
