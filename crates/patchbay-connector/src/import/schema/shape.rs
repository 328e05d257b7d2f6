//! The shape of an input: what the connector format can express.

use serde_json::{Number, Value};

/// The type of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::import) enum ShapeType {
    #[default]
    String,
    Number,
    Boolean,
    Datetime,
    Object,
    Enum,
}

impl ShapeType {
    pub(in crate::import) const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime_string",
            Self::Object => "object",
            Self::Enum => "enum",
        }
    }
}

/// Rules beyond the type.
#[derive(Clone, Debug, PartialEq, Default)]
pub(in crate::import) struct ShapeRules {
    pub(in crate::import) min_length: Option<u64>,
    pub(in crate::import) max_length: Option<u64>,
    pub(in crate::import) pattern: Option<String>,
    pub(in crate::import) format: Option<&'static str>,
    pub(in crate::import) min: Option<Number>,
    pub(in crate::import) max: Option<Number>,
}

/// A shape.
#[derive(Clone, Debug, PartialEq, Default)]
pub(in crate::import) struct InputShape {
    pub(in crate::import) kind: ShapeType,
    pub(in crate::import) array: bool,
    pub(in crate::import) nullable: bool,
    pub(in crate::import) description: String,
    pub(in crate::import) properties: Vec<Property>,
    /// Whether further members are permitted.
    pub(in crate::import) open: bool,
    pub(in crate::import) values: Vec<Value>,
    pub(in crate::import) rules: ShapeRules,
    /// Further permitted shapes.
    pub(in crate::import) variants: Vec<InputShape>,
    pub(in crate::import) default: Option<Value>,
    /// Whether the value is the content of a file.
    pub(in crate::import) is_file: bool,
    /// Whether it is a list of lists, which the format cannot express.
    pub(in crate::import) nested_list: bool,
    /// The members of which at least one is required.
    pub(in crate::import) at_least_one: Vec<String>,
    /// Whether only the provider sets the value.
    pub(in crate::import) read_only: bool,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct Property {
    pub(in crate::import) name: String,
    pub(in crate::import) required: bool,
    pub(in crate::import) shape: InputShape,
}

impl InputShape {
    pub(in crate::import) fn of(kind: ShapeType) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Returns the shape of any value.
    pub(in crate::import) fn anything() -> Self {
        let list = |kind| Self { array: true, ..Self::of(kind) };
        let variants = vec![
            Self::of(ShapeType::String),
            Self::of(ShapeType::Number),
            Self::of(ShapeType::Boolean),
            list(ShapeType::Object),
            list(ShapeType::String),
            list(ShapeType::Number),
        ];
        Self { variants, ..Self::of(ShapeType::Object) }
    }

    /// Returns the shape of an object with any members.
    pub(in crate::import) fn free_object() -> Self {
        Self::of(ShapeType::Object)
    }

    /// Returns true if the shape is a single object.
    pub(in crate::import) fn is_object(&self) -> bool {
        self.kind == ShapeType::Object && !self.array && self.variants.is_empty()
    }

    /// Returns the shape of a list of this shape.
    pub(in crate::import) fn into_list(mut self) -> Self {
        if self.array || self.variants.iter().any(|variant| variant.array) {
            // A list of any value is not checked further; only a certain list of lists cannot be expressed.
            self.variants.retain(|variant| !variant.array);
            self.nested_list = self.array;
        }
        self.array = true;
        self.variants.iter_mut().for_each(|variant| variant.array = true);
        self
    }
}
