//! Generates a connector from an API description: OpenAPI 3.0 and 3.1, Swagger 2, Google discovery.
//!
//! Pure like the rest of the crate. `read` limits the size, `formats` reads each format into one model of operations,
//! `schema` converts JSON Schemas to shapes of inputs, the other modules write YAML. What the description does not
//! contain (pagination, the test action) is guessed and marked; what a person has to review is a [`Note`].

mod action;
mod args;
mod auth;
mod body;
pub mod contract;
mod difference;
mod error_messages;
mod files;
mod filters;
mod formats;
mod group;
mod inputs;
mod main_file;
mod model;
mod names;
mod overlay;
mod pagination;
mod read;
mod refs;
mod repeated_keys;
mod review_notes;
mod schema;
mod scopes;
mod select;
mod servers;
mod shared_headers;
mod text;
mod words;
mod yaml_repair;

pub use difference::difference;
pub use files::{DescriptionFiles, NoFiles};
pub use overlay::Overlay;
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
    /// Whether no sentence of the description is taken: its names, types and values are facts, and the words are ours.
    pub facts_only: bool,
    /// Which operations become actions.
    pub selection: Selection,
    /// The decisions of a person; the other options take precedence over it.
    pub overlay: Overlay,
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
    /// The overlay is not valid.
    #[error("the overlay is not valid: {0}")]
    Overlay(String),
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

/// Generates a connector from an API description in one file.
///
/// # Errors
/// The errors of [`import_with_files`].
pub fn import(
    text: &str,
    options: &ImportOptions,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Imported, ImportError> {
    import_with_files(text, options, &NoFiles, progress)
}

/// Generates a connector from an API description, which may refer to files beside it.
///
/// # Errors
/// If the description cannot be read, exceeds a limit, or has no usable operation; if an option is not valid.
pub fn import_with_files(
    text: &str,
    options: &ImportOptions,
    files: &dyn DescriptionFiles,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Imported, ImportError> {
    progress(ImportProgress::Reading);
    let mut repeated = Vec::new();
    let mut tree = read::read_with_repeated(text, &mut repeated)?;
    if formats::has_files(&tree) {
        files::add(&mut tree, &options.source, files)?;
    }
    let notes = review_notes::ReviewNotes::default();
    for key in repeated {
        notes.add(Topic::RepeatedKey, text::line(&key, 80), "");
    }
    import_tree(&tree, options, notes, progress)
}

fn import_tree(
    tree: &Value,
    options: &ImportOptions,
    notes: review_notes::ReviewNotes,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<Imported, ImportError> {
    let mut api = if options.facts_only || options.overlay.facts_only {
        formats::read_facts(tree, &notes)?
    } else {
        formats::read(tree, &notes)?
    };
    let operations = api.operations.len();
    if operations == 0 {
        return Err(nothing("the description has no operation that a step can use", notes));
    }
    let overlay = &options.overlay;
    let selection = if options.selection.is_empty() { &overlay.selection } else { &options.selection };
    select::apply(&mut api, selection)?;
    overlay.apply(&mut api, &notes);
    let title = options.title.clone().or_else(|| overlay.title.clone()).filter(|title| !title.trim().is_empty());
    let title = title.unwrap_or_else(|| api.title.clone());
    let key = match options.key.as_ref().or(overlay.key.as_ref()) {
        Some(key) => names::check_key(key)?,
        None => names::key(&title),
    };
    let base_url = options.base_url.as_deref().or(overlay.base_url.as_deref());
    let mut server = servers::server(&api, base_url, &notes)?;
    let methods = auth::methods(&api, &server, &notes);
    let mut scopes = scopes::choose(&api, &notes);
    overlay.scope_names().for_each(|name| _ = scopes.defined.entry(name.clone()).or_default());
    let is_facts_only = api.document.facts_only;
    let mut ids = names::actions(&api.operations, &key, is_facts_only);
    overlay.name(&api, &mut ids)?;
    let headers = shared_headers::find(&api, overlay, &mut server, &notes);
    let total = api.operations.len();
    let repeated = auth::repeated_credentials(&api, &notes);
    let common_tag = action::common_tag(&api);
    let mut actions = Vec::with_capacity(total);
    for (place, operation) in api.operations.iter().enumerate() {
        progress(ImportProgress::Operations(place, total));
        let context = action::ImportContext {
            api: &api,
            title: &title,
            server: &server,
            scopes: &scopes,
            notes: &notes,
            common_tag,
            repeated_credentials: &repeated,
            headers: &headers,
            overlay,
        };
        actions.extend(action::action(&context, operation, &ids[place]));
    }
    progress(ImportProgress::Operations(total, total));
    if actions.is_empty() {
        return Err(nothing("no operation can become an action", notes));
    }
    let made = actions.len();
    let partials = group::partials(&key, &title, &options.source, actions);
    let main =
        main_file::MainFile { api: &api, key: &key, title: &title, source: &options.source, server: &server, overlay };
    let main = main.write(&methods, &scopes, &partials, &notes);
    let mut files = vec![SourceFile { name: format!("{key}.connector.yaml"), text: main }];
    files.extend(
        partials
            .into_iter()
            .map(|partial| SourceFile { name: format!("{}.partial.yaml", partial.reference), text: partial.text }),
    );
    Ok(Imported { key, format: api.format.clone(), files, operations, actions: made, notes: notes.into_list() })
}

/// Returns the error of an import without actions, with the reason of the first omission.
fn nothing(what: &str, notes: review_notes::ReviewNotes) -> ImportError {
    let first = notes.into_list().into_iter().find(|note| note.topic == Topic::LeftOut);
    let why = first.map(|note| format!("; {}: {}", note.place, note.detail)).unwrap_or_default();
    ImportError::Nothing(format!("{what}{why}"))
}
