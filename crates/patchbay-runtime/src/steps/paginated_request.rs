//! `paginated_request`: page after page until the provider has no more; all records as one list.
//!
//! Bounded by the file's `maxPage`, by a ceiling of our own, by the bytes of one answer in sum, and by
//! the call's time. Where it stops early, `next` says where to go on.

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

/// The most pages fetched in one call, whatever the file says.
const MAX_PAGES: u64 = 1000;

pub(super) async fn run(run: &Run<'_>, paginated: &PaginatedRequest, parts: OutputParts) -> Result<StepOutput, Error> {
    let PaginatedRequest { request, page, cursor } = paginated;
    fetch_pages(run, page, cursor.as_ref(), parts, PagedRequest::Http(request)).await
}

/// What is asked for page after page.
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

    fn interpret(self, run: &Run<'_>, incoming: &InboundResponse, parts: OutputParts) -> Result<StepOutput, Error> {
        match self {
            Self::Http(request) => run.interpret(request, incoming, parts),
            Self::Soap(soap) => run.interpret_soap(soap, incoming, parts),
        }
    }
}

/// Page after page.
pub(super) async fn fetch_pages(
    run: &Run<'_>,
    page: &Pagination,
    cursor: Option<&Cursor>,
    parts: OutputParts,
    paged: PagedRequest<'_>,
) -> Result<StepOutput, Error> {
    let (mut records, mut bytes, mut answer) = (Vec::new(), 0, StepOutput::default());
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
        let incoming = paged.fetch(run, argument.as_ref()).await?;
        bytes += incoming.body.len();
        let limit = run.ctx.config.max_response_bytes;
        if bytes > limit {
            let cause = FailureCause::ResponseTooLarge(limit);
            return Err(cause_error(cause, &run.ctx.connector.title, &incoming.url));
        }
        let one = paged.interpret(run, &incoming, OutputParts { raw: true, headers: parts.headers })?;
        let raw = one.raw.unwrap_or(Value::Null);
        let items = match one.data {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        // What was given before is left out, what does not fit comes next time.
        let (count, begin) = (items.len(), std::mem::take(&mut skipped).min(items.len()));
        let end = begin.saturating_add(size - records.len()).min(count);
        records.extend(items.into_iter().take(end).skip(begin));
        answer.status = one.status;
        answer.headers = one.headers;
        let next = next_page(page, at.as_ref(), &incoming, &raw, count);
        let has_more = match &next {
            // A provider that names the same place again would be asked for ever.
            Some(next) => Some(next) != at.as_ref() && has_more(run, page, &incoming, &raw)?,
            None => false,
        };
        answer.raw = parts.raw.then_some(raw);
        if end < count {
            answer.next = next_is(at, end);
            break;
        }
        let Some(next) = next.filter(|_| has_more) else { break };
        if fetched == max_pages || records.len() >= size {
            answer.next = next_is(Some(next), 0);
            break;
        }
        at = Some(next);
    }
    answer.data = Value::Array(records);
    Ok(answer)
}

/// Where the caller begins: a page, and how many of its records come before.
fn start_position(run: &Run<'_>, page: &Pagination, cursor: Option<&Cursor>) -> Result<(Option<Value>, usize), Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let text_of = |template: Option<&Template>| {
        let found = template.map(|template| template.eval_text(&bindings, Escape::None)).transpose();
        let found = found.map_err(|error| run.expression_error(&error))?;
        Ok::<_, Error>(found.flatten().filter(|text| !text.is_empty()))
    };
    let position = text_of(cursor.and_then(|cursor| cursor.position.as_ref()))?;
    let position = position.and_then(|text| text.parse().ok()).unwrap_or(0);
    let token = text_of(cursor.and_then(|cursor| cursor.token.as_ref()))?.map(|text| match (page.mode, text.parse()) {
        (PageMode::Offset | PageMode::Page, Ok(number)) => Value::Number(number),
        _ => Value::String(text),
    });
    Ok((token.or_else(|| first_page(page)), position))
}

/// The first page of all.
fn first_page(page: &Pagination) -> Option<Value> {
    match page.mode {
        PageMode::Cursor => None,
        PageMode::Offset => Some(Value::from(0)),
        PageMode::Page => Some(Value::from(page.start)),
    }
}

/// Where the next page is; none at the end.
fn next_page(
    page: &Pagination,
    at: Option<&Value>,
    incoming: &InboundResponse,
    raw: &Value,
    count: usize,
) -> Option<Value> {
    let named = page.next_key.as_ref().map(|key| {
        let found = match page.next_key_in {
            NextKeyIn::Headers => next_in_headers(incoming, key),
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
        // With a named key it decides whether there is more; without one an empty page is the last.
        (_, Some(None)) => None,
        (_, None) if count == 0 => None,
        (PageMode::Offset, _) => Some(Value::from(here.saturating_add(i64::try_from(count).unwrap_or(0)))),
        (PageMode::Page, _) => Some(Value::from(here.saturating_add(1))),
    }
}

/// The next place in a header. `Link` (RFC 8288) names it by its relation `next`.
fn next_in_headers(incoming: &InboundResponse, key: &str) -> Option<Value> {
    let mut texts = incoming.headers.get_all(key).iter().filter_map(|value| value.to_str().ok());
    let found = if key.eq_ignore_ascii_case("link") { texts.find_map(next_link) } else { texts.next() };
    found.map(|text| Value::String(text.to_owned()))
}

/// The target of the link whose relations hold `next`.
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

/// Some providers name the whole URL of the next page. What it says of the paging parameter counts; the
/// request is ours, so that nobody's answer chooses where credentials go.
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

fn has_more(run: &Run<'_>, page: &Pagination, incoming: &InboundResponse, body: &Value) -> Result<bool, Error> {
    let Some(condition) = &page.condition else { return Ok(true) };
    let response = Value::Object(Map::from_iter([
        ("statusCode".to_owned(), Value::from(incoming.status.as_u16())),
        ("headers".to_owned(), headers_value(&incoming.headers)),
        ("data".to_owned(), body.clone()),
    ]));
    let own = run.roots();
    let mut roots = own.to_vec();
    roots.push(("response", &response));
    condition.is_truthy(&Bindings { roots: &roots }).map_err(|error| run.expression_error(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
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
    fn a_url_gives_its_paging_parameter_and_nothing_else() {
        let within = |value: Value| page_in_url(value, "after");
        assert_eq!(within(json!("https://x.example/a?limit=2&after=b%20c#d")), json!("b c"));
        assert_eq!(within(json!("/a?after=7")), json!("7"));
        assert_eq!(within(json!("opaque?after=7")), json!("opaque?after=7"));
        assert_eq!(within(json!("https://x.example/a")), json!("https://x.example/a"));
        assert_eq!(within(json!(3)), json!(3));
    }
}
