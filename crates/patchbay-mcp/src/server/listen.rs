//! Notices about changes.

use std::pin::Pin;

use futures_util::Stream;

use super::tasks::DetailedTask;

/// The changes that a client wants to know about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenFilter {
    /// The list of tools.
    pub tools: bool,
    /// The list of prompts.
    pub prompts: bool,
    /// The list of resources.
    pub resources: bool,
    /// Single resources, by URI.
    pub resource_uris: Vec<String>,
    /// Tasks, by id.
    pub task_ids: Vec<String>,
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The list of tools changed.
    Tools,
    /// The list of prompts changed.
    Prompts,
    /// The list of resources changed.
    Resources,
    /// The resource with this URI changed.
    Resource(String),
    /// A task changed.
    Task(Box<DetailedTask>),
}

/// Changes, until the handler ends them, for example when it stops.
pub type ChangeStream = Pin<Box<dyn Stream<Item = Change> + Send>>;

/// What a handler serves of a filter.
pub struct Subscription {
    /// The part of the filter that is served: what the caller may know about.
    pub served: ListenFilter,
    /// The changes. The transport sends only those of `served`, at most one of each kind per second.
    pub changes: ChangeStream,
}
