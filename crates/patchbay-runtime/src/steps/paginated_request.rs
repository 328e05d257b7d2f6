//! `paginated_request`: requests all pages and returns their records as one list.
//!
//! The number of pages is limited by the connector's `maxPage` and by [`MAX_PAGES`], the total size and the memory of all
//! records by the limits of one response, the duration by the deadline of the run. If pages remain, `next` is the cursor of
//! the next one.
//!
//! Providers also fail to say where their list ends. It ends here at a cursor that was used before, and, where pages are
//! only numbered and no condition decides, at a page whose records are those of the page before.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher as _},
};

use patchbay_connector::{
    definition::{Cursor, NextKeyIn, PageMode, PaginatedRequest, Pagination, RequestSpec, SoapRequest},
    expr::{Bindings, Escape, Template},
    json_tree::{self, LargeTree},
};
use patchbay_egress::{FailureCause, InboundResponse, header_text, links};
use patchbay_model::Reservation;
use serde_json::{Map, Value};

use crate::{
    Error,
    context::Run,
    cursor::CursorPosition,
    egress_error::cause_error,
    json::{at_path, to_text},
    request::builder::PageArg,
    response::{
        headers::headers_value,
        output::{OutputParts, StepOutput, large_tree},
    },
};

/// The upper limit of a connector's `maxPage`.
const MAX_PAGES: u64 = 1000;

/// Requests all pages.
///
/// # Errors
///
/// The errors of [`fetch_pages`].
pub(super) async fn run(run: &Run<'_>, paginated: &PaginatedRequest, parts: OutputParts) -> Result<StepOutput, Error> {
    let PaginatedRequest { request, page, cursor } = paginated;
    fetch_pages(run, page, cursor.as_ref(), parts, PagedRequest::Http(request)).await
}

/// The request that fetches each page.
#[derive(Clone, Copy)]
pub(super) enum PagedRequest<'a> {
    Http(&'a RequestSpec),
    Soap(&'a SoapRequest),
}

impl PagedRequest<'_> {
    async fn fetch(self, run: &Run<'_>, page: Option<&PageArg<'_>>) -> Result<InboundResponse, Error> {
        match self {
            Self::Http(request) => run.exchange(request, page).await,
            Self::Soap(soap) => run.send(run.build_soap(soap, page)?).await,
        }
    }

    async fn interpret(
        self,
        run: &Run<'_>,
        response: &InboundResponse,
        parts: OutputParts,
    ) -> Result<StepOutput, Error> {
        match self {
            Self::Http(request) => run.interpret(request, response, parts).await,
            Self::Soap(soap) => run.interpret_soap(soap, response, parts).await,
        }
    }
}

/// Fetches pages until the last one, a limit, or the size that the caller requested.
///
/// # Errors
///
/// The error of a request. 502 `ProviderResponseTooLargeError` if all pages together exceed a limit of one response.
pub(super) async fn fetch_pages(
    run: &Run<'_>,
    page: &Pagination,
    cursor: Option<&Cursor>,
    parts: OutputParts,
    paged: PagedRequest<'_>,
) -> Result<StepOutput, Error> {
    let (mut records, mut bytes, mut output) = (Vec::new(), 0, StepOutput::default());
    let mut memory = Reservation::default();
    let paging = run.paging();
    let size = paging.and_then(|paging| paging.size).unwrap_or(usize::MAX);
    let (mut at, mut skipped) = match paging.and_then(|paging| paging.start.as_ref()) {
        Some(position) => (position.token.clone().or_else(|| first_page(page)), position.skipped),
        None => start_position(run, page, cursor)?,
    };
    let next_is = |token: Option<Value>, position: usize| match paging {
        Some(_) => Some(CursorPosition::new(token, position).to_value()),
        None => token.map(|token| Value::String(to_text(&token))),
    };
    let max_pages = page.max_pages.unwrap_or(MAX_PAGES).min(MAX_PAGES);
    let mut loops = LoopDetector::default();
    for fetched in 1..=max_pages {
        let argument = at.clone().map(|value| PageArg { key: &page.key, value, location: page.location });
        let response = paged.fetch(run, argument.as_ref()).await?;
        bytes += response.body.len();
        let limit = run.ctx.config.max_response_bytes;
        if bytes > limit {
            let cause = FailureCause::ResponseTooLarge(limit);
            return Err(cause_error(cause, &run.ctx.connector.title, &response.url));
        }
        let step = paged.interpret(run, &response, OutputParts { raw: true, headers: parts.headers }).await?;
        // The page's records and its body, of which only the records stay.
        let page_bytes = step.memory.bytes();
        memory.absorb(step.memory);
        let limit = json_tree::max_bytes(bytes);
        if memory.bytes() - page_bytes / 2 > limit {
            return Err(large_tree(&run.ctx.connector.title, &response, &LargeTree { limit }.to_string()));
        }
        let raw = step.raw.unwrap_or(Value::Null);
        let items = match step.data {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        // With a key or a condition, the provider says itself whether a page follows.
        let is_numbered = page.mode != PageMode::Cursor && page.next_key.is_none() && page.condition.is_none();
        output.status = step.status;
        output.headers = step.headers;
        if is_numbered && loops.is_page_repeated(&items) {
            output.raw = parts.raw.then_some(raw);
            break;
        }
        // Records that an earlier call returned are skipped; records that do not fit remain for the next call.
        let (count, begin) = (items.len(), std::mem::take(&mut skipped).min(items.len()));
        let end = begin.saturating_add(size - records.len()).min(count);
        records.extend(items.into_iter().take(end).skip(begin));
        loops.note_use(at.as_ref());
        let next = next_page(page, at.as_ref(), &response, &raw, count);
        let has_more = match &next {
            Some(next) => !loops.was_used(next) && has_more(run, page, &response, &raw)?,
            None => false,
        };
        output.raw = parts.raw.then_some(raw);
        if end < count {
            output.next = next_is(at, end);
            break;
        }
        let Some(next) = next.filter(|_| has_more) else { break };
        if fetched == max_pages || records.len() >= size {
            output.next = next_is(Some(next), 0);
            break;
        }
        at = Some(next);
        memory.shrink_to(memory.bytes() - page_bytes / 2);
    }
    output.data = Value::Array(records);
    output.memory = memory;
    Ok(output)
}

/// Detects that a provider's list goes round. It keeps hashes: at most one per page, and there are at most [`MAX_PAGES`].
#[derive(Default)]
struct LoopDetector {
    tokens: HashSet<u64>,
    page: Option<u64>,
}

impl LoopDetector {
    /// Notes the token of a page that was requested.
    fn note_use(&mut self, token: Option<&Value>) {
        self.tokens.extend(token.map(hash));
    }

    /// Returns true if a page with this token was requested.
    fn was_used(&self, token: &Value) -> bool {
        self.tokens.contains(&hash(token))
    }

    /// Returns true if these records are those of the page before. Only objects count: a page of equal numbers can be
    /// followed by an equal one.
    fn is_page_repeated(&mut self, items: &[Value]) -> bool {
        let page = items.iter().any(Value::is_object).then(|| hash(items));
        let before = std::mem::replace(&mut self.page, page);
        page.is_some() && page == before
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the position of the caller's cursor: the page, and the number of its records to skip.
fn start_position(run: &Run<'_>, page: &Pagination, cursor: Option<&Cursor>) -> Result<(Option<Value>, usize), Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let text_of = |template: Option<&Template>| {
        let text = template.map(|template| template.eval_text(&bindings, Escape::None)).transpose();
        let text = text.map_err(|error| run.expression_error(&error))?;
        Ok::<_, Error>(text.flatten().filter(|text| !text.is_empty()))
    };
    let position = text_of(cursor.and_then(|cursor| cursor.position.as_ref()))?;
    let position = position.and_then(|text| text.parse().ok()).unwrap_or(0);
    let token = text_of(cursor.and_then(|cursor| cursor.token.as_ref()))?.map(|text| match (page.mode, text.parse()) {
        (PageMode::Offset | PageMode::Page, Ok(number)) => Value::Number(number),
        _ => Value::String(text),
    });
    Ok((token.or_else(|| first_page(page)), position))
}

/// Returns the token of the first page; `None` if the first request has none.
fn first_page(page: &Pagination) -> Option<Value> {
    match page.mode {
        PageMode::Cursor => None,
        PageMode::Offset => Some(Value::from(0)),
        PageMode::Page => Some(Value::from(page.start)),
    }
}

/// Returns the token of the next page; `None` after the last one.
fn next_page(
    page: &Pagination,
    at: Option<&Value>,
    response: &InboundResponse,
    raw: &Value,
    count: usize,
) -> Option<Value> {
    let named = page.next_key.as_ref().map(|key| {
        let found = match page.next_key_in {
            NextKeyIn::Headers => next_in_headers(response, key, &page.key),
            NextKeyIn::Data => at_path(raw, key).cloned(),
        };
        found.map(|value| page_in_url(value, &page.key)).filter(|value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            _ => true,
        })
    });
    let here = at.and_then(Value::as_i64).unwrap_or(page.start);
    match (page.mode, named) {
        (PageMode::Cursor, named) => named.flatten(),
        // If a key is declared, it decides whether a page follows. Otherwise an empty page is the last.
        (_, Some(None)) => None,
        (_, None) if count == 0 => None,
        (PageMode::Offset, _) => Some(Value::from(here.saturating_add(i64::try_from(count).unwrap_or(0)))),
        (PageMode::Page, _) => Some(Value::from(here.saturating_add(1))),
    }
}

/// Returns the token of the next page from a header; for `Link` (RFC 8288, section 3), that of the target with relation
/// `next`. A relative target is resolved against the URL of the response (RFC 3986, section 5).
fn next_in_headers(response: &InboundResponse, name: &str, key: &str) -> Option<Value> {
    if !name.eq_ignore_ascii_case("link") {
        return response.headers.get(name).map(|value| Value::String(header_text(value).into_owned()));
    }
    let next = links(&response.headers).into_iter().find(|link| link.has_relation("next"))?.target;
    let url = response.url.join(&next).ok();
    let page = url.and_then(|url| url.query_pairs().find(|(name, _)| name == key).map(|(_, page)| page.into_owned()));
    Some(Value::String(page.unwrap_or(next)))
}

/// Extracts the paging parameter if a provider returns the whole URL of the next page. The request itself does not
/// change, so that a response never chooses which URL receives credentials.
fn page_in_url(value: Value, key: &str) -> Value {
    let Value::String(text) = &value else { return value };
    let query = text.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
    let is_url = text.starts_with("https://") || text.starts_with("http://") || text.starts_with(['/', '?']);
    let mut pairs = url::form_urlencoded::parse(query.filter(|_| is_url).unwrap_or_default().as_bytes());
    match pairs.find(|(name, _)| name == key) {
        Some((_, found)) => Value::String(found.into_owned()),
        None => value,
    }
}

/// Evaluates the condition that decides whether a page follows.
fn has_more(run: &Run<'_>, page: &Pagination, response: &InboundResponse, body: &Value) -> Result<bool, Error> {
    let Some(condition) = &page.condition else { return Ok(true) };
    let root = Value::Object(Map::from_iter([
        ("statusCode".to_owned(), Value::from(response.status.as_u16())),
        ("headers".to_owned(), headers_value(&response.headers)),
        ("data".to_owned(), body.clone()),
    ]));
    let run_roots = run.roots();
    let mut roots = run_roots.to_vec();
    roots.push(("response", &root));
    condition.is_truthy(&Bindings { roots: &roots }).map_err(|error| run.response_error(&error))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_of_the_next_link_is_found() {
        let next = |name: &'static str, text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(text.as_bytes()).unwrap());
            let url = "https://x.example/api/things?limit=2".parse().unwrap();
            let response = InboundResponse { status: StatusCode::OK, headers, body: Bytes::new(), url };
            next_in_headers(&response, name, "page")
        };
        for (text, page) in [
            ("<https://x.example/a?page=2>; rel=\"next\", <https://x.example/a?page=9>; rel=\"last\"", "2"),
            ("<things?page=a%20b>; rel=next", "a b"),
            ("<?limit=2&page=3>; title=\"<b>; rel=prev\"; rel=next", "3"),
            ("</api/things?page=4#top>; rel=\"prefetch next\"", "4"),
            ("<https://x.example/opaque>; rel=next", "https://x.example/opaque"),
            ("<c2FtcGxl>; rel=next", "c2FtcGxl"),
        ] {
            assert_eq!(next("link", text), Some(json!(page)), "{text}");
        }
        assert_eq!(next("link", "<a?page=2>; rel=prev; title=\"rel=next\""), None);
        assert_eq!(next("x-next", "M\u{fc}ller"), Some(json!("M\u{fc}ller")));
    }

    #[test]
    fn cursors_and_pages_that_go_round_are_detected() {
        let mut loops = LoopDetector::default();
        loops.note_use(None);
        loops.note_use(Some(&json!("a")));
        loops.note_use(Some(&json!({"after": 1})));
        assert!(loops.was_used(&json!("a")) && loops.was_used(&json!({"after": 1})));
        assert!(!loops.was_used(&json!("b")) && !loops.was_used(&json!({"after": 2})));
        for (items, is_repeated) in [
            (json!([{"id": 1}]), false),
            (json!([{"id": 2}]), false),
            (json!([{"id": 2}]), true),
            (json!([{"id": 1}]), false),
            (json!([0, 0]), false),
            (json!([0, 0]), false),
            (json!([]), false),
            (json!([]), false),
        ] {
            assert_eq!(loops.is_page_repeated(items.as_array().unwrap()), is_repeated, "{items}");
        }
    }

    #[test]
    fn only_the_paging_parameter_of_a_url_is_used() {
        let within = |value: Value| page_in_url(value, "after");
        assert_eq!(within(json!("https://x.example/a?limit=2&after=b%20c#d")), json!("b c"));
        assert_eq!(within(json!("/a?after=7")), json!("7"));
        assert_eq!(within(json!("opaque?after=7")), json!("opaque?after=7"));
        assert_eq!(within(json!("https://x.example/a")), json!("https://x.example/a"));
        assert_eq!(within(json!(3)), json!(3));
    }
}
