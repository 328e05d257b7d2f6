//! Revisions of the protocol, and their eras.

/// Revisions that begin with `initialize`, the newest first.
pub const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The revision without a handshake.
pub const MODERN: &str = "2026-07-28";
/// The revision of a legacy request that names none.
pub const UNNAMED: &str = "2025-03-26";

/// The era of the protocol that a request or a server belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// Since revision 2026-07-28: every request is independent.
    Modern,
    /// Before: a handshake, and optional sessions.
    Legacy,
}
