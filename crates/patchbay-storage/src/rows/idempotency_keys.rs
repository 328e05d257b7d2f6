//! Requests that were sent with an `Idempotency-Key`.

use patchbay_model::Sealed;

use super::{Columns, Row};
use crate::{KeyedRequest, KeyedResponse, Result};

/// Returns a request with an idempotency key.
pub(crate) fn request<C: Columns>(row: &C) -> Result<KeyedRequest> {
    let row = Row::new("idempotency_keys", row, "project_id");
    let status = row.get::<Option<i64>>("status")?.map(u16::try_from).transpose();
    let sealed: Option<Vec<u8>> = row.get("sealed")?;
    let response = status
        .map_err(|error| row.wrong("status", error))?
        .map(|status| KeyedResponse { status, sealed: sealed.map(Sealed::from_bytes) });
    Ok(KeyedRequest { fingerprint: row.hash("fingerprint")?, response })
}
