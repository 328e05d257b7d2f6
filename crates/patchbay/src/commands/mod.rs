//! The commands other than `serve`.

pub mod accounts;
pub mod api_key;
pub mod config;
pub mod connector;
pub mod doctor;
pub mod keyring;
pub mod login_link;
pub mod mcp;
pub mod migrate;
mod offline;
pub mod openapi;
pub mod project;
pub mod relocate;
