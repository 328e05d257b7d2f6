//! Sends requests through the response cache (`cacheTTL`).

use std::time::Duration;

use http::HeaderMap;
use patchbay_connector::definition::{HttpMethod, RequestSpec};
use patchbay_egress::{CacheLookup, FingerprintHasher, InboundResponse, OutboundRequest};
use serde_json::Value;

use super::builder::{PageArg, build_unsigned, sign_request};
use crate::{Error, context::Run, redaction::redactor::Redactor, response::provider_error::error_body};

impl Run<'_> {
    /// Sends a step's request, or returns the cached response. Only responses to GET are cached, and only for linked
    /// accounts: requests that verify credentials before linking are always sent.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::build`] and [`Run::send`].
    pub(crate) async fn exchange(
        &self,
        spec: &RequestSpec,
        page: Option<&PageArg<'_>>,
    ) -> Result<InboundResponse, Error> {
        let is_cacheable = spec.cache_ttl > 0 && spec.method == HttpMethod::Get;
        let Some(account) = self.ctx.ids.account_id.as_ref().filter(|_| is_cacheable) else {
            return self.send(self.build(spec, page)?).await;
        };
        // A signature contains the time, so the request is signed after the lookup.
        let unsigned = build_unsigned(self, spec, None, page)?;
        let mut hasher = self.host.response_cache.hasher(self.host.entropy());
        hash_request(self, &unsigned.request, &mut hasher);
        let permit = match self.host.response_cache.lookup(account, hasher.finish()) {
            CacheLookup::Hit(response) => return Ok(response),
            CacheLookup::Miss(permit) => permit,
        };
        let response = self.send(sign_request(self, spec, unsigned)?).await?;
        self.leave_for(response.body.len()).await?;
        // A declared error is not cached either.
        let declared = self.custom_error(spec, &response, || error_body(&response));
        let is_error = !matches!(declared, Ok(None | Some(Ok(_))));
        if !is_error && !contains_secret(self.redactor, &response.headers, &response.body) {
            permit.fill(&response, Duration::from_secs(spec.cache_ttl));
        }
        Ok(response)
    }
}

/// Hashes everything that can change the response.
fn hash_request(run: &Run<'_>, request: &OutboundRequest, hasher: &mut FingerprintHasher) {
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
        request.method.as_str(),
        request.url.as_str(),
    ] {
        hasher.add(part.as_bytes());
    }
    // Changed credentials make another request, even if no header contains them.
    hash_value(run.ctx.credentials.values(), hasher);
    for (name, value) in &request.headers {
        hasher.add(name.as_str().as_bytes());
        hasher.add(value.as_bytes());
    }
    hasher.add(&request.body);
}

/// Hashes a value without ambiguity between lists, objects and texts.
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

/// Returns true if a response contains a secret of the account; such a response is not cached.
fn contains_secret(redactor: &Redactor, headers: &HeaderMap, body: &[u8]) -> bool {
    redactor.contains_secret(body) || headers.values().any(|value| redactor.contains_secret(value.as_bytes()))
}
