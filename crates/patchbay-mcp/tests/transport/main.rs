//! The rules of both eras, against the transport as an endpoint calls it: headers and bytes in, a response out.

#[path = "../fixture/mod.rs"]
mod fixture;
mod harness;
mod legacy;
mod listen;
mod modern;
mod questions;
mod sessions;
mod streams;
mod tasks;
