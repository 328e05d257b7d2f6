//! What a webhook may have: its URL, subscriptions and headers.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};
use patchbay_model::PlatformEvent;
use patchbay_runtime::Host;
use url::Url;

use crate::{Error, Field, Problem, ProblemPath, texts::TextRule, validation::invalid};

/// The longest URL, in characters.
const MAX_URL_CHARS: usize = 2_000;
/// The number of events of connectors that a webhook can name.
const MAX_CONNECTOR_EVENTS: usize = 200;
/// The longest name of an event of a connector.
const MAX_EVENT_CHARS: usize = 200;
const MAX_HEADERS: usize = 20;
const MAX_HEADER_BYTES: usize = 4_096;

/// Headers that deliveries have themselves, or that belong to the connection.
const RESERVED_HEADERS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "proxy-authorization",
    "proxy-connection",
];

/// Collects the problems of a webhook.
#[derive(Default)]
pub(super) struct WebhookChecks(Vec<Problem>);

impl WebhookChecks {
    fn push(&mut self, path: impl Into<ProblemPath>, code: &'static str, message: impl Into<String>) {
        self.0.push(Problem { path: path.into(), code, message: message.into() });
    }

    /// Checks the label.
    pub(super) fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name
            && let Err(error) = TextRule::WEBHOOK_NAME.check(name)
        {
            self.0.extend(error.problems);
        }
    }

    /// Checks the URL as far as it shows where it leads: each attempt checks the addresses behind the name too. Returns it as it is
    /// stored, which is what is called: parsers drop spaces, and complete `https:example.com`.
    pub(super) fn url(&mut self, text: &str, host: &Host) -> Option<String> {
        let too_long = || format!("url can have at most {MAX_URL_CHARS} characters");
        if text.chars().nth(MAX_URL_CHARS).is_some() {
            self.push(Field::Url, "length", too_long());
            return None;
        }
        // Parsers drop some of them, so that another URL would be called than the one that is written.
        if text.chars().any(char::is_control) {
            self.push(Field::Url, "control_character", "url contains a control character");
            return None;
        }
        let problem = match Url::parse(text) {
            Ok(url) if url.fragment().is_some() => "url must not have a fragment (`#`)".to_owned(),
            Ok(url) if url.port() == Some(0) => "url must not have the port 0, at which nothing listens".to_owned(),
            Ok(url) => match host.http.check_url(&url) {
                // Characters that are not ASCII become longer.
                Ok(()) if url.as_str().len() > MAX_URL_CHARS => too_long(),
                Ok(()) => return Some(url.into()),
                Err(refused) => refused,
            },
            Err(error) => format!("url is not a URL: {error}"),
        };
        self.push(Field::Url, "url", problem);
        None
    }

    /// Checks names of events, and returns the subscriptions.
    pub(super) fn subscriptions(&mut self, events: &[String], connector_events: &[String]) -> BTreeSet<String> {
        for (index, name) in events.iter().enumerate().take(PlatformEvent::ALL.len() * 2) {
            if let Err(error) = name.parse::<PlatformEvent>() {
                self.push(ProblemPath::index(Field::Events, index), "enum", error.to_string());
            }
        }
        if events.len() > PlatformEvent::ALL.len() * 2 {
            self.push(Field::Events, "length", "events has more entries than there are events");
        }
        if connector_events.len() > MAX_CONNECTOR_EVENTS {
            let message = format!("connector_events can have at most {MAX_CONNECTOR_EVENTS} entries");
            self.push(Field::ConnectorEvents, "length", message);
        }
        for (index, name) in connector_events.iter().enumerate().take(MAX_CONNECTOR_EVENTS) {
            if !is_connector_event(name) {
                let message = "an event of a connector is `CONNECTOR:TYPE`, `CONNECTOR:*` or `*:*`";
                self.push(ProblemPath::index(Field::ConnectorEvents, index), "pattern", message);
            }
        }
        if events.is_empty() && connector_events.is_empty() {
            self.push(Field::Events, "required", "a webhook needs at least one event, in events or connector_events");
        }
        events.iter().chain(connector_events).cloned().collect()
    }

    /// Checks the fixed headers.
    pub(super) fn headers(&mut self, headers: &BTreeMap<String, String>) {
        if headers.len() > MAX_HEADERS {
            return self.push(Field::Headers, "length", format!("headers can have at most {MAX_HEADERS} members"));
        }
        let mut seen = BTreeSet::new();
        for (name, value) in headers {
            let lower = name.to_ascii_lowercase();
            let problem = if HeaderName::from_bytes(name.as_bytes()).is_err() {
                "it is not a name of a header"
            } else if RESERVED_HEADERS.contains(&lower.as_str()) || is_signature(&lower) {
                "deliveries set this header themselves"
            } else if !seen.insert(lower) {
                "headers names it twice"
            } else if value.len() > MAX_HEADER_BYTES || HeaderValue::from_str(value).is_err() {
                "its value is too long, or contains characters that a header cannot have"
            } else {
                continue;
            };
            let shown = name.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
            self.push(ProblemPath::key(Field::Headers, &shown), "header", problem);
        }
    }

    /// Returns the 400 `ValidationError` with every problem, if there is one.
    pub(super) fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(invalid(self.0)) }
    }
}

fn is_signature(name: &str) -> bool {
    name.starts_with("webhook-") || name.starts_with("x-stackone-")
}

fn is_connector_event(name: &str) -> bool {
    let Some((connector, event)) = name.split_once(':') else { return false };
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_any = connector == "*" && event == "*";
    let is_named = !connector.is_empty() && connector.len() <= MAX_EVENT_CHARS && connector.chars().all(is_key);
    is_any || (is_named && (event == "*" || is_event_type(event)))
}

/// Returns whether an event of a connector may have this type.
pub(super) fn is_event_type(event: &str) -> bool {
    !event.is_empty()
        && event.chars().nth(MAX_EVENT_CHARS).is_none()
        && event.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_connectors_are_named() {
        for right in ["*:*", "bamboohr:*", "bamboohr:employee.created", "a-b_c:x:y"] {
            assert!(is_connector_event(right), "{right}");
        }
        for wrong in ["", "*", "*:x", "bamboohr", ":x", "a b:x", "a:", "a:b c", "a:*b", "a:\u{0}"] {
            assert!(!is_connector_event(wrong), "{wrong}");
        }
    }

    #[test]
    fn headers_of_deliveries_cannot_be_replaced() {
        let problems = |name: &str, value: &str| {
            let mut checks = WebhookChecks::default();
            checks.headers(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
            checks.0.len()
        };
        assert_eq!(problems("authorization", "Bearer x"), 0);
        for name in ["Webhook-Id", "x-stackone-signature", "HOST", "content-length", "a b", "", "transfer-encoding"] {
            assert_eq!(problems(name, "x"), 1, "{name}");
        }
        assert_eq!(problems("x-key", "a\nb"), 1);
        let twice = BTreeMap::from([("X-A".to_owned(), String::new()), ("x-a".to_owned(), String::new())]);
        let mut checks = WebhookChecks::default();
        checks.headers(&twice);
        assert_eq!(checks.0.len(), 1);
    }

    #[test]
    fn a_webhook_is_told_of_something() {
        let mut checks = WebhookChecks::default();
        assert!(checks.subscriptions(&[], &[]).is_empty());
        let found = checks.subscriptions(&["account.created".to_owned()], &["a:*".to_owned()]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a:*", "account.created"]);
        checks.subscriptions(&["account.renamed".to_owned()], &["a".to_owned()]);
        assert_eq!(checks.0.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["required", "enum", "pattern"]);
    }
}
