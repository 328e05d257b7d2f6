//! How an MCP server behaves.

/// Which revisions a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpEra {
    /// 2026-07-28: every request stands by itself.
    Modern,
    /// Up to 2025-11-25: sessions that `initialize` opens.
    Legacy,
    /// Both, at one address.
    Both,
}

/// Where a resource's metadata are found (RFC 9728).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataAt {
    /// Where the challenge says.
    Challenge,
    /// At the well-known place of the server's path.
    Path,
    /// At the well-known place of the origin.
    Root,
    /// There are none.
    Nowhere,
}

/// The rules.
#[derive(Clone, Debug)]
pub struct McpRules {
    /// Which revisions it speaks.
    pub era: McpEra,
    /// The older revision that it agrees to.
    pub version: String,
    /// Whether `initialize` gives a session's id, without which nothing is answered.
    pub has_sessions: bool,
    /// Whether answers come as streams of events.
    pub streams: bool,
    /// Whether a stream stays open after the answer.
    pub stays_open: bool,
    /// How many streams are cut before the answer.
    pub cuts: u32,
    /// Whether a cut stream has events with ids, so that it can be taken up again.
    pub resumes: bool,
    /// Whether a tool's parameter must be repeated in a header.
    pub marks_parameters: bool,
    /// Whether each page of tools names another.
    pub lists_without_end: bool,
    /// Where it says that it is.
    pub public_url: Option<String>,
    /// Where its metadata are.
    pub metadata_at: MetadataAt,
    /// What the challenge says of that, in place of the truth.
    pub challenge: Option<String>,
    /// The scope that the challenge names.
    pub challenged_scope: Option<String>,
    /// Tools that want scopes of their own: the tool's name and the scopes, parted by spaces.
    pub tool_scopes: Vec<(String, String)>,
    /// Members that take the place of those of its metadata; null takes one out.
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
            metadata_at: MetadataAt::Challenge,
            challenge: None,
            challenged_scope: None,
            tool_scopes: Vec::new(),
            resource_metadata: serde_json::Map::new(),
        }
    }
}
