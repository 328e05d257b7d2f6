//! Pages for people: start page, guides, API reference (all without script), and the screens.

mod assets;
mod guide;
mod reference;
mod render;
mod start;
mod web;

pub(crate) use assets::asset;
pub(crate) use guide::{guide, guide_index, llms};
pub(crate) use reference::{openapi, reference};
pub(crate) use start::{not_connected, start};
pub(crate) use web::{dashboard, demo, element, file, hub};
