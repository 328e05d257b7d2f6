//! Decisions of a person about an import, in a file beside the connector (`import.yaml`), so that the import of a newer
//! description makes them again.
//!
//! Rule: what an overlay says takes precedence over the description and over every guess. A name in it that the
//! description does not have is noted, because the provider may have renamed it.

use serde_json::{Map, Value};

use super::{
    ImportError, Selection,
    model::{Api, ApiOperation},
    read,
    review_notes::{ReviewNotes, Topic},
};

/// The decisions about an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// The connector's key.
    pub key: Option<String>,
    /// The display name.
    pub title: Option<String>,
    /// What the connector is for, a sentence.
    pub description: Option<String>,
    /// The connector's categories.
    pub categories: Vec<String>,
    /// The base URL.
    pub base_url: Option<String>,
    /// Whether no sentence of the description is taken.
    pub facts_only: bool,
    /// Which operations become actions.
    pub selection: Selection,
    /// Names of parameters and of members of bodies that no action has.
    pub omitted: Vec<String>,
    /// The action that tests an account, for each method; an empty key stands for all methods.
    pub(super) tests: Vec<(String, String)>,
    /// The scopes that each method requests.
    pub(super) scopes: Vec<(String, Vec<String>)>,
    pub(super) headers: Vec<HeaderChoice>,
    pub(super) actions: Vec<ActionChoice>,
}

/// A header that is not an input of each action.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeaderChoice {
    pub(super) name: String,
    /// The value that every action sends; otherwise each account enters it.
    pub(super) value: Option<String>,
    /// The key, the label and the description of the account's field.
    pub(super) field: Option<String>,
    pub(super) label: Option<String>,
    pub(super) description: Option<String>,
}

/// The decisions about one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ActionChoice {
    /// The operation: its id, or method and path.
    pub(super) operation: String,
    pub(super) id: Option<String>,
    pub(super) label: Option<String>,
    pub(super) description: Option<String>,
    pub(super) category: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) paging: Option<PagingChoice>,
    pub(super) is_omitted: bool,
    /// The words of inputs; `None` for an input that is omitted.
    pub(super) inputs: Vec<(String, Option<String>)>,
}

/// The decision about the pages of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PagingChoice {
    Off,
    On {
        key: String,
        mode: &'static str,
        start: Option<u64>,
        next: Option<String>,
        is_in_headers: bool,
        data: Option<String>,
    },
}

/// The keys of an overlay.
const KEYS: [&str; 12] = [
    "key",
    "title",
    "description",
    "categories",
    "baseUrl",
    "factsOnly",
    "select",
    "omit",
    "testAction",
    "scopes",
    "headers",
    "actions",
];
const ACTION_KEYS: [&str; 8] = ["id", "label", "description", "category", "scopes", "paging", "omit", "inputs"];

impl Overlay {
    /// Reads the text of an overlay, YAML or JSON.
    ///
    /// # Errors
    /// [`ImportError::Overlay`] if a key is unknown or a value has another type; [`ImportError::Syntax`] if it is not YAML.
    pub fn read(text: &str) -> Result<Self, ImportError> {
        let tree = read::read(text)?;
        let root = Place { path: String::new(), value: &tree }.map(&KEYS)?;
        let mut overlay = Self {
            key: root.text("key")?,
            title: root.text("title")?,
            description: root.text("description")?,
            categories: root.texts("categories")?.unwrap_or_default(),
            base_url: root.text("baseUrl")?,
            facts_only: root.flag("factsOnly")?,
            omitted: root.texts("omit")?.unwrap_or_default(),
            ..Self::default()
        };
        if let Some(select) = root.get("select") {
            let select = select.map(&["tags", "paths", "operations"])?;
            let list = |key| Ok::<_, ImportError>(select.texts(key)?.unwrap_or_default());
            overlay.selection =
                Selection { tags: list("tags")?, paths: list("paths")?, operations: list("operations")? };
        }
        if let Some(test) = root.get("testAction") {
            overlay.tests = match test.value {
                Value::String(action) => vec![(String::new(), action.clone())],
                _ => test
                    .entries()?
                    .map(|place| Ok((place.name(), place.as_text()?)))
                    .collect::<Result<_, ImportError>>()?,
            };
        }
        for place in root.entries_of("scopes")? {
            overlay.scopes.push((place.name(), place.as_texts()?));
        }
        for place in root.entries_of("headers")? {
            let map = place.map(&["value", "field", "label", "description"])?;
            overlay.headers.push(HeaderChoice {
                name: place.name(),
                value: map.text("value")?,
                field: map.text("field")?,
                label: map.text("label")?,
                description: map.text("description")?,
            });
        }
        for place in root.entries_of("actions")? {
            overlay.actions.push(action(&place)?);
        }
        Ok(overlay)
    }

    /// Returns the decisions about an operation.
    pub(super) fn of(&self, operation: &ApiOperation<'_>) -> Option<&ActionChoice> {
        self.actions.iter().find(|choice| choice.is_for(operation))
    }

    /// Replaces the ids of actions.
    ///
    /// # Errors
    /// [`ImportError::Overlay`] if an id is not valid or another action has it, or if the test action does not exist.
    pub(super) fn name(&self, api: &Api<'_>, ids: &mut [String]) -> Result<(), ImportError> {
        let chosen = |at: usize| self.of(&api.operations[at]).and_then(|choice| choice.id.clone());
        for at in 0..ids.len() {
            let Some(id) = chosen(at) else { continue };
            let is_valid = id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !is_valid {
                return Err(ImportError::Overlay(format!(
                    "`{id}` is not a valid action id; use lower-case letters, digits and `_`"
                )));
            }
            if let Some(other) = (0..ids.len()).find(|other| *other != at && ids[*other] == id) {
                if chosen(other).is_some_and(|chosen| chosen == id) {
                    return Err(ImportError::Overlay(format!("two actions have the id `{id}`")));
                }
                let free = (2..=ids.len() + 2).map(|number| format!("{id}_{number}")).find(|name| !ids.contains(name));
                ids[other] = free.unwrap_or_default();
            }
            ids[at] = id;
        }
        if let Some((_, unknown)) = self.tests.iter().find(|(_, test)| !ids.contains(test)) {
            let near = crate::nearest(unknown, ids.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(ImportError::Overlay(format!("testAction: the action `{unknown}` does not exist{hint}")));
        }
        Ok(())
    }

    /// Removes the omitted operations and parameters; notes the names that the description does not have.
    pub(super) fn apply(&self, api: &mut Api<'_>, notes: &ReviewNotes) {
        for choice in &self.actions {
            if !api.operations.iter().any(|operation| choice.is_for(operation)) {
                notes.add(Topic::Overlay, choice.operation.as_str(), "the description has no such operation");
            }
        }
        for name in &self.omitted {
            let has = |operation: &ApiOperation<'_>| operation.params.iter().any(|param| param.name == *name);
            if !api.operations.iter().any(|operation| has(operation) || operation.body.is_some()) {
                notes.add(Topic::Overlay, name.as_str(), "no operation has such a parameter");
            }
        }
        api.operations.retain(|operation| self.of(operation).is_none_or(|choice| !choice.is_omitted));
        for operation in &mut api.operations {
            let choice = self.of(operation);
            let is_omitted =
                |name: &String| self.omitted.contains(name) || choice.is_some_and(|choice| choice.omits(name));
            operation.params.retain(|param| !is_omitted(&param.name));
        }
    }

    /// Returns the names of all scopes that it chooses.
    pub(super) fn scope_names(&self) -> impl Iterator<Item = &String> {
        let of_actions = self.actions.iter().filter_map(|choice| choice.scopes.as_ref()).flatten();
        self.scopes.iter().flat_map(|(_, scopes)| scopes).chain(of_actions)
    }

    /// Returns the requested scopes of a method.
    pub(super) fn scopes_of(&self, method: &str) -> Option<&[String]> {
        self.scopes.iter().find(|(known, _)| known == method).map(|(_, scopes)| scopes.as_slice())
    }

    /// Returns the test action of a method.
    pub(super) fn test_of(&self, method: &str) -> Option<&str> {
        let own = self.tests.iter().find(|(known, _)| known == method);
        own.or_else(|| self.tests.iter().find(|(known, _)| known.is_empty())).map(|(_, action)| action.as_str())
    }
}

impl ActionChoice {
    fn is_for(&self, operation: &ApiOperation<'_>) -> bool {
        operation.id.as_deref() == Some(self.operation.as_str())
            || operation.place().eq_ignore_ascii_case(self.operation.trim())
    }

    /// Returns true if an input with this name is omitted.
    pub(super) fn omits(&self, input: &str) -> bool {
        self.inputs.iter().any(|(known, words)| known == input && words.is_none())
    }

    /// Returns the words of an input.
    pub(super) fn words_of(&self, input: &str) -> Option<&str> {
        self.inputs.iter().find(|(known, _)| known == input).and_then(|(_, words)| words.as_deref())
    }
}

fn action(place: &Place<'_>) -> Result<ActionChoice, ImportError> {
    let map = place.map(&ACTION_KEYS)?;
    let mut inputs = Vec::new();
    for input in map.entries_of("inputs")? {
        inputs.push((
            input.name(),
            match input.value {
                Value::Bool(false) => None,
                _ => Some(input.as_text()?),
            },
        ));
    }
    Ok(ActionChoice {
        operation: place.name(),
        id: map.text("id")?,
        label: map.text("label")?,
        description: map.text("description")?,
        category: map.text("category")?,
        scopes: map.texts("scopes")?,
        paging: map.get("paging").map(|place| paging(&place)).transpose()?,
        is_omitted: map.flag("omit")?,
        inputs,
    })
}

fn paging(place: &Place<'_>) -> Result<PagingChoice, ImportError> {
    if place.value == &Value::Bool(false) {
        return Ok(PagingChoice::Off);
    }
    let map = place.map(&["key", "mode", "start", "next", "nextIn", "data"])?;
    let mode = map.text("mode")?.unwrap_or_else(|| "cursor".to_owned());
    let mode = ["cursor", "offset", "page"].into_iter().find(|known| *known == mode);
    let mode = mode.ok_or_else(|| place.wrong("`mode` is `cursor`, `offset` or `page`"))?;
    Ok(PagingChoice::On {
        key: map.text("key")?.ok_or_else(|| place.wrong("`key` is required: the parameter that requests a page"))?,
        mode,
        start: map.get("start").and_then(|start| start.value.as_u64()),
        next: map.text("next")?,
        is_in_headers: map.text("nextIn")?.as_deref() == Some("headers"),
        data: map.text("data")?,
    })
}

/// A value of an overlay with its path, for messages.
struct Place<'v> {
    path: String,
    value: &'v Value,
}

/// A mapping with known keys.
struct Members<'v> {
    path: String,
    members: &'v Map<String, Value>,
}

impl<'v> Place<'v> {
    fn wrong(&self, what: &str) -> ImportError {
        let path = if self.path.is_empty() { "the file" } else { &self.path };
        ImportError::Overlay(format!("{path}: {what}"))
    }

    /// Returns the last key of the path.
    fn name(&self) -> String {
        self.path.rsplit_once(" > ").map_or(self.path.as_str(), |(_, name)| name).to_owned()
    }

    fn object(&self) -> Result<&'v Map<String, Value>, ImportError> {
        self.value.as_object().ok_or_else(|| self.wrong("a mapping was expected"))
    }

    fn map(&self, keys: &[&str]) -> Result<Members<'v>, ImportError> {
        let members = self.object()?;
        if let Some(unknown) = members.keys().find(|key| !keys.contains(&key.as_str())) {
            let near = crate::nearest(unknown, keys.iter().copied());
            let hint = match near {
                Some(near) => format!("; did you mean `{near}`?"),
                None => format!("; known are {}", keys.join(", ")),
            };
            return Err(self.wrong(&format!("the key `{unknown}` is unknown{hint}")));
        }
        Ok(Members { path: self.path.clone(), members })
    }

    fn entries(&self) -> Result<impl Iterator<Item = Place<'v>> + use<'v>, ImportError> {
        let path = self.path.clone();
        let inner = move |(key, value): (&String, &'v Value)| Place { path: format!("{path} > {key}"), value };
        Ok(self.object()?.iter().map(inner))
    }

    fn as_text(&self) -> Result<String, ImportError> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(self.wrong("a text was expected")),
        }
    }

    fn as_texts(&self) -> Result<Vec<String>, ImportError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list of texts was expected"))?;
        items.iter().map(|value| Place { path: self.path.clone(), value }.as_text()).collect()
    }
}

impl<'v> Members<'v> {
    fn get(&self, key: &str) -> Option<Place<'v>> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{} > {key}", self.path) };
        self.members.get(key).map(|value| Place { path, value })
    }

    fn text(&self, key: &str) -> Result<Option<String>, ImportError> {
        self.get(key).map(|place| place.as_text()).transpose()
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ImportError> {
        self.get(key).map(|place| place.as_texts()).transpose()
    }

    fn flag(&self, key: &str) -> Result<bool, ImportError> {
        let Some(place) = self.get(key) else { return Ok(false) };
        place.value.as_bool().ok_or_else(|| place.wrong("`true` or `false` was expected"))
    }

    fn entries_of(&self, key: &str) -> Result<Vec<Place<'v>>, ImportError> {
        self.get(key).map(|place| Ok(place.entries()?.collect())).transpose().map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, expected) in [
            ("titel: x", "the file: the key `titel` is unknown; did you mean `title`?"),
            ("title: [x]", "title: a text was expected"),
            ("factsOnly: maybe", "factsOnly: `true` or `false` was expected"),
            (
                "actions: {GET /a: {pagign: false}}",
                "actions > GET /a: the key `pagign` is unknown; did you mean `paging`?",
            ),
            ("actions: {GET /a: {paging: {mode: cursor}}}", "actions > GET /a > paging: `key` is required"),
            ("actions: {GET /a: {paging: {key: a, mode: x}}}", "`mode` is `cursor`, `offset` or `page`"),
            ("scopes: {oauth2: a}", "scopes > oauth2: a list of texts was expected"),
            ("[a]", "the file: a mapping was expected"),
        ] {
            let error = Overlay::read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
