//! The files of a connector as the body of a request: a list as JSON, or one merged file as YAML.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use patchbay_connector::SourceFile;
use patchbay_engine::{Error, ErrorCode};

use super::json::{Unknown, collect, content_type, is_json, parse_away};
use crate::{dto::connector_versions::PushConnector, error::ApiError, state::AppState};

/// The media type of YAML (RFC 9512), its earlier names, and the type that tools send for any text.
const YAML_TYPES: [&str; 5] = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain"];
/// The name of a file that was sent without a name.
const DEFAULT_FILE_NAME: &str = "connector.yaml";

/// The files of a connector.
pub(crate) struct ConnectorFiles(pub(crate) Vec<SourceFile>);

impl FromRequest<AppState> for ConnectorFiles {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let is_list = is_json(request.headers());
        if !is_list && !YAML_TYPES.contains(&content_type(request.headers()).as_str()) {
            let message = "the body must be a connector's files as JSON (content-type: application/json), or one merged \
                           file as YAML (content-type: application/yaml)";
            return Err(rejection(Error::new(ErrorCode::UnsupportedMediaType, message)));
        }
        let bytes = collect(request.into_body(), state.config.body_limit_bytes).await;
        let bytes = bytes.map_err(rejection)?;
        if is_list {
            let body = parse_away::<PushConnector>(bytes, Unknown::Error).await.map_err(rejection)?.value;
            return Ok(Self(body.into_files()));
        }
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Ok(Self(vec![SourceFile { name: DEFAULT_FILE_NAME.to_owned(), text }])),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("the body is not UTF-8 (byte {at})");
                Err(rejection(Error::new(ErrorCode::Validation, message)))
            }
        }
    }
}

fn rejection(error: Error) -> Response {
    ApiError::from(error).into_response()
}
