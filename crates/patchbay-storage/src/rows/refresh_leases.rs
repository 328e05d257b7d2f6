//! Leases on the refresh of tokens.

use patchbay_model::{AccountId, Lease, LeaseOutcome, LeasePriority, ProjectId, Timestamp};

use super::{Columns, Row};
use crate::{DueLease, Result};

/// Returns what comes of a wish for an account's lease at `now`, by the stored one; none is stored before the first.
pub(crate) fn lease_outcome<C: Columns>(
    stored: Option<&C>,
    project: &ProjectId,
    account: &AccountId,
    now: Timestamp,
    priority: LeasePriority,
) -> Result<LeaseOutcome> {
    let (project_id, account_id) = (project.clone(), account.clone());
    let Some(row) = stored else {
        let first = Lease { project_id, account_id, fence: 1, unresolved_revision: None, failures: 0 };
        return Ok(LeaseOutcome::Granted(first));
    };
    let row = Row::new("refresh_leases", row, "account_id");
    let (held, rest) = (row.time("leased_until")?, row.time("retry_at")?);
    if held > now {
        return Ok(LeaseOutcome::Held(held));
    }
    if rest > now && priority == LeasePriority::Normal {
        return Ok(LeaseOutcome::BackingOff(rest));
    }
    let fence = row.get::<i64>("fence")? + 1;
    Ok(LeaseOutcome::Granted(lease(&row, project_id, account_id, fence)?))
}

/// Returns a lease that was acquired for an account that is due.
pub(crate) fn due_lease<C: Columns>(row: &C) -> Result<DueLease> {
    let row = Row::new("refresh_leases", row, "account_id");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    let lease = lease(&row, project, AccountId::new(row.id.clone()), row.get("fence")?)?;
    Ok(DueLease { lease, due_at: row.time("refresh_at")? })
}

fn lease<C: Columns>(row: &Row<'_, C>, project_id: ProjectId, account_id: AccountId, fence: i64) -> Result<Lease> {
    Ok(Lease {
        project_id,
        account_id,
        fence,
        unresolved_revision: row.get("sent_revision")?,
        failures: u32::try_from(row.get::<i64>("failures")?).unwrap_or(u32::MAX),
    })
}
