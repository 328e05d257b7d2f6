//! Connectors that projects pushed.
//!
//! Changes to a project's versions lock the project: they count and compare versions before they change them.

use patchbay_model::{ConnectorVersion, FilesDigest, ProjectId};

use super::{Columns, Row};
use crate::Result;

/// Returns a pushed version of a connector, without its files.
pub(crate) fn version<C: Columns>(row: &C) -> Result<ConnectorVersion> {
    let row = Row::new("connector_versions", row, "key");
    let file_count = u32::try_from(row.get::<i64>("file_count")?);
    Ok(ConnectorVersion {
        project_id: ProjectId::new(row.get::<String>("project_id")?),
        key: row.get("key")?,
        version: row.get("version")?,
        digest: FilesDigest(row.hash("digest")?.0),
        file_count: file_count.map_err(|error| row.wrong("file_count", error))?,
        size_bytes: row.get::<i64>("size_bytes")?.unsigned_abs(),
        created_at: row.time("created_at")?,
        seal: row.seal()?,
    })
}
