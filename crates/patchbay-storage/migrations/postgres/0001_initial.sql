-- Times are microseconds since 1970 (UTC), JSON is text, hashes and envelopes are bytea. Ids and texts are compared and sorted by
-- their bytes (COLLATE "C"), whatever the locale of the database is.
-- Every table of tenant data carries project_id, and every query names it. References between them carry it too: a row cannot
-- point into another project.
--
-- A text of a customer may be long, and the entries of an index may not: the columns of owners are indexed by their hash.

-- The oldest schema version whose server can still work with this schema. A migration that takes something away from an older
-- server sets it.
CREATE TABLE schema_support (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    oldest_version bigint NOT NULL
);
INSERT INTO schema_support (oldest_version) VALUES (1);

CREATE TABLE meta (
    name text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE organizations (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE projects (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL
);

-- Each row that gives access, or that decides where secrets are sent, has a seal: an envelope of the vault with the hash of the
-- row's content.
CREATE TABLE api_keys (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    name text COLLATE "C" NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    seal bytea
);
CREATE INDEX api_keys_by_project ON api_keys (project_id, created_at);

CREATE TABLE login_tokens (
    hash bytea PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    expires_at bigint NOT NULL,
    seal bytea
);

CREATE TABLE members (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text COLLATE "C" NOT NULL,
    -- A PHC string (argon2id); none until the member chooses a password.
    password_hash text COLLATE "C",
    created_at bigint NOT NULL,
    seal bytea
);
CREATE INDEX members_by_organization ON members (organization_id, created_at, id);

CREATE TABLE browser_sessions (
    hash bytea PRIMARY KEY,
    member_id text COLLATE "C" NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    seal bytea
);
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_by_member ON browser_sessions (member_id);

CREATE TABLE profiles (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    name text COLLATE "C" NOT NULL,
    connector text COLLATE "C" NOT NULL,
    auth_config_key text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    version_pin text COLLATE "C",
    active boolean NOT NULL,
    is_default boolean NOT NULL,
    enabled_actions text COLLATE "C",
    setup_information text COLLATE "C" NOT NULL,
    -- What a provider holds against the app of a profile, as JSON; NULL while it accepts it.
    alarm text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (project_id, id)
);
CREATE INDEX profiles_by_project ON profiles (project_id, connector, created_at);
CREATE UNIQUE INDEX one_default_profile ON profiles (project_id, connector) WHERE is_default;

CREATE TABLE profile_secrets (
    profile_id text COLLATE "C" NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (profile_id, field)
);

CREATE TABLE accounts (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    profile_id text COLLATE "C" NOT NULL,
    connector text COLLATE "C" NOT NULL,
    connector_version text COLLATE "C" NOT NULL,
    auth_config_key text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    owner_name text COLLATE "C" NOT NULL,
    owner_username text COLLATE "C",
    label text COLLATE "C",
    kind text COLLATE "C" NOT NULL,
    shared boolean NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_reasons text COLLATE "C" NOT NULL,
    setup_information text COLLATE "C" NOT NULL,
    metadata text COLLATE "C" NOT NULL,
    -- What is known of the token, as JSON; NULL if the account has none. The id of its OAuth client is repeated, for queries.
    token text COLLATE "C",
    token_client_id text COLLATE "C",
    -- The scopes that an action lacked (RFC 6750 section 3.1, `insufficient_scope`), by the action's id, as JSON.
    missing_scopes text COLLATE "C" NOT NULL,
    -- When the token is to be refreshed in the background, or, if it cannot be refreshed, when it expires.
    refresh_at bigint,
    -- The credentials that expire, as JSON. Repeated for queries: the earliest notice, and the earliest that was not sent.
    expiries text COLLATE "C" NOT NULL,
    first_notice_at bigint,
    notify_at bigint,
    -- Counts the changes of the account.
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    FOREIGN KEY (project_id, profile_id) REFERENCES profiles (project_id, id)
);
CREATE INDEX accounts_by_project ON accounts (project_id, created_at DESC, id);
CREATE INDEX accounts_by_owner ON accounts (project_id, hashtextextended(owner_id, 0));
CREATE INDEX accounts_by_profile ON accounts (project_id, profile_id);
CREATE INDEX accounts_by_refresh ON accounts (refresh_at) WHERE refresh_at IS NOT NULL;
CREATE INDEX accounts_by_notice ON accounts (notify_at) WHERE notify_at IS NOT NULL;

CREATE TABLE account_secrets (
    account_id text COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (account_id, field)
);

CREATE TABLE refresh_leases (
    account_id text COLLATE "C" PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    project_id text COLLATE "C" NOT NULL,
    -- Counts the leases: only the holder of the newest one can commit.
    fence bigint NOT NULL,
    -- 0 while the lease is free.
    leased_until bigint NOT NULL,
    -- Written before the token request: the account's revision.
    sent_revision bigint,
    failures bigint NOT NULL,
    -- The earliest moment of the next refresh after a failure; 0 means at once.
    retry_at bigint NOT NULL
);

-- Authorizations that customers have started at a provider, by the hash of their `state`. Each is taken once.
CREATE TABLE pending_authorizations (
    state_hash bytea PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX pending_authorizations_by_expiry ON pending_authorizations (expires_at);

CREATE TABLE connect_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    token_hash bytea NOT NULL UNIQUE,
    owner_id text COLLATE "C" NOT NULL,
    owner_name text COLLATE "C" NOT NULL,
    owner_username text COLLATE "C",
    categories text COLLATE "C" NOT NULL,
    connector text COLLATE "C",
    profile_id text COLLATE "C",
    account_id text COLLATE "C",
    label text COLLATE "C",
    metadata text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    multiple boolean NOT NULL,
    allowed_origins text COLLATE "C" NOT NULL,
    -- Where a browser that has signed in at a provider is sent, for the operator's product to say who it is.
    confirm_url text COLLATE "C",
    -- The account that was linked or changed last through the session. Unless the session may be used again, it is used up.
    linked_account_id text COLLATE "C",
    external_trigger_token text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    UNIQUE (project_id, id)
);
CREATE INDEX connect_sessions_by_expiry ON connect_sessions (expires_at);
CREATE INDEX connect_sessions_by_owner ON connect_sessions (project_id, hashtextextended(owner_id, 0));
CREATE INDEX connect_sessions_by_account ON connect_sessions (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX connect_sessions_by_linked_account ON connect_sessions (linked_account_id) WHERE linked_account_id IS NOT NULL;

CREATE TABLE connection_attempts (
    id text COLLATE "C" PRIMARY KEY,
    -- Orders the attempts of a session.
    number bigint GENERATED ALWAYS AS IDENTITY,
    session_id bigint NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    account_id text COLLATE "C",
    error_code text COLLATE "C",
    error_description text COLLATE "C",
    error_reason text COLLATE "C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    FOREIGN KEY (project_id, session_id) REFERENCES connect_sessions (project_id, id) ON DELETE CASCADE
);
CREATE INDEX connection_attempts_by_session ON connection_attempts (project_id, session_id, number);

CREATE TABLE calls (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C",
    profile_id text COLLATE "C" NOT NULL,
    connector text COLLATE "C" NOT NULL,
    connector_version text COLLATE "C" NOT NULL,
    action text COLLATE "C",
    kind text COLLATE "C" NOT NULL,
    status_code bigint NOT NULL,
    error_code text COLLATE "C",
    started_at bigint NOT NULL,
    duration_micros bigint NOT NULL
);
CREATE INDEX calls_by_project ON calls (project_id, started_at DESC, id);
CREATE INDEX calls_by_age ON calls (started_at);

-- Connectors that projects pushed. A version is written once and never changed.
CREATE TABLE connector_versions (
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id),
    key text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    -- SHA-256 of names and texts.
    digest bytea NOT NULL,
    file_count bigint NOT NULL,
    size_bytes bigint NOT NULL,
    created_at bigint NOT NULL,
    seal bytea,
    PRIMARY KEY (project_id, key, version)
);

-- Their texts, apart: a start reads all versions and none of the texts.
CREATE TABLE connector_files (
    project_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- UTF-8. A text cannot contain a NUL character here, and a file can.
    text bytea NOT NULL,
    PRIMARY KEY (project_id, key, version, name),
    FOREIGN KEY (project_id, key, version) REFERENCES connector_versions (project_id, key, version) ON DELETE CASCADE
);

-- Requests that were sent with an Idempotency-Key. Keys are stored as hashes, responses as envelopes.
CREATE TABLE idempotency_keys (
    -- The hash of the project, the caller and the key.
    key_hash bytea PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- The callers that share a limit: those of a project, or one connect session.
    bucket text COLLATE "C" NOT NULL,
    -- The hash of the request.
    fingerprint bytea NOT NULL,
    -- The status of the response; NULL while the request runs, and after it was interrupted.
    status bigint,
    -- The response; NULL if it is not kept.
    sealed bytea,
    expires_at bigint NOT NULL
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_by_bucket ON idempotency_keys (bucket, expires_at);

-- The number and the size of each bucket's keys, so that their limits cost no scan.
CREATE TABLE idempotency_usage (
    bucket text COLLATE "C" PRIMARY KEY,
    keys bigint NOT NULL,
    bytes bigint NOT NULL
);

CREATE FUNCTION count_idempotency_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO idempotency_usage AS u (bucket, keys, bytes) VALUES (NEW.bucket, 1, coalesce(length(NEW.sealed), 0))
        ON CONFLICT (bucket) DO UPDATE SET keys = u.keys + 1, bytes = u.bytes + excluded.bytes;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE idempotency_usage
        SET bytes = bytes + coalesce(length(NEW.sealed), 0) - coalesce(length(OLD.sealed), 0)
        WHERE bucket = NEW.bucket;
    ELSE
        UPDATE idempotency_usage SET keys = keys - 1, bytes = bytes - coalesce(length(OLD.sealed), 0)
        WHERE bucket = OLD.bucket;
        DELETE FROM idempotency_usage WHERE bucket = OLD.bucket AND keys <= 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER idempotency_keys_counted AFTER INSERT OR DELETE OR UPDATE OF sealed ON idempotency_keys
FOR EACH ROW EXECUTE FUNCTION count_idempotency_key();

-- Keys that were taken out of the key ring. The database itself rejects what they wrap, so that a late writer does not leave a
-- record that nobody can open. A key's id follows the version's byte in every envelope.
CREATE TABLE retired_keys (
    id bytea PRIMARY KEY
);

-- A writer shares the lock that the retirement of its key takes exclusively: each sees what the other has committed.
CREATE FUNCTION reject_retired_key(envelope bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF envelope IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1349804904, hashtext(encode(substr(envelope, 2, 8), 'hex')));
    IF EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(envelope, 2, 8)) THEN
        RAISE EXCEPTION 'the wrapping key is retired' USING ERRCODE = 'check_violation';
    END IF;
END $$;
CREATE FUNCTION reject_retired_key_of_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reject_retired_key(NEW.sealed);
    RETURN NEW;
END $$;
CREATE FUNCTION reject_retired_key_of_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reject_retired_key(NEW.seal);
    RETURN NEW;
END $$;
CREATE FUNCTION reject_retired_key_of_canary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name = 'vault_canary' THEN
        PERFORM reject_retired_key(NEW.value);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER account_secrets_key BEFORE INSERT OR UPDATE OF sealed ON account_secrets
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();
CREATE TRIGGER profile_secrets_key BEFORE INSERT OR UPDATE OF sealed ON profile_secrets
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();
CREATE TRIGGER pending_authorizations_key BEFORE INSERT OR UPDATE OF sealed ON pending_authorizations
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();
CREATE TRIGGER idempotency_keys_key BEFORE INSERT OR UPDATE OF sealed ON idempotency_keys
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_sealed();
CREATE TRIGGER api_keys_key BEFORE INSERT OR UPDATE OF seal ON api_keys
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_seal();
CREATE TRIGGER login_tokens_key BEFORE INSERT OR UPDATE OF seal ON login_tokens
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_seal();
CREATE TRIGGER members_key BEFORE INSERT OR UPDATE OF seal ON members
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_seal();
CREATE TRIGGER browser_sessions_key BEFORE INSERT OR UPDATE OF seal ON browser_sessions
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_seal();
CREATE TRIGGER connector_versions_key BEFORE INSERT OR UPDATE OF seal ON connector_versions
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_seal();
CREATE TRIGGER meta_key BEFORE INSERT OR UPDATE OF value ON meta
FOR EACH ROW EXECUTE FUNCTION reject_retired_key_of_canary();
