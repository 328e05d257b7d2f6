//! Removes an account's secrets from everything that leaves a run: values, errors, files.
//!
//! A secret is found by its meaning, not by its bytes: each of its characters may have any spelling of [`escapes`], and
//! the whole secret may be in base64 or in hexadecimal digits ([`needles`]).

pub(crate) mod detectors;
mod entities;
pub(crate) mod errors;
mod escapes;
mod history;
mod matcher;
mod needles;
pub(crate) mod redactor;
pub(crate) mod shorten;
mod steps;
pub(crate) mod stream_redactor;
mod threads;
