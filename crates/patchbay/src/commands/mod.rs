//! Commands beside `serve`.

pub mod config;
pub mod key;
mod offline;
pub mod openapi;
pub mod project;
