//! Step functions: one file for each, and the table that lists them.
//!
//! A step function is added with one file here, which implements [`StepFunctionType`], and one row in
//! [the table](StepFunction). The schema, the loader, the reference checks and the dependency analysis read the table.
//! The runtime executes a step function; it needs one file and one row there.

mod download_file;
mod emit_event;
mod group_data;
mod map_fields;
mod mcp_request;
mod paginated_request;
pub(crate) mod request;
mod sign_jwt;
mod soap_paginated_request;
mod soap_request;
mod static_values;
mod typecast;
mod unsupported;
mod upload_binary;
mod upload_file;

pub use download_file::{DownloadFile, FileEncoding, FileSpec};
pub use emit_event::EmitEvent;
pub use group_data::GroupData;
pub use map_fields::MapFields;
pub use mcp_request::{McpRequest, ToolArg};
pub use paginated_request::PaginatedRequest;
pub use request::{
    Cursor, CustomError, NextKeyIn, PageLocation, PageMode, Pagination, RequestSpec, ResponseSpec, Saml,
};
pub use sign_jwt::{JwtAlgorithm, SignJwt};
pub use soap_paginated_request::SoapPaginatedRequest;
pub use soap_request::{Namespace, SoapRequest};
pub use upload_binary::UploadBinary;
pub use upload_file::{MultipartField, UploadFile};

use serde_json::{Value, json};

use crate::{
    authorization::Authorization,
    diagnostic::code,
    expr::{Template, ValueTemplate},
    field_mapping::FieldMapping,
    json_schema::{names, object, reference},
    suggest::nearest,
    syntax::{NameSet, Reader},
};

/// The keys of a step function.
const KEYS: [&str; 3] = ["functionName", "version", "parameters"];

/// A step function's version, which changes its behavior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FunctionVersion {
    /// The version of a file without `version`.
    #[default]
    V1,
    /// `version: "2"`.
    V2,
}

/// What the format says about one step function: name, parameters, schema, checks.
pub(crate) trait StepFunctionType {
    /// The parameters, read and compiled.
    type Parameters;
    /// The function's name in the file (`functionName`).
    const NAME: &'static str;
    /// Whether `version` changes its behavior.
    const IS_VERSIONED: bool = false;

    /// Reads `parameters`; `None` if they have an error, which is reported.
    fn read(parameters: Reader<'_>, version: FunctionVersion) -> Option<Self::Parameters>;

    /// Adds every expression whose names refer to the action's inputs, credentials and steps.
    fn templates<'a>(parameters: &'a Self::Parameters, found: &mut Vec<&'a Template>);

    /// Adds the dependencies on other steps that [`Self::templates`] does not show. `action_fields` are the
    /// action's `fieldConfigs`.
    fn dependencies<'a>(
        _parameters: &'a Self::Parameters,
        _action_fields: &'a [FieldMapping],
        _found: &mut DependencyScan<'a>,
    ) {
    }

    /// Checks what can only be checked once the whole action is read.
    fn check(_parameters: &Self::Parameters, _context: &StepContext<'_, '_>) {}

    /// Returns how the function pages; `None` if it sends a single request or none.
    fn paging(_parameters: &Self::Parameters) -> Option<StepPaging<'_>> {
        None
    }

    /// Returns the JSON Schema (2020-12) of `parameters`.
    fn schema() -> Value;
}

/// The dependencies of a step on other steps, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct DependencyScan<'a> {
    /// Ids of steps.
    pub(crate) steps: Vec<String>,
    /// Expressions that may refer to steps.
    pub(crate) templates: Vec<&'a Template>,
    /// Whether the step may read any other step.
    pub(crate) any: bool,
}

/// The step that a function belongs to, and what is defined around it.
pub(crate) struct StepContext<'c, 'n> {
    /// The step in the file.
    pub(crate) place: &'c Reader<'n>,
    /// Whether the step is the action's last, runs once and has one function.
    pub(crate) is_single_last: bool,
    /// The steps before this one.
    pub(crate) earlier: &'c NameSet<'c>,
    /// The connector's scopes.
    pub(crate) scopes: &'c NameSet<'c>,
}

/// How a function pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepPaging<'a> {
    /// Where the caller resumes, if the file says so.
    pub(crate) cursor: Option<&'a Cursor>,
}

/// A row of the table.
struct FunctionRow {
    name: &'static str,
    is_versioned: bool,
    read: fn(Reader<'_>, FunctionVersion) -> Option<StepFunction>,
    schema: fn() -> Value,
}

/// Declares the step functions: `/// doc`, variant, parameters, and the type that implements [`StepFunctionType`].
macro_rules! step_functions {
    ($($(#[$doc:meta])* $variant:ident($parameters:ty) => $function:ty,)+) => {
        /// A step function with its parameters.
        #[derive(Debug)]
        pub enum StepFunction {
            $($(#[$doc])* $variant($parameters),)+
        }

        impl StepFunction {
            /// Returns the function's name in the file.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => <$function as StepFunctionType>::NAME,)+
                }
            }

            /// Adds every expression whose names refer to the action's inputs, credentials and steps.
            pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
                match self {
                    $(Self::$variant(parameters) => <$function>::templates(parameters, found),)+
                }
            }

            /// Adds the dependencies on other steps that [`Self::templates`] does not show.
            pub(crate) fn dependencies<'a>(&'a self, fields: &'a [FieldMapping], found: &mut DependencyScan<'a>) {
                match self {
                    $(Self::$variant(parameters) => <$function>::dependencies(parameters, fields, found),)+
                }
            }

            /// Checks what can only be checked once the whole action is read.
            pub(crate) fn check(&self, context: &StepContext<'_, '_>) {
                match self {
                    $(Self::$variant(parameters) => <$function>::check(parameters, context),)+
                }
            }

            /// Returns how the function pages; `None` if it sends a single request or none.
            pub(crate) fn paging(&self) -> Option<StepPaging<'_>> {
                match self {
                    $(Self::$variant(parameters) => <$function>::paging(parameters),)+
                }
            }
        }

        const TABLE: &[FunctionRow] = &[$(FunctionRow {
            name: <$function as StepFunctionType>::NAME,
            is_versioned: <$function as StepFunctionType>::IS_VERSIONED,
            read: |parameters, version| <$function>::read(parameters, version).map(StepFunction::$variant),
            schema: <$function as StepFunctionType>::schema,
        },)+];
    };
}

step_functions! {
    /// Sends one HTTP request.
    Request(RequestSpec) => request::RequestFunction,
    /// Sends an HTTP request for each page until the provider has no further page.
    PaginatedRequest(PaginatedRequest) => paginated_request::PaginatedRequestFunction,
    /// Downloads a file and returns it as base64 or text with its metadata.
    DownloadFile(DownloadFile) => download_file::DownloadFileFunction,
    /// Returns values without a request.
    StaticValues(ValueTemplate) => static_values::StaticValuesFunction,
    /// Sends a SOAP request.
    SoapRequest(SoapRequest) => soap_request::SoapRequestFunction,
    /// Sends a SOAP request for each page.
    SoapPaginatedRequest(SoapPaginatedRequest) => soap_paginated_request::SoapPaginatedRequestFunction,
    /// Merges the records of several steps into one list.
    GroupData(GroupData) => group_data::GroupDataFunction,
    /// Maps the fields of records.
    MapFields(MapFields) => map_fields::MapFieldsFunction,
    /// Converts the fields of records to their types.
    Typecast(MapFields) => typecast::TypecastFunction,
    /// Uploads a file in a multipart form.
    UploadFile(UploadFile) => upload_file::UploadFileFunction,
    /// Uploads a file as the request's body.
    UploadBinary(UploadBinary) => upload_binary::UploadBinaryFunction,
    /// Emits an event for the operator's webhooks.
    EmitEvent(EmitEvent) => emit_event::EmitEventFunction,
    /// Signs a JSON Web Token.
    SignJwt(SignJwt) => sign_jwt::SignJwtFunction,
    /// Calls a tool of an MCP server.
    McpRequest(McpRequest) => mcp_request::McpRequestFunction,
}

/// The parts of a step function that send a request, and to where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepRequest<'a> {
    /// Replaces the connector's base URL.
    pub(crate) base_url: Option<&'a Template>,
    /// A path under the base URL, or a whole URL.
    pub(crate) url: Option<&'a Template>,
    /// Replaces the authentication method's authorization.
    pub(crate) authorization: Option<&'a Authorization>,
}

impl StepFunction {
    /// Returns the keys of the fields that it returns, in an action with these `fieldConfigs`; `None` if they are not known.
    pub(crate) fn mapped_keys<'a>(&'a self, action_fields: &'a [FieldMapping]) -> Option<Vec<&'a str>> {
        let (Self::MapFields(map) | Self::Typecast(map)) = self else { return None };
        let fields = map.fields.as_deref().unwrap_or(action_fields);
        (!fields.is_empty()).then(|| fields.iter().map(|field| field.target.as_str()).collect())
    }

    /// Returns true if its output never contains its inputs: a signed token does not contain the key that signed it.
    pub(crate) fn conceals_inputs(&self) -> bool {
        matches!(self, Self::SignJwt(_))
    }

    /// Returns its request; `None` if it sends none.
    pub(crate) fn request(&self) -> Option<StepRequest<'_>> {
        let request = match self {
            Self::Request(request) => request,
            Self::PaginatedRequest(paginated) => &paginated.request,
            Self::DownloadFile(download) => &download.request,
            Self::SoapRequest(soap) => &soap.request,
            Self::SoapPaginatedRequest(paginated) => &paginated.soap.request,
            Self::UploadFile(upload) => &upload.request,
            Self::UploadBinary(upload) => &upload.request,
            Self::McpRequest(call) => {
                return Some(StepRequest {
                    base_url: call.base_url.as_ref(),
                    url: call.url.as_ref(),
                    authorization: call.authorization.as_ref(),
                });
            }
            Self::StaticValues(_)
            | Self::GroupData(_)
            | Self::MapFields(_)
            | Self::Typecast(_)
            | Self::EmitEvent(_)
            | Self::SignJwt(_) => return None,
        };
        Some(StepRequest {
            base_url: request.base_url.as_ref(),
            url: Some(&request.url),
            authorization: request.authorization.as_ref(),
        })
    }
}

/// Reads a step function; `None` if it has an error, which is reported.
pub(crate) fn read(reader: Reader<'_>) -> Option<StepFunction> {
    let mapping = reader.mapping("a step function", &KEYS)?;
    let name_place = mapping.require("functionName")?;
    let name = name_place.text()?;
    if let Some(reason) = unsupported::reason(&name) {
        name_place.error(code::UNSUPPORTED, format!("`{name}` is not supported: {reason}"));
        return None;
    }
    let Some(row) = TABLE.iter().find(|row| row.name == name) else {
        let all = || TABLE.iter().map(|row| row.name);
        let hint = match nearest(&name, all().chain(unsupported::names())) {
            Some(near) => format!("did you mean: {near}?"),
            None => format!("the step functions are: {}", all().collect::<Vec<_>>().join(", ")),
        };
        name_place.error_with_hint(code::UNKNOWN_VALUE, format!("unknown step function `{name}`"), hint);
        return None;
    };
    let versions = [("1", FunctionVersion::V1), ("2", FunctionVersion::V2)];
    let version = mapping.get("version").map_or(Some(FunctionVersion::V1), |version| version.choice(&versions));
    if version == Some(FunctionVersion::V1) && row.is_versioned {
        name_place.warning_with_hint(
            code::DEPRECATED,
            format!("`{name}` without `version: \"2\"` has the behavior of version 1"),
            "add `version: \"2\"`, or `version: \"1\"` to keep the old behavior",
        );
    }
    let parameters = mapping.require("parameters")?;
    (row.read)(parameters, version.unwrap_or_default()).filter(|_| version.is_some())
}

/// Adds the schema of a step function and of each function's parameters.
pub(crate) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    let rules = TABLE.iter().map(|row| {
        json!({
            "if": { "properties": { "functionName": { "const": row.name } } },
            "then": { "properties": { "parameters": reference(&format!("parameters_{}", row.name)) } },
        })
    });
    let mut schema = object(
        &KEYS,
        &["functionName", "parameters"],
        &[
            ("functionName", names(&TABLE.iter().map(|row| row.name).collect::<Vec<_>>())),
            ("version", json!({ "enum": ["1", "2", 1, 2] })),
            ("parameters", json!({ "type": "object" })),
        ],
    );
    schema["allOf"] = rules.collect();
    add("stepFunction", schema);
    for row in TABLE {
        add(&format!("parameters_{}", row.name), (row.schema)());
    }
}
