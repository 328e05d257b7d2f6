//! Generates the arguments of a request body: JSON, forms, files, bytes, text.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    args,
    inputs::ActionInputs,
    model::{ApiBody, ApiFormField, BodyMedia, ParameterStyle},
    review_notes::{ReviewNotes, Topic},
    schema::{InputShape, Property, SchemaReader, ShapeType, union},
    text::{line, sentence},
};
use crate::{
    definition::InputLocation,
    yaml::{Map, Yaml},
};

/// How a body is sent.
#[derive(Debug)]
pub(super) enum BodyEncoding {
    /// With arguments only.
    Args,
    /// As a multipart form with this file.
    Upload(Map),
    /// As bytes.
    Binary(Map),
}

/// Adds a body to an action.
pub(super) struct BodyBuilder<'a, 'd, 'n> {
    pub(super) reader: &'a mut SchemaReader<'d, 'n>,
    pub(super) inputs: &'a mut ActionInputs,
    pub(super) args: &'a mut Vec<Yaml>,
    pub(super) notes: &'n ReviewNotes,
    pub(super) place: String,
}

impl<'d> BodyBuilder<'_, 'd, '_> {
    /// Adds a body.
    ///
    /// # Errors
    /// The reason, if no step function can send it.
    pub(super) fn body(&mut self, body: &ApiBody<'d>) -> Result<BodyEncoding, String> {
        match &body.media {
            BodyMedia::Json => self.members(body),
            BodyMedia::OtherJson(media) => {
                self.content_type(media);
                self.members(body);
            }
            BodyMedia::Form => {
                self.content_type("application/x-www-form-urlencoded");
                self.members(body);
            }
            BodyMedia::Multipart => return self.multipart(body),
            BodyMedia::Binary(media) => return Ok(BodyEncoding::Binary(self.bytes(body, media))),
            BodyMedia::Text(media) => {
                self.content_type(media);
                let shape = InputShape {
                    description: about(&body.description, "The body, as text."),
                    ..InputShape::of(ShapeType::String)
                };
                self.whole(&shape, body.required.unwrap_or(true));
            }
        }
        Ok(BodyEncoding::Args)
    }

    fn content_type(&mut self, media: &str) {
        self.args.extend(args::fixed("content-type", &Value::from(media), "headers").map(Yaml::from));
    }

    fn shape(&mut self, body: &ApiBody<'d>) -> InputShape {
        if body.fields.is_empty() {
            let mut shape = body.schema.map_or_else(InputShape::anything, |schema| self.reader.shape(schema, "body"));
            for property in &mut shape.properties {
                let is_text = property.shape.kind == ShapeType::String;
                property.shape.is_file |= is_text && body.files.contains(&property.name.as_str());
            }
            return shape;
        }
        let property = |building: &mut Self, field: &ApiFormField<'d>| {
            let mut shape = building.reader.shape(field.schema, &format!("body.{}", field.name));
            shape.is_file |= field.is_file;
            Property { name: field.name.clone(), required: field.required, shape }
        };
        let properties =
            body.fields.iter().filter(|field| !field.name.is_empty()).map(|field| property(self, field)).collect();
        InputShape { properties, ..InputShape::of(ShapeType::Object) }
    }

    fn members(&mut self, body: &ApiBody<'d>) {
        let mut shape = self.shape(body);
        if shape.kind == ShapeType::Object
            && !shape.array
            && !shape.variants.is_empty()
            && shape.variants.iter().all(InputShape::is_object)
        {
            let variants = std::mem::take(&mut shape.variants);
            let own = std::mem::take(&mut shape.properties);
            let first = InputShape { properties: own, ..InputShape::of(ShapeType::Object) };
            let shapes = std::iter::once(first).chain(variants).collect::<Vec<_>>();
            let (count, some) = (shapes.len(), required_by_some(&shapes));
            union(&mut shape, shapes, true);
            let mut note = format!("the body has {count} alternatives; the inputs are the members of all");
            if !some.is_empty() {
                let names = some.join("`, `");
                let _ = write!(note, "; only some alternatives require `{}`", line(&names, 300));
            }
            self.notes.add(Topic::Body, self.place.clone(), note);
        }
        if shape.is_object() && !shape.properties.is_empty() {
            return self.flattened(&shape, body);
        }
        if shape.description.is_empty() {
            shape.description = about(&body.description, "The body.");
        }
        // Without a value, an empty object would be sent.
        let is_needed = shape.array || shape.kind != ShapeType::Object;
        self.whole(&shape, body.required.unwrap_or(is_needed));
    }

    /// Adds each member of the body as an input.
    fn flattened(&mut self, shape: &InputShape, body: &ApiBody<'d>) {
        let is_form = matches!(body.media, BodyMedia::Form | BodyMedia::Multipart);
        for property in &shape.properties {
            // An optional body requires no member.
            let required = property.required && body.required != Some(false);
            let style = is_form.then(|| body.style_of(&property.name));
            if style == Some(ParameterStyle::Repeat) && property.shape.array && property.shape.kind == ShapeType::Object
            {
                let note =
                    format!("`{0}` is a list of objects in a form; it is sent as `{0}[0][member]=…`", property.name);
                self.notes.add(Topic::Body, self.place.clone(), note);
            }
            self.member(property, required, style);
        }
        let input_of = |name: &String| {
            let member = self.inputs.members.iter().find(|(member, _)| member == name);
            member.map(|(_, input)| Yaml::from(input.as_str()))
        };
        let fields = shape.at_least_one.iter().map(input_of).collect::<Option<Vec<_>>>().unwrap_or_default();
        if fields.len() > 1 && body.required != Some(false) {
            self.inputs.rules.push(Map::flow().with("rule", "atLeastOneOf").with("fields", fields).into());
        }
        if shape.open {
            let more = InputShape {
                description: "Additional members of the body.".to_owned(),
                ..InputShape::of(ShapeType::Object)
            };
            let name = self.inputs.add("additional_fields", InputLocation::Body, &more, false);
            self.args.extend(
                args::from_input("additional_fields", &name, "body").map(|arg| Yaml::from(arg.with("inline", true))),
            );
        }
    }

    /// Adds a member; `style` is that of a form's field.
    fn member(&mut self, property: &Property, required: bool, style: Option<ParameterStyle>) {
        let name = &property.name;
        if self.inputs.omits(name) {
            return;
        }
        if let (true, [only]) = (
            required && property.shape.kind == ShapeType::Enum && !property.shape.array,
            property.shape.values.as_slice(),
        ) && let Some(arg) = args::fixed(name, only, "body").filter(|_| only.is_string())
        {
            self.args.push(arg.into());
            return;
        }
        if args::literal(name).is_none() {
            self.notes.add(
                Topic::Parameter,
                self.place.clone(),
                format!("the name of `body.{name}` cannot be expressed; it is omitted"),
            );
            return;
        }
        let default = property.shape.default.as_ref().filter(|_| required);
        let preview = default.and_then(|default| args::with_default("x", default));
        let input = self.inputs.add(name, InputLocation::Body, &property.shape, required && preview.is_none());
        self.inputs.members.push((name.clone(), input.clone()));
        let value = default.and_then(|default| args::with_default(&input, default));
        let arg = match value {
            Some(value) => {
                args::literal(name).map(|name| Map::flow().with("name", name).with("value", value).with("in", "body"))
            }
            None => match style {
                Some(style) => args::list(name, &input, "body", style, &property.shape),
                None => args::from_input(name, &input, "body"),
            },
        };
        self.args.extend(arg.map(Yaml::from));
    }

    /// Adds the whole body as one input.
    fn whole(&mut self, shape: &InputShape, required: bool) {
        let name = self.inputs.add("body", InputLocation::Body, shape, required);
        let value = if shape.nested_list {
            format!("{{{{present(inputs.{name}) ? fromJson(inputs.{name}) : undefined}}}}")
        } else {
            format!("$.inputs.{name}")
        };
        self.args
            .push(Map::flow().with("name", "body").with("value", value).with("in", "body").with("spread", true).into());
    }

    fn multipart(&mut self, body: &ApiBody<'d>) -> Result<BodyEncoding, String> {
        let mut shape = self.shape(body);
        if shape.is_file
            || !shape.is_object()
                && shape.properties.iter().all(|property| !property.shape.is_file)
                && shape.variants.is_empty()
        {
            // Some descriptions describe the file in place of the form.
            self.notes.add(
                Topic::Body,
                self.place.clone(),
                "the form does not name the field of its file; guessed: `file`",
            );
            let file = InputShape { is_file: true, ..shape };
            let property = Property { name: "file".to_owned(), required: true, shape: file };
            shape = InputShape { properties: vec![property], ..InputShape::of(ShapeType::Object) };
        }
        if !shape.properties.iter().any(|property| property.shape.is_file) {
            self.content_type("multipart/form-data");
            self.members(body);
            return Ok(BodyEncoding::Args);
        }
        let mut file = None;
        let mut later = Vec::new();
        for property in &shape.properties {
            if !property.shape.is_file {
                self.member(property, property.required && body.required != Some(false), None);
            } else if file.is_none() {
                file = Some(property);
            } else {
                later.push(property.name.as_str());
            }
        }
        let file = file.ok_or("no file of its form can be sent")?;
        if !file.required || body.required == Some(false) {
            let note = format!("`{}` is optional in the description, but the action always sends a file", file.name);
            self.notes.add(Topic::Body, self.place.clone(), note);
        }
        if file.shape.array || !later.is_empty() {
            let others = if later.is_empty() { String::new() } else { format!("; not sent: `{}`", later.join("`, `")) };
            self.notes.add(
                Topic::Body,
                self.place.clone(),
                format!("a form can carry one file, `{}`{others}", file.name),
            );
        }
        let field = args::literal(&file.name).ok_or("the name of its file field cannot be expressed")?;
        let text = |about: String| InputShape { description: about, ..InputShape::of(ShapeType::String) };
        let described = about(&file.shape.description, "The file.");
        let content = self.inputs.add(
            &file.name,
            InputLocation::Body,
            &text(format!("{described} Encode its content in base64.")),
            true,
        );
        let name = self.inputs.add(
            &format!("{content}_name"),
            InputLocation::Body,
            &text("The file's name, such as `report.pdf`.".to_owned()),
            true,
        );
        let kind = self.inputs.add(
            &format!("{content}_type"),
            InputLocation::Body,
            &text("The file's media type, such as `application/pdf`.".to_owned()),
            false,
        );
        Ok(BodyEncoding::Upload(
            Map::new()
                .with("fieldName", field)
                .with("content", format!("$.inputs.{content}"))
                .with("filename", format!("$.inputs.{name}"))
                .with("contentType", format!("$.inputs.{kind}")),
        ))
    }

    fn bytes(&mut self, body: &ApiBody<'d>, media: &str) -> Map {
        let described = about(&body.description, "The file.");
        let shape = InputShape {
            description: format!("{described} Encode its content in base64."),
            ..InputShape::of(ShapeType::String)
        };
        let content = self.inputs.add("content", InputLocation::Body, &shape, true);
        let value = Map::flow().with("content", format!("$.inputs.{content}"));
        if media != "application/octet-stream" {
            return value.with_some("contentType", args::literal(media));
        }
        let kind = InputShape {
            description: "The file's media type, such as `application/pdf`.".to_owned(),
            ..InputShape::of(ShapeType::String)
        };
        let kind = self.inputs.add("content_type", InputLocation::Body, &kind, false);
        value.with("contentType", format!("$.inputs.{kind}"))
    }
}

/// Returns the members that some alternatives require, but not all.
fn required_by_some(shapes: &[InputShape]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let all = || shapes.iter().map(|shape| &shape.properties);
    let requires = |properties: &[Property], name: &str| {
        properties.iter().any(|property| property.required && property.name == name)
    };
    for property in all().flatten().filter(|property| property.required) {
        let name = &property.name;
        if !names.contains(name) && !all().all(|properties| requires(properties, name)) {
            names.push(name.clone());
        }
    }
    names
}

fn about(text: &str, otherwise: &str) -> String {
    let text = super::text::description(text);
    if text.is_empty() { otherwise.to_owned() } else { sentence(&text) }
}
