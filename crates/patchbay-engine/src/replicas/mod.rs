//! Several servers on one database: what this one keeps in memory stays exact, and one of them does the work of the leader.
//!
//! - `freshness`: whether what is kept may be used. `kept` are the caches that ask it.
//! - `watcher`: hears of changes, reads them, and forgets what they concern.
//! - `forgetting`: what is kept, and how it is forgotten.
//! - `limits`: the limits that they share.
//! - `membership`: announces this server, and makes one of them the leader.
//! - `leadership`: the work of the leader.
//!
//! With a backend that has one owner (`Storage::replicas`), none of this runs: what is kept is always fresh, and this server leads.

pub(crate) mod forgetting;
pub(crate) mod freshness;
pub(crate) mod kept;
pub(crate) mod leadership;
pub(crate) mod limits;
pub(crate) mod membership;
pub(crate) mod watcher;
