//! From a provider's answer to a step's output.

use patchbay_connector::{
    definition::{RequestSpec, ResponseSpec},
    expr::{Bindings, Escape},
};
use patchbay_egress::{InboundResponse, display_url};
use serde_json::{Map, Value};

use super::{
    headers::{charset, content_type, headers_value},
    provider_error,
};
use crate::{
    Error, ErrorCode, ProviderFailure,
    context::Run,
    protocols::xml::{self, ElementNames},
};

/// What something in the action reads of a step's output, so that nothing else is kept twice.
#[derive(Clone, Copy, Debug)]
pub struct OutputParts {
    pub raw: bool,
    pub headers: bool,
}

/// What a step found.
#[derive(Debug, Default)]
pub struct StepOutput {
    /// The data.
    pub data: Value,
    /// The whole body, where something asks for it.
    pub raw: Option<Value>,
    /// The provider's status.
    pub status: Option<u16>,
    /// The provider's headers, where something asks for them.
    pub headers: Option<Value>,
    /// Where to go on.
    pub next: Option<Value>,
    /// Further members of the output.
    pub extra: Vec<(&'static str, Value)>,
}

impl StepOutput {
    /// The object at `$.steps.ID.output`.
    pub fn into_value(self) -> Value {
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
    /// Reads an answer by a request's rules: errors, custom errors, the place of the data.
    pub fn interpret(
        &self,
        request: &RequestSpec,
        incoming: &InboundResponse,
        parts: OutputParts,
    ) -> Result<StepOutput, Error> {
        let status = incoming.status.as_u16();
        if let Some(outcome) = self.custom_error(request, incoming, || provider_error::error_body(incoming))? {
            return outcome;
        }
        if !incoming.status.is_success() {
            return Err(provider_error::provider_error(self.host.clock(), &self.ctx.connector.title, incoming));
        }
        let body = read_body(&self.ctx.connector.title, incoming)?;
        let headers = parts.headers.then(|| headers_value(&incoming.headers));
        let raw = parts.raw.then(|| body.clone());
        Ok(StepOutput {
            data: select_data(&request.response, body),
            raw,
            status: Some(status),
            headers,
            ..StepOutput::default()
        })
    }

    /// What the file's own rules make of an answer; `said` is what it says, as a value.
    pub fn custom_error(
        &self,
        request: &RequestSpec,
        incoming: &InboundResponse,
        error_body: impl FnOnce() -> Value,
    ) -> Result<Option<Result<StepOutput, Error>>, Error> {
        let status = incoming.status.as_u16();
        let mut matching = request.custom_errors.iter().filter(|rule| rule.received_status == status).peekable();
        if matching.peek().is_none() {
            return Ok(None);
        }
        let body = error_body();
        let response = Value::Object(Map::from_iter([
            ("statusCode".to_owned(), Value::from(status)),
            ("headers".to_owned(), headers_value(&incoming.headers)),
            ("data".to_owned(), body.clone()),
            ("body".to_owned(), body),
        ]));
        let own = self.roots();
        let mut roots = own.to_vec();
        roots.push(("response", &response));
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
            let mut error = provider_error::provider_error(self.host.clock(), &self.ctx.connector.title, incoming);
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

/// A body as a value: nothing is null, JSON is JSON, XML is an object, other text is its text. JSON or XML that
/// was promised and does not parse, a page of HTML and bytes that are no text are the provider's failure.
pub fn read_body(provider: &str, incoming: &InboundResponse) -> Result<Value, Error> {
    let body = &incoming.body[..];
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    let kind = xml::media_type(content_type(incoming));
    if xml::is_xml(&kind) {
        return xml::read(body, charset(incoming), ElementNames::Qualified)
            .map_err(|error| invalid_response(provider, incoming, &format!("XML that cannot be read ({error})")));
    }
    let promised = kind == "application/json" || kind.ends_with("+json");
    let why = match serde_json::from_slice(body) {
        // A text such as `12` is a number only where JSON was promised or nothing was said.
        Ok(value) if promised || kind.is_empty() || matches!(value, Value::Object(_) | Value::Array(_)) => {
            return Ok(value);
        }
        _ if kind == "text/html" => "a page of HTML where data were expected".to_owned(),
        Err(error) if promised => format!("JSON that does not parse ({error})"),
        _ => match std::str::from_utf8(body) {
            Ok(text) => return Ok(Value::String(text.to_owned())),
            Err(_) => format!("bytes that are no text (`{kind}`); a file is fetched with a download step"),
        },
    };
    Err(invalid_response(provider, incoming, &why))
}

/// The error of an answer that says nothing one can use.
pub fn invalid_response(provider: &str, incoming: &InboundResponse, why: &str) -> Error {
    let status = incoming.status.as_u16();
    Error::new(ErrorCode::ProviderInvalidResponse, format!("{provider} answered {status} with {why}")).with_provider(
        ProviderFailure {
            status: Some(status),
            url: display_url(&incoming.url),
            body: provider_error::body_for_display(&incoming.body),
            headers: vec![("content-type".to_owned(), xml::media_type(content_type(incoming)))],
            ..ProviderFailure::default()
        },
    )
}

/// The data of a body, by the file's rules.
pub fn select_data(spec: &ResponseSpec, body: Value) -> Value {
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

fn take_path(mut body: Value, path: &str) -> Value {
    // A key that holds dots itself comes first.
    if let Some(found) = body.as_object_mut().and_then(|members| members.get_mut(path)) {
        return found.take();
    }
    let mut at = &mut body;
    for key in path.split('.') {
        let next = match at {
            Value::Object(members) => members.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|place| items.get_mut(place)),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Value::Null,
        }
    }
    at.take()
}
