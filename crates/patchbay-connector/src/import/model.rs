//! What all formats come to: operations with parameters, bodies, answers and what proves who asks.

use serde_json::Value;

use super::refs::ApiDocument;

/// A described API.
#[derive(Debug)]
pub(super) struct Api<'d> {
    pub(super) document: ApiDocument<'d>,
    /// Such as `OpenAPI 3.1`.
    pub(super) format: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) docs: Option<String>,
    pub(super) servers: Vec<ApiServer<'d>>,
    pub(super) schemes: Vec<(String, SecurityScheme)>,
    /// What is asked for where an operation says nothing of its own.
    pub(super) security: Vec<SecurityRequirement>,
    pub(super) operations: Vec<ApiOperation<'d>>,
}

/// Where the provider is.
#[derive(Debug)]
pub(super) struct ApiServer<'d> {
    pub(super) url: String,
    /// Name, description, default, choices.
    pub(super) variables: Vec<(&'d str, &'d Value)>,
}

/// One call that the provider offers.
#[derive(Debug)]
pub(super) struct ApiOperation<'d> {
    pub(super) id: Option<String>,
    pub(super) method: ApiMethod,
    pub(super) path: String,
    /// The groups that it belongs to, the first one first.
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) docs: Option<String>,
    pub(super) deprecated: bool,
    pub(super) params: Vec<ApiParameter<'d>>,
    pub(super) body: Option<ApiBody<'d>>,
    pub(super) answer: ApiResponse<'d>,
    /// Alternatives; none where the API's own count.
    pub(super) security: Option<Vec<SecurityRequirement>>,
    pub(super) server: Option<String>,
}

impl ApiOperation<'_> {
    /// How people name it: `GET /files`.
    pub(super) fn place(&self) -> String {
        format!("{} {}", self.method.as_str().to_ascii_uppercase(), self.path)
    }
}

/// The methods that a step can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl ApiMethod {
    pub(super) const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name))
    }
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterLocation {
    Path,
    Query,
    Header,
}

/// How a list or object is written in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterStyle {
    /// `a=1&a=2`; an object's members are parameters of their own.
    Repeat,
    /// `a=1,2`
    Comma,
    /// `a=1 2`
    Space,
    /// `a=1|2`
    Pipe,
    /// `a[b]=1`
    Deep,
    /// As JSON.
    Json,
}

/// A parameter of the path, the query or the headers.
#[derive(Debug)]
pub(super) struct ApiParameter<'d> {
    pub(super) name: String,
    pub(super) location: ParameterLocation,
    pub(super) required: bool,
    pub(super) description: String,
    pub(super) schema: &'d Value,
    pub(super) style: ParameterStyle,
}

/// How a body is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyMedia {
    Json,
    /// JSON of a type of the provider's own.
    OtherJson(String),
    Form,
    Multipart,
    /// Bytes as they are, of this type.
    Binary(String),
    /// Text as it is, of this type.
    Text(String),
}

/// What is sent.
#[derive(Debug)]
pub(super) struct ApiBody<'d> {
    pub(super) media: BodyMedia,
    pub(super) schema: Option<&'d Value>,
    pub(super) required: Option<bool>,
    pub(super) description: String,
    /// Swagger's form parameters: each a field with its schema.
    pub(super) fields: Vec<ApiFormField<'d>>,
}

/// A field of a form that is described by itself.
#[derive(Debug)]
pub(super) struct ApiFormField<'d> {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: &'d Value,
    pub(super) is_file: bool,
}

/// What comes back when all is well.
#[derive(Debug, Default)]
pub(super) struct ApiResponse<'d> {
    pub(super) schema: Option<&'d Value>,
    /// Whether it is a file.
    pub(super) is_file: bool,
    /// Whether a `Link` header is described.
    pub(super) has_link: bool,
}

/// Schemes that are needed together, each with its scopes. Empty: nothing is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SecurityRequirement(pub(super) Vec<(String, Vec<String>)>);

/// How an account proves who it is.
#[derive(Clone, Debug)]
pub(super) enum SecurityScheme {
    /// A key in a header, the query or a cookie.
    Key {
        name: String,
        place: KeyLocation,
        description: String,
    },
    Basic,
    Bearer,
    /// Another scheme of the `Authorization` header.
    Http(String),
    OAuth2(Vec<OAuthFlow>),
    OpenId(String),
    MutualTls,
    /// Named and described nowhere.
    Undefined,
    /// Of a kind that is not known.
    Unknown(String),
}

/// Where a key travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLocation {
    Header,
    Query,
    Cookie,
}

/// A way to get a token.
#[derive(Clone, Debug)]
pub(super) struct OAuthFlow {
    pub(super) kind: OAuthFlowKind,
    pub(super) authorization_url: Option<String>,
    pub(super) token_url: Option<String>,
    /// Names and descriptions.
    pub(super) scopes: Vec<(String, String)>,
    /// Further parameters of the consent page.
    pub(super) params: Vec<(&'static str, &'static str)>,
    pub(super) issuer: Option<&'static str>,
    pub(super) pkce: bool,
}

/// The flows of OAuth 2.0 as OpenAPI names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuthFlowKind {
    Code,
    Client,
    Password,
    Implicit,
}
