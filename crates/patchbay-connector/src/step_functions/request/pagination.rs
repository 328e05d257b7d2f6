//! How a step requests page after page: `iterator`, `cursor`, and `nextKey` of `response`.

use serde_json::Value;

use crate::{
    diagnostic::code,
    expr::Template,
    json_schema::{choice, object, whole},
    syntax::Mapping,
};

const ITERATOR_KEYS: [&str; 6] = ["key", "in", "condition", "mode", "startPage", "maxPage"];
const CURSOR_KEYS: [&str; 2] = ["token", "position"];
const MODES: [(&str, PageMode); 3] =
    [("cursor", PageMode::Cursor), ("offset", PageMode::Offset), ("page", PageMode::Page)];
const LOCATIONS: [(&str, PageLocation); 2] = [("query", PageLocation::Query), ("body", PageLocation::Body)];
const NEXT_KEY_LOCATIONS: [(&str, NextKeyIn); 2] = [("headers", NextKeyIn::Headers), ("data", NextKeyIn::Data)];

/// The maximum number of parts of a dotted key: each part is an object within the one before.
const MAX_KEY_PARTS: usize = 48;

/// How the next page is requested.
#[derive(Debug)]
pub struct Pagination {
    /// The parameter that carries the cursor, offset or page number.
    pub key: String,
    /// The part of the request that carries the parameter.
    pub location: PageLocation,
    /// The parameter's meaning.
    pub mode: PageMode,
    /// The number of the first page in page mode.
    pub start: i64,
    /// The maximum number of pages that one call requests.
    pub max_pages: Option<u64>,
    /// If present, a further page is requested only while this is true.
    pub condition: Option<Template>,
    /// Path of the next cursor in the response (dots allowed).
    pub next_key: Option<String>,
    /// Whether `next_key` names a header or a path in the body.
    pub next_key_in: NextKeyIn,
}

/// The meaning of the pagination parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageMode {
    /// The provider's opaque cursor.
    Cursor,
    /// The number of records to skip.
    Offset,
    /// The number of the page.
    Page,
}

/// The part of the request that carries the pagination parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageLocation {
    /// The query.
    Query,
    /// The body.
    Body,
}

/// The part of the response that contains the next cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextKeyIn {
    /// A header.
    Headers,
    /// The body.
    Data,
}

/// Where a caller resumes.
#[derive(Debug)]
pub struct Cursor {
    /// The provider's cursor.
    pub token: Option<Template>,
    /// The index within the page.
    pub position: Option<Template>,
}

/// Reads `cursor`.
pub(crate) fn read_cursor(mapping: &Mapping<'_>) -> Option<Cursor> {
    let cursor = mapping.get("cursor").and_then(|cursor| cursor.mapping("`cursor`", &CURSOR_KEYS))?;
    Some(Cursor { token: cursor.template("token"), position: cursor.template("position") })
}

/// Reads `iterator`, and `nextKey` of `response`.
pub(crate) fn read_pagination(mapping: &Mapping<'_>) -> Option<Pagination> {
    let iterator = mapping.require("iterator")?.mapping("`iterator`", &ITERATOR_KEYS)?;
    let response = mapping.get("response").and_then(|response| response.mapping_unchecked());
    if let Some(place) = iterator.get("key")
        && place.text().is_some_and(|key| key.split('.').count() > MAX_KEY_PARTS)
    {
        place.error(code::INVALID, format!("the key has more than {MAX_KEY_PARTS} parts"));
    }
    let start = iterator.get("startPage").and_then(|start| start.whole()).unwrap_or(1);
    Some(Pagination {
        key: iterator.require("key")?.text()?,
        location: iterator.get("in").and_then(|place| place.choice(&LOCATIONS)).unwrap_or(PageLocation::Query),
        mode: iterator.get("mode").and_then(|mode| mode.choice(&MODES)).unwrap_or(PageMode::Cursor),
        start: i64::try_from(start).unwrap_or(1),
        max_pages: iterator.get("maxPage").and_then(|pages| pages.whole()),
        condition: iterator.template("condition"),
        next_key: response.and_then(|response| response.text("nextKey")),
        next_key_in: response
            .and_then(|response| response.get("nextKeyIn"))
            .and_then(|place| place.choice(&NEXT_KEY_LOCATIONS))
            .unwrap_or(NextKeyIn::Data),
    })
}

impl Pagination {
    /// Adds every expression of the pagination and of its cursor.
    pub(crate) fn templates<'a>(&'a self, cursor: Option<&'a Cursor>, found: &mut Vec<&'a Template>) {
        found.extend(&self.condition);
        if let Some(cursor) = cursor {
            found.extend(cursor.token.iter().chain(&cursor.position));
        }
    }
}

/// The keys that a paginated request adds to those of its request.
pub(crate) const PAGING_KEYS: [&str; 2] = ["iterator", "cursor"];

/// Returns the schemas of [`PAGING_KEYS`].
pub(crate) fn paging_schemas() -> [(&'static str, Value); 2] {
    let iterator = object(
        &ITERATOR_KEYS,
        &["key"],
        &[("in", choice(&LOCATIONS)), ("mode", choice(&MODES)), ("startPage", whole()), ("maxPage", whole())],
    );
    [("iterator", iterator), ("cursor", object(&CURSOR_KEYS, &[], &[]))]
}
