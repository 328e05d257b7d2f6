//! The authenticated callers: every method of a service that reads or changes a project takes one.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_model::{ApiKeyId, ApiScope, ConnectSession, OrganizationId, ProjectId};

use crate::{Error, ErrorCode};

/// An authenticated caller of the API: its project and API scopes.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organization of the project.
    pub organization_id: OrganizationId,
    /// The project; every query is limited to it.
    pub project_id: ProjectId,
    /// The API key; `None` for a member in the dashboard.
    pub key_id: Option<ApiKeyId>,
    /// The API scopes.
    pub scopes: BTreeSet<ApiScope>,
}

impl Caller {
    /// Checks that the caller has an API scope.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`, which names the scope.
    pub fn require(&self, scope: ApiScope) -> Result<(), Error> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::MissingScope,
            format!("this API key lacks the scope `{scope}`; use a key that has it"),
        ))
    }

    /// Checks that the caller has each of several API scopes.
    pub(crate) fn require_all(&self, scopes: &BTreeSet<ApiScope>) -> Result<(), Error> {
        scopes.iter().try_for_each(|scope| self.require(*scope))
    }
}

/// An authenticated caller of the Hub API: a valid connect session.
#[derive(Clone, Debug)]
pub struct HubSession {
    /// The session with its project and owner.
    pub session: Arc<ConnectSession>,
}

impl HubSession {
    /// Checks that the session may still link or change an account.
    ///
    /// # Errors
    ///
    /// 409 `SessionUsedError` if a link used it up.
    pub(crate) fn require_unused(&self) -> Result<(), Error> {
        if self.session.is_used() {
            return Err(Error::new(ErrorCode::SessionUsed, "this link was already used; ask for a new one"));
        }
        Ok(())
    }
}
