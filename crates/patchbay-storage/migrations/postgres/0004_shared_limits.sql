-- Limits that servers share.

-- What busy servers lease of a limit. A crash may lose it: limits begin anew then.
CREATE UNLOGGED TABLE shared_limits (
    name text COLLATE "C" PRIMARY KEY,
    -- When everything that was leased is restored.
    restored_at bigint NOT NULL
) WITH (fillfactor = 50);

-- Until when a provider accepts no requests of an account, as it said to one of the servers.
CREATE UNLOGGED TABLE provider_blocks (
    account_id text COLLATE "C" PRIMARY KEY,
    blocked_until bigint NOT NULL
);

CREATE FUNCTION tell_of_provider_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_change('limit', '', NEW.account_id);
    RETURN NULL;
END $$;
CREATE TRIGGER provider_blocks_changed AFTER INSERT OR UPDATE ON provider_blocks
FOR EACH ROW EXECUTE FUNCTION tell_of_provider_block();

-- The part that each server has of a limit depends on their number.
CREATE FUNCTION tell_of_replica() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_change('replica', '', coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER replicas_changed AFTER INSERT OR DELETE ON replicas
FOR EACH ROW EXECUTE FUNCTION tell_of_replica();
