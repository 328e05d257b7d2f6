//! An action's inputs and their rules.

use serde_json::Value;

use crate::input_type::InputType;

/// The group of an input in the body of `POST /actions/rpc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputLocation {
    /// `path`.
    Path,
    /// `query`.
    Query,
    /// `headers`.
    Headers,
    /// `body`.
    Body,
}

impl InputLocation {
    /// Returns the name in the file and in the body of `POST /actions/rpc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Headers => "headers",
            Self::Body => "body",
        }
    }
}

/// An input or a property of an object input.
#[derive(Debug)]
pub struct Input {
    /// The name.
    pub name: String,
    /// The type; with `array`, the type of the items.
    pub kind: InputType,
    /// The group; properties have the group of their input.
    pub location: InputLocation,
    /// Whether a value is required.
    pub required: bool,
    /// The description.
    pub description: String,
    /// Whether the value is a list.
    pub array: bool,
    /// The properties of an object; if empty, any object.
    pub properties: Vec<Input>,
    /// The values of an enum.
    pub one_of: Vec<Value>,
    /// Further rules; most inputs have none.
    pub rules: Option<Box<InputRules>>,
    /// Further types that the value may have.
    pub variants: Vec<Input>,
    /// The fields that the items of a list of filters can name; `None` if the input is not a list of filters.
    pub filters: Option<Box<Filters>>,
    /// Whether the input is accepted but not shown; see [`Input::is_shown`].
    pub hidden: bool,
}

impl Input {
    /// Returns the rules beyond the type.
    pub fn rules(&self) -> &InputRules {
        const NONE: &InputRules = &InputRules {
            min_length: None,
            max_length: None,
            pattern: None,
            format: None,
            min: None,
            max: None,
            error_message: None,
        };
        self.rules.as_deref().unwrap_or(NONE)
    }

    /// Returns true if the schema, the documents and forms contain the input. A required input is always shown.
    pub const fn is_shown(&self) -> bool {
        !self.hidden || self.required
    }
}

/// The filters that an input accepts: a list of `{field, operator, value}`. Each filter gives its value to another input
/// of the action, whose type and rules apply. A family of inputs (one for each field and operator) thus has one shape.
#[derive(Debug)]
pub struct Filters {
    /// The fields, in the order of the file.
    pub fields: Vec<FilterField>,
}

/// A field that a filter can name.
#[derive(Debug)]
pub struct FilterField {
    /// The name.
    pub name: String,
    /// The operators, in the order of the file.
    pub operators: Vec<FilterOperator>,
}

/// An operator of a field.
#[derive(Debug)]
pub struct FilterOperator {
    /// The name.
    pub name: String,
    /// The name of the input that receives the value.
    pub input: String,
}

/// Rules beyond the type.
#[derive(Debug, Default)]
pub struct InputRules {
    /// The minimum number of characters (for a list, items).
    pub min_length: Option<u64>,
    /// The maximum number of characters (for a list, items).
    pub max_length: Option<u64>,
    /// A pattern that a part of the string must match, with its source.
    pub pattern: Option<(String, regex::Regex)>,
    /// A named format: `email`, `url`, `uri`, `uuid`, `date`, `datetime`.
    pub format: Option<String>,
    /// The minimum of a number.
    pub min: Option<f64>,
    /// The maximum of a number.
    pub max: Option<f64>,
    /// The error message that replaces the default one.
    pub error_message: Option<String>,
}
