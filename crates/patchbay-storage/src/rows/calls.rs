//! Call records.

use patchbay_model::{AccountId, CallId, CallRecord, ProfileId, ProjectId};

use super::{Columns, Row};
use crate::Result;

/// Returns the record of a call.
pub(crate) fn call<C: Columns>(row: &C) -> Result<CallRecord> {
    let row = Row::new("calls", row, "id");
    let status = u16::try_from(row.get::<i64>("status_code")?);
    Ok(CallRecord {
        id: CallId::new(row.id.clone()),
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        account_id: row.get::<Option<String>>("account_id")?.map(AccountId::new),
        profile_id: ProfileId::new(row.get::<String>("profile_id")?),
        connector: row.get("connector")?,
        connector_version: row.get("connector_version")?,
        action: row.get("action")?,
        kind: row.parse("kind")?,
        status_code: status.map_err(|error| row.wrong("status_code", error))?,
        error_code: row.get("error_code")?,
        started_at: row.time("started_at")?,
        duration_micros: row.get("duration_micros")?,
    })
}
