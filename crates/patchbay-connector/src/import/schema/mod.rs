//! Converts JSON Schemas (2020-12, and the dialects of OpenAPI) to shapes of inputs.
//!
//! `merge` merges a schema with everything that it refers to and consists of; `reader` converts it to a shape, limited
//! in depth and in the number of shapes of an action; `shape` is the result.

mod merge;
mod reader;
mod shape;

pub(super) use merge::{MergedSchema, merge};
pub(super) use reader::{SchemaReader, union};
pub(super) use shape::{InputShape, Property, ShapeRules, ShapeType};
