//! Reads `enums`: values that several inputs share, listed once and referred to with `oneOf: {ref: NAME}`.
//!
//! The StackOne format refers to such enums but does not say where they are; here the main file's root has them.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    diagnostic::code,
    suggest::nearest,
    syntax::{Mapping, Reader},
};

/// The maximum number of values of all references together: as many as a file may have.
const MAX_VALUES: usize = 200_000;

/// The enums of a connector.
#[derive(Default)]
pub(super) struct Enums<'n> {
    by_name: HashMap<&'n str, (Vec<Value>, Reader<'n>)>,
    /// The names, in the file's order.
    names: Vec<&'n str>,
    used: RefCell<HashSet<String>>,
    /// The number of values that further references may add.
    remaining: Cell<usize>,
}

impl<'n> Enums<'n> {
    pub(super) fn read(root: &Mapping<'n>) -> Self {
        let mut enums = Self { remaining: Cell::new(MAX_VALUES), ..Self::default() };
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

    /// Returns the values of the enum that `reference` names; reports an unknown enum and returns `None`.
    pub(super) fn values(&self, reference: &Reader<'_>) -> Option<Vec<Value>> {
        let name = reference.text()?;
        let Some((values, _)) = self.by_name.get(name.as_str()) else {
            let message = format!("unknown enum `{name}`; define it under `enums` of the main file");
            match nearest(&name, self.names.iter().copied()).filter(|_| !reference.is_full()) {
                Some(near) => {
                    reference.error_with_hint(code::UNDEFINED, message, format!("did you mean `{near}`?"));
                }
                None => reference.error(code::UNDEFINED, message),
            }
            return None;
        };
        self.used.borrow_mut().insert(name);
        let Some(remaining) = self.remaining.get().checked_sub(values.len()) else {
            reference
                .error(code::INVALID, format!("the references to enums have more than {MAX_VALUES} values in total"));
            return None;
        };
        self.remaining.set(remaining);
        Some(values.clone())
    }

    /// Warns about enums that no input refers to.
    pub(super) fn warn_unused(&self) {
        for name in self.names.iter().filter(|name| !self.used.borrow().contains(**name)) {
            if let Some((_, place)) = self.by_name.get(name) {
                place.warning(code::UNUSED, format!("no input refers to the enum `{name}`"));
            }
        }
    }
}
