//! The schema of error codes.

use std::borrow::Cow;

use patchbay_engine::ErrorCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema},
    },
};

/// The schema of an [`ErrorCode`]: a string with the wire name of one of all codes.
pub(crate) enum ErrorCodeOut {}

impl PartialSchema for ErrorCodeOut {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some("A stable code for programs; `docs/errors.md` explains each."))
            .schema_type(utoipa::openapi::Type::String)
            .enum_values(Some(ErrorCode::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for ErrorCodeOut {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}
