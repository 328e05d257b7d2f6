//! The names that the protocol defines for `_meta`, and for extensions.

/// The revision of a request.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// The name and version of the client.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// What the client declares that it can do.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// The name and version of the server.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The least severe log message that the client wants.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The request whose stream a notice is on.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// The extension for tasks.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
