//! JSON Schemas as shapes of inputs.
//!
//! `merge` reads one schema with everything that it refers to and is made of as one; `reader` makes a shape of
//! it, bounded in depth and in the number of shapes of one action; `shape` is what comes of it.

mod merge;
mod reader;
mod shape;

pub(super) use merge::{MergedSchema, merge};
pub(super) use reader::{SchemaReader, union};
pub(super) use shape::{InputShape, Property, ShapeRules, ShapeType};
