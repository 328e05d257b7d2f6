//! `download_file`: a download with its file's metadata.

use serde_json::Value;

use super::{
    FunctionVersion, RequestSpec, StepContext, StepFunctionType,
    request::{KEYS, RESPONSE_KEYS, schema},
};
use crate::{
    diagnostic::code,
    expr::Template,
    json_schema::{boolean, choice, whole},
    syntax::Reader,
};

/// The keys of `parameters` that other requests do not have.
const OWN_KEYS: [&str; 5] = ["responseMode", "responseType", "encoding", "maxRedirects", "followRedirects"];
/// Whether the content is streamed.
const RESPONSE_MODES: [(&str, bool); 2] = [("buffer", false), ("stream", true)];
/// Whether the content is text, and whether it is JSON; `encoding` replaces it.
const RESPONSE_TYPES: [(&str, (bool, bool)); 4] =
    [("arraybuffer", (false, false)), ("blob", (false, false)), ("text", (true, false)), ("json", (false, true))];
const ENCODINGS: [(&str, FileEncoding); 5] = [
    ("base64", FileEncoding::Base64),
    ("utf8", FileEncoding::Utf8),
    ("binary", FileEncoding::Raw),
    ("raw", FileEncoding::Raw),
    ("none", FileEncoding::Raw),
];
const DEFAULT_MAX_REDIRECTS: u64 = 5;

/// A download.
#[derive(Debug)]
pub struct DownloadFile {
    /// The request for the file.
    pub request: RequestSpec,
    /// Whether the content is returned as text instead of base64.
    pub as_text: bool,
    /// Whether the content is JSON and returned as a value.
    pub as_json: bool,
    /// How the content is returned.
    pub encoding: FileEncoding,
    /// Whether the content is streamed to the caller instead of held in memory.
    pub stream: bool,
    /// The maximum number of redirects.
    pub max_redirects: u64,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Where a JSON response contains the file and its metadata.
    pub file: FileSpec,
}

/// How a download's content is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FileEncoding {
    /// Base64 (RFC 4648 section 4).
    #[default]
    Base64,
    /// UTF-8 text.
    Utf8,
    /// The bytes; the file calls it `binary`, `raw` or `none`.
    Raw,
}

/// Where a JSON response contains the file and its metadata, for providers that wrap their files.
#[derive(Debug, Default)]
pub struct FileSpec {
    /// Path of the file's name.
    pub name_key: Option<String>,
    /// Path of the file's media type.
    pub content_type_key: Option<String>,
    /// The media type, if it is always the same.
    pub content_type: Option<Template>,
    /// Whether the content in the response is already base64.
    pub is_base64: bool,
    /// Path of the file's URL.
    pub url_key: Option<String>,
    /// Whether the request for that URL carries the credentials too.
    pub forward_auth: bool,
}

/// The function `download_file`.
pub(super) struct DownloadFileFunction;

fn keys() -> Vec<&'static str> {
    [&KEYS[..], &OWN_KEYS].concat()
}

impl StepFunctionType for DownloadFileFunction {
    type Parameters = DownloadFile;
    const NAME: &'static str = "download_file";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<DownloadFile> {
        let mapping = parameters.parameters(&keys())?;
        let encoding = mapping.get("encoding").and_then(|encoding| encoding.choice(&ENCODINGS));
        let response_type =
            mapping.get("responseType").and_then(|kind| kind.choice(&RESPONSE_TYPES)).unwrap_or_default();
        let (is_text, is_json) = if mapping.get("encoding").is_none() { response_type } else { (false, false) };
        let encoding = encoding.unwrap_or_default();
        Some(DownloadFile {
            as_text: encoding == FileEncoding::Utf8 || is_text,
            as_json: is_json,
            encoding,
            stream: mapping.get("responseMode").and_then(|mode| mode.choice(&RESPONSE_MODES)).unwrap_or(false),
            max_redirects: mapping.get("maxRedirects").and_then(|count| count.whole()).unwrap_or(DEFAULT_MAX_REDIRECTS),
            follow_redirects: mapping.flag("followRedirects", true),
            file: mapping.get("response").and_then(read_file).unwrap_or_default(),
            request: RequestSpec::read(&mapping)?,
        })
    }

    fn templates<'a>(download: &'a DownloadFile, found: &mut Vec<&'a Template>) {
        download.request.templates(found);
        found.extend(&download.file.content_type);
    }

    fn check(download: &DownloadFile, context: &StepContext<'_, '_>) {
        if download.stream && !context.is_single_last {
            let message = "`responseMode: stream` only has an effect in an action's last step that runs once; this \
                           file is held in memory";
            context.place.warning(code::UNUSED, message);
        }
    }

    fn schema() -> Value {
        schema(
            &keys(),
            &["url"],
            &[
                ("responseMode", choice(&RESPONSE_MODES)),
                ("responseType", choice(&RESPONSE_TYPES)),
                ("encoding", choice(&ENCODINGS)),
                ("maxRedirects", whole()),
                ("followRedirects", boolean()),
            ],
        )
    }
}

fn read_file(place: Reader<'_>) -> Option<FileSpec> {
    let response = place.mapping("`response`", &RESPONSE_KEYS)?;
    Some(FileSpec {
        name_key: response.text("fileNameKey"),
        content_type_key: response.text("contentTypeKey"),
        content_type: response.template("contentType"),
        is_base64: response.flag("contentIsBase64", false),
        url_key: response.text("urlKey"),
        forward_auth: response.flag("forwardAuth", false),
    })
}
