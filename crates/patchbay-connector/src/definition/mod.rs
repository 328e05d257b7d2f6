//! What a connector file says, checked and compiled: the types that the engine runs.

mod action;
mod auth;
mod events;
mod function;
mod guide;
mod input;
mod letter_icon;
mod oauth1;
mod step;
mod sync;

use std::{collections::HashMap, sync::Arc};

pub use action::{
    Action, ActionCursor, ActionResult, ActionType, Annotations, CompositeId, CompositeIds, Effect, Example,
    SchemaType, ValidationRule, ValueTemplate,
};
pub use auth::{
    AuthKind, AuthMethod, Authorization, ClientRegistration, Environment, FieldOption, FieldType, FieldValidation,
    FormField, GrantType, HmacAlgorithm, McpFlow, Notice, NoticeKind, NoticePosition, OAuth2, Refresh, Signing,
    Support, TestAction, TokenResponse,
};
pub use events::{EventDefinitions, EventRouter, EventRule, EventSetup};
pub use function::{
    Certificates, EmitEvent, EnumMatcher, FieldMapping, FunctionVersion, GroupData, JwtAlgorithm, MapFields,
    McpRequest, MultipartField, Namespace, Saml, SignJwt, SoapPaginatedRequest, SoapRequest, ToolArg, UploadBinary,
    UploadFile,
};
pub use guide::{Guide, GuideSection, GuideStep, Guides, Image};
pub use input::{Input, InputLocation, InputRules, InputType};
pub(crate) use letter_icon::letter_icon;
pub use oauth1::{OAuth1, OAuth1Method, OAuth1SignIn};
pub use step::{
    Arg, ArgLocation, ArrayFormat, Cursor, CustomError, DownloadFile, FileEncoding, FileSpec, HttpMethod, NextKeyIn,
    OnConditionError, PageLocation, PageMode, PaginatedRequest, Pagination, RequestSpec, ResponseSpec, Step,
    StepDependencies, StepFunction,
};
pub use sync::{DataSync, SyncIncremental, SyncPages, SyncPagination, SyncParameter, TimeFormat};

use crate::expr::Template;

/// How mature a connector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStage {
    /// For those who asked.
    Preview,
    /// Complete, still changing.
    Beta,
    /// For everyone.
    Ga,
    /// On its way out.
    Deprecated,
    /// Never shown to customers.
    Internal,
}

impl ReleaseStage {
    /// The name in the file and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Beta => "beta",
            Self::Ga => "ga",
            Self::Deprecated => "deprecated",
            Self::Internal => "internal",
        }
    }
}

/// A scope that actions ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeDefinition {
    /// The scope's name at the provider (or the connector's own).
    pub name: String,
    /// What it lets one do.
    pub description: String,
    /// The scopes that it contains.
    pub includes: Vec<String>,
}

/// A link to the provider's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its title.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// What it says.
    pub description: Option<String>,
}

/// What changed in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changelog {
    /// In a sentence.
    pub summary: Option<String>,
    /// Of which kinds: `auth`, `downstream-change`, `bug-fix`, `new-actions`.
    pub labels: Vec<String>,
}

/// A provider, described: how to sign in, what to tell its administrators, what it can do.
#[derive(Debug)]
pub struct Connector {
    /// Unique lower-case key, the prefix of its actions' ids.
    pub key: String,
    /// Display name.
    pub title: String,
    /// The connector's own version.
    pub version: semver::Version,
    /// What the provider is, in a sentence.
    pub description: String,
    /// URL of its logo; a picture of its first letter where the file names none.
    pub icon: String,
    /// Longer text.
    pub details: Option<String>,
    /// Where it belongs, such as `documents`.
    pub categories: Vec<String>,
    /// How mature it is.
    pub release_stage: ReleaseStage,
    /// Prefix of every step's URL.
    pub base_url: Option<Template>,
    /// Requests a second that the provider allows for one account (`rateLimit.mainRatelimit`).
    pub rate_limit_per_second: Option<f64>,
    /// Documentation URLs.
    pub resources: Vec<String>,
    /// Documentation links with titles.
    pub references: Vec<Reference>,
    /// The scopes that actions may name.
    pub scopes: Vec<ScopeDefinition>,
    /// Its authentication methods, in the file's order.
    pub authentication: Vec<AuthMethod>,
    /// Its actions, in the file's order.
    pub actions: Vec<Arc<Action>>,
    /// How the provider's events are handled.
    pub events: Option<EventDefinitions>,
    /// Calls at one time that the provider allows for one account (`concurrency`).
    pub max_concurrency: Option<u64>,
    /// What MCP clients are told at `initialize` (`mcp.instructions`).
    pub mcp_instructions: Option<String>,
    /// What changed in this version.
    pub changelog: Option<Changelog>,
    /// Local ids of the actions that are kept in step.
    pub synced_actions: Vec<String>,
    /// The connector that this one began as.
    pub forked_from: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// From public and from local id to the place in `actions`.
    pub(crate) by_id: HashMap<String, usize>,
}

impl Connector {
    /// The action with this public id (`spotdraft_list_contracts`) or local id (`list_contracts`).
    pub fn action(&self, id: &str) -> Option<&Arc<Action>> {
        self.by_id.get(id).map(|place| &self.actions[*place])
    }

    /// The authentication method with this key.
    pub fn auth_method(&self, key: &str) -> Option<&AuthMethod> {
        self.authentication.iter().find(|method| method.key == key)
    }
}
