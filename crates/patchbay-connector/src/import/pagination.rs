//! Detects how a list is paged, from the names of parameters and of response members.
//!
//! A detected pagination is written with `maxPage: 1`: a call returns one page with its cursor in `next`, which the
//! pagination input takes. So a wrong detection only results in a wrong `next`.

use serde_json::Value;

use super::{
    model::{ApiOperation, ApiParameter, ParameterLocation},
    refs::ApiDocument,
    schema::merge,
};
use crate::yaml::Map;

/// Parameters with a cursor.
const CURSORS: [&str; 19] = [
    "pageToken",
    "page_token",
    "cursor",
    "next_cursor",
    "nextCursor",
    "nextToken",
    "next_token",
    "after",
    "continue",
    "start_cursor",
    "continuation_token",
    "continuationToken",
    "page[cursor]",
    "page[after]",
    "page_cursor",
    "pageCursor",
    "after_cursor",
    "marker",
    "NextToken",
];
/// Parameters with a page number.
const PAGES: [&str; 8] =
    ["page", "pageNumber", "page_number", "pageNo", "page_no", "page[number]", "pagenumber", "pageIndex"];
/// Parameters with a number of records to skip.
const OFFSETS: [&str; 7] = ["offset", "skip", "startAt", "start_at", "page[offset]", "$skip", "start"];
/// Members with the next cursor.
const NEXT: [&str; 16] = [
    "nextPageToken",
    "next_page_token",
    "next_cursor",
    "nextCursor",
    "nextToken",
    "next_token",
    "NextToken",
    "next",
    "cursor",
    "next_page",
    "nextPage",
    "continue",
    "after",
    "continuation_token",
    "continuationToken",
    "nextPageCursor",
];
/// Members that contain such members.
const CONTAINERS: [&str; 9] =
    ["meta", "paging", "pagination", "response_metadata", "metadata", "page_info", "pageInfo", "links", "_links"];
/// Members with a flag for further pages.
const MORE: [&str; 6] = ["has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page"];
/// Members with the records, the most likely one first.
const RECORDS: [&str; 9] = ["data", "items", "results", "records", "values", "entries", "list", "value", "objects"];
/// Lists that do not contain the records.
const OTHER_LISTS: [&str; 8] =
    ["errors", "warnings", "links", "included", "facets", "messages_errors", "unreachable", "fieldErrors"];

/// The shape of a list response.
#[derive(Debug, Default)]
pub(super) struct ListShape {
    /// Whether the response is a list or contains one.
    pub(super) is_list: bool,
    /// The member with the records; `None` if the response is the list.
    pub(super) data_key: Option<String>,
    /// Paths of members, with dots.
    next: Option<String>,
    more: Option<String>,
}

/// A detected pagination.
#[derive(Debug)]
pub(super) struct DetectedPagination {
    /// The parameter that requests a page.
    pub(super) key: String,
    mode: &'static str,
    start: Option<u64>,
    next_key: Option<(String, bool)>,
    data_key: Option<String>,
}

/// Returns the shape of an operation's response.
pub(super) fn listing(document: ApiDocument<'_>, operation: &ApiOperation<'_>) -> ListShape {
    let Some(schema) = operation.answer.schema else { return ListShape::default() };
    let merged = merge(document, schema);
    if merged.types == ["array"] || merged.items.is_some() {
        return ListShape { is_list: true, ..ListShape::default() };
    }
    let is_array = |schema: &Value| {
        let merged = merge(document, schema);
        merged.types == ["array"] || merged.items.is_some()
    };
    let arrays = merged.properties.iter().filter(|(name, schema)| is_array(schema) && !OTHER_LISTS.contains(name));
    let arrays = arrays.map(|(name, _)| *name).collect::<Vec<_>>();
    let usual = RECORDS.iter().find(|name| arrays.contains(name)).copied();
    let named_in_path = arrays.iter().find(|name| {
        let last = operation.path.rsplit('/').find(|segment| !segment.is_empty() && !segment.contains('{'));
        last.is_some_and(|last| last.eq_ignore_ascii_case(name))
    });
    let named = named_in_path.copied().or(usual);
    let only = if let [only] = arrays[..] { Some(only) } else { None };
    let known = |name: &str| merged.properties.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema);
    let mut next = NEXT
        .iter()
        .find(|name| known(name).is_some_and(|schema| carries(document, schema)))
        .map(|name| (*name).to_owned());
    let mut more = MORE.iter().find(|name| known(name).is_some()).map(|name| (*name).to_owned());
    for holder in CONTAINERS {
        let Some(inner) = known(holder).map(|schema| merge(document, schema)) else { continue };
        for (name, schema) in &inner.properties {
            let path = format!("{holder}.{name}");
            if next.is_none() && NEXT.contains(name) {
                let nested = merge(document, schema);
                let deeper = nested
                    .properties
                    .iter()
                    .map(|(name, _)| *name)
                    .find(|name| ["after", "href", "cursor"].contains(name));
                next = match deeper {
                    Some(deeper) => Some(format!("{path}.{deeper}")),
                    None => carries(document, schema).then(|| path.clone()),
                };
            }
            if more.is_none() && MORE.contains(name) {
                more = Some(path);
            }
        }
    }
    // A single record may contain a list, too. It is a list response if the names say so or if there are further pages.
    let goes_on = next.is_some() || more.is_some();
    let ends_open = operation.path.trim_end_matches('/').ends_with('}');
    let data_key = match named {
        Some(named) if !ends_open || goes_on => Some(named),
        _ => only.filter(|_| goes_on || (!ends_open && looks_paged(operation))),
    };
    ListShape { is_list: data_key.is_some(), data_key: data_key.map(str::to_owned), next, more }
}

/// Returns true if a member can be a cursor: a string or a number.
fn carries(document: ApiDocument<'_>, schema: &Value) -> bool {
    let merged = merge(document, schema);
    merged.properties.is_empty()
        && merged.items.is_none()
        && merged.types.iter().all(|name| ["string", "integer", "number"].contains(name))
}

/// Returns the pagination, if there is any evidence.
pub(super) fn guess(operation: &ApiOperation<'_>, listing: &ListShape) -> Option<DetectedPagination> {
    let queries = || operation.params.iter().filter(|param| param.location == ParameterLocation::Query);
    let named = |names: &[&str]| names.iter().find_map(|name| queries().find(|param| param.name == *name));
    let data_key = listing.data_key.clone();
    let paging = |key: &str, mode, next_key| DetectedPagination {
        key: key.to_owned(),
        mode,
        start: None,
        next_key,
        data_key: data_key.clone(),
    };
    let is_usable = |name: &String| name.split('.').all(super::inputs::is_identifier);
    let next = listing.next.clone().filter(is_usable).map(|name| (name, false));
    let more = listing.more.clone().filter(is_usable).map(|name| (name, false));
    let data_is_usable = listing.data_key.as_ref().is_none_or(is_usable);
    if !listing.is_list || !data_is_usable {
        return None;
    }
    if let (Some(param), Some(next)) = (named(&CURSORS), next.clone()) {
        return Some(paging(&param.name, "cursor", Some(next)));
    }
    let page = named(&PAGES);
    if operation.answer.has_link
        && let Some(param) = page.or_else(|| named(&CURSORS))
    {
        return Some(paging(&param.name, "cursor", Some(("link".to_owned(), true))));
    }
    if let Some(param) = page {
        let from_zero =
            ["minimum", "default"].iter().any(|key| param.schema.get(key).and_then(Value::as_u64) == Some(0));
        return Some(DetectedPagination {
            start: from_zero.then_some(0),
            ..paging(&param.name, "page", more.or(next))
        });
    }
    named(&OFFSETS).map(|param| paging(&param.name, "offset", more))
}

/// Returns the result of a list whose next page begins after the last record's id.
pub(super) fn by_last_record(operation: &ApiOperation<'_>, listing: &ListShape) -> Option<Map> {
    let goes_by_id =
        |param: &ApiParameter<'_>| param.location == ParameterLocation::Query && param.name == "starting_after";
    let (records, more) = (listing.data_key.as_deref()?, listing.more.as_deref()?);
    let usable = [records, more].iter().all(|name| name.split('.').all(super::inputs::is_identifier));
    if !usable || !operation.params.iter().any(goes_by_id) {
        return None;
    }
    let answer = "steps.call.output.data";
    let mut result = Map::new().with("data", format!("$.{answer}.{records}"));
    result.comment("Guessed from names.");
    Some(result.with("next", format!("{{{{{answer}.{more} ? last({answer}.{records}).id : null}}}}")))
}

/// Returns true if the operation has a parameter for any kind of pagination.
pub(super) fn looks_paged(operation: &ApiOperation<'_>) -> bool {
    let names = [
        "limit",
        "per_page",
        "perPage",
        "page_size",
        "pageSize",
        "starting_after",
        "maxResults",
        "count",
        "top",
        "$top",
    ];
    let all = || CURSORS.iter().chain(&PAGES).chain(&OFFSETS).chain(&names);
    operation
        .params
        .iter()
        .any(|param| param.location == ParameterLocation::Query && all().any(|name| *name == param.name))
}

impl DetectedPagination {
    /// Returns the pagination as text for a note.
    pub(super) fn summary(&self) -> String {
        let next = match &self.next_key {
            Some((_, true)) => "the `Link` header".to_owned(),
            Some((key, false)) => format!("`{key}`"),
            None => "until a page has no records".to_owned(),
        };
        format!("`{}` with mode {}, next: {next}", self.key, self.mode)
    }

    /// Adds the keys of the step's parameters.
    pub(super) fn write(&self, parameters: &mut Map, input: &str) {
        let mut response = Map::flow().with_some("dataKey", self.data_key.clone());
        if let Some((key, in_headers)) = &self.next_key {
            response.set("nextKey", key.as_str());
            if *in_headers {
                response.set("nextKeyIn", "headers");
            }
        }
        parameters.comment("Guessed from names. One page per call: increase `maxPage` to request more.");
        if !response.is_empty() {
            parameters.set("response", response);
        }
        let iterator = Map::flow()
            .with("key", self.key.as_str())
            .with("in", "query")
            .with("mode", self.mode)
            .with_some("startPage", self.start)
            .with("maxPage", 1_u64);
        parameters.set("iterator", iterator);
        parameters.set("cursor", Map::flow().with("token", format!("$.inputs.{input}")));
    }
}
