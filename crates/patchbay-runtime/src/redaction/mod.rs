//! Removes an account's secrets from everything that leaves a run: values, errors, files.

pub(crate) mod errors;
pub(crate) mod redactor;
pub(crate) mod stream_redactor;
