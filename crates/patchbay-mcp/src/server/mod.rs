//! The server's side: one endpoint for both eras, decided for each request.
//!
//! [`McpHandler`] is what a product or a test implements. The transport reads and checks requests, calls the handler, and
//! writes what it returns in the form of the caller's era. What belongs to the transport, and not to the handler:
//! revisions, headers, request ids, sessions, event streams, progress that keeps a client waiting, sealed cursors, sealed
//! request states, and which capabilities of a client a request needs.
//!
//! A handler's future is dropped when its caller leaves or cancels. It does not run to its end then, so what must end
//! with it (a request to a provider, a lease) belongs to values that it owns.

mod accept;
mod calls;
mod capabilities;
mod context;
mod exchange;
mod form;
mod handler;
mod incoming;
mod inner;
mod input;
mod legacy;
mod list;
mod listen;
mod listen_stream;
mod modern;
mod origin;
mod outcome;
mod places;
mod request_state;
mod response;
mod running;
mod seal;
mod sessions;
mod tasks;
mod tasks_json;
mod transport;

pub use capabilities::{ClientCapabilities, ClientInfo, Features, ServerInfo};
pub use context::{Context, LogLevel};
pub use handler::{McpCaller, McpHandler};
pub use inner::McpSettings;
pub use input::{Answer, InputRequest, InputResponses};
pub use list::{CacheScope, ListPage};
pub use listen::{Change, ChangeStream, ListenFilter, Subscription};
pub use origin::{AllowedHosts, is_local};
pub use outcome::{Ask, Outcome};
pub use response::{EventStream, McpBody, McpResponse, body_too_large, method_not_allowed};
pub use seal::{SealPurpose, Sealer};
pub use tasks::{DetailedTask, Task, TaskDetail, TaskStatus, TaskStore};
pub use transport::McpServer;
