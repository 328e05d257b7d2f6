//! `enums`: values that several inputs take, listed once and named by `oneOf: {ref: NAME}`.
//!
//! The format names such enums and says nowhere where they stand; here it is the root of the main file.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    diagnostic::code,
    suggest::nearest,
    syntax::{Mapping, Reader},
};

/// The most values that all references together stand for, as many as a file may have.
const MAX_VALUES: usize = 200_000;

/// The enums of a connector.
#[derive(Default)]
pub(super) struct Enums<'n> {
    by_name: HashMap<&'n str, (Vec<Value>, Reader<'n>)>,
    /// In the file's order.
    names: Vec<&'n str>,
    used: RefCell<HashSet<String>>,
    /// How many values references may still stand for.
    left: Cell<usize>,
}

impl<'n> Enums<'n> {
    pub(super) fn read(root: &Mapping<'n>) -> Self {
        let mut enums = Self { left: Cell::new(MAX_VALUES), ..Self::default() };
        let Some(place) = root.get("enums") else { return enums };
        for (name, list) in place.entries("`enums`") {
            let values = list.items().map(|value| value.node.to_json()).collect::<Vec<_>>();
            if values.is_empty() {
                list.error(code::INVALID, format!("the enum `{name}` has no values"));
            }
            if enums.by_name.insert(name, (values, list)).is_none() {
                enums.names.push(name);
            }
        }
        enums
    }

    /// The values that a reference stands for; none (reported) when there is no such enum.
    pub(super) fn values(&self, reference: &Reader<'_>) -> Option<Vec<Value>> {
        let name = reference.text()?;
        let Some((values, _)) = self.by_name.get(name.as_str()) else {
            let message = format!("there is no enum `{name}` under `enums` of the main file");
            match nearest(&name, self.names.iter().copied()).filter(|_| !reference.is_full()) {
                Some(near) => {
                    reference.error_with_hint(code::UNDEFINED, message, format!("did you mean `{near}`?"));
                }
                None => reference.error(code::UNDEFINED, message),
            }
            return None;
        };
        self.used.borrow_mut().insert(name);
        let Some(left) = self.left.get().checked_sub(values.len()) else {
            reference.error(code::INVALID, format!("enums stand for more than {MAX_VALUES} values in all"));
            return None;
        };
        self.left.set(left);
        Some(values.clone())
    }

    /// Warns of those that nothing names.
    pub(super) fn warn_unused(&self) {
        for name in self.names.iter().filter(|name| !self.used.borrow().contains(**name)) {
            if let Some((_, place)) = self.by_name.get(name) {
                place.warning(code::UNUSED, format!("no input names the enum `{name}`"));
            }
        }
    }
}
