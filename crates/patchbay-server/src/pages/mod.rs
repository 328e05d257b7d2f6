//! Pages for people: start page, documentation (both work without script), and the screens.

mod assets;
pub(crate) mod docs;
mod not_connected;
mod openapi;
mod render;
mod start;
mod web;

pub(crate) use assets::asset;
pub(crate) use not_connected::not_connected;
pub(crate) use openapi::openapi;
pub(crate) use start::start;
pub(crate) use web::{dashboard, demo, element, file, hub};
