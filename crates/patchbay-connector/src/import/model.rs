//! The common model of all formats: operations with parameters, bodies, responses and security requirements.

use serde_json::Value;

use super::refs::ApiDocument;

/// An API description.
#[derive(Debug)]
pub(super) struct Api<'d> {
    pub(super) document: ApiDocument<'d>,
    /// The name of the format, such as `OpenAPI 3.1`.
    pub(super) format: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) docs: Option<String>,
    pub(super) servers: Vec<ApiServer<'d>>,
    pub(super) schemes: Vec<(String, SecurityScheme)>,
    /// The security requirements of operations that have none of their own.
    pub(super) security: Vec<SecurityRequirement>,
    pub(super) operations: Vec<ApiOperation<'d>>,
}

/// A server of the provider.
#[derive(Debug)]
pub(super) struct ApiServer<'d> {
    pub(super) url: String,
    /// The variables: name, and description with default and choices.
    pub(super) variables: Vec<(&'d str, &'d Value)>,
}

/// An operation.
#[derive(Debug)]
pub(super) struct ApiOperation<'d> {
    pub(super) id: Option<String>,
    pub(super) method: ApiMethod,
    pub(super) path: String,
    /// The tags, the most important one first.
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) docs: Option<String>,
    pub(super) deprecated: bool,
    pub(super) params: Vec<ApiParameter<'d>>,
    pub(super) body: Option<ApiBody<'d>>,
    pub(super) answer: ApiResponse<'d>,
    /// The alternative security requirements; `None` if those of the API apply.
    pub(super) security: Option<Vec<SecurityRequirement>>,
    pub(super) server: Option<String>,
    /// The operation as the description has it.
    pub(super) described: &'d Value,
}

impl ApiOperation<'_> {
    /// Returns the name of the operation for people: `GET /files`.
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

/// The part of a request that carries a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterLocation {
    Path,
    Query,
    Header,
}

/// How a list or object is written in a query or form (OpenAPI 3.1, section 4.8.12.2 `style`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterStyle {
    /// `a=1&a=2`; the members of an object become separate parameters.
    Repeat,
    /// `a=1,2`
    Comma,
    /// `a=1 2`
    Space,
    /// `a=1|2`
    Pipe,
    /// `a[b]=1`
    Deep,
    /// JSON.
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

/// The media type of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyMedia {
    Json,
    /// JSON with a media type of the provider.
    OtherJson(String),
    Form,
    Multipart,
    /// Bytes with this media type.
    Binary(String),
    /// Text with this media type.
    Text(String),
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct ApiBody<'d> {
    pub(super) media: BodyMedia,
    pub(super) schema: Option<&'d Value>,
    pub(super) required: Option<bool>,
    pub(super) description: String,
    /// The fields of a form whose media type is that of a file.
    pub(super) files: Vec<&'d str>,
    /// How the fields of a form with a style of their own are written.
    pub(super) styles: Vec<(&'d str, ParameterStyle)>,
    /// The form parameters of Swagger, each with its own schema.
    pub(super) fields: Vec<ApiFormField<'d>>,
}

impl ApiBody<'_> {
    /// Returns how a form writes a field; without a style of its own, a list is repeated (OpenAPI 3.1, section 4.8.15).
    pub(super) fn style_of(&self, field: &str) -> ParameterStyle {
        let own = self.styles.iter().find(|(name, _)| *name == field).map(|(_, style)| *style);
        let of_field = || self.fields.iter().find(|known| known.name == field).map(|known| known.style);
        own.or_else(of_field).unwrap_or(ParameterStyle::Repeat)
    }
}

/// A field of a form with its own schema.
#[derive(Debug)]
pub(super) struct ApiFormField<'d> {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: &'d Value,
    pub(super) style: ParameterStyle,
    pub(super) is_file: bool,
}

/// The response of a successful request.
#[derive(Debug, Default)]
pub(super) struct ApiResponse<'d> {
    pub(super) schema: Option<&'d Value>,
    /// The media type to accept, if it is one of the provider.
    pub(super) accept: Option<String>,
    /// Whether the body is a file.
    pub(super) is_file: bool,
    /// Whether the response has a `Link` header (RFC 8288).
    pub(super) has_link: bool,
}

/// Security schemes that are required together, each with its scopes; if empty, none are required.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SecurityRequirement(pub(super) Vec<(String, Vec<String>)>);

impl SecurityRequirement {
    /// Returns the names of the schemes, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.0.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        names.sort();
        names
    }
}

/// A security scheme (OpenAPI 3.1, section 4.8.27).
#[derive(Clone, Debug)]
pub(super) enum SecurityScheme {
    /// An API key in a header, the query or a cookie.
    Key {
        name: String,
        place: KeyLocation,
        description: String,
        /// The word before the key in an `Authorization` header, with the space after it.
        prefix: Option<String>,
    },
    Basic,
    Bearer,
    /// Another scheme of the `Authorization` header.
    Http(String),
    OAuth2(Vec<OAuthFlow>),
    OpenId(String),
    MutualTls,
    /// Required, but not described.
    Undefined,
    /// Of an unknown type.
    Unknown(String),
}

/// The part of a request that carries an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyLocation {
    Header,
    Query,
    Cookie,
}

/// A flow of OAuth 2.0.
#[derive(Clone, Debug)]
pub(super) struct OAuthFlow {
    pub(super) kind: OAuthFlowKind,
    /// The addresses; a relative one begins at the server.
    pub(super) authorization_url: Option<String>,
    pub(super) token_url: Option<String>,
    /// The scopes: name and description.
    pub(super) scopes: Vec<(String, String)>,
    /// Further parameters of the authorization request.
    pub(super) params: Vec<(&'static str, &'static str)>,
    pub(super) issuer: Option<&'static str>,
    pub(super) pkce: bool,
}

/// The flows of OAuth 2.0 (OpenAPI 3.1, section 4.8.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuthFlowKind {
    Code,
    Client,
    Password,
    Implicit,
}
