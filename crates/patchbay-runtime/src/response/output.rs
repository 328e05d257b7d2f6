//! Turns a provider's response into the output of a step.

use patchbay_connector::{
    definition::{RequestSpec, ResponseSpec},
    expr::{Bindings, Escape},
    json_tree::{self, JsonTreeError},
};
use patchbay_egress::{FailureCause, InboundResponse, display_url};
use patchbay_model::Reservation;
use serde_json::{Map, Value};
use tokio::time::timeout_at;

use super::{
    headers::{charset, content_type, headers_value, headers_with_cookies},
    provider_error,
};
use crate::{
    Error, ErrorCode, ProviderFailure,
    busy::memory_spent,
    context::Run,
    egress_error::cause_error,
    large_bodies,
    protocols::xml::{self, ElementNames, XmlReadError},
    run_memory::{ClaimError, LARGE_BODY_BYTES, RunMemory, claim_json},
};

/// The parts of a step's output that the action reads. Other parts are not copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputParts {
    /// True if the whole body is read.
    pub(crate) raw: bool,
    /// True if the headers are read.
    pub(crate) headers: bool,
}

/// The output of a step.
#[derive(Debug, Default)]
pub(crate) struct StepOutput {
    /// The data.
    pub(crate) data: Value,
    /// The whole body, if the action reads it.
    pub(crate) raw: Option<Value>,
    /// The status of the provider's response.
    pub(crate) status: Option<u16>,
    /// The headers of the provider's response, if the action reads them.
    pub(crate) headers: Option<Value>,
    /// The position of the next page.
    pub(crate) next: Option<Value>,
    /// Further members of the output.
    pub(crate) extra: Vec<(&'static str, Value)>,
    /// The memory of the data and the body.
    pub(crate) memory: Reservation,
}

impl StepOutput {
    /// Returns the reservation of the data, if it is large. That of the whole body stays with the output: it is released when
    /// the output of the next item replaces this one, and the last item's body is a part of the step's output.
    pub(crate) fn take_memory_of_data(&mut self) -> Reservation {
        if self.memory.bytes() == 0 {
            return Reservation::default();
        }
        let data = self.memory.split_off(json_tree::value_bytes(&self.data));
        self.memory.shrink_to(self.raw.as_ref().map_or(0, json_tree::value_bytes));
        data
    }

    /// Returns the object at `$.steps.ID.output`, whose memory the run then holds.
    pub(crate) fn into_value(self, run: &RunMemory) -> Value {
        run.hold(self.memory);
        let mut output = Map::new();
        output.insert("data".to_owned(), self.data);
        let members = [
            ("raw", self.raw),
            ("statusCode", self.status.map(Value::from)),
            ("headers", self.headers),
            ("next", self.next),
        ];
        for (key, value) in members {
            if let Some(value) = value {
                output.insert(key.to_owned(), value);
            }
        }
        for (key, value) in self.extra {
            output.insert(key.to_owned(), value);
        }
        Value::Object(output)
    }
}

impl Run<'_> {
    /// Reads a response with the rules of its request: custom errors, errors, the path of the data.
    ///
    /// # Errors
    ///
    /// The provider's error with its status, or the status of a custom error; 502 `ProviderInvalidResponseError` for a body
    /// that cannot be read; 502 `ProviderResponseTooLargeError` for one whose values would take too much memory; 503
    /// `ServerBusyError` if the process has no memory left for them; 408 `TimeoutError` if the time limit of the call ends
    /// before a large body is read; the expression error of a custom error's condition or message.
    pub(crate) async fn interpret(
        &self,
        request: &RequestSpec,
        response: &InboundResponse,
        parts: OutputParts,
    ) -> Result<StepOutput, Error> {
        let status = response.status.as_u16();
        if let Some(outcome) = self.custom_error(request, response, || provider_error::error_body(response))? {
            return outcome;
        }
        if !response.status.is_success() {
            return Err(provider_error::provider_error(
                self.host.clock(),
                &self.ctx.connector.title,
                response,
                self.redactor,
            ));
        }
        let read_headers = if self.ctx.reads_cookies { headers_with_cookies } else { headers_value };
        let headers = parts.headers.then(|| read_headers(&response.headers));
        let copies = 1 + usize::from(parts.raw);
        let (body, raw, memory) = self
            .read_away(response, move |provider, response, total| {
                let (body, memory) = read_body(provider, response, total, copies)?;
                let raw = parts.raw.then(|| body.clone());
                Ok((body, raw, memory))
            })
            .await?;
        self.leave_if_large().await?;
        Ok(StepOutput {
            data: select_data(&request.response, body),
            raw,
            status: Some(status),
            headers,
            memory,
            ..StepOutput::default()
        })
    }

    /// Reads a response with `read`: at once if its body is small, otherwise on another thread, so that the calls of this
    /// thread continue. The last argument of `read` is the number of bytes that the run has received.
    ///
    /// # Errors
    ///
    /// The error of `read`, 408 `TimeoutError` if the time limit of the call ends before.
    pub(crate) async fn read_away<T: Send + 'static>(
        &self,
        response: &InboundResponse,
        read: impl FnOnce(&str, &InboundResponse, usize) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let title = &self.ctx.connector.title;
        let total = self.memory.receive(response.body.len());
        if response.body.len() <= LARGE_BODY_BYTES {
            return read(title, response, total);
        }
        let (provider, body) = (title.clone(), response.clone());
        let work = large_bodies::work_away(move || read(&provider, &body, total));
        match timeout_at(self.ctx.deadline, work).await {
            Ok(done) => done?,
            Err(_) => Err(cause_error(FailureCause::DeadlineExceeded, title, &response.url)),
        }
    }

    /// Applies the custom errors of a request to a response whose body is `error_body`. Returns the outcome of the first
    /// custom error that matches, or `None`.
    ///
    /// # Errors
    ///
    /// The expression error of a condition or a message.
    pub(crate) fn custom_error(
        &self,
        request: &RequestSpec,
        response: &InboundResponse,
        error_body: impl FnOnce() -> Value,
    ) -> Result<Option<Result<StepOutput, Error>>, Error> {
        let status = response.status.as_u16();
        let mut matching = request.custom_errors.iter().filter(|rule| rule.received_status == status).peekable();
        if matching.peek().is_none() {
            return Ok(None);
        }
        let body = error_body();
        let members = Value::Object(Map::from_iter([
            ("statusCode".to_owned(), Value::from(status)),
            ("headers".to_owned(), headers_value(&response.headers)),
            ("data".to_owned(), body.clone()),
            ("body".to_owned(), body),
        ]));
        let mut roots = self.roots().to_vec();
        roots.push(("response", &members));
        let bindings = Bindings { roots: &roots };
        for rule in matching {
            let applies = match &rule.condition {
                Some(condition) => condition.is_truthy(&bindings).map_err(|error| self.expression_error(&error))?,
                None => true,
            };
            if !applies {
                continue;
            }
            if rule.target_status < 400 {
                return Ok(Some(Ok(StepOutput { status: Some(rule.target_status), ..StepOutput::default() })));
            }
            let mut error =
                provider_error::provider_error(self.host.clock(), &self.ctx.connector.title, response, self.redactor);
            if rule.target_status == 401 {
                error.set_code(ErrorCode::AccountInvalidCredentials);
            } else {
                error.set_code(ErrorCode::Provider);
                error.set_status(rule.target_status);
            }
            if let Some(message) = &rule.message
                && let Some(text) =
                    message.eval_text(&bindings, Escape::None).map_err(|error| self.expression_error(&error))?
            {
                error.message = text;
            }
            return Ok(Some(Err(error)));
        }
        Ok(None)
    }
}

/// Returns a body as a value: an empty body as null, JSON as JSON, XML as an object, other text as a string; and the memory
/// of `copies` copies of it, if the run that received `total` bytes is large.
///
/// # Errors
///
/// 502 `ProviderInvalidResponseError` for JSON or XML that is declared and not valid, an HTML page, and bytes that are not
/// text; 502 `ProviderResponseTooLargeError` if the values would take too much memory; 503 `ServerBusyError` if the process
/// has no memory left for them.
fn read_body(
    provider: &str,
    response: &InboundResponse,
    total: usize,
    copies: usize,
) -> Result<(Value, Reservation), Error> {
    let refused = |error: ClaimError| claim_refused(provider, response, error);
    let media_type = xml::media_type(&content_type(response));
    if xml::is_xml(&media_type) && !response.body.trim_ascii().is_empty() {
        let charset = charset(response);
        let read = xml::read_claimed(&response.body, charset.as_deref(), ElementNames::Qualified, total, copies);
        return read.map_err(|error| match error {
            XmlReadError::Invalid(error) => {
                invalid_response(provider, response, &format!("XML that is not valid ({error})"))
            }
            XmlReadError::Refused(error) => refused(error),
        });
    }
    let body = &response.text_body()[..];
    if body.trim_ascii().is_empty() {
        return Ok((Value::Null, Reservation::default()));
    }
    let memory = claim_json(body, total, copies).map_err(refused)?;
    let is_declared_json = media_type == "application/json" || media_type.ends_with("+json");
    let found = match json_tree::from_slice(body) {
        // A text such as `12` is a number only if JSON is declared or no content type is.
        Ok(value)
            if is_declared_json || media_type.is_empty() || matches!(value, Value::Object(_) | Value::Array(_)) =>
        {
            return Ok((value, memory));
        }
        Err(JsonTreeError::Large(large)) => return Err(refused(large.into())),
        _ if media_type == "text/html" => "an HTML page in place of data".to_owned(),
        Err(JsonTreeError::Syntax(error)) if is_declared_json && is_too_deep(&error) => {
            "JSON that is nested more than 127 levels deep; read it with the raw proxy".to_owned()
        }
        Err(error) if is_declared_json => format!("JSON that is not valid ({error})"),
        _ => match std::str::from_utf8(body) {
            Ok(text) => return Ok((Value::String(text.to_owned()), memory)),
            Err(_) => format!("bytes that are not text (`{media_type}`); download files with a download step"),
        },
    };
    Err(invalid_response(provider, response, &found))
}

/// Returns true if the parser gave up because of the depth of a text. Values are read recursively, so without a bound a
/// provider could exhaust the stack.
fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

/// Returns the error of a response whose values may not be read.
pub(crate) fn claim_refused(provider: &str, response: &InboundResponse, error: ClaimError) -> Error {
    match error {
        ClaimError::Large(large) => large_tree(provider, response, &large.to_string()),
        ClaimError::Spent(spent) => memory_spent(&format!("{provider}'s response was not read"), spent),
    }
}

/// Returns the 502 `ProviderResponseTooLargeError` for a response whose values would take too much memory. `reason` says so
/// of "it".
pub(crate) fn large_tree(provider: &str, response: &InboundResponse, reason: &str) -> Error {
    let length = response.body.len();
    let message = format!(
        "{provider}'s response of {length} bytes cannot be read: {reason}; request fewer records at once, for example a \
         smaller page"
    );
    let failure = ProviderFailure {
        status: Some(response.status.as_u16()),
        url: display_url(&response.url),
        ..ProviderFailure::default()
    };
    Error::new(ErrorCode::ProviderResponseTooLarge, message).with_provider(failure)
}

/// Returns the 502 `ProviderInvalidResponseError` for a response that cannot be used. `found` is a noun phrase for its
/// content, and for the remedy.
pub(crate) fn invalid_response(provider: &str, response: &InboundResponse, found: &str) -> Error {
    let status = response.status.as_u16();
    Error::new(ErrorCode::ProviderInvalidResponse, format!("{provider} responded with {status} and {found}"))
        .with_provider(ProviderFailure {
            status: Some(status),
            url: display_url(&response.url),
            body: provider_error::body_for_display(&response.text_body()),
            headers: vec![("content-type".to_owned(), xml::media_type(&content_type(response)))],
            ..ProviderFailure::default()
        })
}

/// Returns the data of a body by the rules of the connector file.
pub(crate) fn select_data(spec: &ResponseSpec, body: Value) -> Value {
    let found = match &spec.data_key {
        Some(path) => take_path(body, path),
        None => body,
    };
    match (spec.collection, found) {
        (Some(true), Value::Null) => Value::Array(Vec::new()),
        (Some(true), found) if !found.is_array() => Value::Array(vec![found]),
        (_, found) => found,
    }
}

/// Removes and returns the value at a dotted path; null if the path does not exist.
fn take_path(mut body: Value, path: &str) -> Value {
    // A key that contains the dots itself takes precedence.
    if let Some(found) = body.as_object_mut().and_then(|members| members.get_mut(path)) {
        return found.take();
    }
    let mut at = &mut body;
    for key in path.split('.') {
        let next = match at {
            Value::Object(members) => members.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Value::Null,
        }
    }
    at.take()
}

#[cfg(test)]
mod tests {
    use patchbay_model::MemoryBudget;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_body_of_an_item_keeps_its_memory_when_the_data_gives_up_its_own() {
        static BUDGET: MemoryBudget = MemoryBudget::new(10_000_000);
        let body = json!({ "list": ["x".repeat(100_000)], "rest": "y".repeat(300_000) });
        for has_raw in [true, false] {
            let (data, raw) = (body["list"].clone(), has_raw.then(|| body.clone()));
            let (of_data, of_raw) = (json_tree::value_bytes(&data), raw.as_ref().map_or(0, json_tree::value_bytes));
            let memory = BUDGET.reserve(2_000_000).unwrap();
            let mut output = StepOutput { data, raw, memory, ..StepOutput::default() };
            let memory_of_data = output.take_memory_of_data();
            assert_eq!((memory_of_data.bytes(), output.memory.bytes()), (of_data, of_raw));
            assert_eq!(BUDGET.reserved(), of_data + of_raw);
            drop(output);
            assert_eq!(BUDGET.reserved(), of_data);
            drop(memory_of_data);
            assert_eq!(BUDGET.reserved(), 0);
        }
    }
}
