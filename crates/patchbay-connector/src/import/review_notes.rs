//! Notes on what a person has to review after an import.

use std::cell::{Cell, RefCell};

use crate::pattern::MAX_PATTERN_BYTES;

/// The maximum number of notes; a hostile description has one in every line.
const MAX_NOTES: usize = 20_000;

/// The topic of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A name of the overlay that the description does not have.
    Overlay,
    /// Authentication.
    Authentication,
    /// The base URL.
    BaseUrl,
    /// The test action.
    TestAction,
    /// The required scopes.
    Scopes,
    /// A detected pagination.
    PaginationGuessed,
    /// A list whose pagination is unknown.
    PaginationUnknown,
    /// An operation without an action.
    LeftOut,
    /// A parameter that was omitted or changed.
    Parameter,
    /// A request body.
    Body,
    /// A shape that the format cannot express exactly.
    Shape,
    /// A recursive shape.
    Recursive,
    /// A shape that was cut.
    TooLarge,
    /// A key that a mapping has twice.
    RepeatedKey,
    /// An unresolved `$ref`.
    Reference,
    /// A generated description.
    Description,
    /// A deprecated operation.
    Deprecated,
}

impl Topic {
    /// All topics, in the order of review.
    pub const ALL: [Self; 17] = [
        Self::Overlay,
        Self::Authentication,
        Self::BaseUrl,
        Self::TestAction,
        Self::Scopes,
        Self::PaginationGuessed,
        Self::PaginationUnknown,
        Self::LeftOut,
        Self::Parameter,
        Self::Body,
        Self::Shape,
        Self::Recursive,
        Self::TooLarge,
        Self::RepeatedKey,
        Self::Reference,
        Self::Description,
        Self::Deprecated,
    ];

    /// Returns the heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overlay => "decisions of the overlay that do not fit the description",
            Self::Authentication => "authentication to review",
            Self::BaseUrl => "base URL to review",
            Self::TestAction => "test action to choose",
            Self::Scopes => "scopes to review",
            Self::PaginationGuessed => "pagination guessed; test it",
            Self::PaginationUnknown => "lists with unknown pagination",
            Self::LeftOut => "operations omitted",
            Self::Parameter => "parameters omitted or changed",
            Self::Body => "request bodies to review",
            Self::Shape => "inputs that are validated less strictly than described",
            Self::Recursive => "recursive inputs, not validated below the first level",
            Self::TooLarge => "large inputs, not validated at deeper levels",
            Self::RepeatedKey => "repeated keys, of which the last value is used",
            Self::Reference => "unresolved references",
            Self::Description => "missing descriptions, generated from names",
            Self::Deprecated => "deprecated operations",
        }
    }
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The topic.
    pub topic: Topic,
    /// The operation (`GET /files`), or a part of the description.
    pub place: String,
    /// What to do, one sentence; may be empty.
    pub detail: String,
}

/// Collects notes.
#[derive(Debug, Default)]
pub(super) struct ReviewNotes {
    list: RefCell<Vec<Note>>,
    /// The size of the patterns of the connector, in bytes.
    patterns: Cell<usize>,
}

impl ReviewNotes {
    pub(super) fn add(&self, topic: Topic, place: impl Into<String>, detail: impl Into<String>) {
        let note = Note { topic, place: place.into(), detail: detail.into() };
        let mut list = self.list.borrow_mut();
        if list.len() < MAX_NOTES && list.last() != Some(&note) {
            list.push(note);
        }
    }

    /// Returns true if the connector's patterns may grow by this size in bytes, and adds it.
    pub(super) fn reserve_pattern(&self, pattern: usize) -> bool {
        let all = self.patterns.get().saturating_add(pattern);
        let fits = all <= MAX_PATTERN_BYTES;
        if fits {
            self.patterns.set(all);
        }
        fits
    }

    pub(super) fn into_list(self) -> Vec<Note> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|note| note.topic);
        list
    }
}
