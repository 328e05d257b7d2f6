//! Guessing how a list is paged, from the names of parameters and of members of the answer.
//!
//! A guess is written with `maxPage: 1`: a call gives one page and says in `next` where to go on, which the
//! paging input takes. So a wrong guess does no harm beyond a `next` that leads nowhere.

use serde_json::Value;

use super::{
    model::{ApiOperation, ApiParameter, ParameterLocation},
    refs::ApiDocument,
    schema::merge,
};
use crate::yaml::Map;

/// Parameters that carry a cursor.
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
/// Parameters that carry a page's number.
const PAGES: [&str; 8] =
    ["page", "pageNumber", "page_number", "pageNo", "page_no", "page[number]", "pagenumber", "pageIndex"];
/// Parameters that carry how many records are skipped.
const OFFSETS: [&str; 7] = ["offset", "skip", "startAt", "start_at", "page[offset]", "$skip", "start"];
/// Members that say where the next page begins.
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
/// Members that hold such members.
const HOLDERS: [&str; 9] =
    ["meta", "paging", "pagination", "response_metadata", "metadata", "page_info", "pageInfo", "links", "_links"];
/// Members that say whether there is more.
const MORE: [&str; 6] = ["has_more", "hasMore", "has_next", "hasNext", "hasNextPage", "has_next_page"];
/// Members that hold the records, the likeliest first.
const RECORDS: [&str; 9] = ["data", "items", "results", "records", "values", "entries", "list", "value", "objects"];
/// Lists that are not the records.
const ASIDE: [&str; 8] =
    ["errors", "warnings", "links", "included", "facets", "messages_errors", "unreachable", "fieldErrors"];

/// What was found out about an answer.
#[derive(Debug, Default)]
pub(super) struct ListShape {
    /// Whether it is a list, or holds one.
    pub(super) is_list: bool,
    /// The member that holds the records; none where the answer is the list.
    pub(super) data_key: Option<String>,
    /// Names of members, with dots.
    next: Option<String>,
    more: Option<String>,
}

/// A guess.
#[derive(Debug)]
pub(super) struct DetectedPagination {
    /// The parameter that asks for a page.
    pub(super) key: String,
    mode: &'static str,
    start: Option<u64>,
    next_key: Option<(String, bool)>,
    data_key: Option<String>,
}

/// Looks at the answer of an operation.
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
    let arrays = merged.properties.iter().filter(|(name, schema)| is_array(schema) && !ASIDE.contains(name));
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
    for holder in HOLDERS {
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
    // One thing may hold a list too. It is a list where the names say so, or where there is more to come.
    let goes_on = next.is_some() || more.is_some();
    let ends_open = operation.path.trim_end_matches('/').ends_with('}');
    let data_key = match named {
        Some(named) if !ends_open || goes_on => Some(named),
        _ => only.filter(|_| goes_on || (!ends_open && looks_paged(operation))),
    };
    ListShape { is_list: data_key.is_some(), data_key: data_key.map(str::to_owned), next, more }
}

/// Whether a member can name a place: a text or a number.
fn carries(document: ApiDocument<'_>, schema: &Value) -> bool {
    let merged = merge(document, schema);
    merged.properties.is_empty()
        && merged.items.is_none()
        && merged.types.iter().all(|name| ["string", "integer", "number"].contains(name))
}

/// The guess, when there is something to go by.
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

/// The result of a list that goes on after the last record's id, which is nowhere in the answer by itself.
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

/// Whether a parameter looks like paging of whatever kind.
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
    /// The guess in words.
    pub(super) fn told(&self) -> String {
        let next = match &self.next_key {
            Some((_, true)) => "the `Link` header".to_owned(),
            Some((key, false)) => format!("`{key}`"),
            None => "no page without records".to_owned(),
        };
        format!("`{}` by {}, next by {next}", self.key, self.mode)
    }

    /// The keys of the step's parameters.
    pub(super) fn write(&self, parameters: &mut Map, input: &str) {
        let mut response = Map::flow().with_some("dataKey", self.data_key.clone());
        if let Some((key, in_headers)) = &self.next_key {
            response.set("nextKey", key.as_str());
            if *in_headers {
                response.set("nextKeyIn", "headers");
            }
        }
        parameters.comment("Guessed from names. One page a call: raise `maxPage` to fetch more at once.");
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
