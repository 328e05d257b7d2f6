//! The types of inputs and of mapped fields.

/// An input's type. A list has the type of its items and `array: true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// A string.
    String,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A date, or a date and time (ISO 8601).
    DatetimeString,
    /// An object; without `properties`, any object.
    Object,
    /// One of the values in `one_of`.
    Enum,
}

impl InputType {
    /// Every type by its name in the file.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("string", Self::String),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("datetime_string", Self::DatetimeString),
        ("object", Self::Object),
        ("enum", Self::Enum),
    ];
}
