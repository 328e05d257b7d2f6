//! An action's inputs and their rules.

use serde_json::Value;

/// An input's type. An array is an element type with `array: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An ISO 8601 date or date and time.
    DatetimeString,
    /// An object; with no `properties` any object.
    Object,
    /// One of `one_of`.
    Enum,
}

/// Where an input travels in the RPC body.
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
    /// The name in the file and in the RPC body.
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
    /// Its name.
    pub name: String,
    /// Its type (the element's, when `array`).
    pub kind: InputType,
    /// Where it travels; properties inherit their input's.
    pub location: InputLocation,
    /// Whether it must be given.
    pub required: bool,
    /// What it means.
    pub description: String,
    /// Whether it is a list.
    pub array: bool,
    /// What an object holds; empty means any object.
    pub properties: Vec<Input>,
    /// The values of an enum.
    pub one_of: Vec<Value>,
    /// Further rules, where it has any: most inputs have none.
    pub rules: Option<Box<InputRules>>,
    /// Other shapes that it may have.
    pub variants: Vec<Input>,
    /// Whether it is kept out of what agents see.
    pub hidden: bool,
}

impl Input {
    /// Its rules beyond the type.
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
}

/// Rules beyond the type.
#[derive(Debug, Default)]
pub struct InputRules {
    /// Fewest characters (for a list, elements).
    pub min_length: Option<u64>,
    /// Most characters (for a list, elements).
    pub max_length: Option<u64>,
    /// A pattern that some part of the text must match, with its source.
    pub pattern: Option<(String, regex::Regex)>,
    /// A named format: `email`, `url`, `uri`, `uuid`, `date`, `datetime`.
    pub format: Option<String>,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// What to say in place of the rule's own message.
    pub error_message: Option<String>,
}
