//! The field of a form, as Hub and catalog show it.

use patchbay_connector::definition::{FieldOption, FieldType, FieldValidation, FormField};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

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
    /// Whether its value is sealed and never shown again.
    secret: bool,
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
    pub(crate) fn list(fields: &[FormField]) -> Vec<Self> {
        fields.iter().map(Self::new).collect()
    }

    fn new(field: &FormField) -> Self {
        Self {
            key: field.key.clone(),
            label: field.label.clone(),
            kind: field.kind.into(),
            required: field.required,
            read_only: field.read_only,
            secret: field.secret,
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
