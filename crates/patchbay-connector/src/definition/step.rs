//! Steps and their functions. A new function is one variant here and one file in the engine.

use serde_json::Value;

use super::{
    Authorization, Certificates, EmitEvent, GroupData, MapFields, McpRequest, Saml, SignJwt, SoapPaginatedRequest,
    SoapRequest, UploadBinary, UploadFile, ValueTemplate,
};
use crate::expr::Template;

/// One step of an action. Its output is at `$.steps.ID.output`.
#[derive(Debug)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// What it does, for people.
    pub description: Option<String>,
    /// Runs only when this is true.
    pub condition: Option<Template>,
    /// Whether the action goes on when this step fails.
    pub ignore_error: bool,
    /// What a condition that cannot be evaluated means.
    pub on_condition_error: OnConditionError,
    /// Whether the steps after it start before it is done.
    pub is_async: bool,
    /// The step fails unless this is true of its output.
    pub success_criteria: Option<Template>,
    /// What is told where it is not true, in place of a sentence of ours.
    pub failure_message: Option<Template>,
    /// The list that the step runs over, once for each element (`iterator.item`, `iterator.index`).
    pub iterator: Option<Template>,
    /// What it does.
    pub function: StepFunction,
    /// What it does after that, for the same element (`stepFunctions`).
    pub then: Vec<StepFunction>,
    /// The steps that must be done before it starts.
    pub depends_on: StepDependencies,
}

/// The steps whose outputs a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepDependencies {
    /// These, in no order.
    Named(Vec<String>),
    /// Any: which ones, shows only when it runs.
    Any,
}

/// What a condition that cannot be evaluated means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnConditionError {
    /// The action fails.
    #[default]
    Fail,
    /// As if the condition were true.
    Run,
    /// As if it were false.
    Skip,
    /// No further step runs.
    Break,
}

/// What a step does.
#[derive(Debug)]
pub enum StepFunction {
    /// One HTTP request.
    Request(RequestSpec),
    /// HTTP requests, page by page, until the provider has no more.
    PaginatedRequest(PaginatedRequest),
    /// A download, given as base64 or text with its file's facts.
    DownloadFile(DownloadFile),
    /// Values without a request.
    StaticValues(ValueTemplate),
    /// A SOAP call.
    SoapRequest(SoapRequest),
    /// SOAP calls, page by page.
    SoapPaginatedRequest(SoapPaginatedRequest),
    /// The records of several steps as one list.
    GroupData(GroupData),
    /// Fields, mapped.
    MapFields(MapFields),
    /// Fields, brought to their types.
    Typecast(MapFields),
    /// A file in a multipart form.
    UploadFile(UploadFile),
    /// A file as the body.
    UploadBinary(UploadBinary),
    /// An event for the operator's webhooks.
    EmitEvent(EmitEvent),
    /// A signed token.
    SignJwt(SignJwt),
    /// A call of a tool on an MCP server.
    McpRequest(McpRequest),
}

impl StepFunction {
    /// The function's name in the file.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::PaginatedRequest(_) => "paginated_request",
            Self::DownloadFile(_) => "download_file",
            Self::StaticValues(_) => "static_values",
            Self::SoapRequest(_) => "soap_request",
            Self::SoapPaginatedRequest(_) => "soap_paginated_request",
            Self::GroupData(_) => "group_data",
            Self::MapFields(_) => "map_fields",
            Self::Typecast(_) => "typecast",
            Self::UploadFile(_) => "upload_file",
            Self::UploadBinary(_) => "upload_binary",
            Self::EmitEvent(_) => "emit_event",
            Self::SignJwt(_) => "sign_jwt",
            Self::McpRequest(_) => "mcp_request",
        }
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl HttpMethod {
    /// The method's name on the wire of HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One HTTP request.
#[derive(Debug)]
pub struct RequestSpec {
    /// In place of the connector's base URL.
    pub base_url: Option<Template>,
    /// A path under the base URL, or a whole URL.
    pub url: Template,
    /// The method.
    pub method: HttpMethod,
    /// In place of the method's authorization.
    pub authorization: Option<Authorization>,
    /// Body, query and headers.
    pub args: Vec<Arg>,
    /// Where the data are in the answer.
    pub response: ResponseSpec,
    /// Statuses that mean something else.
    pub custom_errors: Vec<CustomError>,
    /// Whether query values are percent-encoded; off for providers that decode nothing.
    pub encode_query: bool,
    /// Seconds that an answer to the same request may be given again; 0 is never.
    pub cache_ttl: u64,
    /// The client's certificate.
    pub certificates: Option<Certificates>,
    /// An assertion traded for a token before the request.
    pub saml: Option<Saml>,
}

/// A request for every page.
#[derive(Debug)]
pub struct PaginatedRequest {
    /// The request for one page.
    pub request: RequestSpec,
    /// How the next page is asked for.
    pub page: Pagination,
    /// Where the cursor comes from, when the caller resumes.
    pub cursor: Option<Cursor>,
}

/// Where a caller resumes.
#[derive(Debug)]
pub struct Cursor {
    /// The provider's token.
    pub token: Option<Template>,
    /// The place within the page.
    pub position: Option<Template>,
}

/// How the next page is asked for.
#[derive(Debug)]
pub struct Pagination {
    /// The parameter that carries the cursor, offset or page number.
    pub key: String,
    /// Where that parameter travels.
    pub location: PageLocation,
    /// What it carries.
    pub mode: PageMode,
    /// The first page's number in page mode.
    pub start: i64,
    /// The most pages fetched in one call.
    pub max_pages: Option<u64>,
    /// Goes on only while this is true.
    pub condition: Option<Template>,
    /// Path of the next cursor in the answer (dots allowed).
    pub next_key: Option<String>,
    /// Whether `next_key` names a header or a path in the body.
    pub next_key_in: NextKeyIn,
}

/// What the paging parameter carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageMode {
    /// The provider's opaque token.
    Cursor,
    /// How many records to skip.
    Offset,
    /// The page's number.
    Page,
}

/// Where the paging parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageLocation {
    /// In the query.
    Query,
    /// In the body.
    Body,
}

/// Where the next cursor is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextKeyIn {
    /// In a response header.
    Headers,
    /// In the body.
    Data,
}

/// A download.
#[derive(Debug)]
pub struct DownloadFile {
    /// The request for the file.
    pub request: RequestSpec,
    /// Whether the content is text in place of base64.
    pub as_text: bool,
    /// Whether the content is JSON, given as the value that it is.
    pub as_json: bool,
    /// How the content is given.
    pub encoding: FileEncoding,
    /// Whether the content is handed on as it comes in place of being held.
    pub stream: bool,
    /// The most redirects.
    pub max_redirects: u64,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Where a JSON answer says what the file is.
    pub file: FileSpec,
}

/// How a download's content is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FileEncoding {
    /// Base64 text.
    #[default]
    Base64,
    /// UTF-8 text.
    Utf8,
    /// The bytes (`binary`, `raw` and `none` alike).
    Raw,
}

/// Where a JSON answer says what the file is, for providers that wrap their files.
#[derive(Debug, Default)]
pub struct FileSpec {
    /// Path of the file's name.
    pub name_key: Option<String>,
    /// Path of its media type.
    pub content_type_key: Option<String>,
    /// Its media type, when it is always the same.
    pub content_type: Option<Template>,
    /// Whether the content in the answer is base64 already.
    pub is_base64: bool,
    /// Path of a URL where the file is.
    pub url_key: Option<String>,
    /// Whether that URL gets the credentials too.
    pub forward_auth: bool,
}

/// Where the data are in an answer.
#[derive(Debug, Default)]
pub struct ResponseSpec {
    /// Whether a list is expected; anything else becomes a list of one.
    pub collection: Option<bool>,
    /// The record's id field.
    pub index_field: Option<String>,
    /// Path of the data in the body (dots allowed).
    pub data_key: Option<String>,
}

/// A status that means something else.
#[derive(Debug)]
pub struct CustomError {
    /// The status that the provider sent.
    pub received_status: u16,
    /// The status that we answer with.
    pub target_status: u16,
    /// What we say.
    pub message: Option<Template>,
    /// Only when this is true; `response` is in scope.
    pub condition: Option<Template>,
}

/// Where an argument travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgLocation {
    /// In the body.
    Body,
    /// In the query.
    Query,
    /// As a header.
    Headers,
}

/// How a list is written in a query or form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ArrayFormat {
    /// `ids[0]=x&ids[1]=y`
    #[default]
    Indexed,
    /// `ids=x&ids=y`
    Repeat,
    /// `ids[]=x&ids[]=y`
    Brackets,
    /// `ids=x,y`
    Comma,
    /// `ids=["x","y"]`
    Stringify,
}

/// An argument of a request.
#[derive(Debug)]
pub struct Arg {
    /// Its name; may be an expression.
    pub name: Template,
    /// Its value; one that comes out as missing leaves the argument out.
    pub value: ValueTemplate,
    /// Where it travels.
    pub location: ArgLocation,
    /// Sent only when this is true.
    pub condition: Option<Template>,
    /// The value is the body itself.
    pub spread: bool,
    /// The value's keys become arguments of their own.
    pub inline: bool,
    /// How a list is written.
    pub array_format: ArrayFormat,
}

impl Arg {
    /// The argument's value when it is a literal, such as a fixed header.
    pub fn literal(&self) -> Option<&Value> {
        match &self.value {
            ValueTemplate::Literal(value) => Some(value),
            _ => None,
        }
    }
}
