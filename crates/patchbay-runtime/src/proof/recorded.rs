//! Compares the recorded requests and answers of cases with an API description.

use patchbay_connector::import::contract::{Contract, Finding, FindingKind, RecordedAnswer, SentRequest};
use serde_json::Value;
use url::Url;

use super::host::ApiHost;
use crate::{
    json::to_text,
    recorded_tests::{Case, RecordedExchange},
};

/// Returns the differences of a case's exchanges. A case that says `abridged` can have members in its answers that the
/// description does not have. Requests to other hosts, such as a token endpoint, are not compared.
pub fn check_case(contract: &Contract<'_>, host: &ApiHost, case: &Case) -> Vec<String> {
    let mut differences = Vec::new();
    for RecordedExchange { request, response } in &case.exchanges {
        let Ok(url) = Url::parse(&request.url) else { continue };
        if host.is_other(&url) {
            continue;
        }
        let header = |wanted: &str, headers: &std::collections::BTreeMap<String, Value>| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| to_text(value))
        };
        let content_type = header("content-type", &request.headers);
        let body = request.body.as_ref().map(|body| match body {
            Value::String(text) => text.clone().into_bytes(),
            value => value.to_string().into_bytes(),
        });
        let sent = SentRequest {
            method: &request.method,
            url: &url,
            headers: None,
            content_type: content_type.as_deref(),
            body: body.as_deref(),
        };
        let checked = contract.check_request(&sent);
        let mut findings = checked.findings;
        // A case of an error sends on purpose what the provider refuses.
        if response.status >= 400 {
            findings.retain(|finding| !matches!(finding.kind, FindingKind::Value | FindingKind::Missing));
        }
        if let Some(index) = checked.operation {
            let is_json = header("content-type", &response.headers).is_none_or(|media| media.contains("json"));
            let answer = RecordedAnswer {
                status: response.status,
                body: Some(&response.body).filter(|_| is_json && response.body_base64.is_none()),
                is_abridged: case.abridged,
            };
            findings.extend(contract.check_answer(index, answer));
        }
        let place = format!("{} {}", request.method, url.path());
        let line = |finding: &Finding| format!("{place}: {}: {}", finding.place, finding.message);
        differences.extend(findings.iter().filter(|finding| !finding.kind.is_note()).map(line));
    }
    differences.dedup();
    differences
}
