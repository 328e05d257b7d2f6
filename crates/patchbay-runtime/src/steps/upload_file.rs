//! `upload_file`: sends a file in a multipart form (RFC 7578).

use http::{HeaderValue, header};
use patchbay_connector::{
    definition::{ArrayFormat, UploadFile},
    expr::{Bindings, Escape},
};
use serde_json::Value;

use super::upload_binary::{OCTET_STREAM, content, invalid, optional, required};
use crate::{
    Error,
    context::Run,
    json::to_text,
    request::args::write_pairs,
    response::output::{OutputParts, StepOutput},
};

/// Sends the form.
///
/// # Errors
///
/// 400 `ValidationError` if the file cannot be sent, otherwise the errors of [`Run::send`] and of the provider.
pub(super) async fn run(run: &Run<'_>, upload: &UploadFile, parts: OutputParts) -> Result<StepOutput, Error> {
    let mut request = run.build(&upload.request, None)?;
    let (field, name) = (required(run, &upload.field)?, required(run, &upload.filename)?);
    let content_type = optional(run, upload.content_type.as_ref(), Escape::Header)?;
    let mut form = MultipartForm::new(format!("patchbay-{}", run.host.entropy().token()));
    // Body arguments become fields of the form.
    if let Ok(Value::Object(members)) = serde_json::from_slice(&request.body) {
        let mut pairs = Vec::new();
        members.iter().for_each(|(name, value)| write_pairs(name, value, ArrayFormat::Indexed, &mut pairs));
        pairs.iter().for_each(|(name, value)| form.field(name, None, value));
    }
    add_fields(run, upload, &mut form)?;
    form.file(&field, &name, content_type.as_deref().unwrap_or(OCTET_STREAM), &content(run, &upload.content)?);
    let (content_type, body) = form.finish();
    let content_type =
        HeaderValue::try_from(content_type).map_err(|_| invalid("the form's boundary is not a valid header value"))?;
    request.headers.insert(header::CONTENT_TYPE, content_type);
    request.body = body.into();
    let response = run.send(request).await?;
    run.interpret(&upload.request, &response, parts).await
}

/// Adds the form's additional fields. Fields without a value are omitted.
fn add_fields(run: &Run<'_>, upload: &UploadFile, form: &mut MultipartForm) -> Result<(), Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    for field in &upload.additional {
        let condition = field.condition.as_ref().map(|condition| condition.is_truthy(&bindings)).transpose();
        if condition.map_err(|error| run.expression_error(&error))? == Some(false) {
            continue;
        }
        let value = field.value.eval(&bindings).map_err(|error| run.expression_error(&error))?;
        let Some(value) = value.filter(|value| !value.is_null()) else { continue };
        let content_type = optional(run, field.content_type.as_ref(), Escape::Header)?;
        form.field(&required(run, &field.name)?, content_type.as_deref(), &to_text(&value));
    }
    Ok(())
}

/// Builds a multipart form. Its boundary is random, so that no content can contain it.
struct MultipartForm {
    boundary: String,
    body: Vec<u8>,
}

impl MultipartForm {
    fn new(boundary: String) -> Self {
        Self { boundary, body: Vec::new() }
    }

    fn field(&mut self, name: &str, content_type: Option<&str>, value: &str) {
        let head = format!("Content-Disposition: form-data; name=\"{}\"", escaped(name));
        self.part(&head, content_type, value.as_bytes());
    }

    fn file(&mut self, field: &str, name: &str, content_type: &str, content: &[u8]) {
        let (field, name) = (escaped(field), escaped(name));
        let head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"");
        self.part(&head, Some(content_type), content);
    }

    fn part(&mut self, head: &str, content_type: Option<&str>, content: &[u8]) {
        let content_type =
            content_type.map(|content_type| format!("Content-Type: {content_type}\r\n")).unwrap_or_default();
        self.body.extend_from_slice(format!("--{}\r\n{head}\r\n{content_type}\r\n", self.boundary).as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// Returns the content type and the body.
    fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

/// Escapes a name for a quoted parameter, as the HTML standard's multipart/form-data encoding does: a name cannot end
/// its quotes or its line.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_as_browsers_encode_it() {
        let mut form = MultipartForm::new("b".to_owned());
        form.field("note", None, "hi");
        form.file("file", "a\"\r\nX: y.txt", "text/plain", b"one\ntwo");
        let (content_type, body) = form.finish();
        assert_eq!(content_type, "multipart/form-data; boundary=b");
        let expected = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22%0D%0AX: y.txt\"\r\n\
                        Content-Type: text/plain\r\n\r\none\ntwo\r\n--b--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
