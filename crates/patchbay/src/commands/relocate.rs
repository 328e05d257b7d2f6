//! `patchbay move`: copies everything from the file to PostgreSQL, or back, and marks the source as moved.
//!
//! The order makes an interruption safe: the copy is stored as a whole or not at all, it is compared before, it must open with the
//! key ring, and only then the source is marked. Before that, the source is what servers use.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_engine::open_samples;
use patchbay_model::{Clock, Entropy};
use patchbay_storage::transfer::{copy_all, mark_moved, moved_to};
use patchbay_vault::{OsEntropy, Secret, Vault};
use url::Url;

use crate::{
    config::variable,
    data_dir::{DataDir, is_filled, was_moved},
    database::{Database, PostgresTarget},
    runtime::{SystemClock, Threads, build_runtime},
};

#[derive(ClapArgs)]
pub struct Args {
    /// Database to move, which no server uses: `sqlite:DIR` (a data directory) or `postgres://USER:PASSWORD@HOST/DATABASE`;
    /// `postgres` is the URL in `PATCHBAY_DATABASE_URL`, which other users of the machine cannot see
    #[arg(long, value_name = "DATABASE")]
    from: Secret,
    /// Empty database to move it to, in the same form. A data directory must contain the key ring
    #[arg(long, value_name = "DATABASE")]
    to: Secret,
    /// Leave the records of calls behind
    #[arg(long)]
    without_calls: bool,
}

/// A side of the move.
enum Side {
    /// A data directory.
    Directory(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresTarget),
}

impl Side {
    fn parse(text: &Secret) -> anyhow::Result<Self> {
        const FORM: &str = "--from and --to have the form sqlite:DIR or postgres://USER:PASSWORD@HOST/DATABASE, or are `postgres` \
             for the URL in PATCHBAY_DATABASE_URL";
        let postgres = |url| PostgresTarget::at(url).map(Self::Postgres);
        match text.expose() {
            "postgres" => {
                let side = variable("PATCHBAY_DATABASE_URL").map(Secret::new).and_then(postgres);
                side.with_context(|| format!("PATCHBAY_DATABASE_URL is not set; {FORM}"))
            }
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                postgres(text.clone()).context(FORM)
            }
            other => {
                let directory = other.strip_prefix("sqlite:").filter(|directory| !directory.is_empty());
                directory.map(|directory| Self::Directory(directory.into())).context(FORM)
            }
        }
    }

    fn postgres(&self) -> Option<&PostgresTarget> {
        match self {
            Self::Directory(_) => None,
            Self::Postgres(target) => Some(target),
        }
    }

    /// Returns the side's name for a person, without a password.
    fn shown(&self) -> String {
        match self {
            Self::Directory(directory) => format!("sqlite:{}", directory.display()),
            Self::Postgres(target) => shown_url(target.url.expose()),
        }
    }

    async fn open(&self, data_dir: &DataDir, entropy: &Arc<dyn Entropy>) -> anyhow::Result<(Database, Option<Vault>)> {
        match self {
            Self::Directory(_) => {
                data_dir.open_for_move(entropy).await.map(|(database, vault)| (database, Some(vault)))
            }
            Self::Postgres(target) => Ok((Database::connect(target).await?, None)),
        }
    }
}

/// Returns a URL without user, password and parameters.
fn shown_url(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "a PostgreSQL database".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (from, to) = (Side::parse(&args.from)?, Side::parse(&args.to)?);
    let directory = match (&from, &to) {
        (Side::Directory(directory), Side::Postgres(_)) => {
            require_file(directory)?;
            directory
        }
        (Side::Postgres(_), Side::Directory(directory)) => directory,
        _ => bail!("one of --from and --to must be sqlite:DIR, and the other one PostgreSQL"),
    };
    build_runtime(Threads::Single)?.block_on(async {
        let target = [&from, &to].into_iter().find_map(Side::postgres);
        let data_dir = DataDir::open_with(directory, target)?;
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let (source, vault_of_source) = from.open(&data_dir, &entropy).await?;
        let (target, vault_of_target) = to.open(&data_dir, &entropy).await?;
        let vault = vault_of_source.or(vault_of_target).context("the key ring is in the data directory")?;
        let moved = relocate(&source, &target, &vault, &to.shown(), !args.without_calls).await;
        source.close().await;
        target.close().await;
        moved?;
        println!("moved {} to {}; start the server with that one", from.shown(), to.shown());
        Ok(())
    })
}

fn require_file(directory: &Path) -> anyhow::Result<()> {
    if is_filled(&DataDir::database_of(directory)) {
        return Ok(());
    }
    bail!("{} contains no database of Patchbay; check --from", directory.display())
}

async fn relocate(
    source: &Database,
    target: &Database,
    vault: &Vault,
    target_name: &str,
    with_calls: bool,
) -> anyhow::Result<()> {
    source.require_unused().await?;
    target.require_unused().await?;
    if let Some(elsewhere) = moved_to(&*source.storage()).await? {
        bail!("{}", was_moved(&elsewhere));
    }
    let copied = copy_all(&source.side(), &target.side(), with_calls, &|parts| Vault::hash_parts(parts).0)
        .await
        .context("nothing was moved")?;
    let opened = open_samples(&*target.storage(), vault).await.context(
        "the copy does not belong to the key ring of the data directory; the source was not changed. Empty the target before you try \
         again",
    )?;
    // A server that started meanwhile would go on with the source.
    source.require_unused().await?;
    mark_moved(&source.side(), target_name, SystemClock.now()).await?;
    for table in copied {
        println!("{}\t{}", table.table, table.rows);
    }
    println!("sealed values that were opened to check the key ring\t{opened}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://u:hunter2@db.example:5433/patchbay?sslmode=require", "postgres://db.example:5433/patchbay"),
            ("postgresql://db.example/patchbay", "postgres://db.example/patchbay"),
            ("sqlite:/var/lib/patchbay", "sqlite:/var/lib/patchbay"),
        ] {
            assert_eq!(Side::parse(&Secret::new(text)).unwrap().shown(), shown);
        }
        for text in ["", "sqlite:", "mysql://u:hunter2@h/d", "/var/lib/patchbay"] {
            let error = Side::parse(&Secret::new(text)).err().unwrap().to_string();
            assert!(error.contains("sqlite:DIR") && !error.contains("hunter2"), "{error}");
        }
    }
}
