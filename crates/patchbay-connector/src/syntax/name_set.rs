//! Names that a connector file may refer to.

use std::collections::HashSet;

use super::Reader;
use crate::{diagnostic::code, suggest::nearest};

/// The most names that a hint lists.
const MAX_LISTED_NAMES: usize = 12;

/// Names that a file may refer to, in the file's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameSet<'a> {
    list: Vec<&'a str>,
    set: HashSet<&'a str>,
}

impl<'a> NameSet<'a> {
    /// Adds a name.
    pub(crate) fn add(&mut self, name: &'a str) {
        if self.set.insert(name) {
            self.list.push(name);
        }
    }

    /// Returns true if it has this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    /// Reports `name`, which is not among these names, in the text within `place` that contains it.
    pub(crate) fn report_undefined(&self, place: &Reader<'_>, what: &str, name: &str, text: &str) {
        let hint = self.hint(place, what, name);
        place.error_in_text(text, name, code::UNDEFINED, format!("unknown {what} `{name}`"), hint);
    }

    /// Returns the most similar name, or else the names and where a name is declared.
    pub(crate) fn hint(&self, place: &Reader<'_>, what: &str, name: &str) -> Option<String> {
        if place.is_full() {
            return None;
        }
        if let Some(near) = nearest(name, self.list.iter().copied()) {
            return Some(format!("did you mean `{near}`?"));
        }
        let declare = match what {
            "input" => "declare it under `inputs`",
            "scope" => "declare it under `scopeDefinitions`",
            "credential field" => "declare it under `configFields` or `setupFields`",
            "earlier step" => "a step can only read the steps before it",
            "action" => "add it under `actions`",
            _ => "use one of the known names",
        };
        if self.list.is_empty() || self.list.len() > MAX_LISTED_NAMES {
            return Some(declare.to_owned());
        }
        Some(format!("{declare}; the known names are: {}", self.list.join(", ")))
    }
}

impl<'a> FromIterator<&'a str> for NameSet<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(all: I) -> Self {
        let mut names = Self::default();
        all.into_iter().for_each(|name| names.add(name));
        names
    }
}
