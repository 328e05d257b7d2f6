//! Requests whose answers are given again for a while (`cacheTTL`).

use http::HeaderMap;
use patchbay_connector::definition::{HttpMethod, Request};
use serde_json::Value;

use super::{PageArg, Redactor, Run, build};
use crate::{
    Error,
    http::{Hasher, Incoming, Outgoing},
};

/// Sends a step's request, or gives the answer that is kept of it. Only answers to GET are kept, and only for
/// accounts: what is tried before one is linked goes out each time.
pub(super) async fn exchange(run: &Run<'_>, request: &Request, page: Option<&PageArg<'_>>) -> Result<Incoming, Error> {
    let kept = request.cache_ttl > 0 && request.method == HttpMethod::Get;
    let Some(account) = run.ctx.facts.account_id.as_ref().filter(|_| kept) else {
        return run.send(run.build(request, page)?).await;
    };
    // A signature names the moment, so that it is put on after the look.
    let unsigned = build::unsigned(run, request, None, page)?;
    let mut hasher = run.host.answers.hasher(run.host.http.entropy());
    hash(run, &unsigned.outgoing, &mut hasher);
    let fetch = match run.host.answers.find(account, hasher.finish()) {
        Ok(incoming) => return Ok(incoming),
        Err(fetch) => fetch,
    };
    let incoming = run.send(build::sign(run, request, unsigned)?).await?;
    if !echoes(run.redactor, &incoming.headers, &incoming.body) {
        fetch.keep(&incoming, request.cache_ttl);
    }
    Ok(incoming)
}

/// Everything that decides what is answered.
fn hash(run: &Run<'_>, outgoing: &Outgoing, hasher: &mut Hasher) {
    let (facts, connector) = (&run.ctx.facts, run.ctx.connector);
    let account = facts.account_id.as_ref().map_or("", |account| account.as_str());
    let version = connector.version.to_string();
    for part in [
        facts.project_id.as_str(),
        account,
        facts.profile_id.as_str(),
        &facts.environment,
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

fn hash_value(value: &Value, hasher: &mut Hasher) {
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
fn echoes(redactor: &Redactor, headers: &HeaderMap, body: &[u8]) -> bool {
    redactor.finds(body) || headers.values().any(|value| redactor.finds(value.as_bytes()))
}
