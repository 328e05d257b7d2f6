//! The authenticated callers: every method of a service that reads or changes a project takes one.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

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
    /// Over which way it calls, for the logs.
    pub origin: CallOrigin,
}

/// Over which way a caller calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CallSource {
    /// The API with a key.
    #[default]
    Api,
    /// The dashboard.
    Dashboard,
    /// The MCP server.
    Mcp,
}

impl CallSource {
    /// Returns its name in the logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Dashboard => "dashboard",
            Self::Mcp => "mcp",
        }
    }
}

/// What the logs say about the origin of a call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallOrigin {
    /// The way.
    pub source: CallSource,
    /// The request that started it; none for a call of this server itself.
    pub request: Option<Arc<RequestOrigin>>,
}

/// The request that started a call. Its creator shortens the texts of clients.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestOrigin {
    /// The header `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub ip_address: Option<IpAddr>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The session of a call by MCP.
    pub session_id: Option<String>,
    /// The agent's id.
    pub agent_id: Option<String>,
    /// The transport of a call by MCP.
    pub transport: Option<String>,
}

impl Caller {
    /// Returns the caller with another origin.
    #[must_use]
    pub fn with_origin(&self, origin: CallOrigin) -> Self {
        Self { origin, ..self.clone() }
    }

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
