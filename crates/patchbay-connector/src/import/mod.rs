//! From an API's own description to a connector: OpenAPI 3.0 and 3.1, Swagger 2, Google discovery.
//!
//! Pure like the rest of the crate. `read` bounds the text, `formats` turns each format into one model of
//! operations, `schema` makes input shapes of JSON Schemas, the rest writes YAML. What the description does
//! not say (pagination, which action tests an account) is guessed and marked; what a person has to look at is
//! a [`Note`].

mod action;
mod args;
mod auth;
mod body;
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

/// How a description becomes a connector.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The connector's key; from the title when there is none.
    pub key: Option<String>,
    /// Its display name; the description's own title when there is none.
    pub title: Option<String>,
    /// The base URL, for a description that names none or another one.
    pub base_url: Option<String>,
    /// Which operations become actions.
    pub selection: Selection,
    /// The description's file name, for the comment at the head of each file.
    pub source: String,
}

/// A connector made from a description.
#[derive(Debug)]
pub struct Imported {
    /// Its key.
    pub key: String,
    /// What the description is, such as `OpenAPI 3.1`.
    pub format: String,
    /// Its files, the main one first. Names have no folder.
    pub files: Vec<SourceFile>,
    /// How many operations the description has.
    pub operations: usize,
    /// How many of them became actions.
    pub actions: usize,
    /// What a person has to look at.
    pub notes: Vec<Note>,
}

/// Why nothing can be made of a description.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Neither JSON nor YAML.
    #[error("the file is neither JSON nor YAML that can be read: {0}")]
    Syntax(String),
    /// Beyond the bounds.
    #[error("the file is too large: {0}")]
    TooLarge(String),
    /// None of the formats.
    #[error(
        "the file is no API description that is known here; it can be OpenAPI 3.0 or 3.1 (`openapi: 3.…`), \
         Swagger 2 (`swagger: \"2.0\"`) or Google discovery (`kind: discovery#restDescription`)"
    )]
    Format,
    /// No operation is left.
    #[error("{0}")]
    Nothing(String),
    /// The key cannot be one.
    #[error("`{0}` cannot be a connector's key; use lower-case letters, digits and `_`, a letter first")]
    Key(String),
    /// The base URL cannot be one.
    #[error("`{0}` cannot be a base URL; give one like https://api.example.com/v1")]
    BaseUrl(String),
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    /// The text is being read.
    Reading,
    /// So many of so many operations are done.
    Operations(usize, usize),
}

/// Makes a connector from a description.
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
        return Err(ImportError::Nothing("none of the operations can be made into an action".to_owned()));
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
