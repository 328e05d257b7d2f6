//! Actions: one operation on a provider.

use super::{DataSync, FieldMapping, HttpMethod, Input, ReleaseStage, Step};
use crate::expr::Template;

/// What an action does to the provider's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionType {
    /// Reads many.
    List,
    /// Reads one.
    Get,
    /// Makes one.
    Create,
    /// Changes one.
    Update,
    /// Removes one.
    Delete,
    /// Anything else.
    Custom,
    /// Renews a token.
    RefreshToken,
    /// Checks a connection.
    Test,
    /// Handles an inbound event.
    Event,
}

impl ActionType {
    /// The name in the file and on the wire.
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

/// Whose schema the result follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaType {
    /// The provider's.
    Native,
    /// A unified one.
    Unified,
}

/// Hints for agents, as in MCP's tool annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Title for people.
    pub title: Option<String>,
    /// Changes nothing.
    pub read_only: Option<bool>,
    /// May destroy something.
    pub destructive: Option<bool>,
    /// Twice is as once.
    pub idempotent: Option<bool>,
    /// Touches the world outside.
    pub open_world: Option<bool>,
}

/// A rule over several inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum ValidationRule {
    /// One of these must be present.
    AtLeastOneOf {
        /// The inputs' names.
        fields: Vec<String>,
        /// What to say instead.
        message: Option<String>,
    },
    /// At most one of these may be present.
    MutuallyExclusive {
        /// The inputs' names.
        fields: Vec<String>,
        /// What to say instead.
        message: Option<String>,
    },
    /// `field` must be present when `other` fulfils the condition.
    RequiredIf {
        /// The input that becomes required.
        field: String,
        /// The input that decides.
        other: String,
        /// Value it must equal, if any.
        equals: Option<serde_json::Value>,
        /// Value it must differ from, if any.
        not_equals: Option<serde_json::Value>,
        /// Whether it must be present or absent, if that decides.
        present: Option<bool>,
        /// What to say instead.
        message: Option<String>,
    },
}

/// One operation on a provider.
#[derive(Debug)]
pub struct Action {
    /// Its id in the file, such as `list_contracts`.
    pub id: String,
    /// Its id outside, such as `spotdraft_list_contracts`.
    pub public_id: String,
    /// Display name.
    pub label: String,
    /// One sentence.
    pub description: String,
    /// Longer text for agents.
    pub details: Option<String>,
    /// Groups in the user interface.
    pub categories: Vec<String>,
    /// What it does.
    pub kind: ActionType,
    /// Whose schema its result follows.
    pub schema_type: SchemaType,
    /// Free tags.
    pub tags: Vec<String>,
    /// Hints for agents.
    pub annotations: Annotations,
    /// How mature it is, where it differs from its connector.
    pub release_stage: Option<ReleaseStage>,
    /// Documentation URLs.
    pub resources: Vec<String>,
    /// The scopes that it needs.
    pub required_scopes: Vec<String>,
    /// What it takes.
    pub inputs: Vec<Input>,
    /// Rules over several inputs.
    pub rules: Vec<ValidationRule>,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// What it answers.
    pub result: ActionResult,
    /// The unified schema's name.
    pub schema: Option<String>,
    /// What it does to the world.
    pub effects: Vec<Effect>,
    /// Whether the caller may be answered before it is done.
    pub is_async: bool,
    /// Whether a person must set something up at the provider first.
    pub requires_manual_setup: bool,
    /// Actions whose results it needs.
    pub prerequisites: Vec<String>,
    /// The provider's events that it belongs to.
    pub provider_events: Vec<String>,
    /// By authentication method: the scopes that it needs there.
    pub auth_requirements: Vec<(String, Vec<String>)>,
    /// Path and method of its unified REST route.
    pub entrypoint: Option<(String, HttpMethod)>,
    /// How a caller pages through it.
    pub cursor: Option<ActionCursor>,
    /// Ids made of several of the provider's.
    pub composite_ids: Option<CompositeIds>,
    /// The unified schema's fields.
    pub fields: Vec<FieldMapping>,
    /// Calls with their results.
    pub examples: Vec<Example>,
    /// How its records are kept in step.
    pub data_sync: Option<DataSync>,
    /// What it answers, for the reference.
    pub responses: Option<serde_json::Value>,
}

/// What an action does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Looks.
    Read,
    /// Makes or changes.
    Write,
    /// Removes.
    Delete,
    /// Finds.
    Search,
    /// Sets something going.
    Execute,
}

/// How a caller pages through an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCursor {
    /// Whether it does.
    pub enabled: bool,
    /// Records a page.
    pub page_size: Option<u64>,
    /// The input that takes the `next` of the answer before.
    pub input: String,
    /// The step whose pages are cut to `page_size`; none when no one step pages.
    pub step: Option<String>,
}

/// Ids made of several of the provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeIds {
    /// Whether they are made.
    pub enabled: bool,
    /// The encoding's version; 1 is the only one.
    pub version: u64,
    /// The fields that hold one.
    pub fields: Vec<CompositeId>,
}

/// A field that holds a composite id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeId {
    /// The field in the result's records, and the input of the same name.
    pub target: String,
    /// The field that keeps what the provider has at `target`.
    pub remote: Option<String>,
    /// The parts: a path in the record each, with the name under which inputs see it.
    pub components: Vec<(String, String)>,
}

/// A call with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What it shows.
    pub description: Option<String>,
    /// What goes in.
    pub input: serde_json::Value,
    /// What comes out.
    pub output: serde_json::Value,
}

/// What an action answers.
#[derive(Debug)]
pub enum ActionResult {
    /// The last step's data, when the file says nothing.
    LastStep,
    /// A template; an object is answered as it is, anything else becomes `data`.
    Template(ValueTemplate),
}

/// A value whose texts may be expressions.
#[derive(Debug)]
pub enum ValueTemplate {
    /// A number, a boolean or null.
    Literal(serde_json::Value),
    /// A text: literal, JSONPath, JEXL or with interpolations.
    Text(Template),
    /// A list.
    Array(Vec<ValueTemplate>),
    /// An object, in the file's order; keys may be expressions.
    Object(Vec<(Template, ValueTemplate)>),
}
