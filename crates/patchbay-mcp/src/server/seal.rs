//! The hook that protects what clients keep for the server.

/// What a sealed text is for. A text that was sealed for one purpose does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// The cursor of a list.
    Cursor,
    /// The state of a request that asks something.
    RequestState,
}

impl SealPurpose {
    /// Returns the name of the purpose.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cursor => "mcp_cursor",
            Self::RequestState => "mcp_request_state",
        }
    }
}

/// Encrypts and authenticates texts (AEAD) with a key that every server of the installation has.
pub trait Sealer: Send + Sync {
    /// Seals a text for a principal. The result contains only characters of base64url.
    fn seal(&self, purpose: SealPurpose, principal: &str, text: &str) -> String;

    /// Opens a sealed text; `None` if it was changed, or sealed for another purpose or principal.
    fn open(&self, purpose: SealPurpose, principal: &str, sealed: &str) -> Option<String>;
}
