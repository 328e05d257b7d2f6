//! Builds the envelope of a SOAP request from a step's arguments, and its headers.

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

/// Wraps the body arguments in an envelope, which becomes the body of the request. A WS-Security `authorization` is
/// added to the envelope's header.
///
/// # Errors
///
/// [`EvalError::Refused`] if the arguments or the declared envelope cannot be written as an envelope, otherwise the
/// [`EvalError`] of an expression.
pub(crate) fn build_envelope(
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
            let document = text.eval_text(bindings, Escape::Xml)?.unwrap_or_default();
            insert_security(document, security)?
        }
        Some(envelope) => match envelope.eval(bindings)?.unwrap_or(Value::Null) {
            Value::String(document) => insert_security(document, security)?,
            Value::Object(members) => {
                to_xml(&complete_envelope(members, payload, soap, bindings, &namespaces, security, version)?)?
            }
            _ => return Err(rejected("envelope", "is neither text nor an object")),
        },
        None => {
            let body = body(soap, bindings, payload, &namespaces)?;
            to_xml(&envelope(Map::new(), body, &namespaces, security, version))?
        }
    };
    parts.whole_body = Some(Value::String(text));
    let action = soap.action.as_ref().map(|action| action.eval_text(bindings, Escape::Header)).transpose()?.flatten();
    set_action(parts, version, kind, action.as_deref())
}

/// Returns the prefixes and URIs of the declared namespaces.
fn namespaces(soap: &SoapRequest, bindings: &Bindings<'_>) -> Result<Vec<(String, String)>, EvalError> {
    let text = |template: &Template| template.eval_text(bindings, Escape::None).map(Option::unwrap_or_default);
    let pair = |namespace: &patchbay_connector::definition::Namespace| {
        Ok((text(&namespace.prefix)?.trim_end_matches(':').to_owned(), text(&namespace.uri)?))
    };
    soap.namespaces.iter().map(pair).collect()
}

/// Returns the content of the envelope's body: the operation with the arguments, or only the arguments if the connector
/// declares no operation.
fn body(
    soap: &SoapRequest,
    bindings: &Bindings<'_>,
    payload: Value,
    namespaces: &[(String, String)],
) -> Result<Map<String, Value>, EvalError> {
    let operation = soap.operation.as_ref().map(|name| name.eval_text(bindings, Escape::None)).transpose()?.flatten();
    let Value::Object(mut members) = payload else {
        return Err(rejected("args", "do not form an object, which the operation requires"));
    };
    if let Some(operation) = operation {
        // The single argument may already be the operation.
        let is_wrapped = members.len() == 1 && members.keys().all(|name| local(name) == local(&operation));
        if !is_wrapped {
            members = Map::from_iter([(operation, Value::Object(members))]);
        }
    }
    let first = namespaces.first().map(|(prefix, _)| prefix.as_str()).filter(|prefix| !prefix.is_empty());
    Ok(match first {
        Some(prefix) if soap.use_context => qualified(members, prefix),
        _ => members,
    })
}

/// Adds a prefix to the names of elements without one. Attributes do not change: without a prefix they have no namespace.
fn qualified(members: Map<String, Value>, prefix: &str) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| {
            let is_unchanged = name.contains(':') || name.starts_with(ATTRIBUTE) || name == TEXT;
            (if is_unchanged { name } else { format!("{prefix}:{name}") }, qualified_value(value, prefix))
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

/// Builds an envelope with these header blocks and this body.
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

/// Completes an envelope that the connector declares as an object: an `Envelope`, or its `Header` and `Body`.
fn complete_envelope(
    mut declared: Map<String, Value>,
    payload: Value,
    soap: &SoapRequest,
    bindings: &Bindings<'_>,
    namespaces: &[(String, String)],
    security: Option<(String, Value)>,
    version: SoapVersion,
) -> Result<Value, EvalError> {
    let whole = declared.keys().next().filter(|name| declared.len() == 1 && local(name) == "Envelope").cloned();
    if let Some(name) = whole {
        let Some(Value::Object(members)) = declared.get_mut(&name) else {
            return Err(rejected("envelope", "has an `Envelope` that is not an object"));
        };
        add_missing(members, &name, namespaces, security);
        return Ok(Value::Object(declared));
    }
    let (mut header, mut declared_body) = (Map::new(), None);
    for (name, value) in declared {
        match (local(&name), value) {
            ("Header", Value::Object(blocks)) => header = blocks,
            ("Body", Value::Object(members)) => declared_body = Some(members),
            ("Header" | "Body", Value::Null) => {}
            _ => return Err(rejected("envelope", "has members other than `Envelope`, or `Header` and `Body`")),
        }
    }
    let body = match declared_body {
        Some(body) => body,
        None => body(soap, bindings, payload, namespaces)?,
    };
    Ok(envelope(header, body, namespaces, security, version))
}

/// Adds the missing parts of an envelope: declarations of the step's namespaces and the security header.
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
    // The header precedes the body (SOAP 1.1, section 4).
    let key = if prefix.is_empty() { "Header".to_owned() } else { format!("{prefix}:Header") };
    let header = (key, Value::Object(Map::from_iter([(block_name, block)])));
    let rest = std::mem::take(members);
    *members = std::iter::once(header).chain(rest).collect();
}

/// Marks a header block as mandatory for the provider (SOAP 1.1, section 4.2.3).
fn require_understanding(block: &mut Value, prefix: &str) {
    if let (Value::Object(members), false) = (block, prefix.is_empty()) {
        members.insert(format!("{ATTRIBUTE}{prefix}:mustUnderstand"), Value::from("1"));
    }
}

/// Returns the attribute that declares a namespace.
fn declaration(prefix: &str, uri: &str) -> (String, Value) {
    let name = if prefix.is_empty() { format!("{ATTRIBUTE}xmlns") } else { format!("{ATTRIBUTE}xmlns:{prefix}") };
    (name, Value::String(uri.to_owned()))
}

/// Inserts the security header into an envelope that is text.
fn insert_security(text: String, security: Option<(String, Value)>) -> Result<String, EvalError> {
    match security {
        Some((name, block)) => insert::header(&text, &name, block).map_err(|reason| rejected("envelope", &reason)),
        None => Ok(text),
    }
}

/// Writes the envelope as a document.
fn to_xml(envelope: &Value) -> Result<String, EvalError> {
    xml::write_document(envelope)
        .map_err(|error| rejected("args", &format!("cannot be written as an envelope: {error}")))
}

fn rejected(path: &str, reason: &str) -> EvalError {
    EvalError::Refused { path: path.to_owned(), reason: reason.to_owned() }
}

/// Sets the content type and the action of the message.
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
        HeaderValue::try_from(text)
            .map_err(|_| rejected("soapAction", "contains a character that headers do not allow"))
    };
    parts.headers.insert(header::CONTENT_TYPE, value(kind)?);
    if version == SoapVersion::V1_1 && !parts.headers.contains_key(&ACTION) {
        // An empty string means that the request URI identifies the action (SOAP 1.1, section 6.1.1).
        parts.headers.insert(ACTION, value(quoted)?);
    }
    Ok(())
}
