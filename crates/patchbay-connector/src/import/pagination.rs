//! Detects how a list is paged, from the names of parameters and of response members.
//!
//! A detected pagination is written with `maxPage: 1`: a call returns one page with its cursor in `next`, which the
//! pagination input takes. So a wrong detection only results in a wrong `next`.

use serde_json::Value;

use super::{
    model::{ApiMethod, ApiOperation, ApiParameter, BodyMedia, ParameterLocation},
    refs::ApiDocument,
    schema::{MergedSchema, merge},
};
use crate::yaml::Map;

/// Parameters with a cursor, the most likely one first. Names are compared by [`plain`].
const CURSORS: [&str; 24] = [
    "pagetoken",
    "cursor",
    "nextcursor",
    "nexttoken",
    "nextpagetoken",
    "page[cursor]",
    "page[after]",
    "page[token]",
    "startingafter",
    "after",
    "continue",
    "startcursor",
    "continuationtoken",
    "continuation",
    "pagecursor",
    "aftercursor",
    "pagekey",
    "nextpage",
    "marker",
    "nextmarker",
    "$skiptoken",
    "skiptoken",
    "bookmark",
    "starttoken",
];
/// Parameters with a page number.
const PAGES: [&str; 7] = ["page", "pagenumber", "pageno", "pagenum", "page[number]", "pageindex", "currentpage"];
/// Parameters with a number of records to skip.
const OFFSETS: [&str; 9] =
    ["offset", "skip", "startat", "startindex", "page[offset]", "$skip", "start", "startposition", "pageoffset"];
/// Members with the next cursor, or with the address of the next page.
const NEXT: [&str; 31] = [
    "nextpagetoken",
    "nextcursor",
    "nexttoken",
    "nextmarker",
    "nextoffset",
    "nextafter",
    "continuationtoken",
    "nextpagecursor",
    "nextpagekey",
    "nextstartingafter",
    "aftercursor",
    "endcursor",
    "next",
    "cursor",
    "@odata.nextlink",
    "odata.nextlink",
    "nextlink",
    "nextpageuri",
    "nextpageurl",
    "nextpagelink",
    "nextpage",
    "nexturi",
    "nexturl",
    "nexthref",
    "nextrecordsurl",
    "nextlinkurl",
    "continue",
    "after",
    "startingafter",
    "marker",
    "pagetoken",
];
/// Members that such a member has if it is an object.
const WITHIN_NEXT: [&str; 13] = [
    "startingafter",
    "after",
    "cursor",
    "offset",
    "token",
    "pagetoken",
    "href",
    "uri",
    "url",
    "link",
    "page",
    "start",
    "path",
];
/// Members that contain such members.
const CONTAINERS: [&str; 25] = [
    "meta",
    "paging",
    "pagination",
    "responsemetadata",
    "metadata",
    "pageinfo",
    "links",
    "pages",
    "page",
    "cursors",
    "additionaldata",
    "resultinfo",
    "pagecontext",
    "pagemetadata",
    "paginationmetadata",
    "paginationinfo",
    "listmeta",
    "listmetadata",
    "info",
    "collection",
    "result",
    "data",
    "nextpage",
    "pagingmetadata",
    "searchmetadata",
];
/// The depth at which members of containers are found.
const MAX_CONTAINERS: usize = 3;
/// Members with a flag for further pages.
const MORE: [&str; 9] = [
    "hasmore",
    "hasnext",
    "hasnextpage",
    "more",
    "moreitemsincollection",
    "hasmoreitems",
    "morerecords",
    "moredataavailable",
    "hasmoredata",
];
/// Members with the records, the most likely one first.
const RECORDS: [&str; 9] = ["data", "items", "results", "records", "values", "entries", "list", "value", "objects"];
/// Members that contain the records.
const HOLDERS: [&str; 6] = ["data", "result", "_embedded", "response", "results", "collection"];
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
    next: Option<NextMember>,
    /// The path of a member, with dots.
    more: Option<String>,
}

/// The member of a response that leads to the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NextMember {
    /// The path, with dots.
    path: String,
    /// Whether the value is the address of the next page, which holds its parameter.
    is_address: bool,
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
    /// Whether the parameter is a member of the body.
    pub(super) is_in_body: bool,
    /// Whether a person decided on it.
    pub(super) is_chosen: bool,
}

/// Returns a name without case and separators: `Page_Token` is `pagetoken`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    let name = plain(name);
    names.iter().any(|known| *known == name)
}

/// Returns the shape of an operation's response.
pub(super) fn listing(document: ApiDocument<'_>, operation: &ApiOperation<'_>) -> ListShape {
    let Some(schema) = operation.answer.schema else { return ListShape::default() };
    let merged = merge(document, schema);
    if is_list(&merged) {
        return ListShape { is_list: true, ..ListShape::default() };
    }
    let mut members = Members { document, next: None, more: None };
    members.find(&merged, "", 0);
    let (next, more) = (members.next.map(|(_, next)| next), members.more);
    let arrays_of = |merged: &MergedSchema<'_>| {
        let is_records = |name: &str, schema| !OTHER_LISTS.contains(&name) && is_list(&merge(document, schema));
        let arrays = merged.properties.iter().filter(|(name, schema)| is_records(name, schema));
        arrays.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };
    let mut arrays = arrays_of(&merged);
    let mut holder = "";
    if arrays.is_empty() {
        // The records may be one level deeper.
        for name in HOLDERS {
            let Some((_, schema)) = merged.properties.iter().find(|(known, _)| *known == name) else { continue };
            arrays = arrays_of(&merge(document, schema));
            if !arrays.is_empty() {
                holder = name;
                break;
            }
        }
    }
    let usual = RECORDS.iter().find(|name| arrays.iter().any(|array| array == *name)).map(|name| (*name).to_owned());
    let named_in_path = arrays.iter().find(|name| {
        let last = operation.path.rsplit('/').find(|segment| !segment.is_empty() && !segment.contains('{'));
        last.is_some_and(|last| plain(last.split('.').next().unwrap_or(last)) == plain(name))
    });
    let named = named_in_path.cloned().or(usual);
    let only = if let [only] = arrays.as_slice() { Some(only.clone()) } else { None };
    // A single record may contain a list, too. It is a list response if the names say so or if there are further pages.
    let goes_on = next.is_some() || more.is_some();
    let ends_open = operation.path.trim_end_matches('/').ends_with('}');
    let data_key = match named {
        Some(named) if !ends_open || goes_on => Some(named),
        _ => only.filter(|_| goes_on || (!ends_open && looks_paged(operation))),
    };
    let data_key = data_key.map(|name| if holder.is_empty() { name } else { format!("{holder}.{name}") });
    ListShape { is_list: data_key.is_some(), data_key, next, more }
}

/// Finds the members that lead to the next page.
struct Members<'d> {
    document: ApiDocument<'d>,
    /// The most likely member so far, with its rank.
    next: Option<((usize, usize), NextMember)>,
    more: Option<String>,
}

impl<'d> Members<'d> {
    fn find(&mut self, merged: &MergedSchema<'d>, within: &str, depth: usize) {
        let path = |name: &str| if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") };
        for (name, schema) in &merged.properties {
            if let Some(rank) = NEXT.iter().position(|known| *known == plain(name)) {
                let inner = merge(self.document, schema);
                if is_scalar(&inner) {
                    self.offer((rank, depth), path(name), is_address(name, within, &inner));
                } else if !is_list(&inner) {
                    for (deeper, schema) in &inner.properties {
                        let scalar = merge(self.document, schema);
                        if is_one_of(&WITHIN_NEXT, deeper) && is_scalar(&scalar) {
                            let address = is_address(deeper, within, &scalar);
                            self.offer((rank, depth + 1), format!("{}.{deeper}", path(name)), address);
                        }
                    }
                }
            }
            let is_flag = |schema: &Value| merge(self.document, schema).types == ["boolean"];
            if self.more.is_none() && is_one_of(&MORE, name) && is_flag(schema) {
                self.more = Some(path(name));
            }
        }
        if depth < MAX_CONTAINERS {
            for (name, schema) in merged.properties.iter().filter(|(name, _)| is_one_of(&CONTAINERS, name)) {
                let inner = merge(self.document, schema);
                if !is_list(&inner) {
                    self.find(&inner, &path(name), depth + 1);
                }
            }
        }
    }

    fn offer(&mut self, rank: (usize, usize), path: String, is_address: bool) {
        // Names in another container than the outermost one are less likely.
        if self.next.as_ref().is_none_or(|(known, _)| rank < *known) {
            self.next = Some((rank, NextMember { path, is_address }));
        }
    }
}

/// Returns true if a member is the address of a page: by its name, its format, or a container of links.
fn is_address(name: &str, within: &str, schema: &MergedSchema<'_>) -> bool {
    let (name, within) = (plain(name), within.rsplit('.').next().map(plain).unwrap_or_default());
    let ends = ["uri", "url", "link", "href", "path"].iter().any(|end| name.ends_with(end));
    let is_text = !schema.types.iter().any(|kind| ["integer", "number"].contains(kind));
    is_text && (ends || within == "links" || matches!(schema.format, Some("uri" | "url" | "uri-reference")))
}

fn is_list(merged: &MergedSchema<'_>) -> bool {
    merged.types == ["array"] || merged.items.is_some()
}

/// Returns true if a member can be a cursor: a string or a number.
fn is_scalar(merged: &MergedSchema<'_>) -> bool {
    merged.properties.is_empty()
        && merged.items.is_none()
        && merged.types.iter().all(|name| ["string", "integer", "number"].contains(name))
}

/// Returns the pagination, if there is any evidence.
pub(super) fn guess(
    document: ApiDocument<'_>,
    operation: &ApiOperation<'_>,
    listing: &ListShape,
) -> Option<DetectedPagination> {
    let queries = || operation.params.iter().filter(|param| param.location == ParameterLocation::Query);
    let named = |names: &[&str]| names.iter().find_map(|name| queries().find(|param| plain(&param.name) == *name));
    let data_key = listing.data_key.clone();
    let paging = |key: &str, mode, next_key| DetectedPagination {
        key: key.to_owned(),
        mode,
        start: None,
        next_key,
        data_key: data_key.clone(),
        is_in_body: false,
        is_chosen: false,
    };
    let is_usable = |path: &str| !path.is_empty() && path.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let next = listing.next.clone().filter(|next| is_usable(&next.path));
    let more = listing.more.clone().filter(|path| is_usable(path)).map(|path| (path, false));
    if !listing.is_list || !listing.data_key.as_deref().is_none_or(is_usable) {
        return None;
    }
    let is_text = |param: &ApiParameter<'_>| {
        let merged = merge(document, param.schema);
        merged.types.contains(&"string") && !merged.types.iter().any(|kind| ["integer", "number"].contains(kind))
    };
    let is_object = |param: &ApiParameter<'_>| {
        let merged = merge(document, param.schema);
        merged.types == ["object"] || !merged.properties.is_empty()
    };
    let scalar = |names: &[&str]| named(names).filter(|param| !is_object(param));
    if operation.method != ApiMethod::Get {
        // Only a cursor is certain to be a position: other members may have other meanings.
        let body =
            operation.body.as_ref().filter(|body| matches!(body.media, BodyMedia::Json | BodyMedia::OtherJson(_)))?;
        let members = merge(document, body.schema?);
        let member = |cursor: &&str| {
            let found = members
                .properties
                .iter()
                .find(|(name, schema)| plain(name) == **cursor && is_scalar(&merge(document, schema)));
            found.map(|(name, _)| *name)
        };
        let (key, next) = (CURSORS.iter().find_map(member)?, next.filter(|next| !next.is_address)?);
        return Some(DetectedPagination { is_in_body: true, ..paging(key, "cursor", Some((next.path, false))) });
    }
    let (cursor, page, offset) = (scalar(&CURSORS), scalar(&PAGES), scalar(&OFFSETS));
    if let Some(next) = &next {
        let found = (next.path.clone(), false);
        if let Some(param) = cursor {
            return Some(paging(&param.name, "cursor", Some(found)));
        }
        // OData (version 4.01, section 11.2.6.7) keeps the position in a parameter that descriptions do not have.
        if plain(&next.path).ends_with("odata.nextlink") {
            return Some(paging("$skiptoken", "cursor", Some(found)));
        }
        // Texts are positions of the provider, not numbers to count. An address holds the value of its parameter.
        let is_position = |param: &&ApiParameter<'_>| {
            next.is_address
                || is_text(param)
                || is_one_of(&["nextoffset"], next.path.rsplit('.').next().unwrap_or_default())
        };
        if let Some(param) = page.or(offset).filter(is_position) {
            return Some(paging(&param.name, "cursor", Some(found)));
        }
    }
    if operation.answer.has_link
        && let Some(param) = cursor.or(page).or(offset)
    {
        return Some(paging(&param.name, "cursor", Some(("link".to_owned(), true))));
    }
    let next = next.filter(|next| !next.is_address).map(|next| (next.path, false));
    if let Some(param) = page {
        let from_zero =
            ["minimum", "default"].iter().any(|key| param.schema.get(key).and_then(Value::as_u64) == Some(0));
        return Some(DetectedPagination {
            start: from_zero.then_some(0),
            ..paging(&param.name, "page", more.or(next))
        });
    }
    offset.filter(|param| !is_text(param)).map(|param| paging(&param.name, "offset", more))
}

/// Returns true if an operation that is not a GET returns a list: its path ends with a verb that only reads.
pub(super) fn is_query(operation: &ApiOperation<'_>) -> bool {
    let ends = operation.path.trim_end_matches('/').rsplit(['/', '.', ':']).next().unwrap_or_default();
    let ends = super::text::words(ends);
    let reads = ["list", "search", "query", "find", "filter"];
    operation.method == ApiMethod::Post
        && [ends.first(), ends.last()].into_iter().flatten().any(|word| reads.contains(&word.as_str()))
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
    let names =
        ["limit", "perpage", "pagesize", "page[size]", "page[limit]", "maxresults", "count", "top", "$top", "before"];
    let all = || CURSORS.iter().chain(&PAGES).chain(&OFFSETS).chain(&names);
    let is_page = |param: &ApiParameter<'_>| all().any(|name| *name == plain(&param.name));
    operation.params.iter().any(|param| param.location == ParameterLocation::Query && is_page(param))
}

impl DetectedPagination {
    /// Returns the pagination on which a person decided.
    pub(super) fn chosen(
        key: &str,
        mode: &'static str,
        start: Option<u64>,
        next_key: Option<(String, bool)>,
        data_key: Option<String>,
    ) -> Self {
        Self { key: key.to_owned(), mode, start, next_key, data_key, is_in_body: false, is_chosen: true }
    }

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
        if !self.is_chosen {
            parameters.comment("Guessed from names. One page per call: increase `maxPage` to request more.");
        }
        if !response.is_empty() {
            parameters.set("response", response);
        }
        let iterator = Map::flow()
            .with("key", self.key.as_str())
            .with("in", if self.is_in_body { "body" } else { "query" })
            .with("mode", self.mode)
            .with_some("startPage", self.start)
            .with("maxPage", 1_u64);
        parameters.set("iterator", iterator);
        parameters.set("cursor", Map::flow().with("token", format!("$.inputs.{input}")));
    }
}
