//! Members of the organization, and the browsers in which they are logged in to the dashboard.

use std::fmt;

use crate::{KeyHash, MemberId, OrganizationId, Sealed, Timestamp};

/// A person who operates this Patchbay instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// The member's organization.
    pub organization_id: OrganizationId,
    /// The member's display name.
    pub name: String,
    /// The hash of the password; none until the member sets one.
    pub password: Option<PasswordHash>,
    /// When the member was created.
    pub created_at: Timestamp,
    /// The seal of the row; none in a row of an earlier version.
    pub seal: Option<Sealed>,
}

/// The Argon2id hash of a password (RFC 9106), as a PHC string. `Debug` does not print it, because passwords can be
/// guessed from it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A browser in which a member is logged in. Only the browser has the token, in a cookie.
#[derive(Clone, Debug, PartialEq)]
pub struct BrowserSession {
    /// The hash of the token.
    pub hash: KeyHash,
    /// The member who is logged in.
    pub member_id: MemberId,
    /// When the member logged in.
    pub created_at: Timestamp,
    /// When the member must log in again.
    pub expires_at: Timestamp,
    /// The seal of the row; none in a row of an earlier version.
    pub seal: Option<Sealed>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_not_printed() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$x".to_owned())), "PasswordHash(…)");
    }
}
