//! Organizations.

use patchbay_model::{Organization, OrganizationId};

use super::{Columns, Row};
use crate::Result;

/// Returns an organization.
pub(crate) fn organization<C: Columns>(row: &C) -> Result<Organization> {
    let row = Row::new("organizations", row, "id");
    Ok(Organization {
        id: OrganizationId::new(row.id.clone()),
        name: row.get("name")?,
        created_at: row.time("created_at")?,
    })
}
