//! The body of a request: JSON, forms, files, bytes, text.

use serde_json::Value;

use super::{
    args,
    inputs::{Inputs, Place},
    model::{Body, Field, Media},
    notes::{Notes, Topic},
    schema::{Kind, Property, Reader, Shape, union},
    words::sentence,
};
use crate::yaml::{Map, Yaml};

/// How the body is sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// By the arguments alone.
    Args,
    /// As a multipart form with this file.
    Upload(Map),
    /// As bytes.
    Binary(Map),
}

/// What the body adds to an action.
pub(super) struct Building<'a, 'd, 'n> {
    pub(super) reader: &'a mut Reader<'d, 'n>,
    pub(super) inputs: &'a mut Inputs,
    pub(super) args: &'a mut Vec<Yaml>,
    pub(super) notes: &'n Notes,
    pub(super) place: String,
}

impl<'d> Building<'_, 'd, '_> {
    /// Adds a body; `Err` says why it cannot be sent.
    pub(super) fn body(&mut self, body: &Body<'d>) -> Result<Sent, String> {
        match &body.media {
            Media::Json => self.members(body),
            Media::OtherJson(media) => {
                self.content_type(media);
                self.members(body);
            }
            Media::Form => {
                self.content_type("application/x-www-form-urlencoded");
                self.members(body);
            }
            Media::Multipart => return self.multipart(body),
            Media::Binary(media) => return Ok(Sent::Binary(self.bytes(body, media))),
            Media::Text(media) => {
                self.content_type(media);
                let shape =
                    Shape { description: about(&body.description, "The body, as text."), ..Shape::of(Kind::String) };
                self.whole(&shape, body.required.unwrap_or(true));
            }
        }
        Ok(Sent::Args)
    }

    fn content_type(&mut self, media: &str) {
        self.args.extend(args::fixed("content-type", &Value::from(media), "headers").map(Yaml::from));
    }

    fn shape(&mut self, body: &Body<'d>) -> Shape {
        if body.fields.is_empty() {
            return body.schema.map_or_else(Shape::anything, |schema| self.reader.shape(schema, "body"));
        }
        let property = |building: &mut Self, field: &Field<'d>| {
            let mut shape = building.reader.shape(field.schema, &format!("body.{}", field.name));
            shape.is_file |= field.is_file;
            Property { name: field.name.clone(), required: field.required, shape }
        };
        let properties =
            body.fields.iter().filter(|field| !field.name.is_empty()).map(|field| property(self, field)).collect();
        Shape { properties, ..Shape::of(Kind::Object) }
    }

    fn members(&mut self, body: &Body<'d>) {
        let mut shape = self.shape(body);
        if shape.kind == Kind::Object
            && !shape.array
            && !shape.variants.is_empty()
            && shape.variants.iter().all(Shape::is_object)
        {
            let variants = std::mem::take(&mut shape.variants);
            shape.properties.iter_mut().for_each(|property| {
                let everywhere = |variant: &Shape| {
                    variant.properties.iter().any(|known| known.name == property.name && known.required)
                };
                property.required &= variants.iter().all(everywhere);
            });
            union(&mut shape, variants);
            self.notes.add(Topic::Body, self.place.clone(), "the body has alternatives; the members of all are inputs");
        }
        if shape.is_object() && !shape.properties.is_empty() {
            return self.flattened(&shape, body);
        }
        if shape.description.is_empty() {
            shape.description = about(&body.description, "The body.");
        }
        self.whole(&shape, body.required.unwrap_or(false));
    }

    /// Each member of the body as an input of its own.
    fn flattened(&mut self, shape: &Shape, body: &Body<'d>) {
        let is_form = body.media == Media::Form;
        for property in &shape.properties {
            // A body that may be left out requires nothing.
            let required = property.required && body.required != Some(false);
            if is_form && property.shape.array {
                let note = format!("`{}` is a list in a form; it is sent as `{0}[0]=…&{0}[1]=…`", property.name);
                self.notes.add(Topic::Body, self.place.clone(), note);
            }
            self.member(property, required);
        }
        if shape.open {
            let more = Shape { description: "Further members of the body.".to_owned(), ..Shape::of(Kind::Object) };
            let name = self.inputs.add("additional_fields", Place::Body, &more, false);
            self.args.extend(
                args::from_input("additional_fields", &name, "body").map(|arg| Yaml::from(arg.with("inline", true))),
            );
        }
    }

    fn member(&mut self, property: &Property, required: bool) {
        let name = &property.name;
        if let (true, [only]) =
            (required && property.shape.kind == Kind::Enum && !property.shape.array, property.shape.values.as_slice())
            && let Some(arg) = args::fixed(name, only, "body").filter(|_| only.is_string())
        {
            self.args.push(arg.into());
            return;
        }
        if args::literal(name).is_none() {
            self.notes.add(
                Topic::Parameter,
                self.place.clone(),
                format!("`body.{name}` has a name that cannot be written; it was left out"),
            );
            return;
        }
        let default = property.shape.default.as_ref().filter(|_| required);
        let preview = default.and_then(|default| args::with_default("x", default));
        let input = self.inputs.add(name, Place::Body, &property.shape, required && preview.is_none());
        let value = default.and_then(|default| args::with_default(&input, default));
        let arg = match value {
            Some(value) => {
                args::literal(name).map(|name| Map::flow().with("name", name).with("value", value).with("in", "body"))
            }
            None => args::from_input(name, &input, "body"),
        };
        self.args.extend(arg.map(Yaml::from));
    }

    /// The body as one input.
    fn whole(&mut self, shape: &Shape, required: bool) {
        let name = self.inputs.add("body", Place::Body, shape, required);
        let value = if shape.nested_list {
            format!("{{{{present(inputs.{name}) ? fromJson(inputs.{name}) : undefined}}}}")
        } else {
            format!("$.inputs.{name}")
        };
        self.args
            .push(Map::flow().with("name", "body").with("value", value).with("in", "body").with("spread", true).into());
    }

    fn multipart(&mut self, body: &Body<'d>) -> Result<Sent, String> {
        let shape = self.shape(body);
        let mut file = None;
        let mut later = Vec::new();
        for property in &shape.properties {
            if !property.shape.is_file {
                self.member(property, property.required && body.required != Some(false));
            } else if file.is_none() {
                file = Some(property);
            } else {
                later.push(property.name.as_str());
            }
        }
        let Some(file) = file else {
            return Err("its body is a multipart form without a file, which no step sends".to_owned());
        };
        if file.shape.array || !later.is_empty() {
            let others = if later.is_empty() { String::new() } else { format!("; not sent: `{}`", later.join("`, `")) };
            self.notes.add(
                Topic::Body,
                self.place.clone(),
                format!("a form carries one file, `{}`{others}", file.name),
            );
        }
        let field = args::literal(&file.name).ok_or("its file's field has a name that cannot be written")?;
        let text = |about: String| Shape { description: about, ..Shape::of(Kind::String) };
        let described = about(&file.shape.description, "The file.");
        let content =
            self.inputs.add(&file.name, Place::Body, &text(format!("{described} Its content in base64.")), true);
        let name = self.inputs.add(
            &format!("{content}_name"),
            Place::Body,
            &text("The file's name, such as `report.pdf`.".to_owned()),
            true,
        );
        let kind = self.inputs.add(
            &format!("{content}_type"),
            Place::Body,
            &text("The file's media type, such as `application/pdf`.".to_owned()),
            false,
        );
        Ok(Sent::Upload(
            Map::new()
                .with("fieldName", field)
                .with("content", format!("$.inputs.{content}"))
                .with("filename", format!("$.inputs.{name}"))
                .with("contentType", format!("$.inputs.{kind}")),
        ))
    }

    fn bytes(&mut self, body: &Body<'d>, media: &str) -> Map {
        let described = about(&body.description, "The file.");
        let shape = Shape { description: format!("{described} Its content in base64."), ..Shape::of(Kind::String) };
        let content = self.inputs.add("content", Place::Body, &shape, true);
        let value = Map::flow().with("content", format!("$.inputs.{content}"));
        if media != "application/octet-stream" {
            return value.with_some("contentType", args::literal(media));
        }
        let kind = Shape {
            description: "The file's media type, such as `application/pdf`.".to_owned(),
            ..Shape::of(Kind::String)
        };
        let kind = self.inputs.add("content_type", Place::Body, &kind, false);
        value.with("contentType", format!("$.inputs.{kind}"))
    }
}

fn about(text: &str, otherwise: &str) -> String {
    let text = super::words::description(text);
    if text.is_empty() { otherwise.to_owned() } else { sentence(&text) }
}
