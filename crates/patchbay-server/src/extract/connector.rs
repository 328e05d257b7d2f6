//! A connector's files as a request's body: a list of them as JSON, or one merged file as YAML.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use patchbay_connector::SourceFile;
use patchbay_engine::{Error, ErrorCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::json::{collect, content_type, is_json, parse};
use crate::{error::ApiError, state::AppState};

/// The media type of YAML (RFC 9512), the names that it had before, and what tools send for any text.
const YAML: [&str; 5] = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain"];
/// The name of a file that came without one.
const LONE: &str = "connector.yaml";

/// The files of a connector.
pub(crate) struct ConnectorFiles(pub(crate) Vec<SourceFile>);

/// A connector's files. One merged file may come as YAML in place of this.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushConnector {
    /// Its main file and its partials, in any order.
    files: Vec<PushFile>,
}

/// A file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushFile {
    /// Its name, such as `acme.connector.yaml` or `acme.items.partial.yaml`.
    name: String,
    /// Its text.
    text: String,
}

impl FromRequest<AppState> for ConnectorFiles {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let is_list = is_json(request.headers());
        if !is_list && !YAML.contains(&content_type(request.headers()).as_str()) {
            let message = "the body must be a connector's files as JSON (content-type: application/json), or one merged \
                           file as YAML (content-type: application/yaml)";
            return Err(rejection(Error::new(ErrorCode::UnsupportedMediaType, message)));
        }
        let bytes = collect(request.into_body(), state.config.body_limit_bytes).await;
        let bytes = bytes.map_err(rejection)?;
        if is_list {
            let body: PushConnector = parse(&bytes).map_err(rejection)?;
            let files = body.files.into_iter().map(|PushFile { name, text }| SourceFile { name, text });
            return Ok(Self(files.collect()));
        }
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Ok(Self(vec![SourceFile { name: LONE.to_owned(), text }])),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("the body is not UTF-8 text: byte {at} is none of it");
                Err(rejection(Error::new(ErrorCode::Validation, message)))
            }
        }
    }
}

fn rejection(error: Error) -> Response {
    ApiError::from(error).into_response()
}
