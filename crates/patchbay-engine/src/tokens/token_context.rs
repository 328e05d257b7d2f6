//! The context of a token: which connector, profile and owner it belongs to, and with which credentials it is requested.

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, AccountId, CallId, ConnectSession, Owner, Profile};

use patchbay_runtime::{Credentials, RunIds};

use crate::{Error, address_binding::check_listed};

/// The connector, profile, owner and credentials that a token belongs to. Token requests, revocations and test actions
/// run with it.
#[derive(Clone, Copy)]
pub(crate) struct TokenContext<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) method: &'a AuthMethod,
    pub(crate) profile: &'a Profile,
    pub(crate) environment: &'a str,
    pub(crate) owner: &'a Owner,
    /// The account; none while it is not stored.
    pub(crate) account_id: Option<&'a AccountId>,
    pub(crate) credentials: &'a Credentials,
}

impl<'a> TokenContext<'a> {
    /// Returns the context of a stored account.
    ///
    /// # Errors
    /// 412 `AddressChangedError` if the database was changed, so that a value leads to another address.
    pub(crate) fn of_account(
        connector: &'a Connector,
        method: &'a AuthMethod,
        profile: &'a Profile,
        account: &'a Account,
        credentials: &'a Credentials,
    ) -> Result<Self, Error> {
        check_listed(connector, method, &account.environment, credentials)?;
        Ok(Self {
            environment: &account.environment,
            account_id: Some(&account.id),
            ..Self::of_local(connector, method, profile, &account.owner, credentials)
        })
    }

    /// Returns the context of the account that a connect session links or reconnects.
    ///
    /// # Errors
    /// 412 `AddressChangedError` if the database was changed, so that a value leads to another address.
    pub(crate) fn of_session(
        connector: &'a Connector,
        method: &'a AuthMethod,
        profile: &'a Profile,
        session: &'a ConnectSession,
        credentials: &'a Credentials,
    ) -> Result<Self, Error> {
        check_listed(connector, method, &profile.environment, credentials)?;
        Ok(Self {
            account_id: session.account_id.as_ref(),
            ..Self::of_local(connector, method, profile, &session.owner, credentials)
        })
    }

    /// Returns the context of an account that is not stored, in the profile's environment, with values that no database had.
    pub(crate) fn of_local(
        connector: &'a Connector,
        method: &'a AuthMethod,
        profile: &'a Profile,
        owner: &'a Owner,
        credentials: &'a Credentials,
    ) -> Self {
        Self { connector, method, profile, environment: &profile.environment, owner, account_id: None, credentials }
    }

    /// Returns the ids of a run in this context.
    pub(crate) fn run_ids(&self, call_id: CallId) -> RunIds {
        RunIds {
            organization_id: None,
            project_id: self.profile.project_id.clone(),
            account_id: self.account_id.cloned(),
            profile_id: self.profile.id.clone(),
            environment: self.environment.to_owned(),
            owner: Some(self.owner.clone()),
            call_id,
        }
    }
}
