//! Loads a [`Connector`] from its files: parses them, resolves the partials, compiles, checks the references.

pub(crate) mod action;
pub(crate) mod auth;
mod base_url;
mod check;
mod composite;
mod cursor;
mod enums;
pub(crate) mod events;
mod files;
mod guide;
mod habits;
mod header;
pub(crate) mod input;
mod links;
pub(crate) mod root;
mod setup_secrets;
pub(crate) mod step;
mod step_dependencies;
pub(crate) mod sync;

pub use header::ConnectorHeader;

use crate::{
    Connector, Diagnostic, SourceFile,
    syntax::{Reader, Report},
};

/// A loaded connector with its diagnostics.
#[derive(Debug)]
pub struct Loaded {
    /// The connector; `None` if there is an error.
    pub connector: Option<Connector>,
    /// The errors and warnings, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a connector from its main file and its partials, in any order. Returns all errors and warnings at once.
pub fn load(files: &[SourceFile]) -> Loaded {
    let report = Report::default();
    let trees = files::parse(files, &report);
    let connector = trees.main.as_ref().and_then(|(file, node)| {
        let connector = root::read(Reader::new(node, file, &report), &trees, &report)?;
        check::references(&connector);
        base_url::check(&connector);
        setup_secrets::check(&connector);
        if !report.has_errors() {
            habits::check(&connector);
        }
        Some(connector)
    });
    let has_errors = report.has_errors();
    Loaded {
        connector: connector.map(|loaded| loaded.connector).filter(|_| !has_errors),
        diagnostics: report.into_diagnostics(),
    }
}
