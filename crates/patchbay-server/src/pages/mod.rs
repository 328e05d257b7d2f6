//! Pages for people: start page, guides, API reference. All work without script.

mod assets;
mod guide;
mod reference;
mod render;
mod start;
mod web;

pub(crate) use assets::asset;
pub(crate) use guide::{guide, guide_index, llms};
pub(crate) use reference::{openapi, reference};
pub(crate) use start::{sign_in_refused, start};
pub(crate) use web::{dashboard, demo, element, file, hub};
