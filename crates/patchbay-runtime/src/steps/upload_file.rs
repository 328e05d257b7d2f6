//! `upload_file`: sends a file in a multipart form (RFC 7578).

use http::{HeaderValue, header};
use patchbay_connector::{
    definition::{ArrayFormat, UploadFile},
    expr::{Bindings, Escape},
    json_tree,
};
use serde_json::Value;

use super::upload_binary::{OCTET_STREAM, content, invalid, optional, required};
use crate::{
    Error,
    context::Run,
    json::to_text,
    request::{args::write_pairs, multipart::MultipartForm},
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
    if let Ok(Value::Object(members)) = json_tree::from_slice(&request.body) {
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
