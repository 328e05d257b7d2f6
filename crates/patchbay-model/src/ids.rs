//! Typed identifiers: an account id cannot be passed as a profile id.
//!
//! Ids are opaque strings. An account id has 21 letters and digits; the ids of profiles, keys and attempts are UUIDs; a
//! project id is a readable name with a number (`default-10001`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Entropy, Timestamp, content_hash};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an id from storage or from a request. Every string is allowed, because ids are opaque.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the id as a string.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// An organization.
    OrganizationId
);
text_id!(
    /// A project: the tenant that every query is scoped by.
    ProjectId
);
text_id!(
    /// A running server among those that share a database.
    ReplicaId
);
text_id!(
    /// A linked account.
    AccountId
);
text_id!(
    /// A connector profile (on the wire also integration id and auth config id).
    ProfileId
);
text_id!(
    /// The public id of an API key; not the key.
    ApiKeyId
);
text_id!(
    /// A member of the organization.
    MemberId
);
text_id!(
    /// A connection attempt, which the Hub polls.
    AttemptId
);
text_id!(
    /// One run of an action or of the proxy.
    CallId
);

impl AccountId {
    /// Returns a new account id: 21 letters and digits, 125 random bits.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(entropy.alphanumeric(21))
    }
}

macro_rules! uuid_id {
    ($($name:ident),*) => {$(
        impl $name {
            /// Returns a new id: a random UUID.
            pub fn generate(entropy: &dyn Entropy) -> Self {
                Self(entropy.uuid().to_string())
            }
        }
    )*};
}

uuid_id!(OrganizationId, MemberId, ProfileId, ApiKeyId, AttemptId);

impl OrganizationId {
    /// Returns the number of the organization, from 1 to 2^52: a hash of the id. It is as stable as the id and is not
    /// stored. Clients that expect a number get this one; every JSON parser reads it exactly.
    pub fn number(&self) -> u64 {
        (content_hash(self.as_str().as_bytes()) >> 12) + 1
    }
}

impl CallId {
    /// Returns a new id: a UUID that begins with the moment (version 7, RFC 9562 section 5.7). Records that are written
    /// together are stored together in the database.
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string())
    }
}

/// The number of a connect session. Storage assigns it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub i64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn an_organization_keeps_its_number() {
        let id = OrganizationId::new("0b9ad3c4-6d1e-4b5f-9c38-2f2d4f1b7a10");
        assert_eq!(id.number(), 1_171_315_175_880_824);
        let numbers = (0..2_000).map(|seed| OrganizationId::generate(&SeededEntropy::new(seed)).number());
        let distinct = numbers.collect::<std::collections::BTreeSet<_>>();
        assert_eq!(distinct.len(), 2_000);
        assert!(distinct.iter().all(|number| (1..=1 << 52).contains(number)));
    }

    #[test]
    fn ids_have_their_wire_format() {
        let entropy = SeededEntropy::new(1);
        let account = AccountId::generate(&entropy);
        assert!(account.as_str().len() == 21 && account.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let profile = ProfileId::generate(&entropy);
        assert_eq!(uuid::Uuid::parse_str(profile.as_str()).unwrap().get_version_num(), 4);
        assert_eq!(serde_json::to_value(&profile).unwrap(), profile.as_str());
        assert_eq!(serde_json::to_value(SessionId(7)).unwrap(), 7);
    }
}
