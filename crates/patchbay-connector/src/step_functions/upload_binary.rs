//! `upload_binary`: a file as the request's body.

use serde_json::Value;

use super::{FunctionVersion, RequestSpec, StepFunctionType, request::schema};
use crate::{expr::Template, json_schema::object, syntax::Reader};

const KEYS: [&str; 8] =
    ["baseUrl", "url", "method", "authorization", "args", "response", "customErrors", "binaryContent"];
const CONTENT_KEYS: [&str; 2] = ["content", "contentType"];

/// A file as the request's body.
#[derive(Debug)]
pub struct UploadBinary {
    /// Address, method, headers and query.
    pub request: RequestSpec,
    /// The content, base64.
    pub content: Template,
    /// The media type.
    pub content_type: Option<Template>,
}

/// The function `upload_binary`.
pub(super) struct UploadBinaryFunction;

impl StepFunctionType for UploadBinaryFunction {
    type Parameters = UploadBinary;
    const NAME: &'static str = "upload_binary";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<UploadBinary> {
        let mapping = parameters.parameters(&KEYS)?;
        let content = mapping.require("binaryContent");
        let request = RequestSpec::read(&mapping);
        let content = content?.mapping("`binaryContent`", &CONTENT_KEYS)?;
        Some(UploadBinary {
            request: request?,
            content: content.require("content")?.template()?,
            content_type: content.template("contentType"),
        })
    }

    fn templates<'a>(upload: &'a UploadBinary, found: &mut Vec<&'a Template>) {
        upload.request.templates(found);
        found.push(&upload.content);
        found.extend(&upload.content_type);
    }

    fn schema() -> Value {
        schema(&KEYS, &["url", "binaryContent"], &[("binaryContent", object(&CONTENT_KEYS, &["content"], &[]))])
    }
}
