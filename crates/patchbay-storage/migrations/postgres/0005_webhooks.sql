-- Webhooks: addresses of the operator that receive events. An event and its deliveries are written in the transaction of the
-- change that it reports.

CREATE TABLE webhooks (
    -- A random number.
    id bigint PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name text COLLATE "C",
    url text COLLATE "C" NOT NULL,
    -- What it receives, as a JSON array: `account.created`; for events of connectors `CONNECTOR:TYPE`, `CONNECTOR:*`, `*:*`.
    subscriptions text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    -- Why Patchbay disabled it.
    disabled_reason text COLLATE "C",
    -- Whether its deliveries are made one at a time, in the order of the events.
    ordered boolean NOT NULL,
    -- Until when the previous secret signs too.
    previous_until bigint,
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (project_id, id)
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, created_at, id);

CREATE TABLE webhook_secrets (
    webhook_id bigint NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (webhook_id, field)
);

CREATE TRIGGER webhook_secrets_key BEFORE INSERT OR UPDATE OF sealed ON webhook_secrets
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();

-- What is known of its receiver: changed by deliveries, the webhook itself by people.
CREATE TABLE webhook_health (
    webhook_id bigint PRIMARY KEY REFERENCES webhooks (id) ON DELETE CASCADE,
    -- When the circuit breaker lets the next probe through; NULL while it is closed. Repeats a value of `state`, for queries.
    open_until bigint,
    -- JSON.
    state text COLLATE "C" NOT NULL
);

CREATE TABLE webhook_events (
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    account_id text COLLATE "C",
    record_id text COLLATE "C" NOT NULL,
    -- The bytes that are sent: JSON.
    body text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    -- Orders the events.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    webhook_id bigint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    due_at bigint NOT NULL,
    -- All attempts, and those since it was queued or replayed.
    attempts bigint NOT NULL,
    tries bigint NOT NULL,
    -- Until when a server attempts it, and the number of its lease.
    lease_until bigint NOT NULL,
    lease_fence bigint NOT NULL,
    last_status bigint,
    last_error text COLLATE "C",
    -- The replay that took it last.
    replay_id text COLLATE "C",
    created_at bigint NOT NULL,
    finished_at bigint,
    UNIQUE (webhook_id, event_id),
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhooks (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, event_id) REFERENCES webhook_events (project_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (webhook_id, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (project_id, event_id);
CREATE INDEX webhook_deliveries_by_project ON webhook_deliveries (project_id, webhook_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (state, created_at);
CREATE INDEX webhook_deliveries_by_replay ON webhook_deliveries (replay_id) WHERE replay_id IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id bigint NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number bigint NOT NULL,
    started_at bigint NOT NULL,
    duration_millis bigint NOT NULL,
    url text COLLATE "C" NOT NULL,
    status bigint,
    error text COLLATE "C",
    -- The beginning of the response's body, redacted.
    answer text COLLATE "C",
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE webhook_replays (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    webhook_id bigint NOT NULL,
    -- The number of deliveries that it took.
    total bigint NOT NULL,
    created_at bigint NOT NULL,
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhooks (project_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_replays_by_webhook ON webhook_replays (project_id, webhook_id);
