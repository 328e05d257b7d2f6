//! An argument of a request: a part of the body, a query parameter or a header.

use serde_json::{Value, json};

use crate::{
    diagnostic::code,
    expr::{Template, ValueTemplate},
    json_schema::{boolean, choice, object},
    syntax::Reader,
};

const KEYS: [&str; 7] = ["name", "value", "in", "condition", "spread", "inline", "arrayFormat"];
const LOCATIONS: [(&str, ArgLocation); 3] =
    [("body", ArgLocation::Body), ("query", ArgLocation::Query), ("headers", ArgLocation::Headers)];
const ARRAY_FORMATS: [(&str, ArrayFormat); 5] = [
    ("indexed", ArrayFormat::Indexed),
    ("repeat", ArrayFormat::Repeat),
    ("brackets", ArrayFormat::Brackets),
    ("comma", ArrayFormat::Comma),
    ("stringify", ArrayFormat::Stringify),
];

/// An argument of a request.
#[derive(Debug)]
pub struct Arg {
    /// The name; may be an expression.
    pub name: Template,
    /// The value; if it is undefined, the argument is not sent.
    pub value: ValueTemplate,
    /// The part of the request that carries it.
    pub location: ArgLocation,
    /// If present, the argument is sent only when this is true.
    pub condition: Option<Template>,
    /// Whether the value is the whole body.
    pub spread: bool,
    /// Whether each key of the value becomes an argument.
    pub inline: bool,
    /// How a list is written.
    pub array_format: ArrayFormat,
}

/// The part of a request that carries an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgLocation {
    /// The body.
    Body,
    /// The query.
    Query,
    /// A header.
    Headers,
}

/// How a list is written in a query or form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ArrayFormat {
    /// `ids[0]=x&ids[1]=y`
    #[default]
    Indexed,
    /// `ids=x&ids=y`
    Repeat,
    /// `ids[]=x&ids[]=y`
    Brackets,
    /// `ids=x,y`
    Comma,
    /// `ids=["x","y"]`
    Stringify,
}

impl Arg {
    /// Returns the argument's value if it is a literal, such as a fixed header.
    pub fn literal(&self) -> Option<&Value> {
        match &self.value {
            ValueTemplate::Literal(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        let mapping = reader.mapping("an argument", &KEYS)?;
        let name = mapping.require("name").and_then(|name| name.template());
        let value = mapping.require("value").and_then(|place| ValueTemplate::read(&place));
        let location = mapping.require("in").and_then(|place| place.choice(&LOCATIONS));
        Some(Self {
            name: name?,
            value: value?,
            location: location?,
            condition: mapping.template("condition"),
            spread: mapping.flag("spread", false),
            inline: mapping.flag("inline", false),
            array_format: mapping
                .get("arrayFormat")
                .and_then(|format| format.choice(&ARRAY_FORMATS))
                .unwrap_or_default(),
        })
    }

    /// Adds every expression of the argument.
    pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.push(&self.name);
        found.extend(&self.condition);
        self.value.templates(&mut |template| found.push(template));
    }
}

/// Reads an argument of an authorization: a header or a query parameter.
pub(crate) fn credential_argument(reader: &Reader<'_>) -> Option<Arg> {
    let arg = Arg::read(reader)?;
    if arg.location == ArgLocation::Body {
        let message = "an argument of an authorization must be a header or a query parameter, not a part of the body";
        reader.error(code::INVALID, message);
        return None;
    }
    Some(arg)
}

pub(crate) fn schema() -> Value {
    object(
        &KEYS,
        &["name", "value", "in"],
        &[
            ("value", json!(true)),
            ("in", choice(&LOCATIONS)),
            ("spread", boolean()),
            ("inline", boolean()),
            ("arrayFormat", choice(&ARRAY_FORMATS)),
        ],
    )
}
