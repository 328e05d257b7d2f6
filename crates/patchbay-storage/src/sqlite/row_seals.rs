//! The tables whose rows have a seal, with their statements.

use patchbay_model::RowKind;

use crate::rows::sealed_records::SealedRows;

/// Creates the statements of a table. `$key` is an expression that identifies a row.
macro_rules! sealed_rows {
    ($kind:ident, $table:literal, $key:literal) => {
        SealedRows {
            kind: RowKind::$kind,
            table: $table,
            select: concat!(
                "SELECT ",
                $key,
                " AS row_key, seal AS sealed FROM ",
                $table,
                " WHERE row_key > ? AND substr(seal, 2, 8) <> ? ORDER BY row_key LIMIT ?"
            ),
            exchange: concat!("UPDATE ", $table, " SET seal = ? WHERE ", $key, " = ? AND seal = ?"),
            seal: concat!("UPDATE ", $table, " SET seal = ? WHERE ", $key, " = ? AND seal IS NULL"),
        }
    };
}

/// The tables, in the order of [`RowKind`].
pub(super) const SEALED_ROWS: [SealedRows; RowKind::ALL.len()] = [
    sealed_rows!(ApiKey, "api_keys", "id"),
    sealed_rows!(LoginToken, "login_tokens", "lower(hex(hash))"),
    sealed_rows!(Member, "members", "id"),
    sealed_rows!(BrowserSession, "browser_sessions", "lower(hex(hash))"),
    sealed_rows!(ConnectorVersion, "connector_versions", "(project_id || '/' || key || '/' || version)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_their_types() {
        assert_eq!(SEALED_ROWS.map(|rows| rows.kind), RowKind::ALL);
    }
}
