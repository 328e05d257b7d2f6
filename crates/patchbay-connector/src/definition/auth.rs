//! Authentication methods: fields, notices, guides, authorization, test actions.

use serde_json::Value;

use super::{Arg, Guides};
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
    pub setup_fields: Vec<Field>,
    /// Filled by the end customer in the Hub.
    pub config_fields: Vec<Field>,
    /// Notices beside the set-up fields.
    pub setup_notices: Vec<Notice>,
    /// Notices beside the Hub's fields.
    pub config_notices: Vec<Notice>,
    /// What is added to every request.
    pub authorization: Authorization,
    /// The provider's environments; at least one.
    pub environments: Vec<Environment>,
    /// What runs before an account is stored.
    pub test_actions: Vec<TestAction>,
    /// Scopes that every action needs.
    pub required_scopes: Vec<String>,
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
    /// The local id of the action; it exists (checked at load).
    pub action: String,
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
    Custom {
        /// The headers and query parameters.
        args: Vec<Arg>,
    },
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
pub struct Field {
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
