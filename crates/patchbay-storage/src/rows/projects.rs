//! Projects.

use patchbay_model::{OrganizationId, Project, ProjectId};

use super::{Columns, Row};
use crate::Result;

/// Returns a project.
pub(crate) fn project<C: Columns>(row: &C) -> Result<Project> {
    let row = Row::new("projects", row, "id");
    Ok(Project {
        id: ProjectId::new(row.id.clone()),
        organization_id: OrganizationId::new(row.get::<String>("organization_id")?),
        name: row.get("name")?,
        created_at: row.time("created_at")?,
    })
}
