//! Commands beside `serve`.

pub mod accounts;
pub mod config;
pub mod connector;
pub mod key;
pub mod keys;
pub mod login_link;
mod offline;
pub mod openapi;
pub mod project;
