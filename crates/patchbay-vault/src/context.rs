//! The place that a sealed value is bound to.

use patchbay_model::{AccountId, ProfileId, ProjectId, RowId};

/// The place that a sealed value is bound to. A value that was sealed for one place does not open for another.
#[derive(Clone, Copy, Debug)]
pub enum SealContext<'a> {
    /// A secret field of a linked account.
    Account {
        /// The account's project.
        project: &'a ProjectId,
        /// The account.
        account: &'a AccountId,
        /// The field's key.
        field: &'a str,
    },
    /// A secret setup field of a connector profile.
    Profile {
        /// The profile's project.
        project: &'a ProjectId,
        /// The profile.
        profile: &'a ProfileId,
        /// The field's key.
        field: &'a str,
    },
    /// The state of an authorization that the provider's callback needs.
    PendingAuthorization {
        /// The session's project.
        project: &'a ProjectId,
        /// The hash of its `state` parameter, in hexadecimal digits.
        state: &'a str,
    },
    /// The pagination cursor of an action. It is sealed so that it cannot be forged or used for another account or action.
    Cursor {
        /// The account's project.
        project: &'a ProjectId,
        /// The account.
        account: &'a AccountId,
        /// The action's public id.
        action: &'a str,
    },
    /// The response to a request with an idempotency key.
    KeyedResponse {
        /// The caller's project.
        project: &'a ProjectId,
        /// The hash of the project, the caller and the key, in hexadecimal digits.
        key: &'a str,
    },
    /// A text that a client keeps: the cursor of a list, or the state of a request.
    ClientState {
        /// What it is for.
        purpose: &'a str,
        /// Who keeps it.
        holder: &'a str,
    },
    /// A sealed value of a webhook.
    Webhook {
        /// The webhook's project.
        project: &'a ProjectId,
        /// The webhook's number.
        webhook: &'a str,
        /// What it is.
        field: &'a str,
    },
    /// The token of an endpoint of the inbox, and what belongs to its subscription.
    InboxEndpoint {
        /// The endpoint's project.
        project: &'a ProjectId,
        /// The endpoint.
        endpoint: &'a str,
    },
    /// What a provider delivered.
    InboxEvent {
        /// The event's project.
        project: &'a ProjectId,
        /// The event.
        event: &'a str,
    },
    /// The hash of a row's content. Nobody can make one without the key ring.
    Row(&'a RowId),
    /// The mark of a browser that has logged in to the dashboard before.
    Device,
    /// The record that checks whether the key ring belongs to the database.
    Canary,
}

impl SealContext<'_> {
    /// Returns the bytes that identify the place: a tag and its parts, each after its length, so that the bytes of two
    /// places always differ.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (tag, parts): (&str, &[&str]) = match self {
            Self::Account { project, account, field } => ("account", &[project.as_str(), account.as_str(), field]),
            Self::Profile { project, profile, field } => ("profile", &[project.as_str(), profile.as_str(), field]),
            Self::PendingAuthorization { project, state } => ("sign_in", &[project.as_str(), state]),
            Self::Cursor { project, account, action } => ("cursor", &[project.as_str(), account.as_str(), action]),
            Self::KeyedResponse { project, key } => ("keyed_response", &[project.as_str(), key]),
            Self::ClientState { purpose, holder } => ("client_state", &[purpose, holder]),
            Self::Webhook { project, webhook, field } => ("webhook", &[project.as_str(), webhook, field]),
            Self::InboxEndpoint { project, endpoint } => ("inbox_endpoint", &[project.as_str(), endpoint]),
            Self::InboxEvent { project, event } => ("inbox_event", &[project.as_str(), event]),
            Self::Row(row) => ("row", &[row.kind.as_str(), &row.key]),
            Self::Device => ("device", &[]),
            Self::Canary => ("canary", &[]),
        };
        let mut bytes = Vec::with_capacity(96);
        for part in std::iter::once(&tag).chain(parts) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_equal_concatenations_differ() {
        let account = AccountId::new("x");
        let one = SealContext::Account { project: &ProjectId::new("ab"), account: &account, field: "c" }.bytes();
        let two = SealContext::Account { project: &ProjectId::new("a"), account: &account, field: "bc" }.bytes();
        assert_ne!(one, two);
    }
}
