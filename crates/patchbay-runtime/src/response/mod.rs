//! From a provider's response to a step's output or an error, and from outputs to an action's result.

pub mod action_result;
pub mod headers;
pub mod oauth_problem;
pub mod output;
pub mod provider_error;
