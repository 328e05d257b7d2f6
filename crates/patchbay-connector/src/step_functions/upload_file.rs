//! `upload_file`: a multipart form with one file (RFC 7578).

use serde_json::{Value, json};

use super::{FunctionVersion, RequestSpec, StepFunctionType, request::schema};
use crate::{
    expr::{Template, ValueTemplate},
    json_schema::{list, object},
    syntax::Reader,
};

const KEYS: [&str; 9] =
    ["baseUrl", "url", "method", "authorization", "args", "response", "customErrors", "file", "additionalFields"];
const FILE_KEYS: [&str; 4] = ["fieldName", "content", "filename", "contentType"];
const FIELD_KEYS: [&str; 4] = ["name", "value", "condition", "contentType"];

/// A multipart form with one file.
#[derive(Debug)]
pub struct UploadFile {
    /// Address, method, headers and query.
    pub request: RequestSpec,
    /// The name of the file's form field.
    pub field: Template,
    /// The content, base64.
    pub content: Template,
    /// The file's name.
    pub filename: Template,
    /// The file's media type.
    pub content_type: Option<Template>,
    /// The other fields of the form.
    pub additional: Vec<MultipartField>,
}

/// A field of a multipart form.
#[derive(Debug)]
pub struct MultipartField {
    /// The name.
    pub name: Template,
    /// The value.
    pub value: ValueTemplate,
    /// If present, the field is sent only when this is true.
    pub condition: Option<Template>,
    /// The media type.
    pub content_type: Option<Template>,
}

/// The function `upload_file`.
pub(super) struct UploadFileFunction;

impl StepFunctionType for UploadFileFunction {
    type Parameters = UploadFile;
    const NAME: &'static str = "upload_file";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<UploadFile> {
        let mapping = parameters.parameters(&KEYS)?;
        let file = mapping.require("file").and_then(|file| file.mapping("`file`", &FILE_KEYS));
        let additional = mapping.items("additionalFields").into_iter().filter_map(read_field).collect();
        let request = RequestSpec::read(&mapping);
        let file = file?;
        let (field, content, filename) = (file.require("fieldName"), file.require("content"), file.require("filename"));
        Some(UploadFile {
            request: request?,
            field: field?.template()?,
            content: content?.template()?,
            filename: filename?.template()?,
            content_type: file.template("contentType"),
            additional,
        })
    }

    fn templates<'a>(upload: &'a UploadFile, found: &mut Vec<&'a Template>) {
        upload.request.templates(found);
        found.extend([&upload.field, &upload.content, &upload.filename]);
        found.extend(&upload.content_type);
        for field in &upload.additional {
            found.push(&field.name);
            found.extend(field.condition.iter().chain(&field.content_type));
            field.value.templates(&mut |template| found.push(template));
        }
    }

    fn schema() -> Value {
        let file = object(&FILE_KEYS, &["fieldName", "content", "filename"], &[]);
        let field = object(&FIELD_KEYS, &["name", "value"], &[("value", json!(true))]);
        schema(&KEYS, &["url", "file"], &[("file", file), ("additionalFields", list(&field))])
    }
}

fn read_field(place: Reader<'_>) -> Option<MultipartField> {
    let field = place.mapping("a form field", &FIELD_KEYS)?;
    let (name, content) = (field.require("name"), field.require("value"));
    Some(MultipartField {
        name: name?.template()?,
        value: ValueTemplate::read(&content?)?,
        condition: field.template("condition"),
        content_type: field.template("contentType"),
    })
}
