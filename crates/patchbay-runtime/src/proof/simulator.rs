//! The provider that is made of a description: compares each request and answers with what the description promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use patchbay_connector::import::contract::{Contract, Finding, FindingKind, MadeAnswer, OperationIndex, SentRequest};
use patchbay_egress::{ClientCertificate, Destination, ResponseBody, Transport, TransportError};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::host::ApiHost;
use crate::recorded_tests::{header_texts, whole_request};

/// The maximum number of requests of a run that are answered.
const MAX_REQUESTS: usize = 60;
/// The maximum number of pages of an operation.
const MAX_PAGES: usize = 3;
/// The host of the URLs in made answers. A request to it follows such a URL, for example to a file store.
const MADE_HOST: &str = "example.com";

/// A request of a run, and where its answer goes.
pub(super) struct WireRequest {
    head: http::request::Parts,
    body: Bytes,
    reply: oneshot::Sender<http::Response<ResponseBody>>,
}

/// A transport that hands requests to the simulator.
pub(super) struct Wire {
    sender: mpsc::UnboundedSender<WireRequest>,
}

impl Wire {
    /// Returns the transport and the receiver of its requests.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<WireRequest>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, receiver)
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        _: Destination,
        _: Option<&Arc<ClientCertificate>>,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let (head, body) = whole_request(request).await;
        let (reply, answer) = oneshot::channel();
        let ended = || TransportError::Connect("the simulator has ended".to_owned());
        self.sender.send(WireRequest { head, body, reply }).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }
}

/// Which answers the simulator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// The answers to successful requests.
    Success,
    /// The first described error, then answers to successful requests.
    Failure,
}

/// The simulator of one run, and what it saw.
pub(super) struct Simulator {
    kind: AnswerKind,
    page_keys: Vec<String>,
    host: ApiHost,
    /// The number of requests.
    pub(super) requests: usize,
    /// The operations that were called.
    pub(super) operations: BTreeSet<OperationIndex>,
    /// The differences.
    pub(super) findings: Vec<Finding>,
    /// What could not be compared.
    pub(super) notes: BTreeSet<String>,
    /// Whether a request is not one of the description.
    pub(super) is_unknown: bool,
    /// Whether the description says what the last answer has.
    pub(super) is_described: bool,
    /// The status of the described error that was sent.
    pub(super) failed: Option<u16>,
    /// The number of answers by operation.
    answered: BTreeMap<OperationIndex, usize>,
    last: Vec<u8>,
}

impl Simulator {
    pub(super) fn new(kind: AnswerKind, page_keys: Vec<String>, host: ApiHost) -> Self {
        Self {
            kind,
            page_keys,
            host,
            requests: 0,
            operations: BTreeSet::new(),
            findings: Vec::new(),
            notes: BTreeSet::new(),
            is_unknown: false,
            is_described: false,
            failed: None,
            answered: BTreeMap::new(),
            last: Vec::new(),
        }
    }

    /// Compares a request and answers it.
    pub(super) fn answer(&mut self, contract: &Contract<'_>, request: WireRequest) {
        let WireRequest { head, body, reply } = request;
        self.requests += 1;
        let made = match Url::parse(&head.uri.to_string()) {
            _ if self.requests > MAX_REQUESTS => error(400),
            Ok(url) if url.host_str() == Some(MADE_HOST) || self.host.is_other(&url) => {
                let host = url.host_str().unwrap_or_default();
                self.notes.insert(format!("a request to `{host}` was not compared"));
                MadeAnswer {
                    status: 200,
                    media_type: None,
                    body: b"text".to_vec(),
                    has_link: false,
                    is_described: false,
                }
            }
            Ok(url) => self.made(contract, &head, &url, &body),
            Err(_) => error(400),
        };
        let mut response = http::Response::builder().status(made.status);
        if let Some(media) = &made.media_type {
            response = response.header(http::header::CONTENT_TYPE, media);
        }
        let pages = self.answered.values().max().copied().unwrap_or_default();
        if made.has_link && pages < MAX_PAGES {
            let path = head.uri.path();
            let keys = self.page_keys.iter().map(|key| format!("{key}={}", pages + 1)).collect::<Vec<_>>().join("&");
            let host = head.uri.host().unwrap_or_default();
            response = response.header(http::header::LINK, format!("<https://{host}{path}?{keys}>; rel=\"next\""));
        }
        self.last.clone_from(&made.body);
        let body = Full::new(Bytes::from(made.body)).map_err(|never| match never {}).boxed_unsync();
        // The run may have ended; then nobody waits.
        if let Ok(response) = response.body(body) {
            _ = reply.send(response);
        }
    }

    fn made(&mut self, contract: &Contract<'_>, head: &http::request::Parts, url: &Url, body: &[u8]) -> MadeAnswer {
        let headers = header_texts(&head.headers).collect::<Vec<_>>();
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        let request =
            SentRequest { method: head.method.as_str(), url, headers: Some(&headers), content_type, body: Some(body) };
        let checked = contract.check_request(&request);
        if let Some(base) = &checked.foreign_base {
            self.notes.insert(format!("the request is under `{base}`, which is not a base path of the description"));
        }
        self.findings.extend(checked.findings);
        let Some(index) = checked.operation else {
            self.is_unknown = true;
            return error(404);
        };
        self.operations.insert(index);
        if self.kind == AnswerKind::Failure && self.failed.is_none() {
            match contract.failure(index) {
                Some(failure) => {
                    self.failed = Some(failure.status);
                    return failure;
                }
                None => _ = self.notes.insert(format!("{} has no described error", contract.name(index))),
            }
        }
        let made = contract.success(index);
        let count = self.answered.entry(index).or_default();
        *count += 1;
        // The list ends, also for an action that asks for page after page.
        if *count > MAX_PAGES {
            let is_list = made.body.first() == Some(&b'[');
            return MadeAnswer { body: if is_list { b"[]".to_vec() } else { b"{}".to_vec() }, has_link: false, ..made };
        }
        self.is_described = made.is_described;
        made
    }

    /// Returns the members of the last answer, for a message.
    pub(super) fn answer_members(&self) -> String {
        match serde_json::from_slice::<Value>(&self.last) {
            Ok(Value::Object(members)) => {
                members.keys().take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            }
            Ok(Value::Array(_)) => "a list".to_owned(),
            _ => "no JSON".to_owned(),
        }
    }
}

fn error(status: u16) -> MadeAnswer {
    let media_type = Some("application/json".to_owned());
    MadeAnswer { status, media_type, body: b"{}".to_vec(), has_link: false, is_described: false }
}

/// Returns true for findings that an answer can make of a value that only the caller knows.
pub(super) const fn is_about_a_value(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::Value | FindingKind::Type)
}
