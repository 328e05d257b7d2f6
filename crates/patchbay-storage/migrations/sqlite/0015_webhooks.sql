-- Webhooks: addresses of the operator that are told of events. An event and its deliveries are written in the transaction of the
-- change that it reports.

CREATE TABLE webhooks (
    -- A random number.
    id INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT,
    url TEXT NOT NULL,
    -- What it is told of, as a JSON array: `account.created`; for events of connectors `CONNECTOR:TYPE`, `CONNECTOR:*`, `*:*`.
    subscriptions TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    -- Why Patchbay disabled it.
    disabled_reason TEXT,
    -- Whether its deliveries are made one at a time, in the order of the events.
    ordered INTEGER NOT NULL,
    -- Until when the previous secret signs too.
    previous_until INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project_id, id)
) STRICT;
CREATE INDEX webhooks_by_project ON webhooks (project_id, created_at, id);

CREATE TABLE webhook_secrets (
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (webhook_id, field)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_secrets_new_key BEFORE INSERT ON webhook_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER webhook_secrets_other_key BEFORE UPDATE OF sealed ON webhook_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

-- What is known of its receiver: changed by deliveries, the webhook itself by people.
CREATE TABLE webhook_health (
    webhook_id INTEGER PRIMARY KEY REFERENCES webhooks (id) ON DELETE CASCADE,
    -- When the circuit breaker lets the next probe through; NULL while it is closed. Repeats a value of `state`, for queries.
    open_until INTEGER,
    -- JSON.
    state TEXT NOT NULL
) STRICT;

CREATE TABLE webhook_events (
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    account_id TEXT,
    record_id TEXT NOT NULL,
    -- The bytes that are sent: JSON.
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    -- Orders the events.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id TEXT NOT NULL,
    webhook_id INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    -- All attempts, and those since it was queued or replayed.
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    -- Until when a server attempts it, and the number of its lease.
    lease_until INTEGER NOT NULL,
    lease_fence INTEGER NOT NULL,
    last_status INTEGER,
    last_error TEXT,
    -- The replay that took it last.
    replay_id TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (webhook_id, event_id),
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhooks (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, event_id) REFERENCES webhook_events (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (webhook_id, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (project_id, event_id);
CREATE INDEX webhook_deliveries_by_project ON webhook_deliveries (project_id, webhook_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (state, created_at);
CREATE INDEX webhook_deliveries_by_replay ON webhook_deliveries (replay_id) WHERE replay_id IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_millis INTEGER NOT NULL,
    url TEXT NOT NULL,
    status INTEGER,
    error TEXT,
    -- The beginning of the response's body, redacted.
    answer TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_replays (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    webhook_id INTEGER NOT NULL,
    -- The number of deliveries that it took.
    total INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhooks (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX webhook_replays_by_webhook ON webhook_replays (project_id, webhook_id);
