//! Pending authorizations.

use patchbay_model::{ProjectId, Sealed};

use super::{Columns, Row};
use crate::Result;

/// Returns the project and the sealed value of a pending authorization.
pub(crate) fn record<C: Columns>(row: &C) -> Result<(ProjectId, Sealed)> {
    let row = Row::new("pending_authorizations", row, "project_id");
    Ok((ProjectId::new(row.get::<String>("project_id")?), Sealed::from_bytes(row.get("sealed")?)))
}
