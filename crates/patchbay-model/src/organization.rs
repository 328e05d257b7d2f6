//! Organizations and their projects.

use crate::{OrganizationId, ProjectId, Timestamp};

/// The owner of projects. The first start creates one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its display name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An isolated workspace: other projects cannot see its keys, profiles, accounts and calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its readable id, for example `default-10001`.
    pub id: ProjectId,
    /// The organization that owns it.
    pub organization_id: OrganizationId,
    /// Its display name. It can be changed.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}
