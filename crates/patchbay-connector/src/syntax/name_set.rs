//! Names that a connector file may refer to.

use std::collections::HashSet;

use super::Reader;
use crate::{diagnostic::code, suggest::nearest};

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
        let near = if place.is_full() { None } else { nearest(name, self.list.iter().copied()) };
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        place.error_in_text(text, name, code::UNDEFINED, format!("unknown {what} `{name}`"), hint);
    }
}

impl<'a> FromIterator<&'a str> for NameSet<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(all: I) -> Self {
        let mut names = Self::default();
        all.into_iter().for_each(|name| names.add(name));
        names
    }
}
