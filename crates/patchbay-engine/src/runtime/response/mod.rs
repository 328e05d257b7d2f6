//! From a provider's response to a step's output or an error, and from outputs to an action's result.

pub(crate) mod action_result;
pub(crate) mod headers;
pub(crate) mod oauth_problem;
pub(crate) mod output;
pub(crate) mod provider_error;
