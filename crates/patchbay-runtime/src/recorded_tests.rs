//! Runs the recorded test cases of connectors: each action's requests and responses.
//!
//! A case runs through the code of a real call: input checks, URLs, headers, parsing, results, redirects. Only the
//! transport is replaced, by a list of exchanges that must be requested in order. A case declares every request and the
//! outcome; the report describes the differences.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use patchbay_connector::{Connector, SourceFile, syntax};
use patchbay_egress::{
    ClientCertificate, Destination, EgressConfig, ResponseBody, Transport, TransportError, header_text,
};
use patchbay_model::{Clock, Entropy, Metadata};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    Error, Revocation,
    config::RuntimeConfig,
    json::to_text,
    local_runner::{ActionInput, LocalAccount, LocalRun, LocalRunner},
    protocols::xml::{self, ElementNames},
};

mod deliveries;

pub use self::deliveries::{
    ExpectedCapture, ExpectedDelivery, ExpectedEvent, ExpectedHandshake, ExpectedRoute, RecordedDelivery,
};

/// The cases of one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The connector's key.
    pub connector: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One run of an action, one revocation of an account, or one request of the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The name.
    pub name: String,
    /// The action's local or public id; empty for a revocation or a delivery.
    #[serde(default)]
    pub action: String,
    /// The expected outcome of revoking the account at the provider, in place of an action: `confirmed`, or `failed` with
    /// the `error`.
    pub revocation: Option<ExpectedRevocation>,
    /// The authentication method's key; the connector's first method if absent.
    pub auth: Option<String>,
    /// The account's field values.
    #[serde(default)]
    pub credentials: Metadata,
    /// The inputs.
    #[serde(default)]
    pub input: ActionInput,
    /// The requests of the action and the provider's responses, in order.
    #[serde(default)]
    pub exchanges: Vec<RecordedExchange>,
    /// A request of the provider, in place of an action.
    pub delivery: Option<RecordedDelivery>,
    /// What the `delivery` must lead to.
    pub received: Option<ExpectedDelivery>,
    /// The whole result; `next: null` can be omitted.
    pub result: Option<Value>,
    /// The error, in place of a result.
    pub error: Option<ExpectedError>,
    /// Whether the answers can have members that an API description does not have (`test --against`).
    #[serde(default)]
    pub abridged: bool,
}

/// The expected outcome of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpectedRevocation {
    /// The provider confirmed the revocation.
    Confirmed,
    /// The revocation failed.
    Failed,
}

/// A request and its response.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedExchange {
    /// The expected request.
    pub request: ExpectedRequest,
    /// The response.
    pub response: RecordedResponse,
}

/// The expected request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// The method.
    pub method: String,
    /// The whole URL; the order of the query parameters is not compared.
    pub url: String,
    /// The headers that must be present with these values.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The headers that must be absent.
    #[serde(default)]
    pub absent_headers: Vec<String>,
    /// The JSON or XML body as a value, or a string that is the whole body; not compared if absent.
    pub body: Option<Value>,
}

/// The provider's response.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body: a value, which is sent as XML if the content type is XML and otherwise as JSON, or a string, which is
    /// sent unchanged if the content type is not JSON.
    #[serde(default)]
    pub body: Value,
    /// The body in base64, in place of `body`.
    pub body_base64: Option<String>,
}

/// The expected error of a run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The stable code.
    pub code: Option<String>,
    /// A part of the message.
    pub message: Option<String>,
}

/// Revokes the credentials of an account that is not stored. The runtime does not know the rules of tokens, so the caller
/// provides the implementation.
#[async_trait]
pub trait Revoker: Send + Sync {
    /// Revokes the account's credentials at the provider through the runner's transport.
    ///
    /// # Errors
    ///
    /// The error of the revocation request.
    async fn revoke(&self, runner: &LocalRunner, account: LocalAccount<'_>) -> Result<Revocation, Error>;
}

/// A case whose outcome differs from the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The case.
    pub case: String,
    /// The differences.
    pub differences: Vec<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "case `{}`:", self.case)?;
        self.differences.iter().try_for_each(|difference| writeln!(f, "  - {}", difference.replace('\n', "\n    ")))
    }
}

/// The error of a file that is not a case file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct CaseFileError {
    /// The file.
    pub file: String,
    /// The problem of the file.
    pub message: String,
}

impl CaseFile {
    /// Parses a `*.test.yaml`.
    ///
    /// # Errors
    ///
    /// A [`CaseFileError`] if the YAML is not valid or a case has none or several of `action`, `revocation` and `delivery`.
    pub fn parse(file: &str, text: &str) -> Result<Self, CaseFileError> {
        let file_error = |message: String| CaseFileError { file: file.to_owned(), message };
        let node = syntax::parse(file, text).map_err(|diagnostic| {
            let source = SourceFile { name: file.to_owned(), text: text.to_owned() };
            file_error(patchbay_connector::render(&[*diagnostic], &[source]))
        })?;
        let file: Self = serde_json::from_value(node.to_json()).map_err(|error| file_error(error.to_string()))?;
        let parts = |case: &&Case| {
            [!case.action.is_empty(), case.revocation.is_some(), case.delivery.is_some()]
                .iter()
                .filter(|has| **has)
                .count()
        };
        match file.cases.iter().find(|case| parts(case) != 1) {
            Some(case) => Err(file_error(format!(
                "the case `{}` must name either an `action`, a `revocation` or a `delivery`",
                case.name
            ))),
            None => Ok(file),
        }
    }
}

/// Runs every case of a file and returns the cases whose outcome differs from the expected one.
pub async fn run_cases(
    connector: &Connector,
    file: &CaseFile,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    revoker: &dyn Revoker,
) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    for case in &file.cases {
        let differences = run_case(connector, case, clock, entropy, revoker).await;
        if !differences.is_empty() {
            mismatches.push(Mismatch { case: case.name.clone(), differences });
        }
    }
    mismatches
}

/// Runs a case and returns the differences.
async fn run_case(
    connector: &Connector,
    case: &Case,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    revoker: &dyn Revoker,
) -> Vec<String> {
    if let Some(delivery) = &case.delivery {
        return deliveries::run(connector, case, delivery).await;
    }
    if let Some(expected) = case.revocation {
        let (outcome, mut differences) = run_revocation(connector, case, clock, entropy, revoker).await;
        compare_revocation(expected, outcome, case.error.as_ref(), &mut differences);
        return differences;
    }
    let (outcome, mut differences) = run_action(connector, case, clock, entropy).await;
    compare_outcome(case, outcome, &mut differences);
    differences
}

async fn run_revocation(
    connector: &Connector,
    case: &Case,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    revoker: &dyn Revoker,
) -> (Result<Revocation, Error>, Vec<String>) {
    let (runner, cassette) = match with_cassette(case, clock, entropy) {
        Ok(runner) => runner,
        Err(error) => return (Err(error), Vec::new()),
    };
    let outcome = revoker.revoke(&runner, account_of(connector, case)).await;
    (outcome, cassette.finish())
}

fn account_of<'a>(connector: &'a Connector, case: &'a Case) -> LocalAccount<'a> {
    LocalAccount { connector, auth: case.auth.as_deref(), environment: None, credentials: case.credentials.clone() }
}

fn compare_revocation(
    expected: ExpectedRevocation,
    outcome: Result<Revocation, Error>,
    expected_error: Option<&ExpectedError>,
    differences: &mut Vec<String>,
) {
    match (expected, outcome) {
        (ExpectedRevocation::Confirmed, Ok(Revocation::Confirmed)) => {}
        (ExpectedRevocation::Confirmed, Ok(other)) => {
            differences.push(format!("revocation: expected confirmed, found {}", other.as_str()));
        }
        (ExpectedRevocation::Confirmed, Err(error)) => {
            differences.push(format!("revocation: expected confirmed, but it failed with {}: {error}", error.code));
        }
        (ExpectedRevocation::Failed, Err(error)) => {
            if let Some(expected) = expected_error {
                compare_error(expected, &error, differences);
            }
        }
        (ExpectedRevocation::Failed, Ok(other)) => {
            differences.push(format!("revocation: expected failed, found {}", other.as_str()));
        }
    }
}

/// Returns a runner that uses the recorded exchanges of a case in place of the network.
fn with_cassette(
    case: &Case,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(LocalRunner, Arc<Cassette>), Error> {
    let cassette = Arc::new(Cassette::new(case.exchanges.clone()));
    let runner = LocalRunner::new(&EgressConfig::default(), RuntimeConfig::default(), clock.clone(), entropy.clone())?
        .with_transport(cassette.clone());
    Ok((runner, cassette))
}

/// Runs the action of a case with the recorded exchanges. Returns the outcome, which is not compared, and the differences
/// between the requests and the recorded ones.
pub async fn run_action(
    connector: &Connector,
    case: &Case,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> (Result<Map<String, Value>, Error>, Vec<String>) {
    let (runner, cassette) = match with_cassette(case, clock, entropy) {
        Ok(runner) => runner,
        Err(error) => return (Err(error), Vec::new()),
    };
    let account = account_of(connector, case);
    let run = LocalRun { account, action: &case.action, input: case.input.clone() };
    (runner.run(run).await.result, cassette.finish())
}

/// Runs the action of a case with the recorded exchanges, and returns the headers of each request. They contain the case's
/// credentials, which are not those of a real account.
pub async fn request_headers(
    connector: &Connector,
    case: &Case,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Vec<BTreeMap<String, String>> {
    let Ok((runner, cassette)) = with_cassette(case, clock, entropy) else { return Vec::new() };
    let run = LocalRun { account: account_of(connector, case), action: &case.action, input: case.input.clone() };
    _ = runner.run(run).await;
    cassette.take_headers()
}

fn compare_outcome(case: &Case, outcome: Result<Map<String, Value>, Error>, differences: &mut Vec<String>) {
    match (outcome, &case.result, &case.error) {
        (Ok(_), None, None) => differences.push("the case expects neither `result` nor `error`".to_owned()),
        (Ok(mut found), Some(expected), _) => {
            if found.get("next") == Some(&Value::Null) && expected.get("next").is_none() {
                found.remove("next");
            }
            let found = Value::Object(found);
            if found != *expected {
                differences.push(format!("result:\n expected {expected}\n found    {found}"));
            }
        }
        (Ok(found), None, Some(_)) => {
            differences.push(format!("an error was expected, but the result is {}", Value::Object(found)));
        }
        (Err(error), _, Some(expected)) => compare_error(expected, &error, differences),
        (Err(error), _, None) => {
            let problems = error.problems.iter().map(|one| format!("\n {}: {}", one.path, one.message));
            differences.push(format!("failed with {}: {error}{}", error.code, problems.collect::<String>()));
        }
    }
}

fn compare_error(expected: &ExpectedError, error: &Error, differences: &mut Vec<String>) {
    let status = error.status();
    if expected.status.is_some_and(|expected| expected != status) {
        differences.push(format!("error status: expected {:?}, found {status} ({error})", expected.status));
    }
    if expected.code.as_deref().is_some_and(|expected| expected != error.code.as_str()) {
        differences.push(format!("error code: expected {:?}, found {} ({error})", expected.code, error.code));
    }
    if let Some(part) = expected.message.as_ref().filter(|part| !error.message.contains(part.as_str())) {
        differences.push(format!("error message: expected `{part}` in `{error}`"));
    }
}

/// A transport that replays recorded exchanges and notes the differences.
struct Cassette {
    remaining: Mutex<VecDeque<RecordedExchange>>,
    differences: Mutex<Vec<String>>,
    /// The headers of each request.
    headers: Mutex<Vec<BTreeMap<String, String>>>,
}

impl Cassette {
    fn new(exchanges: Vec<RecordedExchange>) -> Self {
        Self { remaining: Mutex::new(exchanges.into()), differences: Mutex::default(), headers: Mutex::default() }
    }

    fn note(&self, difference: String) {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).push(difference);
    }

    fn take_headers(&self) -> Vec<BTreeMap<String, String>> {
        std::mem::take(&mut *self.headers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_headers(&self, headers: &http::HeaderMap) {
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).push(header_texts(headers).collect());
    }

    /// Returns all differences, with an entry for each exchange that was not requested.
    fn finish(&self) -> Vec<String> {
        for exchange in self.remaining.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.note(format!("not requested: {} {}", exchange.request.method, exchange.request.url));
        }
        std::mem::take(&mut *self.differences.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the headers of a request with their names in lower case.
pub(crate) fn header_texts(headers: &http::HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), header_text(value).into_owned()))
}

/// Returns the head and the whole body of a request.
pub(crate) async fn whole_request(request: http::Request<Full<Bytes>>) -> (http::request::Parts, Bytes) {
    let (head, body) = request.into_parts();
    (head, body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default())
}

#[async_trait]
impl Transport for Cassette {
    async fn send(
        &self,
        _: Destination,
        _: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let (head, body) = whole_request(request).await;
        self.note_headers(&head.headers);
        let next = self.remaining.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(RecordedExchange { request: expected, response }) = next else {
            self.note(format!("unexpected request: {} {}", head.method, head.uri));
            return Err(TransportError::Connect("the recording contains no further exchange".to_owned()));
        };
        compare_request(&expected, &head, &body, &mut |difference| self.note(difference));
        to_response(response).map_err(TransportError::Connect)
    }
}

fn compare_request(expected: &ExpectedRequest, head: &http::request::Parts, body: &[u8], note: &mut dyn FnMut(String)) {
    if expected.method != head.method.as_str() {
        note(format!("method: expected {}, found {}", expected.method, head.method));
    }
    match (Url::parse(&expected.url), Url::parse(&head.uri.to_string())) {
        (Ok(wanted), Ok(found)) => {
            let bare = |url: &Url| {
                let mut bare = url.clone();
                bare.set_query(None);
                String::from(bare)
            };
            let query = |url: &Url| {
                let mut pairs = url.query_pairs().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
                pairs.sort_unstable();
                pairs
            };
            if bare(&wanted) != bare(&found) || query(&wanted) != query(&found) {
                note(format!("url:\n expected {wanted}\n found    {found}"));
            }
        }
        (Err(error), _) => note(format!("the recorded URL `{}` is not valid: {error}", expected.url)),
        (_, Err(error)) => note(format!("the requested URL `{}` is not valid: {error}", head.uri)),
    }
    for (name, wanted) in &expected.headers {
        let wanted = to_text(wanted);
        match head.headers.get(name).map(|value| value.to_str().unwrap_or("?")) {
            Some(found) if found == wanted => {}
            Some(found) => note(format!("header {name}: expected `{wanted}`, found `{found}`")),
            None => note(format!("header {name} is missing")),
        }
    }
    for name in expected.absent_headers.iter().filter(|name| head.headers.contains_key(name.as_str())) {
        note(format!("header {name} must be absent"));
    }
    if let Some(wanted) = &expected.body {
        let found = match (wanted, serde_json::from_slice(body)) {
            (Value::String(_), _) => Value::String(String::from_utf8_lossy(body).into_owned()),
            (_, Ok(found)) => found,
            (_, Err(_)) => xml::read(body, None, ElementNames::Qualified)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())),
        };
        if found != *wanted {
            note(format!("body:\n expected {wanted}\n found    {found}"));
        }
    }
}

fn to_response(response: RecordedResponse) -> Result<http::Response<ResponseBody>, String> {
    let mut builder = http::Response::builder().status(response.status);
    let mut content_type = String::new();
    for (name, value) in &response.headers {
        let value = to_text(value);
        if name.eq_ignore_ascii_case("content-type") {
            content_type.clone_from(&value);
        }
        builder = builder.header(name, value);
    }
    let body = match (response.body_base64, response.body) {
        (Some(encoded), _) => STANDARD.decode(encoded).map_err(|error| format!("body_base64: {error}"))?,
        (None, Value::Null) => Vec::new(),
        (None, Value::String(text)) if !content_type.contains("json") => text.into_bytes(),
        (None, value) if xml::is_xml(&xml::media_type(&content_type)) => {
            xml::write_document(&value).map_err(|error| format!("body: {error}"))?.into_bytes()
        }
        (None, value) => value.to_string().into_bytes(),
    };
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    builder.body(body).map_err(|error| format!("the recorded response is not valid: {error}"))
}
