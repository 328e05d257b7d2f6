//! Makes answers from a description, and compares recorded answers with it.

use serde_json::Value;

use super::{
    Contract, Finding, FindingKind, OperationIndex,
    body::{bare, is_json},
    sample::{Direction, sample},
    value::{Checker, listed},
};
use crate::import::model::ApiOperation;

/// The statuses of errors, the ones that say most about the request first. None of them is retried or starts a refresh.
const ERROR_STATUSES: [&str; 14] =
    ["422", "400", "404", "409", "403", "405", "406", "410", "412", "413", "415", "4XX", "4xx", "default"];

/// An answer that is made from a description.
#[derive(Clone, Debug)]
pub struct MadeAnswer {
    /// The status.
    pub status: u16,
    /// The media type; `None` without a body.
    pub media_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the description has a `Link` header (RFC 8288).
    pub has_link: bool,
    /// Whether the description says what is in the body.
    pub is_described: bool,
}

/// A recorded answer.
#[derive(Clone, Copy, Debug)]
pub struct RecordedAnswer<'a> {
    /// The status.
    pub status: u16,
    /// The JSON body; `None` if it is something else.
    pub body: Option<&'a Value>,
    /// Whether the body can have members that the description does not have.
    pub is_abridged: bool,
}

impl<'d> Contract<'d> {
    /// Returns the answer to a successful request, with every member that the description has.
    pub fn success(&self, index: OperationIndex) -> MadeAnswer {
        let operation = self.operation(index);
        let statuses = ["200", "201", "202", "203", "204", "205", "206", "2XX", "2xx", "default"];
        let found = statuses.into_iter().find_map(|key| Some((key, self.response(operation, key)?)));
        match found {
            Some((key, response)) => self.made(operation, key.parse().unwrap_or(200), response),
            // Google discovery has no statuses.
            None => self.made_of(200, operation.answer.schema, "application/json", operation.answer.has_link),
        }
    }

    /// Returns a described error; `None` if the description has none.
    pub fn failure(&self, index: OperationIndex) -> Option<MadeAnswer> {
        let operation = self.operation(index);
        let (key, response) = ERROR_STATUSES.into_iter().find_map(|key| Some((key, self.response(operation, key)?)))?;
        Some(self.made(operation, key.parse().unwrap_or(400), response))
    }

    /// Compares a recorded answer with the answers of an operation. What the recording leaves out is not a difference.
    pub fn check_answer(&self, index: OperationIndex, answer: RecordedAnswer<'_>) -> Vec<Finding> {
        let operation = self.operation(index);
        let status = answer.status.to_string();
        let class = answer.status / 100;
        let keys = [status.as_str(), &format!("{class}XX"), &format!("{class}xx"), "default"];
        let has_responses =
            operation.described.get("responses").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        let (media, schema) = match keys.iter().find_map(|key| self.response(operation, key)) {
            Some(response) => self.body_of(operation, response),
            // Descriptions leave out most errors.
            None if class >= 4 => return Vec::new(),
            None if !has_responses => (None, operation.answer.schema),
            None => {
                let all = operation.described.get("responses").and_then(Value::as_object).into_iter().flatten();
                let all = all.map(|(key, _)| key.as_str()).collect::<Vec<_>>();
                let message = format!("the description has no status {status}; it has {}", listed(&all));
                return vec![Finding::new(FindingKind::Answer, "status", message)];
            }
        };
        let Some(body) = answer.body.filter(|body| !body.is_null()) else { return Vec::new() };
        let Some(schema) = schema.filter(|_| media.as_deref().is_none_or(is_json)) else { return Vec::new() };
        let mut findings = Checker::new(self.api.document, Direction::Answer).check(schema, body, "answer");
        if answer.is_abridged {
            findings.retain(|finding| finding.kind != FindingKind::Member);
        }
        findings
    }

    fn response(&self, operation: &ApiOperation<'d>, key: &str) -> Option<&'d Value> {
        let found = operation.described.get("responses")?.get(key)?;
        self.api.document.resolved(found)
    }

    /// Returns the media type and the schema of a response.
    fn body_of(&self, operation: &ApiOperation<'d>, response: &'d Value) -> (Option<String>, Option<&'d Value>) {
        if let Some(content) = response.get("content").and_then(Value::as_object) {
            let json = content.iter().find(|(name, _)| matches!(bare(name).as_str(), "*/*") || is_json(&bare(name)));
            let Some((name, media)) = json.or_else(|| content.iter().next()) else { return (None, None) };
            let name = bare(name);
            let name = if name.contains('*') { "application/json".to_owned() } else { name };
            return (Some(name), media.get("schema"));
        }
        // Swagger has the schema beside the media types of the operation.
        let Some(schema) = response.get("schema") else { return (None, None) };
        let produces = operation.described.get("produces").or_else(|| self.api.document.root.get("produces"));
        let produces = produces.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(bare);
        let produces = produces.collect::<Vec<_>>();
        let media = produces.iter().find(|media| is_json(media)).or_else(|| produces.first()).cloned();
        (Some(media.unwrap_or_else(|| "application/json".to_owned())), Some(schema))
    }

    fn made(&self, operation: &ApiOperation<'d>, status: u16, response: &'d Value) -> MadeAnswer {
        let headers = response.get("headers").and_then(Value::as_object).into_iter().flatten();
        let has_link = headers.into_iter().any(|(name, _)| name.eq_ignore_ascii_case("link"));
        let (media, schema) = self.body_of(operation, response);
        match media {
            Some(media) => self.made_of(status, schema, &media, has_link),
            None => MadeAnswer { status, media_type: None, body: Vec::new(), has_link, is_described: false },
        }
    }

    fn made_of(&self, status: u16, schema: Option<&'d Value>, media: &str, has_link: bool) -> MadeAnswer {
        let value = schema.and_then(|schema| sample(self.api.document, schema, Direction::Answer));
        let is_described = value.as_ref().is_some_and(|value| match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        });
        let body = match value {
            _ if !is_json(media) => b"text".to_vec(),
            Some(value) => value.to_string().into_bytes(),
            None => b"{}".to_vec(),
        };
        let is_described = is_described && is_json(media);
        MadeAnswer { status, media_type: Some(media.to_owned()), body, has_link, is_described }
    }
}
