//! Parameters of the step functions beside `request`: SOAP, mapping, files, events, tokens, MCP.
//!
//! One type a function, with every key of the format, so that a file is read whole whether or not
//! this version runs the function.

use super::{Authorization, Cursor, InputType, Pagination, RequestSpec, ValueTemplate};
use crate::expr::Template;

/// `soap_request`, and the SOAP half of `soap_paginated_request`.
#[derive(Debug)]
pub struct SoapRequest {
    /// Address, method, authorization, arguments and answer.
    pub request: RequestSpec,
    /// The operation: the element under the envelope's body.
    pub operation: Option<Template>,
    /// The `SOAPAction` header.
    pub action: Option<Template>,
    /// Prefixes with their namespaces.
    pub namespaces: Vec<Namespace>,
    /// A whole envelope in place of the built one: XML as text, or an object.
    pub envelope: Option<ValueTemplate>,
    /// Whether the connector's context (namespaces, prefix of the operation) is put in.
    pub use_context: bool,
}

/// A prefix and its namespace.
#[derive(Debug)]
pub struct Namespace {
    /// The prefix, without its colon.
    pub prefix: Template,
    /// The namespace's URI.
    pub uri: Template,
}

/// `soap_paginated_request`.
#[derive(Debug)]
pub struct SoapPaginatedRequest {
    /// The request for one page.
    pub soap: SoapRequest,
    /// How the next page is asked for.
    pub page: Pagination,
    /// Where the cursor comes from, when the caller resumes.
    pub cursor: Option<Cursor>,
}

/// `group_data`: the records of several steps, merged.
#[derive(Debug)]
pub struct GroupData {
    /// The ids of the steps, in order; each exists (checked at load).
    pub steps: Vec<String>,
    /// Whether one record comes out in place of a list.
    pub single: bool,
}

/// `map_fields` and `typecast`: both go field by field over a source.
#[derive(Debug)]
pub struct MapFields {
    /// The version of the function; "2" is the present one.
    pub version: FunctionVersion,
    /// The fields; `None` takes the action's `fieldConfigs`.
    pub fields: Option<Vec<FieldMapping>>,
    /// The records.
    pub source: Option<Template>,
    /// Further sources, by alias.
    pub external_sources: Vec<(String, Template)>,
}

/// A function's version, which changes its behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FunctionVersion {
    /// What a file without `version` gets.
    #[default]
    V1,
    /// `version: "2"`.
    V2,
}

/// One field of a mapping (`fieldConfigs`, `map_fields`, `typecast`).
#[derive(Debug)]
pub struct FieldMapping {
    /// Its key in the result.
    pub target: String,
    /// Another name for it.
    pub alias: Option<String>,
    /// Where its value comes from.
    pub expression: Option<Template>,
    /// Fixed values, or an object of expressions.
    pub values: Option<ValueTemplate>,
    /// Its type (the element's, when `array`).
    pub kind: InputType,
    /// Whether it is a list.
    pub array: bool,
    /// Whether it is the connector's own, beside the unified schema.
    pub custom: bool,
    /// Whether it is left out of the result unless asked for.
    pub hidden: bool,
    /// How a provider's value becomes one of an enum.
    pub enum_mapper: Option<EnumMatcher>,
    /// What an object holds.
    pub properties: Vec<FieldMapping>,
    /// Scopes without which it is left out.
    pub required_scopes: Vec<String>,
}

/// How a provider's value becomes one of an enum.
#[derive(Debug)]
pub enum EnumMatcher {
    /// A table that Patchbay ships, by name.
    BuiltIn(String),
    /// The first whose expression is true gives the value.
    Rules(Vec<(Template, String)>),
}

/// `upload_file`: a multipart form with one file.
#[derive(Debug)]
pub struct UploadFile {
    /// Address, method, headers and query.
    pub request: RequestSpec,
    /// The form field's name.
    pub field: Template,
    /// The content, base64.
    pub content: Template,
    /// The file's name.
    pub filename: Template,
    /// The file's media type.
    pub content_type: Option<Template>,
    /// The form's other fields.
    pub additional: Vec<MultipartField>,
}

/// A field of a multipart form.
#[derive(Debug)]
pub struct MultipartField {
    /// Its name.
    pub name: Template,
    /// Its value.
    pub value: ValueTemplate,
    /// Sent only when this is true.
    pub condition: Option<Template>,
    /// Its media type.
    pub content_type: Option<Template>,
}

/// `upload_binary`: the body is the file.
#[derive(Debug)]
pub struct UploadBinary {
    /// Address, method, headers and query.
    pub request: RequestSpec,
    /// The content, base64.
    pub content: Template,
    /// Its media type.
    pub content_type: Option<Template>,
}

/// `emit_event`.
#[derive(Debug)]
pub struct EmitEvent {
    /// The event's type; `None` when the step has no event.
    pub event_type: Option<Template>,
    /// Its id at the provider, by which repeats are dropped.
    pub event_id: Option<Template>,
    /// When it happened.
    pub event_date: Option<Template>,
    /// What it carries.
    pub data: Option<ValueTemplate>,
}

/// `sign_jwt` (RFC 7519).
#[derive(Debug)]
pub struct SignJwt {
    /// How it is signed.
    pub algorithm: JwtAlgorithm,
    /// PEM of the private key; the secret itself for `HS…`.
    pub private_key: Template,
    /// The header `kid` (ours).
    pub key_id: Option<Template>,
    /// Further headers (ours), such as `x5t`; never `alg`.
    pub headers: Vec<(String, ValueTemplate)>,
    /// The claims, in the file's order.
    pub claims: Vec<(String, ValueTemplate)>,
    /// Seconds that it holds (ours): `iat` and `exp` where the claims have none.
    pub lifetime: Option<u64>,
}

/// How a JSON Web Token is signed (RFC 7518 section 3, RFC 8037). The original has RS256 alone; the others are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's own")]
pub enum JwtAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
}

impl JwtAlgorithm {
    /// Every algorithm by its name in `alg` and in the file.
    pub const ALL: [(&'static str, Self); 13] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("ES512", Self::Es512),
        ("EdDSA", Self::EdDsa),
        ("HS256", Self::Hs256),
        ("HS384", Self::Hs384),
        ("HS512", Self::Hs512),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("none", |(name, _)| name)
    }
}

/// `mcp_request`.
#[derive(Debug)]
pub struct McpRequest {
    /// In place of the connector's base URL.
    pub base_url: Option<Template>,
    /// The server's address, whole or under the base URL.
    pub url: Option<Template>,
    /// Whether tools are listed in place of one being called.
    pub list: bool,
    /// The tool.
    pub tool: Option<Template>,
    /// Milliseconds until it is given up.
    pub timeout_ms: Option<u64>,
    /// In place of the method's authorization.
    pub authorization: Option<Authorization>,
    /// The tool's arguments.
    pub args: Vec<ToolArg>,
}

/// An argument of a tool.
#[derive(Debug)]
pub struct ToolArg {
    /// Its name.
    pub name: Template,
    /// Its value.
    pub value: ValueTemplate,
    /// Given only when this is true.
    pub condition: Option<Template>,
}

/// The client's certificate for mutual TLS.
#[derive(Debug)]
pub struct Certificates {
    /// PEM chains, each for the key at its place; several with one key are the parts of one chain.
    pub certs: Vec<Template>,
    /// PEM keys; at least one.
    pub keys: Vec<Template>,
}

/// A SAML bearer assertion (RFC 7522) in the body of the request that trades it for a token.
#[derive(Debug)]
pub struct Saml {
    /// The body's member that carries it, `assertion` by the standard.
    pub object_key: Template,
    /// PEM of the private key.
    pub key: Template,
    /// The client at the token endpoint; the attribute `api_key` says it too.
    pub client_id: Template,
    /// PEM of the certificate, for `KeyInfo`.
    pub cert: Option<Template>,
    /// Who asserts; the client when absent.
    pub issuer: Option<Template>,
    /// Seconds that the assertion holds; ten minutes when absent.
    pub lifetime: Option<u64>,
    /// Whom it is about; the client when absent.
    pub name_id: Option<Template>,
    /// Whom it is for.
    pub audience: Option<Template>,
    /// The format of `name_id`, a URN.
    pub name_id_format: Option<Template>,
    /// Where the assertion is traded, as its recipient; the request's own URL when absent.
    pub token_endpoint: Option<Template>,
    /// Further attributes (ours), such as `use_username`.
    pub attributes: Vec<(String, Template)>,
    /// Whether it is encoded as RFC 7522 has it, base64url (ours: `encoding: base64url`). SuccessFactors documents
    /// plain base64, which is the default.
    pub base64url: bool,
}
