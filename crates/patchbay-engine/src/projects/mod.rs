//! Projects: create, list, and the operator's caller in one of them.

mod offers;

use std::sync::Arc;

use patchbay_model::{ApiScope, Clock, Entropy, Organization, OrganizationId, Project, ProjectId};
use patchbay_storage::{Storage, StorageError};

use crate::{
    CallOrigin, Caller, EngineParts, Error, ErrorCode, connector_catalog::ConnectorCatalog, profiles::Profiles,
    texts::TextRule,
};

/// The projects of the organization.
pub struct Projects {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
}

impl Projects {
    pub(crate) fn new(parts: &EngineParts, connectors: Arc<ConnectorCatalog>, profiles: Arc<Profiles>) -> Self {
        Self {
            storage: parts.storage.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            connectors,
            profiles,
        }
    }

    /// Creates a project with an active profile for each generally available connector without required setup fields.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an invalid name.
    pub async fn create(&self, name: &str) -> Result<Project, Error> {
        TextRule::PROJECT_NAME.check(name)?;
        let organization = self.organization().await?;
        let mut number = 10_001 + self.storage.projects().list(&organization.id).await?.len();
        loop {
            let project = Project {
                id: ProjectId::new(format!("{}-{number}", slug(name))),
                organization_id: organization.id.clone(),
                name: name.trim().to_owned(),
                created_at: self.clock.now(),
            };
            match self.storage.projects().create(&project).await {
                Ok(()) => {
                    self.offer_connectors(&project.id).await?;
                    return Ok(project);
                }
                Err(StorageError::Conflict(_)) => number += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lists all projects.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn list(&self) -> Result<Vec<Project>, Error> {
        match self.storage.organizations().first().await? {
            Some(organization) => Ok(self.storage.projects().list(&organization.id).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Returns the project with this ID; otherwise 404 `ProjectNotFoundError`.
    pub(crate) async fn get(&self, id: &ProjectId) -> Result<Project, Error> {
        self.storage.projects().get(id).await?.ok_or_else(|| {
            Error::new(
                ErrorCode::ProjectNotFound,
                format!("project `{id}` does not exist; `patchbay project list` lists the projects"),
            )
        })
    }

    /// Returns a caller for the operator in a project, with every API scope and without a key.
    ///
    /// # Errors
    ///
    /// 404 `ProjectNotFoundError` if the project does not exist.
    pub async fn operator_caller(&self, project: &ProjectId) -> Result<Caller, Error> {
        let project = self.get(project).await?;
        Ok(Caller {
            organization_id: project.organization_id,
            project_id: project.id,
            key_id: None,
            scopes: ApiScope::ALL.into_iter().collect(),
            origin: CallOrigin::default(),
        })
    }

    /// Returns the organization; creates it if it is missing.
    pub(crate) async fn organization(&self) -> Result<Organization, Error> {
        if let Some(organization) = self.storage.organizations().first().await? {
            return Ok(organization);
        }
        let organization = Organization {
            id: OrganizationId::generate(&*self.entropy),
            name: "My organization".to_owned(),
            created_at: self.clock.now(),
        };
        self.storage.organizations().create(&organization).await?;
        Ok(organization)
    }
}

/// Reduces a name to lower-case letters, digits and hyphens, at most 40 characters.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "project".to_owned() } else { slug.chars().take(40).collect() }
}
