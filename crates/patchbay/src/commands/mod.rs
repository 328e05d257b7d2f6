//! The commands other than `serve`.

pub mod accounts;
pub mod api_key;
pub mod config;
pub mod connector;
pub mod keyring;
pub mod login_link;
mod offline;
pub mod openapi;
pub mod project;
