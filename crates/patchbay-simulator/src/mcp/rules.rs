//! The rules of a simulated MCP server.

/// The protocol revisions that a server supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpEra {
    /// 2026-07-28: stateless requests.
    Modern,
    /// Up to 2025-11-25: `initialize` opens sessions.
    Legacy,
    /// Both at one URL.
    Both,
}

/// The location of the protected resource metadata (RFC 9728).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataLocation {
    /// At the URL in the challenge.
    Challenge,
    /// At the well-known path of the server's path.
    Path,
    /// At the well-known path of the origin.
    Root,
    /// Not available.
    Nowhere,
}

/// The rules of a server.
#[derive(Clone, Debug)]
pub struct McpRules {
    /// The supported revisions.
    pub era: McpEra,
    /// The legacy revision that `initialize` negotiates.
    pub version: String,
    /// Whether `initialize` returns a session id, which every other request needs.
    pub has_sessions: bool,
    /// Whether responses are event streams.
    pub streams: bool,
    /// Whether a stream stays open after the response message.
    pub stays_open: bool,
    /// The number of streams that are interrupted before the response message.
    pub cuts: u32,
    /// Whether an interrupted stream has event ids, so that it can be resumed.
    pub resumes: bool,
    /// Whether a tool's parameter must also be sent in a header.
    pub marks_parameters: bool,
    /// Whether each page of tools has a next page.
    pub lists_without_end: bool,
    /// The public URL that the server announces.
    pub public_url: Option<String>,
    /// The location of its metadata.
    pub metadata_location: MetadataLocation,
    /// Metadata URLs for the challenge that replace the correct one. Several become one parameter each.
    pub challenge: Vec<String>,
    /// The scope in the challenge.
    pub challenged_scope: Option<String>,
    /// Tools that require scopes: the tool's name, and the scopes separated by spaces.
    pub tool_scopes: Vec<(String, String)>,
    /// Members that replace those of its metadata; null removes one.
    pub resource_metadata: serde_json::Map<String, serde_json::Value>,
}

impl Default for McpRules {
    fn default() -> Self {
        Self {
            era: McpEra::Modern,
            version: "2025-11-25".to_owned(),
            has_sessions: true,
            streams: false,
            stays_open: false,
            cuts: 0,
            resumes: false,
            marks_parameters: false,
            lists_without_end: false,
            public_url: None,
            metadata_location: MetadataLocation::Challenge,
            challenge: Vec::new(),
            challenged_scope: None,
            tool_scopes: Vec::new(),
            resource_metadata: serde_json::Map::new(),
        }
    }
}
