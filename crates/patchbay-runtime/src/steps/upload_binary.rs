//! `upload_binary`: sends a file as the body of a request.

use base64::{
    Engine as _,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderValue, header};
use patchbay_connector::{
    definition::UploadBinary,
    expr::{Bindings, Escape, Template},
};

use crate::{
    Error, ErrorCode,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

/// Base64 (RFC 4648, section 4) with optional padding, which some callers omit.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The media type of a file that declares none.
pub(super) const OCTET_STREAM: &str = "application/octet-stream";

/// Sends the file.
///
/// # Errors
///
/// 400 `ValidationError` if the file cannot be sent, otherwise the errors of [`Run::send`] and of the provider.
pub(super) async fn run(run: &Run<'_>, upload: &UploadBinary, parts: OutputParts) -> Result<StepOutput, Error> {
    let mut request = run.build(&upload.request, None)?;
    let content_type = optional(run, upload.content_type.as_ref(), Escape::Header)?;
    match content_type {
        Some(content_type) => {
            let value = HeaderValue::try_from(content_type)
                .map_err(|_| invalid("the content type is not a valid header value"))?;
            request.headers.insert(header::CONTENT_TYPE, value);
        }
        None => {
            request.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(OCTET_STREAM));
        }
    }
    request.body = content(run, &upload.content)?.into();
    let response = run.send(request).await?;
    run.interpret(&upload.request, &response, parts).await
}

/// Returns a file's bytes from base64 or from a `data:` URL (RFC 2397).
///
/// # Errors
///
/// 400 `ValidationError` if the content is missing or not base64.
pub(super) fn content(run: &Run<'_>, template: &Template) -> Result<Vec<u8>, Error> {
    let text = required(run, template)?;
    decode(&text).ok_or_else(|| invalid("the file's content is not base64"))
}

/// Decodes base64, or the base64 of a `data:` URL. White space is ignored.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let encoded = match text.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,")?.1,
        None => text,
    };
    let encoded = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    BASE64.decode(encoded).ok()
}

/// Evaluates a required text.
///
/// # Errors
///
/// 400 `ValidationError` if it has no value, otherwise the error of the expression.
pub(super) fn required(run: &Run<'_>, template: &Template) -> Result<String, Error> {
    optional(run, Some(template), Escape::None)?.ok_or_else(|| invalid(&format!("`{}` is missing", template.source())))
}

/// Evaluates an optional text.
///
/// # Errors
///
/// The error of the expression.
pub(super) fn optional(run: &Run<'_>, template: Option<&Template>, escape: Escape) -> Result<Option<String>, Error> {
    let roots = run.roots();
    let text = template.map(|template| template.eval_text(&Bindings { roots: &roots }, escape)).transpose();
    text.map(Option::flatten).map_err(|error| run.expression_error(&error))
}

/// Returns the 400 for a file that cannot be sent.
pub(super) fn invalid(reason: &str) -> Error {
    Error::new(ErrorCode::Validation, format!("the file cannot be sent: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_base64_with_or_without_padding_and_line_breaks_or_a_data_url() {
        for text in ["aGk=", "aGk", " aG\nk= ", "data:text/plain;base64,aGk="] {
            assert_eq!(decode(text).as_deref(), Some(&b"hi"[..]), "{text}");
        }
        assert_eq!(decode(""), Some(Vec::new()));
        for text in ["a*b", "data:text/plain,hi", "aGk=aGk="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
