-- Servers that share the database.

-- The database's clock, in microseconds. Times that servers compare with each other are taken from it. Within a transaction it
-- goes on.
CREATE FUNCTION clock_micros() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;

CREATE TABLE replicas (
    id text COLLATE "C" PRIMARY KEY,
    version text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    -- The ids of the wrapping keys that it can open, separated by spaces.
    key_ids text COLLATE "C" NOT NULL,
    -- A hash of the connectors of its instance.
    connectors text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL
);

CREATE TABLE leader (
    -- There is one row.
    is_only boolean PRIMARY KEY CHECK (is_only),
    -- NULL after it stepped down.
    replica_id text COLLATE "C",
    -- Counts the leaderships.
    fence bigint NOT NULL,
    expires_at bigint NOT NULL
);

-- What servers keep in memory and another one has changed. Rows live an hour. They mean something only to the connections that
-- were open when they were written: a crash may lose them, and nothing is written to the log of transactions for them.
CREATE UNLOGGED TABLE changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A reader finds a row when its transaction is committed, in any order. It reads again what was written by transactions that
    -- may have run when it looked before.
    transaction bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    changed_at bigint NOT NULL,
    -- A transaction that changes a thing by several statements writes one row.
    UNIQUE (transaction, kind, project_id, key)
);
CREATE INDEX changes_by_age ON changes (changed_at);

-- Triggers write the changes: no statement of any version of the server, or of a person, can forget them. Equal notifications of
-- a transaction are sent once, at its end.
CREATE FUNCTION log_change(kind text, project_id text, key text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO changes (transaction, kind, project_id, key, changed_at)
    VALUES (txid_current(), $1, $2, $3, clock_micros())
    ON CONFLICT (transaction, kind, project_id, key) DO NOTHING;
    PERFORM pg_notify('patchbay_changes', '');
END $$;

CREATE FUNCTION log_change_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM log_change('account', OLD.project_id, OLD.id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM log_change('account', NEW.project_id, NEW.id); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_changed AFTER INSERT OR UPDATE OR DELETE ON accounts
FOR EACH ROW EXECUTE FUNCTION log_change_of_account();

-- If the account is gone, its own deletion is logged.
CREATE FUNCTION log_change_of_account_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_change('account', a.project_id, a.id) FROM accounts a
    WHERE (TG_OP <> 'INSERT' AND a.id = OLD.account_id) OR (TG_OP <> 'DELETE' AND a.id = NEW.account_id);
    RETURN NULL;
END $$;
CREATE TRIGGER account_secrets_changed AFTER INSERT OR UPDATE OR DELETE ON account_secrets
FOR EACH ROW EXECUTE FUNCTION log_change_of_account_secret();

CREATE FUNCTION log_change_of_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM log_change('profile', OLD.project_id, OLD.id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM log_change('profile', NEW.project_id, NEW.id); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER profiles_changed AFTER INSERT OR UPDATE OR DELETE ON profiles
FOR EACH ROW EXECUTE FUNCTION log_change_of_profile();

CREATE FUNCTION log_change_of_profile_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_change('profile', p.project_id, p.id) FROM profiles p
    WHERE (TG_OP <> 'INSERT' AND p.id = OLD.profile_id) OR (TG_OP <> 'DELETE' AND p.id = NEW.profile_id);
    RETURN NULL;
END $$;
CREATE TRIGGER profile_secrets_changed AFTER INSERT OR UPDATE OR DELETE ON profile_secrets
FOR EACH ROW EXECUTE FUNCTION log_change_of_profile_secret();

CREATE FUNCTION log_change_of_api_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM log_change('api_key', OLD.project_id, encode(OLD.hash, 'hex')); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM log_change('api_key', NEW.project_id, encode(NEW.hash, 'hex')); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION log_change_of_api_key();

CREATE FUNCTION log_change_of_connector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM log_change('connector', OLD.project_id, OLD.key); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM log_change('connector', NEW.project_id, NEW.key); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER connector_versions_changed AFTER INSERT OR UPDATE OR DELETE ON connector_versions
FOR EACH ROW EXECUTE FUNCTION log_change_of_connector();

CREATE TRIGGER connector_files_changed AFTER INSERT OR UPDATE OR DELETE ON connector_files
FOR EACH ROW EXECUTE FUNCTION log_change_of_connector();

CREATE FUNCTION log_change_of_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM log_change('project', OLD.id, OLD.id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM log_change('project', NEW.id, NEW.id); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER projects_changed AFTER INSERT OR UPDATE OR DELETE ON projects
FOR EACH ROW EXECUTE FUNCTION log_change_of_project();

-- Clients of any server that wait for an attempt learn that it is over.
CREATE FUNCTION notify_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('patchbay_attempts', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER connection_attempts_completed AFTER UPDATE OF status ON connection_attempts
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION notify_of_attempt();

-- Counters that servers share, such as wrong passwords: each is a text that its owner understands.
CREATE TABLE shared_counters (
    name text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL,
    changed_at bigint NOT NULL
);
CREATE INDEX shared_counters_by_age ON shared_counters (changed_at);
