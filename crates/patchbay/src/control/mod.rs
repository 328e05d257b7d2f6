//! Sends commands to a running server over a socket in its data directory.
//!
//! The server owns the data directory, so it executes the commands that change it. The socket's file permissions admit
//! exactly the users who may use the directory: it needs no password and no port. A request is one line of JSON; the
//! response is lines of JSON, the last of which contains the outcome.

mod client;
mod handlers;
mod key_ring_report;
mod server;

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use client::connect;
pub use handlers::{create_login_link, run_key_ring_command};
pub use key_ring_report::{KeyRingReport, RotationReport};
pub use server::start;

/// A command to the running server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlRequest {
    /// A command on the key ring.
    #[serde(rename = "keys")]
    KeyRing(KeyRingCommand),
    /// A command on linked accounts.
    Accounts(AccountsCommand),
    /// Creates a one-time link to log in to the dashboard.
    LoginLink {
        /// The URL at which users reach the server; `None` is the server's own.
        public_url: Option<String>,
    },
}

/// A command on linked accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountsCommand {
    /// Revokes accounts at their providers.
    Revoke {
        /// The id of the project.
        project: String,
        /// Selects the accounts of this connector.
        connector: Option<String>,
        /// Selects accounts that were linked at or after this time.
        since: Option<Timestamp>,
        /// Selects accounts that were linked before this time.
        until: Option<Timestamp>,
        /// Reports what would be revoked, and changes nothing.
        dry_run: bool,
    },
}

/// A command on the key ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRingCommand {
    /// Lists the wrapping keys and how many records each wraps.
    Status,
    /// Adds an active key and wraps every record with it.
    Rotate,
    /// Removes a key that wraps no record.
    Retire {
        /// The key's id.
        id: String,
    },
}

/// One line of a response.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ControlEvent {
    /// The progress of the command.
    Progress {
        /// The number of records that are done.
        done: u64,
        /// The number of all records.
        total: u64,
    },
    /// The command succeeded. Last line.
    Done {
        /// The command's response.
        #[serde(rename = "answer")]
        response: Value,
    },
    /// The command failed. Last line.
    Failed {
        /// The reason, for a person.
        message: String,
    },
}
