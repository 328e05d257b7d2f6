//! Shapes that several endpoints share.

use patchbay_connector::definition::{AuthKind, AuthMethod, GrantType, Guide, GuideSection};
use patchbay_engine::{Error, ErrorCode, Origin, Problem};
use patchbay_model::{AccountKind, ProfileAlarm, StatusReason};
use patchbay_vault::Secret;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Whose connector it is, in the contract's words.
pub(super) const fn owner(origin: Origin) -> &'static str {
    match origin {
        Origin::Instance => "patchbay",
        Origin::Project => "custom",
    }
}

/// `production` or `test`, in any case.
pub(super) fn kind(text: Option<&str>) -> Result<Option<AccountKind>, Error> {
    let Some(text) = text else { return Ok(None) };
    text.to_lowercase().parse().map(Some).map_err(|_| invalid("type", "type must be production or test"))
}

/// What a provider holds against a profile's app.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlarmOut {
    /// Stable, for machines.
    code: String,
    /// What the provider said and what to do.
    message: String,
    /// Since when.
    since: String,
}

impl AlarmOut {
    pub(super) fn new(alarm: &ProfileAlarm) -> Self {
        Self { code: alarm.code.clone(), message: alarm.message.clone(), since: alarm.since.to_rfc3339() }
    }
}

/// Why an account is in its state; null when there is nothing to say.
pub(super) fn status_reasons(reasons: &[StatusReason]) -> Option<Value> {
    (!reasons.is_empty()).then(|| json!(reasons))
}

/// 400 with one problem.
pub(super) fn invalid(path: &str, message: &str) -> Error {
    let problem = Problem { path: path.to_owned(), code: "invalid", message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

/// A form's values as secrets, from the first moment that we have them.
pub(super) fn typed(values: Map<String, Value>, path: &str) -> Result<Vec<(String, Secret)>, Error> {
    let mut typed = Vec::with_capacity(values.len());
    for (key, value) in values {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(invalid(&format!("{path}.{key}"), &format!("{key} must be a text")));
            }
        };
        typed.push((key, Secret::new(text)));
    }
    Ok(typed)
}

/// The type of an authentication method on the wire, and its grant.
pub(super) fn auth_type(kind: AuthKind) -> (&'static str, Option<&'static str>) {
    match kind {
        AuthKind::Custom => ("custom", None),
        AuthKind::OAuth2(GrantType::AuthorizationCode) => ("oauth2", Some("authorization_code")),
        AuthKind::OAuth2(GrantType::ClientCredentials) => ("oauth2", Some("client_credentials")),
        AuthKind::Mcp => ("mcp", None),
        AuthKind::OAuth1 => ("oauth1", None),
    }
}

/// An authentication method as the catalog shows it.
pub(super) fn auth_meta(method: &AuthMethod, public_url: &str, with_guides: bool) -> Value {
    let mut meta = json!({
        "type": auth_type(method.kind).0,
        "label": method.label,
        "key": method.key,
        "required_scopes": method.required_scopes,
        "support": { "link": support_link(method, public_url), "description": method.support.as_ref().and_then(|support| support.description.clone()) },
    });
    if with_guides {
        meta["support"]["guides"] = json!({ "config": method.guides.config.as_ref().map(guide), "setup": method.guides.setup.as_ref().map(guide) });
    }
    meta
}

/// The help link; a path is one of ours.
pub(super) fn support_link(method: &AuthMethod, public_url: &str) -> Option<String> {
    let link = method.support.as_ref()?.link.as_ref()?;
    Some(if link.starts_with('/') { format!("{public_url}{link}") } else { link.clone() })
}

fn guide(guide: &Guide) -> Value {
    json!({ "warning": guide.warning, "sections": guide.sections.iter().map(section).collect::<Vec<_>>() })
}

fn section(section: &GuideSection) -> Value {
    let steps = section.steps.iter().map(
        |step| json!({ "title": step.title, "content": step.content.clone().unwrap_or_default(), "list": step.list }),
    );
    json!({ "title": section.title, "content": section.content.clone().unwrap_or_default(), "list": section.list, "steps": steps.collect::<Vec<_>>() })
}
