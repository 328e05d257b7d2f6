//! Actions: one operation on a provider.

use super::{DataSync, FieldMapping, HttpMethod, Input, ReleaseStage, Step};
use crate::expr::ValueTemplate;

/// The type of an action: its effect on the provider's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionType {
    /// Reads several records.
    List,
    /// Reads one record.
    Get,
    /// Creates a record.
    Create,
    /// Updates a record.
    Update,
    /// Deletes a record.
    Delete,
    /// Any other effect.
    Custom,
    /// Refreshes a token.
    RefreshToken,
    /// Tests a connection.
    Test,
    /// Handles an inbound event.
    Event,
}

impl ActionType {
    /// Returns the name in the file and in API responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Custom => "custom",
            Self::RefreshToken => "refresh_token",
            Self::Test => "test",
            Self::Event => "event",
        }
    }
}

/// The schema that a result follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaType {
    /// The provider's own schema.
    Native,
    /// A unified schema.
    Unified,
}

/// Hints for agents (MCP 2025-06-18, `ToolAnnotations`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// The title for people.
    pub title: Option<String>,
    /// Whether the action changes nothing.
    pub read_only: Option<bool>,
    /// Whether the action may destroy data.
    pub destructive: Option<bool>,
    /// Whether repeating the action has no further effect.
    pub idempotent: Option<bool>,
    /// Whether the action has effects outside of the provider.
    pub open_world: Option<bool>,
}

/// A rule for several inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum ValidationRule {
    /// At least one of the inputs must be present.
    AtLeastOneOf {
        /// The names of the inputs.
        fields: Vec<String>,
        /// The error message that replaces the default one.
        message: Option<String>,
    },
    /// At most one of the inputs may be present.
    MutuallyExclusive {
        /// The names of the inputs.
        fields: Vec<String>,
        /// The error message that replaces the default one.
        message: Option<String>,
    },
    /// `field` must be present if `other` meets the condition.
    RequiredIf {
        /// The input that is required.
        field: String,
        /// The input that the condition reads.
        other: String,
        /// The value that it must equal.
        equals: Option<serde_json::Value>,
        /// The value that it must not equal.
        not_equals: Option<serde_json::Value>,
        /// Whether it must be present or absent.
        present: Option<bool>,
        /// The error message that replaces the default one.
        message: Option<String>,
    },
}

/// One operation on a provider.
#[derive(Debug)]
pub struct Action {
    /// The id in the file, such as `list_contracts`.
    pub id: String,
    /// The public id, such as `spotdraft_list_contracts`.
    pub public_id: String,
    /// The display name.
    pub label: String,
    /// The description, one sentence.
    pub description: String,
    /// A longer description for agents.
    pub details: Option<String>,
    /// What people say who want the action, for the search.
    pub search_phrases: Vec<String>,
    /// The groups in the user interface.
    pub categories: Vec<String>,
    /// The type.
    pub kind: ActionType,
    /// The schema that the result follows.
    pub schema_type: SchemaType,
    /// Tags without a meaning to Patchbay.
    pub tags: Vec<String>,
    /// Hints for agents.
    pub annotations: Annotations,
    /// The release stage, if it differs from the connector's.
    pub release_stage: Option<ReleaseStage>,
    /// Documentation URLs.
    pub resources: Vec<String>,
    /// The scopes that the action requires.
    pub required_scopes: Vec<String>,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The rules for several inputs.
    pub rules: Vec<ValidationRule>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The result.
    pub result: ActionResult,
    /// The name of the unified schema.
    pub schema: Option<String>,
    /// The effects on the provider's data.
    pub effects: Vec<Effect>,
    /// Whether the caller may get a response before the action ends.
    pub is_async: bool,
    /// Whether a person must first set something up at the provider.
    pub requires_manual_setup: bool,
    /// The actions whose results this action needs.
    pub prerequisites: Vec<String>,
    /// The provider's events that the action belongs to.
    pub provider_events: Vec<String>,
    /// The scopes that the action requires, by authentication method.
    pub auth_requirements: Vec<(String, Vec<String>)>,
    /// Path and method of the unified REST route.
    pub entrypoint: Option<(String, HttpMethod)>,
    /// How a caller pages through the action.
    pub cursor: Option<ActionCursor>,
    /// The ids that are made of several ids of the provider.
    pub composite_ids: Option<CompositeIds>,
    /// The fields of the unified schema.
    pub fields: Vec<FieldMapping>,
    /// Example calls with their results.
    pub examples: Vec<Example>,
    /// How the action's records are synchronized.
    pub data_sync: Option<DataSync>,
    /// The responses, for the reference documentation.
    pub responses: Option<serde_json::Value>,
}

/// An effect of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads data.
    Read,
    /// Creates or updates data.
    Write,
    /// Deletes data.
    Delete,
    /// Searches data.
    Search,
    /// Starts a process.
    Execute,
}

/// How a caller pages through an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCursor {
    /// Whether the action pages.
    pub enabled: bool,
    /// The number of records of a page.
    pub page_size: Option<u64>,
    /// The input that takes `next` of the previous response.
    pub input: String,
    /// The step whose pages are cut to `page_size`; `None` unless exactly one step pages.
    pub step: Option<String>,
}

/// Ids that are made of several ids of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeIds {
    /// Whether they are enabled.
    pub enabled: bool,
    /// The version of the encoding; always 1.
    pub version: u64,
    /// The fields that contain a composite id.
    pub fields: Vec<CompositeId>,
}

/// A field that contains a composite id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeId {
    /// The field in the records of the result, and the input with the same name.
    pub target: String,
    /// The field that receives the provider's value of `target`.
    pub remote: Option<String>,
    /// The parts: the path of each in the record, and its alias for inputs.
    pub components: Vec<(String, String)>,
}

/// An example call with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What the example shows.
    pub description: Option<String>,
    /// The input.
    pub input: serde_json::Value,
    /// The output.
    pub output: serde_json::Value,
}

/// The result of an action.
#[derive(Debug)]
pub enum ActionResult {
    /// The data of the last step; used if the file has no `result`.
    LastStep,
    /// A template. An object is the response itself; any other value becomes `data`.
    Template(ValueTemplate),
}
