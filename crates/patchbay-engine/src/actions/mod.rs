//! Calls to providers: actions and the raw proxy.
//!
//! [`call`] resolves the account of a call, gives it credentials and records it. [`run`] runs an action in a call,
//! [`files`] streams a file of its result, and [`proxy`] sends a raw request.

pub(crate) mod call;
mod cursors;
pub(crate) mod files;
mod missing_scopes;
pub(crate) mod outcome;
pub(crate) mod proxy;
pub(crate) mod run;
