//! The index of a site: the words of its parts, and the names that they define.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
};

use patchbay_search::{Builder, Inverted, Lexicon, Weighting};

use super::{
    entry::{Entry, entries_of},
    query::normal_identifier,
    synonyms::SYNONYMS,
};
use crate::site::Site;

/// How much the length of a field counts; Lucene uses the same value.
const LENGTH: f32 = 0.75;
/// How slowly further occurrences of a word stop counting; a word in a title counts as several.
const SATURATION: f32 = 2.0;

/// The fields of an entry with what a word in it is worth, compared with the text.
#[derive(Clone, Copy)]
enum Field {
    Title,
    Heading,
    /// The title of the page that a part belongs to.
    PageTitle,
    Description,
    Text,
    Code,
}

const FIELDS: usize = 6;

impl Field {
    const ALL: [Self; FIELDS] =
        [Self::Title, Self::Heading, Self::PageTitle, Self::Description, Self::Text, Self::Code];

    fn weight(self) -> f32 {
        match self {
            Self::Title => 6.0,
            Self::Heading => 4.0,
            Self::PageTitle => 2.0,
            Self::Description => 3.0,
            Self::Text => 1.0,
            Self::Code => 0.5,
        }
    }

    fn text(self, entry: &Entry) -> &str {
        let is_page = entry.heading.is_none();
        match self {
            Self::Title if is_page => &entry.title,
            Self::Heading => entry.heading.as_deref().unwrap_or_default(),
            Self::PageTitle if !is_page => &entry.title,
            Self::Description => &entry.description,
            Self::Text => &entry.text,
            Self::Code => &entry.code,
            Self::Title | Self::PageTitle => "",
        }
    }
}

/// The index of a site. Its size is linear in that of the texts.
pub struct Index {
    /// Everything that can be found, without the code.
    pub(super) entries: Vec<Entry>,
    pub(super) words: Inverted,
    pub(super) synonyms: Lexicon,
    /// The places that define a name: an identifier by its normal spelling, a title or a term by its stems.
    definitions: HashMap<Box<str>, Vec<u32>>,
}

impl Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("words", &self.words).finish_non_exhaustive()
    }
}

impl Index {
    /// Builds the index of everything that a site's pages say, and of other places.
    pub fn of(site: &Site, others: impl IntoIterator<Item = Entry>) -> Self {
        Self::new(site.pages().iter().flat_map(|page| entries_of(page)).chain(others))
    }

    /// Builds an index.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut entries = entries.into_iter().collect::<Vec<_>>();
        let weighting =
            Weighting { fields: Field::ALL.map(Field::weight), length: LENGTH, saturation: SATURATION, rarity: 1.0 };
        let mut words = Builder::new(weighting);
        for entry in &entries {
            let names = entry.identifiers.iter().map(String::as_str);
            words.add(Field::ALL.map(|field| field.text(entry)), names, Field::Text as usize);
        }
        let words = words.build();
        let mut definitions: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for (id, entry) in (0..).zip(&mut entries) {
            let identifiers = entry.identifiers.iter().map(|identifier| normal_identifier(identifier));
            for name in identifiers.chain(names(entry, &words)) {
                let places = definitions.entry(name.into()).or_default();
                if places.last() != Some(&id) {
                    places.push(id);
                }
            }
            (entry.code, entry.terms) = (String::new(), Vec::new());
        }
        Self { entries, words, synonyms: Lexicon::of_pairs(SYNONYMS), definitions }
    }

    /// Returns the entries that define a name.
    pub(super) fn definitions(&self, name: &str) -> &[u32] {
        self.definitions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of places that can be found.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Returns what an entry is called: its title if it is a whole page, and the terms of its tables. A term of one word is also
/// a plain word, which other places may be about.
fn names(entry: &Entry, words: &Inverted) -> Vec<String> {
    let title = entry.heading.is_none().then(|| words.name(&entry.title));
    let terms = entry.terms.iter().map(|term| words.name(term)).filter(|name| name.matches(' ').count() > 1);
    title.into_iter().chain(terms).filter(|name| !name.is_empty()).collect()
}
