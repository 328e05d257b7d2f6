//! What a connector file says, checked and compiled: the types that the engine runs.

mod action;
mod auth;
mod guide;
mod input;
mod step;

use std::{collections::HashMap, sync::Arc};

pub use action::{Action, ActionResult, ActionType, Annotations, SchemaType, ValidationRule, ValueTemplate};
pub use auth::{
    AuthKind, AuthMethod, Authorization, Environment, Field, FieldOption, FieldType, FieldValidation, GrantType,
    Notice, NoticeKind, NoticePosition, Support, TestAction,
};
pub use guide::{Guide, GuideSection, GuideStep, Guides, Image};
pub use input::{Input, InputLocation, InputRules, InputType};
pub use step::{
    Arg, ArgLocation, ArrayFormat, Cursor, CustomError, DownloadFile, HttpMethod, NextKeyIn, Page, PageLocation,
    PageMode, PaginatedRequest, Request, ResponseSpec, Step, StepFunction,
};

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
    /// URL of its logo.
    pub icon: Option<String>,
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
