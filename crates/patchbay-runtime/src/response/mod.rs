//! Turns a provider's response into a step's output or an error, and the outputs of the steps into an action's result.

pub mod action_result;
pub mod headers;
pub mod oauth_problem;
pub mod output;
pub mod provider_error;
