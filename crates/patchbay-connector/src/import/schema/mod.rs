//! Converts JSON Schemas (2020-12, and the dialects of OpenAPI) to shapes of inputs.
//!
//! `alternatives` combines the shapes of `oneOf` and `anyOf`; `merge` merges a schema with everything that it refers to
//! and consists of; `reader` converts it to a shape, limited in depth and in the number of shapes of an action; `shape` is
//! the result.

mod alternatives;
mod merge;
mod reader;
mod shape;

pub(super) use alternatives::union;
pub(super) use merge::{MergedSchema, merge};
pub(super) use reader::SchemaReader;
pub(super) use shape::{InputShape, Property, ShapeRules, ShapeType};
