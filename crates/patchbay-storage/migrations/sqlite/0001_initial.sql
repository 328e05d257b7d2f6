-- Times are microseconds since 1970 (UTC), JSON is text, hashes and envelopes are blobs.
-- Every table of tenant data carries project_id, and every query names it. References between them
-- carry it too: no row can point into another project, whatever the code above does.

-- "Ptch": tells our files from other programs' (https://sqlite.org/pragma.html#pragma_application_id).
PRAGMA application_id = 0x50746368;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_project ON api_keys (project_id, created_at);

CREATE TABLE login_tokens (
    hash BLOB PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE profiles (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    connector TEXT NOT NULL,
    auth_config_key TEXT NOT NULL,
    environment TEXT NOT NULL,
    version_pin TEXT,
    active INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    enabled_actions TEXT,
    setup_information TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project_id, id)
) STRICT;
CREATE INDEX profiles_by_project ON profiles (project_id, connector, created_at);
CREATE UNIQUE INDEX one_default_profile ON profiles (project_id, connector) WHERE is_default = 1;

CREATE TABLE profile_secrets (
    profile_id TEXT NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (profile_id, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    profile_id TEXT NOT NULL,
    connector TEXT NOT NULL,
    connector_version TEXT NOT NULL,
    auth_config_key TEXT NOT NULL,
    environment TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    owner_username TEXT,
    label TEXT,
    kind TEXT NOT NULL,
    shared INTEGER NOT NULL,
    status TEXT NOT NULL,
    status_reasons TEXT NOT NULL,
    setup_information TEXT NOT NULL,
    metadata TEXT NOT NULL,
    credential_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    FOREIGN KEY (project_id, profile_id) REFERENCES profiles (project_id, id)
) STRICT;
CREATE INDEX accounts_by_project ON accounts (project_id, created_at DESC, id);
CREATE INDEX accounts_by_owner ON accounts (project_id, owner_id, connector);
CREATE INDEX accounts_by_profile ON accounts (project_id, profile_id);

CREATE TABLE account_secrets (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account_id, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE connect_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    token_hash BLOB NOT NULL UNIQUE,
    owner_id TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    owner_username TEXT,
    categories TEXT NOT NULL,
    connector TEXT,
    profile_id TEXT,
    account_id TEXT,
    label TEXT,
    metadata TEXT NOT NULL,
    kind TEXT NOT NULL,
    multiple INTEGER NOT NULL,
    external_trigger_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (project_id, id)
) STRICT;
CREATE INDEX connect_sessions_by_expiry ON connect_sessions (expires_at);

CREATE TABLE connection_attempts (
    id TEXT PRIMARY KEY,
    session_id INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    status TEXT NOT NULL,
    account_id TEXT,
    error_code TEXT,
    error_description TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (project_id, session_id) REFERENCES connect_sessions (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX connection_attempts_by_session ON connection_attempts (project_id, session_id);

CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    account_id TEXT,
    profile_id TEXT NOT NULL,
    connector TEXT NOT NULL,
    connector_version TEXT NOT NULL,
    action TEXT,
    kind TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    error_code TEXT,
    started_at INTEGER NOT NULL,
    duration_micros INTEGER NOT NULL
) STRICT;
CREATE INDEX calls_by_project ON calls (project_id, started_at DESC, id);
