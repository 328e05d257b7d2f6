//! Authentication methods.

use super::{guide, input::compile_pattern, root::unsupported, step};
use crate::{
    definition::{
        AuthKind, AuthMethod, Authorization, Environment, Field, FieldOption, FieldType, FieldValidation, Guides,
        Notice, NoticeKind, NoticePosition, Support, TestAction,
    },
    diagnostic::code,
    syntax::{Mapping, Reader},
};

const KEYS: [&str; 18] = [
    "type",
    "grantType",
    "label",
    "support",
    "setupFields",
    "configFields",
    "setupNotices",
    "configNotices",
    "authorization",
    "refreshAuthentication",
    "requiredScopes",
    "environments",
    "testActions",
    "testActionsIds",
    "authorizationFlow",
    "guides",
    "key",
    "description",
];
const FIELD_KEYS: [&str; 15] = [
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
const FIELD_TYPES: [(&str, FieldType); 5] = [
    ("text", FieldType::Text),
    ("password", FieldType::Password),
    ("number", FieldType::Number),
    ("text_area", FieldType::TextArea),
    ("select", FieldType::Select),
];

/// Where things stand that are checked once everything is read.
pub(super) struct Places<'n> {
    pub(super) authorization: Reader<'n>,
    pub(super) test_actions: Vec<Reader<'n>>,
    pub(super) scopes: Vec<(String, Reader<'n>)>,
}

pub(super) fn read<'n>(root: &Mapping<'n>) -> (Vec<AuthMethod>, Vec<Places<'n>>) {
    let (mut methods, mut places): (Vec<AuthMethod>, Vec<_>) = (Vec::new(), Vec::new());
    let Some(list) = root.require("authentication") else { return (methods, places) };
    for item in list.items() {
        for (key, reader) in item.entries("an authentication method") {
            if methods.iter().any(|earlier| earlier.key == key) {
                reader.error(code::DUPLICATE_ID, format!("there is another authentication method `{key}`"));
            }
            if let Some((method, place)) = method(key, reader) {
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

fn method<'n>(key: &str, reader: Reader<'n>) -> Option<(AuthMethod, Places<'n>)> {
    let mapping = reader.mapping("an authentication method", &KEYS)?;
    let kind =
        mapping.require("type")?.choice(&[("custom", Some(AuthKind::Custom)), ("oauth2", None), ("mcp", None)])?;
    let Some(kind) = kind else {
        mapping
            .require("type")?
            .error(code::UNSUPPORTED, "this version supports authentication of type `custom` alone");
        return None;
    };
    unsupported(&mapping, "refreshAuthentication", "tokens that are refreshed are not supported yet");
    let support =
        mapping.get("support").and_then(|support| support.mapping("`support`", &["link", "description", "guides"]));
    let (tests, test_places): (Vec<_>, Vec<_>) = mapping
        .items("testActions")
        .into_iter()
        .map(|place| (test_action(&place), place))
        .chain(mapping.items("testActionsIds").into_iter().map(|place| (test_action_id(&place), place)))
        .filter_map(|(test, place)| Some((test?, place)))
        .unzip();
    let scopes = mapping.names("requiredScopes");
    let mut environments = mapping.items("environments").into_iter().filter_map(environment).collect::<Vec<_>>();
    if environments.is_empty() {
        environments.push(Environment { key: "production".to_owned(), name: "Production".to_owned() });
    }
    let method = AuthMethod {
        key: key.to_owned(),
        kind,
        label: mapping.require("label")?.text()?,
        support: support
            .map(|support| Support { link: support.text("link"), description: support.text("description") }),
        guides: support
            .and_then(|support| support.get("guides"))
            .map_or_else(Guides::default, |guides| guide::guides(&guides)),
        setup_fields: fields(&mapping, "setupFields"),
        config_fields: fields(&mapping, "configFields"),
        setup_notices: mapping.items("setupNotices").into_iter().filter_map(notice).collect(),
        config_notices: mapping.items("configNotices").into_iter().filter_map(notice).collect(),
        authorization: mapping.get("authorization").and_then(authorization).unwrap_or(Authorization::None),
        environments,
        test_actions: tests,
        required_scopes: scopes.iter().map(|(name, _)| name.clone()).collect(),
    };
    let authorization = mapping.get("authorization").unwrap_or(reader);
    Some((method, Places { authorization, test_actions: test_places, scopes }))
}

fn environment(reader: Reader<'_>) -> Option<Environment> {
    let environment = reader.mapping("an environment", &["key", "name"])?;
    Some(Environment { key: environment.require("key")?.text()?, name: environment.require("name")?.text()? })
}

fn test_action(reader: &Reader<'_>) -> Option<TestAction> {
    let test = reader.mapping("a test action", &["action", "required", "condition"])?;
    Some(TestAction {
        action: test.require("action")?.text()?,
        required: test.flag("required", false),
        condition: test.template("condition"),
    })
}

fn test_action_id(reader: &Reader<'_>) -> Option<TestAction> {
    Some(TestAction { action: reader.text()?, required: true, condition: None })
}

/// What is added to requests; also a step's own.
pub(super) fn authorization(reader: Reader<'_>) -> Option<Authorization> {
    #[derive(Clone, Copy)]
    enum Kind {
        None,
        Basic,
        Bearer,
        Custom,
        OAuth2,
    }
    const KEYS: [&str; 9] =
        ["type", "username", "password", "encoding", "token", "includeBearer", "redirectUri", "signing", "args"];
    let mapping = reader.mapping("`authorization`", &KEYS)?;
    let kinds = [
        ("none", Kind::None),
        ("basic", Kind::Basic),
        ("bearer", Kind::Bearer),
        ("custom", Kind::Custom),
        ("oauth2", Kind::OAuth2),
    ];
    let kind = mapping.require("type")?;
    unsupported(&mapping, "signing", "request signing is not supported yet");
    match kind.choice(&kinds)? {
        Kind::None => Some(Authorization::None),
        Kind::Basic => Some(Authorization::Basic {
            username: mapping.template("username"),
            password: mapping.template("password"),
        }),
        Kind::Bearer => Some(Authorization::Bearer {
            token: mapping.require("token")?.template()?,
            include_bearer: mapping.flag("includeBearer", true),
        }),
        Kind::Custom => {
            let args = mapping.require("args")?;
            Some(Authorization::Custom { args: args.items().filter_map(|arg| step::credential_arg(&arg)).collect() })
        }
        Kind::OAuth2 => {
            kind.error(code::UNSUPPORTED, "authorization of type `oauth2` is not supported yet");
            None
        }
    }
}

fn fields(mapping: &Mapping<'_>, key: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for reader in mapping.items(key) {
        let Some(field) = field(reader) else { continue };
        if fields.iter().any(|earlier| earlier.key == field.key) {
            reader.error(code::DUPLICATE_ID, format!("there is another field `{}`", field.key));
        }
        fields.push(field);
    }
    fields
}

fn field(reader: Reader<'_>) -> Option<Field> {
    let mapping = reader.mapping("a field", &FIELD_KEYS)?;
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
    Some(Field {
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
