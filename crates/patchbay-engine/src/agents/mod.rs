//! What agents see: the linked accounts of a request as tools of the Model Context Protocol.
//!
//! [`Agents::open`](service::Agents::open) selects the accounts and decides which actions can be called ([`view`]). From
//! them come the tools ([`tools`]) with their names ([`names`]), schemas ([`schema`]) and arguments ([`arguments`]); the
//! mode decides which definitions are listed ([`toolset`]). [`Agents::call`](service::Agents::call) runs a tool. Its answer
//! ([`answers`]) fits the context of a model ([`budget`]), and files become blocks of their own ([`files`]).

mod answers;
mod arguments;
mod budget;
mod cache;
mod compact;
mod files;
mod links;
mod names;
mod portable;
mod request;
mod schema;
mod search;
mod service;
mod tools;
mod toolset;
mod view;

pub use answers::{ToolAnswer, ToolRefused};
pub use portable::portable_problems;
pub use request::{AccountSelection, AgentRequest, ParamStyle, ToolFilter, ToolMode};
pub use service::{AgentTools, Agents, ToolPage};
