//! `paginated_request`: requests all pages and returns their records as one list.
//!
//! The number of pages is limited by the connector's `maxPage` and by [`MAX_PAGES`], the total size by the limit of one
//! response, the duration by the deadline of the run. If pages remain, `next` is the cursor of the next one.

use patchbay_connector::{
    definition::{Cursor, NextKeyIn, PageMode, PaginatedRequest, Pagination, RequestSpec, SoapRequest},
    expr::{Bindings, Escape, Template},
};
use patchbay_egress::{FailureCause, InboundResponse};
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
        output::{OutputParts, StepOutput},
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
/// The error of a request. 502 `ProviderResponseTooLargeError` if all pages together exceed the limit of one response.
pub(super) async fn fetch_pages(
    run: &Run<'_>,
    page: &Pagination,
    cursor: Option<&Cursor>,
    parts: OutputParts,
    paged: PagedRequest<'_>,
) -> Result<StepOutput, Error> {
    let (mut records, mut bytes, mut output) = (Vec::new(), 0, StepOutput::default());
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
        let raw = step.raw.unwrap_or(Value::Null);
        let items = match step.data {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        // Records that an earlier call returned are skipped; records that do not fit remain for the next call.
        let (count, begin) = (items.len(), std::mem::take(&mut skipped).min(items.len()));
        let end = begin.saturating_add(size - records.len()).min(count);
        records.extend(items.into_iter().take(end).skip(begin));
        output.status = step.status;
        output.headers = step.headers;
        let next = next_page(page, at.as_ref(), &response, &raw, count);
        let has_more = match &next {
            // A provider that repeats a cursor would be called without end.
            Some(next) => Some(next) != at.as_ref() && has_more(run, page, &response, &raw)?,
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
    }
    output.data = Value::Array(records);
    Ok(output)
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
            NextKeyIn::Headers => next_in_headers(response, key),
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

/// Returns the token of the next page from a header; for `Link` (RFC 8288, section 3), the target with relation `next`.
fn next_in_headers(response: &InboundResponse, key: &str) -> Option<Value> {
    let mut texts = response.headers.get_all(key).iter().filter_map(|value| value.to_str().ok());
    let found = if key.eq_ignore_ascii_case("link") { texts.find_map(next_link) } else { texts.next() };
    found.map(|text| Value::String(text.to_owned()))
}

/// Returns the target of the link whose relations include `next`.
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let is_next = after[..end].split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|one| one.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target);
        }
        rest = &after[end..];
    }
    None
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
    condition.is_truthy(&Bindings { roots: &roots }).map_err(|error| run.expression_error(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_link_with_relation_next_is_found() {
        for (header, next) in [
            (
                "<https://x.example/a?page=2>; rel=\"next\", <https://x.example/a?page=9>; rel=\"last\"",
                Some("https://x.example/a?page=2"),
            ),
            (
                "<https://x.example/a?page=1>; rel=prev, <https://x.example/a,b?page=3>; title=\"t\"; REL=\"last Next\"",
                Some("https://x.example/a,b?page=3"),
            ),
            ("<https://x.example/a?page=1>; rel=\"prev\"", None),
            ("<https://x.example/next>; rel=\"nextish\"", None),
            ("<broken", None),
            ("", None),
        ] {
            assert_eq!(next_link(header), next, "{header}");
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
