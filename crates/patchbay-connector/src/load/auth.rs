//! Authentication methods.

use std::sync::Arc;

use super::{action::Nested, authorization, function, guide, input::compile_pattern, oauth1};
use crate::{
    definition::{
        Action, AuthKind, AuthMethod, Authorization, ClientRegistration, Environment, FieldOption, FieldType,
        FieldValidation, FormField, GrantType, Guides, McpFlow, Notice, NoticeKind, NoticePosition, Refresh, Support,
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
pub(crate) const FIELD_KEYS: [&str; 15] = [
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
];
pub(crate) const FIELD_TYPES: [(&str, FieldType); 5] = [
    ("text", FieldType::Text),
    ("password", FieldType::Password),
    ("number", FieldType::Number),
    ("text_area", FieldType::TextArea),
    ("select", FieldType::Select),
];

/// Where things stand that are checked once everything is read.
pub(super) struct AuthMethodSpans<'n> {
    pub(super) authorization: Reader<'n>,
    pub(super) test_actions: Vec<Reader<'n>>,
    pub(super) scopes: Vec<(String, Reader<'n>)>,
}

pub(super) fn read<'n>(root: &Mapping<'n>, nested: &mut Nested<'n, '_>) -> (Vec<AuthMethod>, Vec<AuthMethodSpans<'n>>) {
    let (mut methods, mut places): (Vec<AuthMethod>, Vec<_>) = (Vec::new(), Vec::new());
    let Some(list) = root.require("authentication") else { return (methods, places) };
    for item in list.items() {
        for (key, reader) in item.entries("an authentication method") {
            if methods.iter().any(|earlier| earlier.key == key) {
                reader.error(code::DUPLICATE_ID, format!("there is another authentication method `{key}`"));
            }
            if let Some((method, place)) = method(key, reader, nested) {
                methods.push(method);
                places.push(place);
            }
        }
    }
    if methods.is_empty() {
        list.error(code::MISSING_KEY, "the connector has no authentication method");
    }
    (methods, places)
}

fn method<'n>(key: &str, reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<(AuthMethod, AuthMethodSpans<'n>)> {
    let mapping = reader.mapping("an authentication method", &KEYS)?;
    let kind = auth_kind(&mapping);
    let refresh = mapping.get("refreshAuthentication").and_then(|place| refresh(place, nested));
    let revoke = mapping.get("revokeAuthentication").and_then(|place| revoke(place, nested));
    let mcp = mapping.get("authorizationFlow").and_then(mcp_flow);
    let support =
        mapping.get("support").and_then(|support| support.mapping("`support`", &["link", "description", "guides"]));
    let (tests, test_places): (Vec<_>, Vec<_>) = mapping
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
        support: support
            .map(|support| Support { link: support.text("link"), description: support.text("description") }),
        guides: support
            .and_then(|support| support.get("guides"))
            .map_or_else(Guides::default, |guides| guide::guides(&guides)),
        setup_fields: fields(&mapping, "setupFields"),
        config_fields: fields(&mapping, "configFields"),
        setup_notices: mapping.items("setupNotices").into_iter().filter_map(notice).collect(),
        config_notices: mapping.items("configNotices").into_iter().filter_map(notice).collect(),
        authorization: match mapping.get("authorization") {
            None if kind == Some(AuthKind::Mcp) => authorization::of_mcp().unwrap_or(Authorization::None),
            place => place.and_then(authorization::read).unwrap_or(Authorization::None),
        },
        certificates: mapping.get("certificates").and_then(function::certificates),
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
    check_token(&method, &authorization);
    check_oauth1(&method, &mapping, &authorization);
    check_mcp(&method, &mapping);
    Some((method, AuthMethodSpans { authorization, test_actions: test_places, scopes }))
}

/// A method that works by a token says where it is got.
fn check_token(method: &AuthMethod, place: &Reader<'_>) {
    let AuthKind::OAuth2(grant) = method.kind else { return };
    let missing = |what: &str| {
        place.error(code::MISSING_KEY, format!("authentication of type `oauth2` needs {what}"));
    };
    match &method.authorization {
        Authorization::OAuth2(oauth2) => {
            if oauth2.token_url.is_none() && (method.refresh.is_none() || grant == GrantType::AuthorizationCode) {
                missing("`tokenUrl` in its `authorization`");
            }
            if oauth2.authorization_url.is_none() && grant == GrantType::AuthorizationCode {
                missing("`authorizationUrl` in its `authorization`");
            }
        }
        _ if grant == GrantType::AuthorizationCode => missing("`authorization` of type `oauth2`"),
        _ if method.refresh.is_none() => missing("`authorization` of type `oauth2`, or `refreshAuthentication`"),
        _ => {}
    }
}

/// A method by which one signs in by OAuth 1.0a says where, and who signs; no other does.
fn check_oauth1(method: &AuthMethod, mapping: &Mapping<'_>, place: &Reader<'_>) {
    // One that says so and cannot be read is told where it stands.
    let says_so = || {
        let kind = mapping.get("authorization").and_then(|authorization| authorization.peek("type")?.text());
        kind.as_deref() == Some("oauth1")
    };
    match &method.authorization {
        Authorization::OAuth1(flow) if method.kind == AuthKind::OAuth1 => {
            oauth1::check_consumer(method, &flow.signing, place);
        }
        Authorization::OAuth1(_) => {
            let hint = "say `type: oauth1` of the method; for tokens that are typed, `type: none` with `signing`";
            place.error_with_hint(code::INVALID, "`authorization` of type `oauth1` is for methods of that type", hint);
        }
        _ if method.kind == AuthKind::OAuth1 && !says_so() => {
            place.error(code::MISSING_KEY, "authentication of type `oauth1` needs `authorization` of type `oauth1`");
        }
        _ => {}
    }
}

/// A method whose provider is an MCP server names that server, and leaves the rest to it.
fn check_mcp(method: &AuthMethod, mapping: &Mapping<'_>) {
    let is_mcp = method.kind == AuthKind::Mcp;
    match (&method.mcp, mapping.get("authorizationFlow")) {
        (None, None) if is_mcp => {
            mapping
                .reader
                .error(code::MISSING_KEY, "authentication of type `mcp` needs `authorizationFlow` with `serverUrl`");
        }
        (Some(_), Some(place)) if !is_mcp => {
            place.error(code::INVALID, "`authorizationFlow` is for authentication of type `mcp`");
        }
        (Some(flow), Some(place)) if !flow.discovery => {
            let hint = "write `type: oauth2` with `authorizationUrl` and `tokenUrl` for a server without metadata";
            place.error_with_hint(code::INVALID, "without `discovery` nobody knows where to sign in", hint);
        }
        _ => {}
    }
    if let Some(place) = mapping.get("authorization").filter(|_| is_mcp)
        && !matches!(method.authorization, Authorization::OAuth2(_))
    {
        place.error(code::INVALID, "authentication of type `mcp` sends its token by itself; leave `authorization` out");
    }
}

fn environment(reader: Reader<'_>) -> Option<Environment> {
    let environment = reader.mapping("an environment", &["key", "name"])?;
    Some(Environment { key: environment.require("key")?.text()?, name: environment.require("name")?.text()? })
}

fn auth_kind(mapping: &Mapping<'_>) -> Option<AuthKind> {
    #[derive(Clone, Copy)]
    enum AuthTypeName {
        Custom,
        OAuth2,
        Mcp,
        OAuth1,
    }
    let place = mapping.require("type")?;
    let kinds = [
        ("custom", AuthTypeName::Custom),
        ("oauth2", AuthTypeName::OAuth2),
        ("mcp", AuthTypeName::Mcp),
        ("oauth1", AuthTypeName::OAuth1),
    ];
    let kind = place.choice(&kinds)?;
    let grants =
        [("authorization_code", GrantType::AuthorizationCode), ("client_credentials", GrantType::ClientCredentials)];
    let grant = mapping.get("grantType").map_or(Some(GrantType::AuthorizationCode), |grant| grant.choice(&grants));
    Some(match kind {
        AuthTypeName::Custom => AuthKind::Custom,
        AuthTypeName::OAuth2 => AuthKind::OAuth2(grant?),
        AuthTypeName::Mcp => AuthKind::Mcp,
        AuthTypeName::OAuth1 => AuthKind::OAuth1,
    })
}

fn refresh<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<Refresh> {
    let mapping = reader.mapping("`refreshAuthentication`", &["schedule", "action"])?;
    let action = mapping.require("action").and_then(|action| nested.read(action, "refresh_token"));
    let schedule = mapping.get("schedule").and_then(|place| {
        let cron = place.text()?;
        let fits = cron.split_whitespace().count() == 5
            && cron.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '*' | '/' | ',' | '-' | '?'));
        if !fits {
            let hint = "write minute, hour, day, month and weekday, such as `0 * * * *`";
            place.error_with_hint(code::INVALID, format!("`{cron}` is no schedule"), hint);
        }
        Some(cron)
    });
    Some(Refresh { schedule, action: action? })
}

fn revoke<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<Arc<Action>> {
    let mapping = reader.mapping("`revokeAuthentication`", &["action"])?;
    mapping.require("action").and_then(|action| nested.read(action, "revoke_token"))
}

fn mcp_flow(reader: Reader<'_>) -> Option<McpFlow> {
    let mapping = reader.mapping("`authorizationFlow`", &["serverUrl", "discovery", "clientRegistration", "scopes"])?;
    let kinds = [("cimd", ClientRegistration::Cimd), ("dcr", ClientRegistration::Dynamic)];
    let registration =
        mapping.get("clientRegistration").map_or(Some(ClientRegistration::Dynamic), |kind| kind.choice(&kinds));
    let scopes = mapping.names("scopes").into_iter().map(|(name, _)| name).collect();
    Some(McpFlow {
        server_url: mapping.require("serverUrl")?.template()?,
        discovery: mapping.flag("discovery", true),
        registration: registration?,
        scopes,
    })
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
    let mut fields: Vec<FormField> = Vec::new();
    for reader in mapping.items(key) {
        let Some(field) = field(reader) else { continue };
        if fields.iter().any(|earlier| earlier.key == field.key) {
            reader.error(code::DUPLICATE_ID, format!("there is another field `{}`", field.key));
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
        place.error(code::UNKNOWN_VALUE, format!("`{value}` is not among the field's options"));
    }
    Some(FormField {
        key: key?.text()?,
        label: label?.text()?,
        kind,
        required: mapping.flag("required", false),
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
                format!("`{format}` is no format"),
                "it can be: email, url, uri, uuid, date, datetime",
            );
            return None;
        };
        (pattern.to_owned(), place, Some(format))
    };
    let anchored = format!("^(?:{})$", without_anchors(&pattern));
    let regex = compile_pattern(&anchored, &place)?;
    Some(FieldValidation { pattern: anchored, regex, format, error_message })
}

/// Without the `^` and `$` around it; a `\\$` at its end is a character, no anchor.
fn without_anchors(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    match pattern.strip_suffix('$') {
        Some(rest) if (rest.len() - rest.trim_end_matches('\\').len()).is_multiple_of(2) => rest,
        _ => pattern,
    }
}

/// Patterns that ECMAScript and this crate's `regex` both read.
fn format_pattern(format: &str) -> Option<&'static str> {
    Some(match format {
        "email" => r"[^\s@]+@[^\s@]+\.[^\s@]+",
        "url" | "uri" => r"https?://[^\s]+",
        "uuid" => "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "date" => r"\d{4}-\d{2}-\d{2}",
        "datetime" => r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?",
        _ => return None,
    })
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
