//! What a person has to look at after an import.

use std::cell::{Cell, RefCell};

use crate::load::input::MAX_PATTERNS;

/// The most notes that are kept; a hostile description has one in every line.
const MAX_NOTES: usize = 20_000;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// How accounts prove who they are.
    Authentication,
    /// Where the provider is.
    BaseUrl,
    /// Which action proves an account.
    TestAction,
    /// Which scopes are needed.
    Scopes,
    /// Pagination that was guessed.
    PagingGuessed,
    /// A list whose pagination was not recognised.
    PagingUnknown,
    /// An operation that became no action.
    LeftOut,
    /// A parameter that was left out or changed.
    Parameter,
    /// A body that needs a look.
    Body,
    /// A shape that the format cannot say exactly.
    Shape,
    /// A shape that holds itself.
    Recursive,
    /// A shape that was cut off.
    TooLarge,
    /// A `$ref` that leads nowhere.
    Reference,
    /// A text that had to be made up.
    Description,
    /// What the provider gives up.
    Deprecated,
}

impl Topic {
    /// All of them, in the order in which a person should look.
    pub const ALL: [Self; 15] = [
        Self::Authentication,
        Self::BaseUrl,
        Self::TestAction,
        Self::Scopes,
        Self::PagingGuessed,
        Self::PagingUnknown,
        Self::LeftOut,
        Self::Parameter,
        Self::Body,
        Self::Shape,
        Self::Recursive,
        Self::TooLarge,
        Self::Reference,
        Self::Description,
        Self::Deprecated,
    ];

    /// What it is, for a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Authentication => "authentication to look at",
            Self::BaseUrl => "base URL to look at",
            Self::TestAction => "test action to choose",
            Self::Scopes => "scopes to look at",
            Self::PagingGuessed => "pagination guessed; try it",
            Self::PagingUnknown => "lists whose pagination was not recognised",
            Self::LeftOut => "operations left out",
            Self::Parameter => "parameters left out or changed",
            Self::Body => "bodies to look at",
            Self::Shape => "inputs that are checked less strictly than described",
            Self::Recursive => "inputs that hold themselves, left open where they repeat",
            Self::TooLarge => "large inputs, left open further inside",
            Self::Reference => "references that lead nowhere",
            Self::Description => "texts that are missing and were made up from names",
            Self::Deprecated => "operations that the provider gives up",
        }
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub topic: Topic,
    /// Where: an operation (`GET /files`), or a part of the description.
    pub place: String,
    /// What is to be done, in a sentence; may be empty.
    pub detail: String,
}

/// Where notes are collected.
#[derive(Debug, Default)]
pub(super) struct ReviewNotes {
    list: RefCell<Vec<Note>>,
    /// How many bytes the patterns take that were taken over.
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

    /// Whether a connector has room for one more pattern of this size, which is then counted.
    pub(super) fn has_room_for(&self, pattern: usize) -> bool {
        let all = self.patterns.get().saturating_add(pattern);
        let fits = all <= MAX_PATTERNS;
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
