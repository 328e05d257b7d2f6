//! Reads authentication methods.

use std::{collections::HashMap, sync::Arc};

use super::{
    action::Nested,
    guide,
    input::{compile_pattern, format_pattern},
    links,
};
use crate::{
    authorization::{self, AUTH_TYPES, MethodParts, mcp},
    definition::{
        Action, AuthKind, AuthMethod, Authorization, BearerAuthorization, Certificates, Environment, FieldOption,
        FieldType, FieldValidation, FormField, Guides, McpFlow, Notice, NoticeKind, NoticePosition, Refresh, Support,
        TestAction,
    },
    diagnostic::code,
    syntax::{Mapping, Reader},
};

pub(crate) const KEYS: [&str; 20] = [
    "type",
    "grantType",
    "label",
    "support",
    "setupFields",
    "configFields",
    "setupNotices",
    "configNotices",
    "authorization",
    "certificates",
    "refreshAuthentication",
    "revokeAuthentication",
    "requiredScopes",
    "environments",
    "testActions",
    "testActionsIds",
    "authorizationFlow",
    "guides",
    "key",
    "description",
];
pub(crate) const FIELD_KEYS: [&str; 16] = [
    "key",
    "label",
    "type",
    "required",
    "secret",
    "readOnly",
    "placeholder",
    "description",
    "tooltip",
    "options",
    "validation",
    "value",
    "computed",
    "externalSystemAccountIdentifier",
    "display",
    "condition",
];
pub(crate) const FIELD_TYPES: [(&str, FieldType); 5] = [
    ("text", FieldType::Text),
    ("password", FieldType::Password),
    ("number", FieldType::Number),
    ("text_area", FieldType::TextArea),
    ("select", FieldType::Select),
];

/// The parts of an authentication method in the file that are checked once the whole connector is read.
pub(super) struct AuthMethodSpans<'n> {
    pub(super) authorization: Reader<'n>,
    pub(super) test_actions: Vec<Reader<'n>>,
    pub(super) scopes: Vec<(String, Reader<'n>)>,
}

pub(super) fn read<'n>(root: &Mapping<'n>, nested: &mut Nested<'n, '_>) -> (Vec<AuthMethod>, Vec<AuthMethodSpans<'n>>) {
    let (mut methods, mut spans): (Vec<AuthMethod>, Vec<_>) = (Vec::new(), Vec::new());
    let mut seen = HashMap::new();
    let Some(list) = root.require("authentication") else { return (methods, spans) };
    for item in list.items() {
        for (key, reader) in item.entries("an authentication method") {
            if let Some(earlier) = seen.insert(key, reader) {
                reader.duplicate(&earlier, format!("there is another authentication method `{key}`"));
            }
            if let Some((method, found)) = method(key, reader, nested) {
                methods.push(method);
                spans.push(found);
            }
        }
    }
    if seen.is_empty() {
        list.error(code::MISSING_KEY, "the connector needs at least one authentication method");
    }
    (methods, spans)
}

fn method<'n>(key: &str, reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<(AuthMethod, AuthMethodSpans<'n>)> {
    let mapping = reader.mapping("an authentication method", &KEYS)?;
    let types = AUTH_TYPES.each_ref().map(|auth_type| (auth_type.name, auth_type.kind));
    let kind = mapping.require("type").and_then(|place| place.choice(&types)).and_then(|kind| kind(&mapping));
    let refresh = mapping.get("refreshAuthentication").and_then(|place| refresh(place, nested));
    let revoke = mapping.get("revokeAuthentication").and_then(|place| revoke(place, nested));
    let mcp = mapping.get("authorizationFlow").and_then(McpFlow::read);
    let support =
        mapping.get("support").and_then(|support| support.mapping("`support`", &["link", "description", "guides"]));
    let (tests, test_spans): (Vec<_>, Vec<_>) = mapping
        .items("testActions")
        .into_iter()
        .map(|place| (test_action(&place, nested), place))
        .chain(mapping.items("testActionsIds").into_iter().map(|place| (test_action_id(&place), place)))
        .filter_map(|(test, place)| Some((test?, place)))
        .unzip();
    let scopes = mapping.names("requiredScopes");
    let mut environments = mapping.items("environments").into_iter().filter_map(environment).collect::<Vec<_>>();
    if environments.is_empty() {
        environments.push(Environment { key: "production".to_owned(), name: "Production".to_owned() });
    }
    let label = mapping.require("label").and_then(|label| label.text());
    let method = AuthMethod {
        key: key.to_owned(),
        support: support.map(|support| Support {
            link: support.get("link").as_ref().and_then(links::link),
            description: support.text("description"),
        }),
        guides: support
            .and_then(|support| support.get("guides"))
            .map_or_else(Guides::default, |guides| guide::guides(&guides)),
        setup_fields: fields(&mapping, "setupFields"),
        config_fields: fields(&mapping, "configFields"),
        setup_notices: mapping.items("setupNotices").into_iter().filter_map(notice).collect(),
        config_notices: mapping.items("configNotices").into_iter().filter_map(notice).collect(),
        authorization: match mapping.get("authorization") {
            None if kind == Some(AuthKind::Mcp) => mcp::default_authorization().unwrap_or(Authorization::None),
            place => place.and_then(authorization::read).unwrap_or(Authorization::None),
        },
        certificates: mapping.get("certificates").and_then(Certificates::read),
        environments,
        test_actions: tests,
        required_scopes: scopes.iter().map(|(name, _)| name.clone()).collect(),
        refresh,
        revoke,
        mcp,
        label: label?,
        kind: kind?,
    };
    let authorization = mapping.get("authorization").unwrap_or(reader);
    let method = with_fixed_credential(method, &mapping);
    let fields = method.fields();
    let parts = MethodParts {
        kind: method.kind,
        authorization: &method.authorization,
        has_refresh: method.refresh.is_some(),
        mcp: method.mcp.as_ref(),
        field_keys: fields.map(|field| field.key.as_str()).collect(),
    };
    for auth_type in &AUTH_TYPES {
        (auth_type.check)(&parts, &mapping, &authorization);
    }
    Some((method, AuthMethodSpans { authorization, test_actions: test_spans, scopes }))
}

/// Returns a method of type `oauth2` that requests no token as one of type `custom`. The engine for which the format was made
/// accepts it: the credential is then that of a field.
fn with_fixed_credential(method: AuthMethod, mapping: &Mapping<'_>) -> AuthMethod {
    let authorization = match &method.authorization {
        Authorization::OAuth2(oauth2) if oauth2.token_url.is_none() && oauth2.authorization_url.is_none() => None,
        Authorization::OAuth2(_) => return method,
        _ => Some(()),
    };
    let is_fixed = matches!(method.kind, AuthKind::OAuth2(_)) && method.refresh.is_none();
    let Some(place) = mapping.get("type").filter(|place| is_fixed && place.is_original()) else { return method };
    let message = "no token is requested for this method of type `oauth2`; it is read like `custom`";
    place.warning_with_hint(code::DEPRECATED, message, "write `type: custom`");
    let authorization = match (authorization, method.authorization) {
        (None, Authorization::OAuth2(oauth2)) => {
            Authorization::Bearer(BearerAuthorization { token: oauth2.token, include_bearer: oauth2.include_bearer })
        }
        (_, other) => other,
    };
    AuthMethod { kind: AuthKind::Custom, authorization, ..method }
}

fn environment(reader: Reader<'_>) -> Option<Environment> {
    let environment = reader.mapping("an environment", &["key", "name"])?;
    Some(Environment { key: environment.require("key")?.text()?, name: environment.require("name")?.text()? })
}

fn refresh<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<Refresh> {
    let mapping = reader.mapping("`refreshAuthentication`", &["schedule", "action"])?;
    let action = mapping.require("action").and_then(|action| nested.read(action, "refresh_token"));
    let schedule = mapping.get("schedule").and_then(|place| {
        let cron = place.text()?;
        let fits = cron.split_whitespace().count() == 5
            && cron.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '*' | '/' | ',' | '-' | '?'));
        if !fits {
            let hint = "use minute, hour, day, month and weekday, for example `0 * * * *`";
            place.error_with_hint(code::INVALID, format!("`{cron}` is not a schedule"), hint);
        }
        Some(cron)
    });
    Some(Refresh { schedule, action: action? })
}

fn revoke<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<Arc<Action>> {
    let mapping = reader.mapping("`revokeAuthentication`", &["action"])?;
    mapping.require("action").and_then(|action| nested.read(action, "revoke_token"))
}

fn test_action<'n>(reader: &Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<TestAction> {
    let test = reader.mapping("a test action", &["action", "required", "condition"])?;
    let place = test.require("action")?;
    let (required, condition) = (test.flag("required", false), test.template("condition"));
    if place.mapping_unchecked().is_some() {
        let inline = nested.read(place, "test")?;
        return Some(TestAction { action: inline.id.clone(), inline: Some(inline), required, condition });
    }
    Some(TestAction { action: place.text()?, inline: None, required, condition })
}

fn test_action_id(reader: &Reader<'_>) -> Option<TestAction> {
    Some(TestAction { action: reader.text()?, inline: None, required: true, condition: None })
}

fn fields(mapping: &Mapping<'_>, key: &str) -> Vec<FormField> {
    let (mut fields, mut seen) = (Vec::new(), HashMap::new());
    for reader in mapping.items(key) {
        let Some(field) = field(reader) else { continue };
        if let Some(earlier) = seen.insert(field.key.clone(), reader) {
            reader.duplicate(&earlier, format!("there is another field `{}`", field.key));
        }
        fields.push(field);
    }
    fields
}

fn field(reader: Reader<'_>) -> Option<FormField> {
    let mapping = reader.mapping("a field", &FIELD_KEYS)?;
    mapping.not_run(&["computed"]);
    let (key, label) = (mapping.require("key"), mapping.require("label"));
    let kind = mapping.get("type").map_or(Some(FieldType::Text), |kind| kind.choice(&FIELD_TYPES))?;
    let options = mapping.items("options").into_iter().filter_map(option).collect::<Vec<_>>();
    if (kind == FieldType::Select) == options.is_empty() {
        let message = if options.is_empty() {
            "a field of type `select` needs `options`"
        } else {
            "only a field of type `select` has `options`"
        };
        reader.error(code::INVALID, message);
    }
    let default = mapping.get("value").map(|value| value.node.to_json());
    if let (Some(serde_json::Value::String(value)), FieldType::Select, Some(place)) =
        (&default, kind, mapping.get("value"))
        && !options.iter().any(|option| option.value == *value)
    {
        place.error(code::UNKNOWN_VALUE, format!("`{value}` is not an option of the field"));
    }
    if let Some(place) = mapping.get("secret").filter(|_| kind == FieldType::Password)
        && !mapping.flag("secret", true)
    {
        let hint = "remove it, or use `type: text` if the value may be shown";
        place.warning_with_hint(code::UNUSED, "`secret: false` has no effect on a field of type `password`", hint);
    }
    let (required, is_shown) = (mapping.flag("required", false), mapping.flag("display", true));
    if required && !is_shown && default.is_none() {
        reader.error(code::INVALID, "nobody can fill in a required field with `display: false`; give it a `value`");
    }
    Some(FormField {
        key: key?.text()?,
        label: label?.text()?,
        kind,
        required,
        is_shown,
        condition: mapping.template("condition"),
        secret: kind == FieldType::Password || mapping.flag("secret", true),
        read_only: mapping.flag("readOnly", false),
        placeholder: mapping.text("placeholder"),
        description: mapping.text("description"),
        tooltip: mapping.text("tooltip"),
        options,
        validation: mapping.get("validation").and_then(validation),
        default,
        external_account_identifier: mapping.flag("externalSystemAccountIdentifier", false),
        computed: mapping.template("computed"),
    })
}

fn option(reader: Reader<'_>) -> Option<FieldOption> {
    let option = reader.mapping("an option", &["value", "label"])?;
    let value = option.require("value")?.text()?;
    Some(FieldOption { label: option.text("label").unwrap_or_else(|| value.clone()), value })
}

fn validation(reader: Reader<'_>) -> Option<FieldValidation> {
    let mapping = reader.mapping("`validation`", &["pattern", "format", "errorMessage"])?;
    let error_message = mapping.text("errorMessage");
    let (pattern, place, format) = if let Some(place) = mapping.get("pattern") {
        (place.text()?, place, None)
    } else {
        let place = mapping.require("format")?;
        let format = place.text()?;
        let Some(pattern) = format_pattern(&format) else {
            place.error_with_hint(
                code::UNKNOWN_VALUE,
                format!("unknown format `{format}`"),
                "the formats are: email, url, uri, uuid, date, datetime",
            );
            return None;
        };
        (pattern.to_owned(), place, Some(format))
    };
    let anchored = format!("^(?:{})$", without_anchors(&pattern));
    let regex = compile_pattern(&anchored, &place)?;
    Some(FieldValidation { pattern: anchored, regex, format, error_message })
}

/// Returns the pattern without the `^` and `$` around it; an escaped `\\$` at its end is a character, not an anchor.
fn without_anchors(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    match pattern.strip_suffix('$') {
        Some(rest) if (rest.len() - rest.trim_end_matches('\\').len()).is_multiple_of(2) => rest,
        _ => pattern,
    }
}

fn notice(reader: Reader<'_>) -> Option<Notice> {
    let mapping = reader.mapping("a notice", &["key", "type", "description", "position", "anchor"])?;
    let kinds = [("warning", NoticeKind::Warning), ("info", NoticeKind::Info)];
    let positions = [("top", NoticePosition::Top), ("bottom", NoticePosition::Bottom)];
    Some(Notice {
        key: mapping.require("key")?.text()?,
        kind: mapping.get("type").and_then(|kind| kind.choice(&kinds)).unwrap_or(NoticeKind::Info),
        description: mapping.require("description")?.text()?,
        position: mapping
            .get("position")
            .and_then(|position| position.choice(&positions))
            .unwrap_or(NoticePosition::Top),
        anchor: mapping.text("anchor"),
    })
}
