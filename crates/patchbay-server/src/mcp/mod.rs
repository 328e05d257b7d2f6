//! The MCP server of the product: which tools a request has ([`request`]), and what the transport asks for ([`handler`]).

mod changes;
mod handler;
mod request;

pub(crate) use handler::{AgentCaller, AgentHandler};
pub(crate) use request::agent_request;
