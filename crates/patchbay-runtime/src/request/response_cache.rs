//! Requests whose answers are given again for a while (`cacheTTL`).

use std::time::Duration;

use http::HeaderMap;
use patchbay_connector::definition::{HttpMethod, RequestSpec};
use patchbay_egress::{CacheLookup, FingerprintHasher, InboundResponse, OutboundRequest};
use serde_json::Value;

use super::builder::{PageArg, build_unsigned, sign_request};
use crate::{Error, context::Run, redaction::redactor::Redactor};

impl Run<'_> {
    /// Sends a step's request, or returns the cached response. Only responses to GET are cached, and only for linked
    /// accounts: requests that verify credentials before linking are always sent.
    pub async fn exchange(&self, request: &RequestSpec, page: Option<&PageArg<'_>>) -> Result<InboundResponse, Error> {
        let is_cacheable = request.cache_ttl > 0 && request.method == HttpMethod::Get;
        let Some(account) = self.ctx.ids.account_id.as_ref().filter(|_| is_cacheable) else {
            return self.send(self.build(request, page)?).await;
        };
        // A signature names the moment, so that it is put on after the look.
        let unsigned = build_unsigned(self, request, None, page)?;
        let mut hasher = self.host.response_cache.hasher(self.host.entropy());
        hash_request(self, &unsigned.outgoing, &mut hasher);
        let permit = match self.host.response_cache.lookup(account, hasher.finish()) {
            CacheLookup::Hit(response) => return Ok(response),
            CacheLookup::Miss(permit) => permit,
        };
        let incoming = self.send(sign_request(self, request, unsigned)?).await?;
        if !contains_secret(self.redactor, &incoming.headers, &incoming.body) {
            permit.fill(&incoming, Duration::from_secs(request.cache_ttl));
        }
        Ok(incoming)
    }
}

/// Everything that decides what is answered.
fn hash_request(run: &Run<'_>, outgoing: &OutboundRequest, hasher: &mut FingerprintHasher) {
    let (ids, connector) = (&run.ctx.ids, run.ctx.connector);
    let account = ids.account_id.as_ref().map_or("", |account| account.as_str());
    let version = connector.version.to_string();
    for part in [
        ids.project_id.as_str(),
        account,
        ids.profile_id.as_str(),
        &ids.environment,
        &connector.key,
        &version,
        &run.ctx.method.key,
        outgoing.method.as_str(),
        outgoing.url.as_str(),
    ] {
        hasher.add(part.as_bytes());
    }
    // Another version of the credentials is another request, also where it does not show in a header.
    hash_value(run.ctx.credentials.values(), hasher);
    for (name, value) in &outgoing.headers {
        hasher.add(name.as_str().as_bytes());
        hasher.add(value.as_bytes());
    }
    hasher.add(&outgoing.body);
}

fn hash_value(value: &Value, hasher: &mut FingerprintHasher) {
    match value {
        Value::Null => hasher.add(b"null"),
        Value::Bool(value) => hasher.add(&[u8::from(*value)]),
        Value::Number(number) => hasher.add(number.to_string().as_bytes()),
        Value::String(text) => hasher.add(text.as_bytes()),
        Value::Array(items) => {
            hasher.add(&(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| hash_value(item, hasher));
        }
        Value::Object(members) => {
            hasher.add(&(members.len() as u64).to_be_bytes());
            for (name, member) in members {
                hasher.add(name.as_bytes());
                hash_value(member, hasher);
            }
        }
    }
}

/// Whether an answer holds a secret of the account; such a one is not kept.
fn contains_secret(redactor: &Redactor, headers: &HeaderMap, body: &[u8]) -> bool {
    redactor.contains_secret(body) || headers.values().any(|value| redactor.contains_secret(value.as_bytes()))
}
