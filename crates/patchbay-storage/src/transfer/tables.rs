//! The tables that a transfer copies. A test compares this list with the schemas of both backends.

/// A table whose rows are copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns of its primary key, by which its rows are read in the same order from both backends.
    pub(super) key: &'static [&'static str],
    /// The number of rows that are read at once: rows with large values come in small pages.
    pub(super) page: usize,
    /// The column whose numbers PostgreSQL counts.
    pub(super) counted: Option<Counted>,
    /// The columns that only PostgreSQL has. They repeat values of other columns, by these expressions.
    pub(super) repeated: &'static [(&'static str, &'static str)],
    /// Whether triggers of the target fill it. Its rows are compared, not copied.
    pub(super) is_derived: bool,
}

/// A column with a number that the database counts.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) column: &'static str,
    /// The column's name in SQLite: `rowid` orders the rows of a table that has no such column there.
    pub(super) in_sqlite: &'static str,
    /// Whether numbers of deleted rows are never given again: the count itself is copied then.
    pub(super) is_kept: bool,
}

const fn table(name: &'static str, key: &'static [&'static str], page: usize) -> Table {
    Table { name, key, page, counted: None, repeated: &[], is_derived: false }
}

/// The tables, each after those to which its rows refer.
pub(super) const TABLES: [Table; 33] = [
    table("organizations", &["id"], 500),
    table("projects", &["id"], 500),
    table("retired_keys", &["id"], 500),
    table("meta", &["name"], 500),
    table("api_keys", &["id"], 500),
    table("login_tokens", &["hash"], 500),
    table("members", &["id"], 500),
    table("browser_sessions", &["hash"], 500),
    table("profiles", &["id"], 100),
    table("profile_secrets", &["profile_id", "field"], 100),
    Table {
        repeated: &[
            ("token_client_id", "token::jsonb ->> 'client_id'"),
            (
                "first_notice_at",
                "(SELECT min((expiry ->> 'notify_from')::bigint) FROM jsonb_array_elements(expiries::jsonb) AS expiry)",
            ),
        ],
        ..table("accounts", &["id"], 100)
    },
    table("account_secrets", &["account_id", "field"], 100),
    table("refresh_leases", &["account_id"], 500),
    table("pending_authorizations", &["state_hash"], 100),
    Table {
        counted: Some(Counted { column: "id", in_sqlite: "id", is_kept: true }),
        ..table("connect_sessions", &["id"], 100)
    },
    Table {
        counted: Some(Counted { column: "number", in_sqlite: "rowid", is_kept: false }),
        ..table("connection_attempts", &["id"], 500)
    },
    table("connector_versions", &["project_id", "key", "version"], 500),
    table("connector_files", &["project_id", "key", "version", "name"], 10),
    table("idempotency_keys", &["key_hash"], 10),
    Table { is_derived: true, ..table("idempotency_usage", &["bucket"], 500) },
    table("tool_feedback", &["key", "tool"], 500),
    table("webhooks", &["id"], 500),
    table("webhook_secrets", &["webhook_id", "field"], 100),
    table("webhook_health", &["webhook_id"], 500),
    table("webhook_events", &["project_id", "id"], 20),
    Table {
        counted: Some(Counted { column: "id", in_sqlite: "id", is_kept: true }),
        ..table("webhook_deliveries", &["id"], 500)
    },
    table("webhook_attempts", &["delivery_id", "number"], 100),
    table("webhook_replays", &["id"], 500),
    table("inbox_endpoints", &["id"], 100),
    table("inbox_events", &["id"], 2),
    table("inbox_keys", &["endpoint_id", "hash"], 500),
    table("inbox_refusals", &["endpoint_id", "reason"], 500),
    table(CALLS, &["id"], 500),
];

/// The records of calls, which are copied only if the operator wants them.
pub(super) const CALLS: &str = "calls";

/// Tables that say something of one database or of the servers that use it now, and are not copied: what migrated it, and what
/// servers of a fleet tell each other.
pub(super) const NOT_COPIED: [&str; 9] = [
    "_sqlx_migrations",
    "schema_support",
    "replicas",
    "leader",
    "changes",
    "shared_counters",
    "shared_limits",
    "provider_blocks",
    "write_marks",
];
