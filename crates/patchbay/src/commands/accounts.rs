//! `patchbay accounts revoke`: revokes linked accounts at their providers, for example after a breach.

use std::{fmt::Write, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use crate::control::{self, AccountsCommand, ControlRequest};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Revoke accounts at their providers and delete their credentials here; the accounts can be reconnected
    Revoke(RevokeArgs),
}

#[derive(ClapArgs)]
struct RevokeArgs {
    /// The project's id (`patchbay project list`)
    #[arg(long)]
    project: String,
    /// Only accounts of this connector
    #[arg(long)]
    connector: Option<String>,
    /// Only accounts that were linked at or after this time, for example 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only accounts that were linked before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Report what would be revoked, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Directory with the database and the key ring
    #[arg(long, env = "PATCHBAY_DATA_DIR", default_value = ".patchbay", value_name = "DIR")]
    data_dir: std::path::PathBuf,
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "not an RFC 3339 time; write it like 2026-05-01T00:00:00Z".to_owned())
}

/// Runs the command. Exits with a failure if a revocation failed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Command::Revoke(revoke) = &args.command;
    let report = revoke.run()?;
    if revoke.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", table(&report));
    }
    Ok(if count(&report, "failed") == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl RevokeArgs {
    /// Repeats the request until no account remains, and returns the report of all of them. An account whose revocation
    /// failed is suspended and reported, not tried again.
    fn run(&self) -> anyhow::Result<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let Some(server) = control::connect(&self.data_dir)? else {
                bail!(
                    "no server runs on {}. Start it first: revocation uses its settings (networks, upstreams)",
                    self.data_dir.display()
                );
            };
            let request = AccountsCommand::Revoke {
                project: self.project.clone(),
                connector: self.connector.clone(),
                since: self.since,
                until: self.until,
                dry_run: self.dry_run,
            };
            let mut report = server.send(&ControlRequest::Accounts(request), |_, _| {})?;
            let accounts = report["accounts"].as_array_mut().context("the server's response contains no report")?;
            let is_progress = accounts.iter().any(|account| account["wiped"] == true);
            accounts.retain(|account| !all.iter().any(|known| known["id"] == account["id"]));
            all.append(accounts);
            let remaining = report["remaining"].as_u64().unwrap_or(0);
            if remaining == 0 || self.dry_run || !is_progress {
                return Ok(json!({ "dry_run": self.dry_run, "accounts": all, "remaining": remaining }));
            }
        }
    }
}

fn count(report: &Value, outcome: &str) -> usize {
    let accounts = report["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    accounts.iter().filter(|account| account["revocation"] == outcome).count()
}

fn table(report: &Value) -> String {
    let mut out = String::new();
    let accounts = report["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    for account in accounts {
        let text = |key: &str| account[key].as_str().unwrap_or("-");
        let _ = writeln!(
            out,
            "{:<21}  {:<14}  {:<24}  {:<11}  {}",
            text("id"),
            text("provider"),
            text("origin_owner_name"),
            text("revocation"),
            text("message")
        );
    }
    let remaining = report["remaining"].as_u64().unwrap_or(0);
    if report["dry_run"] == true {
        let _ = writeln!(out, "{} accounts would be revoked; nothing was changed", accounts.len() as u64 + remaining);
        return out;
    }
    let _ = writeln!(
        out,
        "{} accounts: {} confirmed by the provider, {} to be revoked at the provider by hand, {} without a token, {} failed",
        accounts.len(),
        count(report, "confirmed"),
        count(report, "unsupported"),
        count(report, "nothing"),
        count(report, "failed"),
    );
    if remaining > 0 {
        let _ = writeln!(out, "{remaining} accounts remain; run the command again");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_the_outcome_of_each_revocation() {
        let account = |id: &str, revocation: Value, message: &str| json!({ "id": id, "provider": "slack", "origin_owner_name": "Acme", "revocation": revocation, "message": message });
        let accounts =
            [account("one", json!("confirmed"), "Slack confirmed"), account("two", json!("failed"), "Slack is down")];
        let report = json!({ "dry_run": false, "accounts": accounts, "remaining": 0 });
        insta::assert_snapshot!(table(&report));
        let dry = json!({ "dry_run": true, "accounts": [account("one", Value::Null, "would be")], "remaining": 4 });
        assert!(table(&dry).ends_with("5 accounts would be revoked; nothing was changed\n"), "{}", table(&dry));
    }
}
