//! The field of a form, as Hub and catalog show it.

use patchbay_connector::definition::{FieldOption, FieldType, FieldValidation, FormField};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What a form shows in place of a secret that is stored.
pub(crate) const SECRET_PLACEHOLDER: &str = "__secretvalue:**redacted**";
/// The pattern of [`SECRET_PLACEHOLDER`], with or without last characters of the secret, as JavaScript reads it.
const PLACEHOLDER_PATTERN: &str = r"__secretvalue:\*\*redacted\*\*.*";

/// A field of a form.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Field)]
pub(crate) struct FieldOut {
    /// The key under which its value is sent.
    #[schema(example = "clientId")]
    key: String,
    #[schema(example = "Client ID")]
    label: String,
    #[serde(rename = "type")]
    kind: FieldKind,
    /// Whether it needs a value.
    required: bool,
    /// Whether it is shown and cannot be changed.
    read_only: bool,
    /// False for a field that forms do not show; its value is the default. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display: Option<bool>,
    /// An expression over the values of the other fields, such as `{{credentials.region == 'eu'}}`: the field is shown, and
    /// needs a value, only if it holds. `required` is then false, because forms that do not evaluate it show the field; the
    /// server checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    condition: Option<String>,
    /// Whether its value is sealed and never shown again.
    secret: bool,
    /// Present if its value decides to which address secrets are sent: after a change, stored secrets must be entered again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    shapes_address: bool,
    /// The text in the empty control; empty if there is none.
    placeholder: String,
    /// Markdown under the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// Plain text for a tooltip.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tooltip: Option<String>,
    /// The default value. A secret field never shows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FieldDefault>, nullable = false)]
    value: Option<Value>,
    /// The choices of a `select`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    options: Vec<FieldOptionOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    validation: Option<FieldValidationOut>,
}

impl FieldOut {
    /// Returns the fields of a form. `address_fields` are the keys of those that shape an address.
    pub(crate) fn list(fields: &[FormField], address_fields: &[String]) -> Vec<Self> {
        fields.iter().map(|field| Self::new(field, address_fields.contains(&field.key))).collect()
    }

    /// Returns the fields of a form in which placeholders stand for stored secrets. The stock Hub validates what the form
    /// contains: so the pattern of a secret field also matches its placeholder, and a secret number is a text with the
    /// pattern of a number.
    pub(crate) fn list_with_placeholders(fields: &[FormField], address_fields: &[String]) -> Vec<Self> {
        let mut list = Self::list(fields, address_fields);
        for field in list.iter_mut().filter(|field| field.secret) {
            if matches!(field.kind, FieldKind::Number) {
                field.kind = FieldKind::Text;
                field.validation.get_or_insert_with(|| FieldValidationOut {
                    kind: ValidationKind::HtmlPattern,
                    pattern: "[0-9]+".to_owned(),
                    error: Some(format!("{} must be a number", field.label)),
                });
            }
            if let Some(validation) = &mut field.validation {
                validation.pattern = format!("(?:{})|{PLACEHOLDER_PATTERN}", validation.pattern);
            }
        }
        list
    }

    fn new(field: &FormField, shapes_address: bool) -> Self {
        Self {
            shapes_address,
            key: field.key.clone(),
            label: field.label.clone(),
            kind: field.kind.into(),
            required: field.required && field.condition.is_none(),
            read_only: field.read_only,
            secret: field.secret,
            display: (!field.is_shown).then_some(false),
            condition: field.condition.as_ref().map(|condition| condition.source().to_owned()),
            placeholder: field.placeholder.clone().unwrap_or_default(),
            description: field.description.clone(),
            tooltip: field.tooltip.clone(),
            value: field.default.clone().filter(|value| !field.secret && !value.is_null()),
            options: field.options.iter().map(FieldOptionOut::new).collect(),
            validation: field.validation.as_ref().map(FieldValidationOut::new),
        }
    }
}

/// A default value.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema of a value that a connector's file contains")]
pub(crate) enum FieldDefault {
    Text(String),
    Number(f64),
    Truth(bool),
}

/// The control of a field.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldKind {
    Text,
    Password,
    Number,
    TextArea,
    Select,
}

impl From<FieldType> for FieldKind {
    fn from(kind: FieldType) -> Self {
        match kind {
            FieldType::Text => Self::Text,
            FieldType::Password => Self::Password,
            FieldType::Number => Self::Number,
            FieldType::TextArea => Self::TextArea,
            FieldType::Select => Self::Select,
        }
    }
}

/// A choice of a `select` field.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldOption)]
pub(crate) struct FieldOptionOut {
    /// The text that is shown.
    label: String,
    /// The value that is sent.
    value: String,
}

impl FieldOptionOut {
    fn new(option: &FieldOption) -> Self {
        Self { label: option.label.clone(), value: option.value.clone() }
    }
}

/// The pattern that a field's value must match.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldValidation)]
pub(crate) struct FieldValidationOut {
    #[serde(rename = "type")]
    kind: ValidationKind,
    /// The pattern, as the `pattern` attribute of an HTML input takes it: it must match the whole value.
    pattern: String,
    /// The message for a value that does not match.
    #[schema(required)]
    error: Option<String>,
}

impl FieldValidationOut {
    fn new(validation: &FieldValidation) -> Self {
        Self {
            kind: ValidationKind::HtmlPattern,
            pattern: validation.pattern.clone(),
            error: validation.error_message.clone(),
        }
    }
}

/// How a field's value is validated.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ValidationKind {
    HtmlPattern,
}
