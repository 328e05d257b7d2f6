//! Removes an account's secrets from everything that leaves a run: values, errors, files.

pub mod errors;
pub mod redactor;
pub mod stream_redactor;
