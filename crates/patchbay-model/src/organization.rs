//! Organisations and projects: who owns what.

use crate::{OrganizationId, ProjectId, Timestamp};

/// The owner of projects; one is made at the first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its display name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An isolated workspace: keys, profiles, accounts and calls of one project are invisible to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id, readable: `default-10001`.
    pub id: ProjectId,
    /// The organisation that owns it.
    pub organization_id: OrganizationId,
    /// Its display name, editable.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}
