//! `upload_file`: a multipart form (RFC 7578) with one file.

use http::{HeaderValue, header};
use patchbay_connector::{
    definition::{ArrayFormat, UploadFile},
    expr::{Bindings, Escape},
};
use serde_json::Value;

use super::upload_binary::{BYTES, content, invalid, optional, required};
use crate::{
    Error,
    context::Run,
    json::to_text,
    request::args::write_pairs,
    response::output::{OutputParts, StepOutput},
};

pub(super) async fn run(run: &Run<'_>, upload: &UploadFile, parts: OutputParts) -> Result<StepOutput, Error> {
    let mut outgoing = run.build(&upload.request, None)?;
    let (field, name) = (required(run, &upload.field)?, required(run, &upload.filename)?);
    let kind = optional(run, upload.content_type.as_ref(), Escape::Header)?;
    let mut form = Form::new(format!("patchbay-{}", run.host.entropy().token()));
    // Arguments for the body are fields of the form.
    if let Ok(Value::Object(members)) = serde_json::from_slice(&outgoing.body) {
        let mut pairs = Vec::new();
        members.iter().for_each(|(name, value)| write_pairs(name, value, ArrayFormat::Indexed, &mut pairs));
        pairs.iter().for_each(|(name, value)| form.field(name, None, value));
    }
    additional(run, upload, &mut form)?;
    form.file(&field, &name, kind.as_deref().unwrap_or(BYTES), &content(run, &upload.content)?);
    let (kind, body) = form.finish();
    let kind = HeaderValue::try_from(kind).map_err(|_| invalid("the form has no boundary"))?;
    outgoing.headers.insert(header::CONTENT_TYPE, kind);
    outgoing.body = body.into();
    let incoming = run.send(outgoing).await?;
    run.interpret(&upload.request, &incoming, parts)
}

fn additional(run: &Run<'_>, upload: &UploadFile, form: &mut Form) -> Result<(), Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    for field in &upload.additional {
        let condition = field.condition.as_ref().map(|condition| condition.is_truthy(&bindings)).transpose();
        if condition.map_err(|error| run.expression_error(&error))? == Some(false) {
            continue;
        }
        let value = field.value.eval(&bindings).map_err(|error| run.expression_error(&error))?;
        let Some(value) = value.filter(|value| !value.is_null()) else { continue };
        let kind = optional(run, field.content_type.as_ref(), Escape::Header)?;
        form.field(&required(run, &field.name)?, kind.as_deref(), &to_text(&value));
    }
    Ok(())
}

/// A form in the making. Its boundary is random, so that no content can hold it.
struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    fn new(boundary: String) -> Self {
        Self { boundary, body: Vec::new() }
    }

    fn field(&mut self, name: &str, kind: Option<&str>, value: &str) {
        let head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        self.part(&head, kind, value.as_bytes());
    }

    fn file(&mut self, field: &str, name: &str, kind: &str, content: &[u8]) {
        let (field, name) = (quoted(field), quoted(name));
        let head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"");
        self.part(&head, Some(kind), content);
    }

    fn part(&mut self, head: &str, kind: Option<&str>, content: &[u8]) {
        let kind = kind.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        self.body.extend_from_slice(format!("--{}\r\n{head}\r\n{kind}\r\n", self.boundary).as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// The content type and the body.
    fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

/// A name within quotes, as browsers write it: no name can end its quotes or its line.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_browsers_write_it() {
        let mut form = Form::new("b".to_owned());
        form.field("note", None, "hi");
        form.file("file", "a\"\r\nX: y.txt", "text/plain", b"one\ntwo");
        let (kind, body) = form.finish();
        assert_eq!(kind, "multipart/form-data; boundary=b");
        let expected = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22%0D%0AX: y.txt\"\r\n\
                        Content-Type: text/plain\r\n\r\none\ntwo\r\n--b--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
