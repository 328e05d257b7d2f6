//! A form's field, in the one shape that Hub and catalog show.

use patchbay_connector::definition::FormField;
use serde_json::{Value, json};

/// The field; a secret's default is not shown.
pub(super) fn field(field: &FormField) -> Value {
    let mut shown = json!({
        "key": field.key, "label": field.label, "type": field.kind.as_str(), "required": field.required,
        "readOnly": field.read_only, "secret": field.secret, "placeholder": field.placeholder.clone().unwrap_or_default(),
    });
    let mut set = |key: &str, value: Value| {
        if !value.is_null() {
            shown[key] = value;
        }
    };
    set("description", json!(field.description));
    set("tooltip", json!(field.tooltip));
    set("value", field.default.clone().filter(|_| !field.secret).unwrap_or(Value::Null));
    if !field.options.is_empty() {
        set(
            "options",
            field.options.iter().map(|option| json!({ "label": option.label, "value": option.value })).collect(),
        );
    }
    if let Some(validation) = &field.validation {
        set(
            "validation",
            json!({ "type": "html-pattern", "pattern": validation.pattern, "error": validation.error_message }),
        );
    }
    shown
}
