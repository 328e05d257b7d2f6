//! `upload_binary`: the request's body is the file.

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

/// Callers differ on the padding at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// What a file without a media type is.
pub(super) const BYTES: &str = "application/octet-stream";

pub(super) async fn run(run: &Run<'_>, upload: &UploadBinary, parts: OutputParts) -> Result<StepOutput, Error> {
    let mut outgoing = run.build(&upload.request, None)?;
    let kind = optional(run, upload.content_type.as_ref(), Escape::Header)?;
    match kind {
        Some(kind) => {
            let value = HeaderValue::try_from(kind).map_err(|_| invalid("the content type is no header value"))?;
            outgoing.headers.insert(header::CONTENT_TYPE, value);
        }
        None => {
            outgoing.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(BYTES));
        }
    }
    outgoing.body = content(run, &upload.content)?.into();
    let incoming = run.send(outgoing).await?;
    run.interpret(&upload.request, &incoming, parts)
}

/// A file's bytes from base64, bare or as a `data:` URL.
pub(super) fn content(run: &Run<'_>, template: &Template) -> Result<Vec<u8>, Error> {
    let text = required(run, template)?;
    decode(&text).ok_or_else(|| invalid("the file's content is not base64"))
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bare = match text.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,")?.1,
        None => text,
    };
    let packed = bare.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    BASE64.decode(packed).ok()
}

/// A text that must be there.
pub(super) fn required(run: &Run<'_>, template: &Template) -> Result<String, Error> {
    optional(run, Some(template), Escape::None)?.ok_or_else(|| invalid(&format!("`{}` is missing", template.source())))
}

/// A text that may be missing.
pub(super) fn optional(run: &Run<'_>, template: Option<&Template>, escape: Escape) -> Result<Option<String>, Error> {
    let roots = run.roots();
    let text = template.map(|template| template.eval_text(&Bindings { roots: &roots }, escape)).transpose();
    text.map(Option::flatten).map_err(|error| run.expression_error(&error))
}

pub(super) fn invalid(why: &str) -> Error {
    Error::new(ErrorCode::Validation, format!("the file cannot be sent: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_bare_padded_broken_into_lines_and_as_a_data_url() {
        for text in ["aGk=", "aGk", " aG\nk= ", "data:text/plain;base64,aGk="] {
            assert_eq!(decode(text).as_deref(), Some(&b"hi"[..]), "{text}");
        }
        assert_eq!(decode(""), Some(Vec::new()));
        for text in ["a*b", "data:text/plain,hi", "aGk=aGk="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
