//! Authentication methods: fields, notices, guides, authorization, test actions.

use std::sync::Arc;

use serde_json::Value;

use super::{Action, ActionResult, Guides};
use crate::{
    authorization::{AuthKind, Authorization, GrantType, McpFlow},
    expr::{Template, ValueTemplate},
    http::Certificates,
};

/// An authentication method: one way to connect an account.
#[derive(Debug)]
pub struct AuthMethod {
    /// The key in the file, such as `custom`.
    pub key: String,
    /// How an account gets its credentials.
    pub kind: AuthKind,
    /// The display name, such as `Client Credentials`.
    pub label: String,
    /// Where people find help.
    pub support: Option<Support>,
    /// The guides.
    pub guides: Guides,
    /// The fields that the operator fills in once, in the connector profile.
    pub setup_fields: Vec<FormField>,
    /// The fields that the customer fills in, in the Hub.
    pub config_fields: Vec<FormField>,
    /// The notices next to the setup fields.
    pub setup_notices: Vec<Notice>,
    /// The notices next to the Hub's fields.
    pub config_notices: Vec<Notice>,
    /// The authorization of every request.
    pub authorization: Authorization,
    /// The client certificate of every request, token requests and the raw proxy among them (Patchbay extension: the
    /// StackOne format only has it on single requests).
    pub certificates: Option<Certificates>,
    /// The provider's environments; at least one.
    pub environments: Vec<Environment>,
    /// The actions that run before an account is stored.
    pub test_actions: Vec<TestAction>,
    /// The scopes that every action requires.
    pub required_scopes: Vec<String>,
    /// How a token is requested and refreshed.
    pub refresh: Option<Refresh>,
    /// The action that revokes an account's credentials at the provider (Patchbay extension). It takes precedence over
    /// [`OAuth2::revocation_url`].
    pub revoke: Option<Arc<Action>>,
    /// How Patchbay is authorized at an MCP server.
    pub mcp: Option<McpFlow>,
}

impl AuthMethod {
    /// Returns the fields of both forms: those of the operator, then those of the customer.
    pub fn fields(&self) -> impl Iterator<Item = &FormField> {
        self.setup_fields.iter().chain(&self.config_fields)
    }

    /// Returns true if the customer authorizes Patchbay at the provider, in a browser.
    pub const fn is_interactive(&self) -> bool {
        matches!(self.kind, AuthKind::OAuth2(GrantType::AuthorizationCode) | AuthKind::Mcp | AuthKind::OAuth1)
    }
}

/// How a token is requested and refreshed (`refreshAuthentication`).
#[derive(Debug)]
pub struct Refresh {
    /// The schedule, a cron expression; without one, the token is refreshed before it expires.
    pub schedule: Option<String>,
    /// The action. Its result becomes part of the credentials: `accessToken`, `refreshToken`, `expiresIn`, ….
    pub action: Arc<Action>,
}

impl Refresh {
    /// Returns true if the action's result contains a token. If not (for example, only a site's id), the token is from
    /// the token endpoint.
    pub fn gives_token(&self) -> bool {
        match &self.action.result {
            ActionResult::Template(ValueTemplate::Object(members)) => {
                members.iter().any(|(name, _)| matches!(name.source(), "accessToken" | "data"))
            }
            _ => true,
        }
    }
}

/// Where people find help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// The URL; a path that starts with `/` is on Patchbay's own server.
    pub link: Option<String>,
    /// What the page contains.
    pub description: Option<String>,
}

/// An environment of the provider, such as production or a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The key.
    pub key: String,
    /// The display name.
    pub name: String,
}

/// An action that runs when an account is linked.
#[derive(Debug)]
pub struct TestAction {
    /// The local id of the action; it exists (checked at load). For `inline`, its own id.
    pub action: String,
    /// The action, if it is written in place of an id.
    pub inline: Option<Arc<Action>>,
    /// Whether linking fails if the action fails.
    pub required: bool,
    /// If present, the action runs only when this is true.
    pub condition: Option<Template>,
}

/// The control of a form field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A line of text.
    Text,
    /// A line of text that is hidden while the user types.
    Password,
    /// A number.
    Number,
    /// Several lines of text.
    TextArea,
    /// A choice from `options`.
    Select,
}

/// A field of a form.
#[derive(Debug)]
pub struct FormField {
    /// The key: `credentials.KEY` in expressions.
    pub key: String,
    /// The label.
    pub label: String,
    /// The control.
    pub kind: FieldType,
    /// Whether a value is required.
    pub required: bool,
    /// Whether the form shows it. The value of a hidden field is its default.
    pub is_shown: bool,
    /// The expression over the other fields (`credentials.KEY`) that decides whether the form shows it and requires a value.
    pub condition: Option<Template>,
    /// Whether the value is encrypted and never shown again. Password fields are always secret.
    pub secret: bool,
    /// Whether the value is shown and cannot be edited.
    pub read_only: bool,
    /// The placeholder of the empty control.
    pub placeholder: Option<String>,
    /// The description under the label, Markdown.
    pub description: Option<String>,
    /// The tooltip, plain text.
    pub tooltip: Option<String>,
    /// The choices of a select field.
    pub options: Vec<FieldOption>,
    /// The rule for the value.
    pub validation: Option<FieldValidation>,
    /// The value if the user enters none.
    pub default: Option<Value>,
    /// Whether the value identifies the account at the provider, to match inbound events.
    pub external_account_identifier: bool,
    /// The expression that computes the value from the other fields.
    pub computed: Option<Template>,
}

impl FormField {
    /// Returns true if the file lists the values that the field can have.
    pub fn is_choice(&self) -> bool {
        self.kind == FieldType::Select
    }
}

/// A choice of a select field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOption {
    /// The value that is stored.
    pub value: String,
    /// The label that is shown.
    pub label: String,
}

/// A rule for the value of a form field.
#[derive(Debug)]
pub struct FieldValidation {
    /// The pattern, anchored at both ends. ECMAScript and the crate `regex` both read it.
    pub pattern: String,
    /// The pattern, compiled.
    pub regex: regex::Regex,
    /// The named format that the pattern implements (`email`, `url`, `uuid`, …), if the file names one.
    pub format: Option<String>,
    /// The error message if the value does not match.
    pub error_message: Option<String>,
}

/// The severity of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A warning.
    Warning,
    /// Information.
    Info,
}

/// The position of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticePosition {
    /// Above the fields.
    Top,
    /// Below the fields.
    Bottom,
}

/// A notice in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The key.
    pub key: String,
    /// The severity.
    pub kind: NoticeKind,
    /// The text, Markdown.
    pub description: String,
    /// The position.
    pub position: NoticePosition,
    /// The key of the field above which it is shown, instead of the position.
    pub anchor: Option<String>,
}
