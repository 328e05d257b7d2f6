-- The inbox: what providers deliver, sealed, until it is handled and for 7 days.

CREATE TABLE inbox_endpoints (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    -- NULL: it receives events of every account of the profile.
    account_id TEXT,
    token_hash BLOB NOT NULL UNIQUE,
    -- The token, and what the provider returned for the subscription.
    sealed BLOB NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    -- When the subscription is to be created or renewed.
    due_at INTEGER,
    -- Until when a server does that.
    lease_until INTEGER NOT NULL,
    last_error TEXT,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    token_at INTEGER NOT NULL,
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, profile_id) REFERENCES profiles (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX inbox_endpoint_of_profile ON inbox_endpoints (project_id, profile_id) WHERE account_id IS NULL;
CREATE UNIQUE INDEX inbox_endpoint_of_account ON inbox_endpoints (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX inbox_endpoints_by_profile ON inbox_endpoints (project_id, profile_id);
CREATE INDEX inbox_endpoints_due ON inbox_endpoints (due_at) WHERE due_at IS NOT NULL;

CREATE TRIGGER inbox_endpoints_new_key BEFORE INSERT ON inbox_endpoints
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER inbox_endpoints_other_key BEFORE UPDATE OF sealed ON inbox_endpoints
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

CREATE TABLE inbox_events (
    -- A UUID that begins with the moment: the order of arrival.
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    event_type TEXT,
    -- The body and the chosen headers.
    sealed BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    actions INTEGER NOT NULL,
    -- Until when a server handles it, and the number of its lease.
    lease_until INTEGER NOT NULL,
    lease_fence INTEGER NOT NULL,
    last_error TEXT,
    received_at INTEGER NOT NULL,
    finished_at INTEGER,
    FOREIGN KEY (project_id, endpoint_id) REFERENCES inbox_endpoints (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX inbox_events_backlog ON inbox_events (endpoint_id, due_at, id) WHERE state = 'stored';
CREATE INDEX inbox_events_by_project ON inbox_events (project_id, id);
CREATE INDEX inbox_events_by_endpoint ON inbox_events (project_id, endpoint_id);
CREATE INDEX inbox_events_by_account ON inbox_events (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX inbox_events_by_age ON inbox_events (received_at);

CREATE TRIGGER inbox_events_new_key BEFORE INSERT ON inbox_events
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER inbox_events_other_key BEFORE UPDATE OF sealed ON inbox_events
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

-- What identifies deliveries at the provider, as hashes: a repeat is acknowledged and dropped.
CREATE TABLE inbox_keys (
    endpoint_id TEXT NOT NULL REFERENCES inbox_endpoints (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_keys_by_age ON inbox_keys (received_at);

-- Requests that were refused. Nothing else is kept of them.
CREATE TABLE inbox_refusals (
    endpoint_id TEXT NOT NULL REFERENCES inbox_endpoints (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, reason)
) STRICT, WITHOUT ROWID;
