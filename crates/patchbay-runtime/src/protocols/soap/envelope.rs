//! From a step's arguments to an envelope and the headers that go with it.

use http::{HeaderName, HeaderValue, header};
use patchbay_connector::{
    definition::{Authorization, SoapRequest, ValueTemplate},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_model::{Entropy, Timestamp};
use serde_json::{Map, Value};

use super::{SoapVersion, insert, security};
use crate::{
    protocols::xml::{self, ATTRIBUTE, TEXT, local},
    request::args::RequestParts,
};

/// The prefix of the envelope's own elements.
const PREFIX: &str = "soapenv";
const ACTION: HeaderName = HeaderName::from_static("soapaction");

/// Makes the body arguments an envelope, which becomes the body of the request. `authorization` is what the
/// request proves itself with.
pub fn build_envelope(
    soap: &SoapRequest,
    authorization: &Authorization,
    bindings: &Bindings<'_>,
    now: Timestamp,
    entropy: &dyn Entropy,
    parts: &mut RequestParts,
) -> Result<(), EvalError> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let version = match &kind {
        Some(kind) if xml::media_type(kind) == "application/soap+xml" => SoapVersion::V1_2,
        _ => SoapVersion::V1_1,
    };
    let namespaces = namespaces(soap, bindings)?;
    let security = security::header(authorization, bindings, now, entropy)?;
    let payload = match parts.whole_body.take() {
        Some(value) => value,
        None => Value::Object(std::mem::take(&mut parts.body)),
    };
    let text = match soap.envelope.as_ref() {
        Some(ValueTemplate::Text(text)) if text.is_mixed() || text.is_literal() => {
            let written = text.eval_text(bindings, Escape::Xml)?.unwrap_or_default();
            insert_security(written, security)?
        }
        Some(envelope) => match envelope.eval(bindings)?.unwrap_or(Value::Null) {
            Value::String(written) => insert_security(written, security)?,
            Value::Object(members) => {
                written(&complete_envelope(members, payload, soap, bindings, &namespaces, security, version)?)?
            }
            _ => return Err(refused("envelope", "is neither a text nor an object")),
        },
        None => {
            let body = body(soap, bindings, payload, &namespaces)?;
            written(&envelope(Map::new(), body, &namespaces, security, version))?
        }
    };
    parts.whole_body = Some(Value::String(text));
    let action = soap.action.as_ref().map(|action| action.eval_text(bindings, Escape::Header)).transpose()?.flatten();
    set_action(parts, version, kind, action.as_deref())
}

/// Prefixes and what they stand for.
fn namespaces(soap: &SoapRequest, bindings: &Bindings<'_>) -> Result<Vec<(String, String)>, EvalError> {
    let text = |template: &Template| template.eval_text(bindings, Escape::None).map(Option::unwrap_or_default);
    let pair = |namespace: &patchbay_connector::definition::Namespace| {
        Ok((text(&namespace.prefix)?.trim_end_matches(':').to_owned(), text(&namespace.uri)?))
    };
    soap.namespaces.iter().map(pair).collect()
}

/// What stands in the envelope's body: the operation with the arguments in it, or the arguments alone where the
/// file names no operation.
fn body(
    soap: &SoapRequest,
    bindings: &Bindings<'_>,
    payload: Value,
    namespaces: &[(String, String)],
) -> Result<Map<String, Value>, EvalError> {
    let operation = soap.operation.as_ref().map(|name| name.eval_text(bindings, Escape::None)).transpose()?.flatten();
    let Value::Object(mut members) = payload else {
        return Err(refused("args", "make no object, which the operation's parameters are"));
    };
    if let Some(operation) = operation {
        // A file that writes the operation out as its one argument means the same.
        let is_written = members.len() == 1 && members.keys().all(|name| local(name) == local(&operation));
        if !is_written {
            members = Map::from_iter([(operation, Value::Object(members))]);
        }
    }
    let first = namespaces.first().map(|(prefix, _)| prefix.as_str()).filter(|prefix| !prefix.is_empty());
    Ok(match first {
        Some(prefix) if soap.use_context => qualified(members, prefix),
        _ => members,
    })
}

/// Elements without a prefix are put into a namespace; attributes stay, as they have none of their own.
fn qualified(members: Map<String, Value>, prefix: &str) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| {
            let stays = name.contains(':') || name.starts_with(ATTRIBUTE) || name == TEXT;
            (if stays { name } else { format!("{prefix}:{name}") }, qualified_value(value, prefix))
        })
        .collect()
}

fn qualified_value(value: Value, prefix: &str) -> Value {
    match value {
        Value::Object(members) => Value::Object(qualified(members, prefix)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| qualified_value(item, prefix)).collect()),
        value => value,
    }
}

/// An envelope with these header blocks and this body.
fn envelope(
    mut header: Map<String, Value>,
    body: Map<String, Value>,
    namespaces: &[(String, String)],
    security: Option<(String, Value)>,
    version: SoapVersion,
) -> Value {
    let mut members = Map::from_iter([declaration(PREFIX, version.namespace())]);
    members.extend(namespaces.iter().map(|(prefix, uri)| declaration(prefix, uri)));
    if let Some((name, mut block)) = security {
        require_understanding(&mut block, PREFIX);
        header.insert(name, block);
    }
    if !header.is_empty() {
        members.insert(format!("{PREFIX}:Header"), Value::Object(header));
    }
    members.insert(format!("{PREFIX}:Body"), Value::Object(body));
    Value::Object(Map::from_iter([(format!("{PREFIX}:Envelope"), Value::Object(members))]))
}

/// An envelope that the file gives: the whole of it, or its `Header` and `Body`.
fn complete_envelope(
    mut given: Map<String, Value>,
    payload: Value,
    soap: &SoapRequest,
    bindings: &Bindings<'_>,
    namespaces: &[(String, String)],
    security: Option<(String, Value)>,
    version: SoapVersion,
) -> Result<Value, EvalError> {
    let whole = given.keys().next().filter(|name| given.len() == 1 && local(name) == "Envelope").cloned();
    if let Some(name) = whole {
        let Some(Value::Object(members)) = given.get_mut(&name) else {
            return Err(refused("envelope", "has an `Envelope` that is no object"));
        };
        add_missing(members, &name, namespaces, security);
        return Ok(Value::Object(given));
    }
    let (mut header, mut written) = (Map::new(), None);
    for (name, value) in given {
        match (local(&name), value) {
            ("Header", Value::Object(blocks)) => header = blocks,
            ("Body", Value::Object(members)) => written = Some(members),
            ("Header" | "Body", Value::Null) => {}
            _ => return Err(refused("envelope", "has members other than `Envelope`, or `Header` and `Body`")),
        }
    }
    let body = match written {
        Some(body) => body,
        None => body(soap, bindings, payload, namespaces)?,
    };
    Ok(envelope(header, body, namespaces, security, version))
}

/// Adds to a whole envelope what it lacks: declarations of the step's namespaces, the security header.
fn add_missing(
    members: &mut Map<String, Value>,
    name: &str,
    namespaces: &[(String, String)],
    security: Option<(String, Value)>,
) {
    for (prefix, uri) in namespaces {
        let (key, value) = declaration(prefix, uri);
        members.entry(key).or_insert(value);
    }
    let Some((block_name, mut block)) = security else { return };
    let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
    require_understanding(&mut block, prefix);
    let header = members.iter_mut().find(|(name, _)| local(name) == "Header" && !name.starts_with(ATTRIBUTE));
    if let Some((_, header)) = header {
        match header {
            Value::Object(blocks) => _ = blocks.insert(block_name, block),
            other => *other = Value::Object(Map::from_iter([(block_name, block)])),
        }
        return;
    }
    // The header stands before the body.
    let key = if prefix.is_empty() { "Header".to_owned() } else { format!("{prefix}:Header") };
    let header = (key, Value::Object(Map::from_iter([(block_name, block)])));
    let rest = std::mem::take(members);
    *members = std::iter::once(header).chain(rest).collect();
}

/// Marks a header block as one that the provider must not overlook.
fn require_understanding(block: &mut Value, prefix: &str) {
    if let (Value::Object(members), false) = (block, prefix.is_empty()) {
        members.insert(format!("{ATTRIBUTE}{prefix}:mustUnderstand"), Value::from("1"));
    }
}

fn declaration(prefix: &str, uri: &str) -> (String, Value) {
    let name = if prefix.is_empty() { format!("{ATTRIBUTE}xmlns") } else { format!("{ATTRIBUTE}xmlns:{prefix}") };
    (name, Value::String(uri.to_owned()))
}

fn insert_security(text: String, security: Option<(String, Value)>) -> Result<String, EvalError> {
    match security {
        Some((name, block)) => insert::header(&text, &name, block).map_err(|why| refused("envelope", &why)),
        None => Ok(text),
    }
}

fn written(envelope: &Value) -> Result<String, EvalError> {
    xml::write_document(envelope).map_err(|error| refused("args", &format!("make no envelope: {error}")))
}

fn refused(path: &str, reason: &str) -> EvalError {
    EvalError::Refused { path: path.to_owned(), reason: reason.to_owned() }
}

/// Sets the headers that say what kind of message it is and what it asks for.
fn set_action(
    parts: &mut RequestParts,
    version: SoapVersion,
    kind: Option<String>,
    action: Option<&str>,
) -> Result<(), EvalError> {
    let quoted = format!("\"{}\"", action.unwrap_or_default().trim_matches('"').replace(['"', '\\'], ""));
    let kind = match (version, kind, action) {
        (SoapVersion::V1_2, Some(kind), Some(_)) if !kind.contains("action=") => format!("{kind}; action={quoted}"),
        (_, Some(kind), _) => kind,
        (_, None, _) => "text/xml; charset=utf-8".to_owned(),
    };
    let value = |text: String| {
        HeaderValue::try_from(text).map_err(|_| refused("soapAction", "holds a character that a header cannot carry"))
    };
    parts.headers.insert(header::CONTENT_TYPE, value(kind)?);
    if version == SoapVersion::V1_1 && !parts.headers.contains_key(&ACTION) {
        // Empty quotes say that the address says it all (SOAP 1.1, section 6.1.1).
        parts.headers.insert(ACTION, value(quoted)?);
    }
    Ok(())
}
