//! Members of the organisation, and the browsers in which they are signed in to the dashboard.

use std::fmt;

use crate::{KeyHash, MemberId, OrganizationId, Timestamp};

/// Somebody who operates this Patchbay.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// The organisation.
    pub organization_id: OrganizationId,
    /// Display name.
    pub name: String,
    /// The hash of the password; none until one is chosen.
    pub password: Option<PasswordHash>,
    /// When the member was made.
    pub created_at: Timestamp,
}

/// A password's hash as a PHC string (argon2id). Not shown by `Debug`: it can be guessed at.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A browser in which a member is signed in. Its token is in the browser's cookie and nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowserSession {
    /// The hash of its token.
    pub hash: KeyHash,
    /// Who is signed in.
    pub member_id: MemberId,
    /// When the member signed in.
    pub created_at: Timestamp,
    /// When the member must sign in again.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_not_printed() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$x".to_owned())), "PasswordHash(…)");
    }
}
