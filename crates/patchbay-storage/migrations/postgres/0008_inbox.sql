-- The inbox: what providers deliver, sealed, until it is handled and for 7 days.

CREATE TABLE inbox_endpoints (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    -- NULL: it receives events of every account of the profile.
    account_id text COLLATE "C",
    token_hash bytea NOT NULL UNIQUE,
    -- The token, and what the provider returned for the subscription.
    sealed bytea NOT NULL,
    state text COLLATE "C" NOT NULL,
    tries bigint NOT NULL,
    -- When the subscription is to be created or renewed.
    due_at bigint,
    -- Until when a server does that.
    lease_until bigint NOT NULL,
    last_error text COLLATE "C",
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    token_at bigint NOT NULL,
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, profile_id) REFERENCES profiles (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX inbox_endpoint_of_profile ON inbox_endpoints (project_id, profile_id) WHERE account_id IS NULL;
CREATE UNIQUE INDEX inbox_endpoint_of_account ON inbox_endpoints (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX inbox_endpoints_by_profile ON inbox_endpoints (project_id, profile_id);
CREATE INDEX inbox_endpoints_due ON inbox_endpoints (due_at) WHERE due_at IS NOT NULL;

CREATE TRIGGER inbox_endpoints_key BEFORE INSERT OR UPDATE OF sealed ON inbox_endpoints
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();

CREATE TABLE inbox_events (
    -- A UUID that begins with the moment: the order of arrival.
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    endpoint_id text COLLATE "C" NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" REFERENCES accounts (id) ON DELETE CASCADE,
    state text COLLATE "C" NOT NULL,
    event_type text COLLATE "C",
    -- The body and the chosen headers.
    sealed bytea NOT NULL,
    size_bytes bigint NOT NULL,
    due_at bigint NOT NULL,
    tries bigint NOT NULL,
    actions bigint NOT NULL,
    -- Until when a server handles it, and the number of its lease.
    lease_until bigint NOT NULL,
    lease_fence bigint NOT NULL,
    last_error text COLLATE "C",
    received_at bigint NOT NULL,
    finished_at bigint,
    FOREIGN KEY (project_id, endpoint_id) REFERENCES inbox_endpoints (project_id, id) ON DELETE CASCADE
);
CREATE INDEX inbox_events_backlog ON inbox_events (endpoint_id, due_at, id) WHERE state = 'stored';
CREATE INDEX inbox_events_by_project ON inbox_events (project_id, id);
CREATE INDEX inbox_events_by_endpoint ON inbox_events (project_id, endpoint_id);
CREATE INDEX inbox_events_by_account ON inbox_events (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX inbox_events_by_age ON inbox_events (received_at);

CREATE TRIGGER inbox_events_key BEFORE INSERT OR UPDATE OF sealed ON inbox_events
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();

-- What identifies deliveries at the provider, as hashes: a repeat is acknowledged and dropped.
CREATE TABLE inbox_keys (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES inbox_endpoints (id) ON DELETE CASCADE,
    hash bytea NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (endpoint_id, hash)
);
CREATE INDEX inbox_keys_by_age ON inbox_keys (received_at);

-- Requests that were refused. Nothing else is kept of them.
CREATE TABLE inbox_refusals (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES inbox_endpoints (id) ON DELETE CASCADE,
    reason text COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    last_at bigint NOT NULL,
    PRIMARY KEY (endpoint_id, reason)
);
