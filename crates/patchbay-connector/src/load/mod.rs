//! From texts to a [`Connector`]: parse, put the partials in, compile, check the references.

pub(crate) mod action;
pub(crate) mod auth;
pub(crate) mod authorization;
mod check;
mod composite;
mod cursor;
mod enums;
mod events;
mod files;
pub(crate) mod function;
mod guide;
pub(crate) mod input;
pub(crate) mod mapping;
pub(crate) mod oauth1;
pub(crate) mod root;
pub(crate) mod step;
mod step_dependencies;
pub(crate) mod sync;
mod unsupported;

use crate::{
    Connector, Diagnostic, SourceFile,
    syntax::{Reader, Report},
};

/// What came of reading a connector.
#[derive(Debug)]
pub struct Loaded {
    /// The connector; none when there is an error.
    pub connector: Option<Connector>,
    /// Everything that is wrong or unwise, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the files of one connector: its main file and its partials, in any order.
pub fn load(files: &[SourceFile]) -> Loaded {
    let report = Report::default();
    let trees = files::parse(files, &report);
    let connector = trees.main.as_ref().and_then(|(file, node)| {
        let connector = root::read(Reader::new(node, file, &report), &trees, &report)?;
        check::references(&connector);
        Some(connector)
    });
    let has_errors = report.has_errors();
    Loaded {
        connector: connector.map(|found| found.connector).filter(|_| !has_errors),
        diagnostics: report.into_diagnostics(),
    }
}
