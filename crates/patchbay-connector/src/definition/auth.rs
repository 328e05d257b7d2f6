//! Authentication methods: fields, notices, guides, authorization, test actions.

use std::sync::Arc;

use serde_json::Value;

use super::{Action, ActionResult, Arg, Certificates, Guides, OAuth1, OAuth1SignIn, ValueTemplate};
use crate::expr::Template;

/// How credentials come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// The customer types static credentials.
    Custom,
    /// A token exchange.
    OAuth2(GrantType),
    /// The provider is an MCP server with its own authorisation.
    Mcp,
    /// The customer signs in by OAuth 1.0a (RFC 5849); ours beside the original's.
    OAuth1,
}

/// The OAuth 2.0 grant (RFC 6749).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 4.4.
    ClientCredentials,
}

/// One way to authenticate at the provider.
#[derive(Debug)]
pub struct AuthMethod {
    /// Its key in the file, such as `custom`.
    pub key: String,
    /// How credentials come to be.
    pub kind: AuthKind,
    /// Display name, such as `Client Credentials`.
    pub label: String,
    /// Where help is.
    pub support: Option<Support>,
    /// Its guides.
    pub guides: Guides,
    /// Filled once by the operator in the profile.
    pub setup_fields: Vec<FormField>,
    /// Filled by the end customer in the Hub.
    pub config_fields: Vec<FormField>,
    /// Notices beside the set-up fields.
    pub setup_notices: Vec<Notice>,
    /// Notices beside the Hub's fields.
    pub config_notices: Vec<Notice>,
    /// What is added to every request.
    pub authorization: Authorization,
    /// The client certificate of every request, token requests and the raw proxy's too (ours beside the original's,
    /// which has it on single requests).
    pub certificates: Option<Certificates>,
    /// The provider's environments; at least one.
    pub environments: Vec<Environment>,
    /// What runs before an account is stored.
    pub test_actions: Vec<TestAction>,
    /// Scopes that every action needs.
    pub required_scopes: Vec<String>,
    /// How a token is got and renewed.
    pub refresh: Option<Refresh>,
    /// What takes an account's credentials back at the provider; ours beside the original's. It comes before
    /// [`OAuth2::revocation_url`].
    pub revoke: Option<Arc<Action>>,
    /// How one signs in at an MCP server.
    pub mcp: Option<McpFlow>,
}

impl AuthMethod {
    /// Whether the customer signs in at the provider.
    pub const fn signs_in(&self) -> bool {
        matches!(self.kind, AuthKind::OAuth2(GrantType::AuthorizationCode) | AuthKind::Mcp | AuthKind::OAuth1)
    }
}

/// How a token is got and renewed.
#[derive(Debug)]
pub struct Refresh {
    /// When, as a cron line; without one, before the token ends.
    pub schedule: Option<String>,
    /// Its result becomes part of the credentials: `accessToken`, `refreshToken`, `expiresIn`, ….
    pub action: Arc<Action>,
}

impl Refresh {
    /// Whether its result is a token. One that names other things alone (a site's id) goes with a token that is got
    /// elsewhere: at the token endpoint.
    pub fn gives_token(&self) -> bool {
        match &self.action.result {
            ActionResult::Template(ValueTemplate::Object(members)) => {
                members.iter().any(|(name, _)| matches!(name.source(), "accessToken" | "data"))
            }
            _ => true,
        }
    }
}

/// How one signs in at an MCP server.
#[derive(Debug)]
pub struct McpFlow {
    /// The server.
    pub server_url: Template,
    /// Whether the server's metadata say where one signs in.
    pub discovery: bool,
    /// How we become known to it.
    pub registration: ClientRegistration,
    /// What is asked for.
    pub scopes: Vec<String>,
}

/// How a client becomes known to an authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRegistration {
    /// A document at the client's own address.
    Cimd,
    /// RFC 7591.
    Dynamic,
}

/// Where a person finds help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// A URL; a path starting with `/` is on our own server.
    pub link: Option<String>,
    /// What is there.
    pub description: Option<String>,
}

/// The provider's environment, such as production or a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its key.
    pub key: String,
    /// Its display name.
    pub name: String,
}

/// An action that runs at link time.
#[derive(Debug)]
pub struct TestAction {
    /// The local id of the action; it exists (checked at load), or is `inline`'s own.
    pub action: String,
    /// The action, when it is written in place of an id.
    pub inline: Option<Arc<Action>>,
    /// Whether linking fails when it fails.
    pub required: bool,
    /// Runs only when this is true.
    pub condition: Option<Template>,
}

/// What is added to a request to prove who asks.
#[derive(Debug)]
pub enum Authorization {
    /// Nothing: the steps' own arguments carry it.
    None,
    /// RFC 7617.
    Basic {
        /// User name.
        username: Option<Template>,
        /// Password.
        password: Option<Template>,
    },
    /// RFC 6750.
    Bearer {
        /// The token.
        token: Template,
        /// Whether the header's value begins with `Bearer `.
        include_bearer: bool,
    },
    /// `type: custom`, ours beside the original's: headers and query parameters, written like a step's
    /// `args` (`in: headers` or `in: query`, with `condition`). It is what the raw proxy needs to
    /// prove who asks where a provider wants headers of its own, and spares every step the repetition.
    /// `type: apiKey` with `key`, `value` and `in` is one such argument.
    Custom {
        /// The headers and query parameters.
        args: Vec<Arg>,
    },
    /// `type: none` with `signing`: every request carries a signature over itself.
    Signed(Signing),
    /// `type: ws_security`, ours beside the original's: the envelopes of SOAP steps carry a `UsernameToken`
    /// (OASIS Web Services Security). Other requests carry nothing.
    WsSecurity {
        /// User name.
        username: Template,
        /// Password.
        password: Template,
        /// Whether a digest of the password is sent, with a nonce and the time, in place of the password.
        digested: bool,
    },
    /// A token exchange.
    OAuth2(Box<OAuth2>),
    /// `type: oauth1`, ours beside the original's: every request carries a signature, by the token that the customer's
    /// consent gave.
    OAuth1(Box<OAuth1SignIn>),
}

impl Authorization {
    /// How requests are signed by OAuth 1.0a; none when they are not.
    pub fn oauth1(&self) -> Option<&OAuth1> {
        match self {
            Self::Signed(Signing::OAuth1(signing)) => Some(signing),
            Self::OAuth1(flow) => Some(&flow.signing),
            _ => None,
        }
    }
}

/// A signature over a request.
#[derive(Debug)]
pub enum Signing {
    /// AWS Signature Version 4.
    Aws4 {
        /// The service's name, such as `s3`.
        service: Template,
        /// The region; taken from the credentials when absent.
        region: Option<Template>,
    },
    /// OAuth 1.0a (RFC 5849), ours beside the original's.
    OAuth1(Box<OAuth1>),
    /// A keyed hash.
    Hmac {
        /// The hash.
        algorithm: HmacAlgorithm,
        /// The header that carries the signature.
        header: Option<String>,
        /// What stands before it.
        prefix: Option<String>,
        /// How the date is written.
        rfc2822_date: bool,
        /// Whether the host is signed.
        include_host: bool,
        /// Whether a hash of the body is signed.
        include_body_hash: bool,
        /// Whether it goes as `Authorization: Basic` in place of a header of its own.
        as_basic: bool,
        /// The user of that.
        username: Option<Template>,
    },
}

/// The hash of a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HmacAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// OAuth 2.0 (RFC 6749): where a token is got and how it is sent.
#[derive(Debug)]
pub struct OAuth2 {
    /// Where the customer consents.
    pub authorization_url: Option<Template>,
    /// Further parameters of that.
    pub authorization_params: Vec<(String, Template)>,
    /// Where the provider sends the customer back.
    pub redirect_uri: Option<Template>,
    /// Where the code is traded.
    pub token_url: Option<Template>,
    /// Further parameters of that.
    pub token_params: Vec<(String, Template)>,
    /// Where a token is taken back (RFC 7009); ours beside the original's.
    pub revocation_url: Option<Template>,
    /// Further parameters of that.
    pub revocation_params: Vec<(String, Template)>,
    /// Seconds that a token holds, when the answer does not say.
    pub token_expires_in: Option<u64>,
    /// Seconds that a refresh token holds, when the answer does not say.
    pub refresh_expires_in: Option<u64>,
    /// The token that requests carry.
    pub token: Template,
    /// Whether the header's value begins with `Bearer `.
    pub include_bearer: bool,
    /// What is asked for.
    pub scopes: Option<Template>,
    /// What stands between scopes; a space when absent.
    pub scope_delimiter: Option<String>,
    /// Headers of the token call.
    pub custom_headers: Vec<(String, Template)>,
    /// Whether RFC 7636 is used.
    pub pkce: bool,
    /// Fields of the token's answer that become credentials: name and path.
    pub additional_token_fields: Vec<(String, String)>,
    /// Parameters of the way back that become credentials: name and parameter.
    pub callback_params: Vec<(String, String)>,
    /// Who must have issued the answer (RFC 9207).
    pub issuer: Option<Template>,
    /// Where the token's answer holds what.
    pub token_response: TokenResponse,
}

/// Where the token's answer holds what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenResponse {
    /// The types of token that are taken; empty takes `bearer`.
    pub accept_token_types: Vec<String>,
    /// Path of the access token.
    pub access_token: Option<String>,
    /// Path of the refresh token.
    pub refresh_token: Option<String>,
}

/// A field's control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One line.
    Text,
    /// One line, hidden while typed.
    Password,
    /// Digits.
    Number,
    /// Several lines.
    TextArea,
    /// One of `options`.
    Select,
}

impl FieldType {
    /// The name in the file and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Password => "password",
            Self::Number => "number",
            Self::TextArea => "text_area",
            Self::Select => "select",
        }
    }
}

/// A field of a form.
#[derive(Debug)]
pub struct FormField {
    /// Its key: `credentials.KEY` in expressions.
    pub key: String,
    /// Its label.
    pub label: String,
    /// Its control.
    pub kind: FieldType,
    /// Whether it must be filled.
    pub required: bool,
    /// Whether its value is sealed and never shown again. Password fields are always secret.
    pub secret: bool,
    /// Shown, not typed.
    pub read_only: bool,
    /// Grey text in the empty control.
    pub placeholder: Option<String>,
    /// Markdown under the label.
    pub description: Option<String>,
    /// Plain text on hover.
    pub tooltip: Option<String>,
    /// The choices of a select.
    pub options: Vec<FieldOption>,
    /// What its text must look like.
    pub validation: Option<FieldValidation>,
    /// Its value when nothing is typed.
    pub default: Option<Value>,
    /// Whether it names the account at the provider, to match inbound events.
    pub external_account_identifier: bool,
    /// Its value is worked out from the others in place of being typed.
    pub computed: Option<Template>,
}

/// A choice of a select field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOption {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// What a field's text must look like.
#[derive(Debug)]
pub struct FieldValidation {
    /// The pattern, anchored at both ends, as ECMAScript and this crate's `regex` both read it.
    pub pattern: String,
    /// The pattern, compiled.
    pub regex: regex::Regex,
    /// The named format that the pattern stands for (`email`, `url`, `uuid`, …), when the file named one.
    pub format: Option<String>,
    /// What to say when it does not match.
    pub error_message: Option<String>,
}

/// How urgent a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Take care.
    Warning,
    /// Good to know.
    Info,
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticePosition {
    /// Above the fields.
    Top,
    /// Below them.
    Bottom,
}

/// A note in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its key.
    pub key: String,
    /// How urgent it is.
    pub kind: NoticeKind,
    /// Markdown.
    pub description: String,
    /// Where it stands.
    pub position: NoticePosition,
    /// The field it stands before, in place of the position.
    pub anchor: Option<String>,
}
