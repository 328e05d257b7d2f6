//! The ids of a run, which expressions read as `$.context`.

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{AccountId, CallId, OrganizationId, Owner, ProfileId, ProjectId};
use serde_json::{Map, Value};

/// The ids of a run.
#[derive(Clone, Debug)]
pub struct RunIds {
    /// The organization; `None` if only the project is known.
    pub organization_id: Option<OrganizationId>,
    /// The project.
    pub project_id: ProjectId,
    /// The account; `None` while it is being linked.
    pub account_id: Option<AccountId>,
    /// The profile.
    pub profile_id: ProfileId,
    /// The key of the provider's environment.
    pub environment: String,
    /// The owner of the account.
    pub owner: Option<Owner>,
    /// The call.
    pub call_id: CallId,
}

impl RunIds {
    /// Returns the object behind `$.context`, with the names that connector files use.
    pub fn context(&self, connector: &Connector, method: &AuthMethod) -> Value {
        let mut context = Map::with_capacity(11);
        let mut put = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                context.insert(key.to_owned(), Value::String(value.to_owned()));
            }
        };
        put("organizationId", self.organization_id.as_ref().map(OrganizationId::as_str));
        put("projectSecureId", Some(self.project_id.as_str()));
        put("accountSecureId", self.account_id.as_ref().map(AccountId::as_str));
        put("connectorKey", Some(&connector.key));
        put("connectorVersion", Some(&connector.version.to_string()));
        put("connectorProfileId", Some(self.profile_id.as_str()));
        put("authenticationType", Some(&method.key));
        put("environment", Some(&self.environment));
        put("actionRunId", Some(self.call_id.as_str()));
        put("originOwnerId", self.owner.as_ref().map(|owner| owner.id.as_str()));
        put("originOwnerName", self.owner.as_ref().map(|owner| owner.name.as_str()));
        Value::Object(context)
    }
}
