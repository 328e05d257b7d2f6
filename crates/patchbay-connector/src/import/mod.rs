//! Generates a connector from an API description: OpenAPI 3.0 and 3.1, Swagger 2, Google discovery.
//!
//! Pure like the rest of the crate. `read` limits the size, `formats` reads each format into one model of operations,
//! `schema` converts JSON Schemas to shapes of inputs, the other modules write YAML. What the description does not
//! contain (pagination, the test action) is guessed and marked; what a person has to review is a [`Note`].

mod action;
mod args;
mod auth;
mod body;
mod filters;
mod formats;
mod group;
mod inputs;
mod main_file;
mod model;
mod names;
mod pagination;
mod read;
mod refs;
mod review_notes;
mod schema;
mod scopes;
mod select;
mod servers;
mod text;

pub use review_notes::{Note, Topic};
pub use select::Selection;

use serde_json::Value;

use crate::SourceFile;

/// The options of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The connector's key; by default from the title.
    pub key: Option<String>,
    /// The display name; by default the description's title.
    pub title: Option<String>,
    /// The base URL; by default from the description.
    pub base_url: Option<String>,
    /// Which operations become actions.
    pub selection: Selection,
    /// The file name of the description, for the comment in each file.
    pub source: String,
}

/// A generated connector.
#[derive(Debug)]
pub struct Imported {
    /// The key.
    pub key: String,
    /// The format of the description, such as `OpenAPI 3.1`.
    pub format: String,
    /// The files, the main file first. The names have no folder.
    pub files: Vec<SourceFile>,
    /// The number of operations in the description.
    pub operations: usize,
    /// The number of generated actions.
    pub actions: usize,
    /// What a person has to review.
    pub notes: Vec<Note>,
}

/// The reason why an import fails.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is neither JSON nor YAML.
    #[error("the file is neither valid JSON nor valid YAML: {0}")]
    Syntax(String),
    /// The file exceeds a limit.
    #[error("the file is too large: {0}")]
    TooLarge(String),
    /// The file has an unknown format.
    #[error(
        "the file is not a supported API description; supported are OpenAPI 3.0 or 3.1 (`openapi: 3.…`), \
         Swagger 2 (`swagger: \"2.0\"`) or Google discovery (`kind: discovery#restDescription`)"
    )]
    Format,
    /// No operation is selected.
    #[error("{0}")]
    Nothing(String),
    /// The key is not valid.
    #[error("`{0}` is not a valid connector key; use lower-case letters, digits and `_`, beginning with a letter")]
    Key(String),
    /// The base URL is not valid.
    #[error("`{0}` is not a valid base URL; use a URL like https://api.example.com/v1")]
    BaseUrl(String),
}

/// The progress of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    /// The file is being parsed.
    Reading,
    /// The number of operations that are done, and the number of all operations.
    Operations(usize, usize),
}

/// Generates a connector from an API description.
///
/// # Errors
/// If the description cannot be read, exceeds a limit, or has no usable operation; if an option is not valid.
pub fn import(
    text: &str,
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Imported, ImportError> {
    progress(ImportProgress::Reading);
    let tree = read::read(text)?;
    import_tree(&tree, options, progress)
}

fn import_tree(
    tree: &Value,
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Imported, ImportError> {
    let notes = review_notes::ReviewNotes::default();
    let mut api = formats::read(tree, &notes)?;
    let operations = api.operations.len();
    select::apply(&mut api, &options.selection)?;
    let title = options.title.clone().filter(|title| !title.trim().is_empty()).unwrap_or_else(|| api.title.clone());
    let key = match &options.key {
        Some(key) => names::check_key(key)?,
        None => names::key(&title),
    };
    let server = servers::server(&api, options.base_url.as_deref(), &notes)?;
    let methods = auth::methods(&api, &notes);
    let scopes = scopes::choose(&api, &notes);
    let ids = names::actions(&api.operations, &key);
    let total = api.operations.len();
    let mut actions = Vec::with_capacity(total);
    for (place, operation) in api.operations.iter().enumerate() {
        progress(ImportProgress::Operations(place, total));
        let context = action::ImportContext { api: &api, server: &server, scopes: &scopes, notes: &notes };
        actions.extend(action::action(&context, operation, &ids[place]));
    }
    progress(ImportProgress::Operations(total, total));
    if actions.is_empty() {
        return Err(ImportError::Nothing("no operation can become an action".to_owned()));
    }
    let made = actions.len();
    let partials = group::partials(&key, &title, &options.source, actions);
    let main = main_file::MainFile { api: &api, key: &key, title: &title, source: &options.source, server: &server };
    let main = main.write(&methods, &scopes, &partials, &notes);
    let mut files = vec![SourceFile { name: format!("{key}.connector.yaml"), text: main }];
    files.extend(
        partials
            .into_iter()
            .map(|partial| SourceFile { name: format!("{}.partial.yaml", partial.reference), text: partial.text }),
    );
    Ok(Imported { key, format: api.format.clone(), files, operations, actions: made, notes: notes.into_list() })
}
