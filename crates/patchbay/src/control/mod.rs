//! Commands to a running server, over a socket in its data directory.
//!
//! The server owns the data directory; what a command would do to it, the server does instead. Who may use the
//! directory may use the socket, and nobody else can reach it: there is no password to keep and no port to guard. One
//! line of JSON asks, and lines of JSON answer, the last of which says how it ended.

mod ask;
mod perform;
mod serve;

use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use ask::connect;
pub use perform::perform_on_keys;
pub use serve::start;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Of the key ring.
    Keys(KeysRequest),
    /// Of linked accounts.
    Accounts(AccountsRequest),
}

/// What is asked of linked accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountsRequest {
    /// To take them back.
    Revoke {
        /// In this project.
        project: String,
        /// Of this connector.
        connector: Option<String>,
        /// Linked at or after this moment.
        since: Option<Timestamp>,
        /// Linked before this moment.
        until: Option<Timestamp>,
        /// Says what would be done, and does nothing.
        dry_run: bool,
    },
}

/// What is asked of the key ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysRequest {
    /// How it stands.
    Status,
    /// A new key, and everything sealed again by it.
    Rotate,
    /// The end of a key.
    Retire {
        /// The key's id.
        id: String,
    },
}

/// What is answered, line by line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// How far it is.
    Progress {
        /// Things done.
        done: u64,
        /// Things to do.
        total: u64,
    },
    /// It is done.
    Done {
        /// Its answer.
        answer: Value,
    },
    /// It failed.
    Failed {
        /// Why, for a person.
        message: String,
    },
}
