//! Turns a provider's response into a step's output or an error, and the outputs of the steps into an action's result.

pub(crate) mod action_result;
pub(crate) mod headers;
pub(crate) mod oauth_problem;
pub(crate) mod output;
pub(crate) mod provider_error;
