-- Requests that were sent with an Idempotency-Key. Keys are stored as hashes, responses as envelopes.

CREATE TABLE idempotency_keys (
    -- The hash of the project, the caller and the key.
    key_hash BLOB PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- The callers that share a limit: those of a project, or one connect session.
    bucket TEXT NOT NULL,
    -- The hash of the request.
    fingerprint BLOB NOT NULL,
    -- The status of the response; none while the request runs, and after it was interrupted.
    status INTEGER,
    -- The response; none if it is not kept.
    sealed BLOB,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_by_bucket ON idempotency_keys (bucket, expires_at);

CREATE TRIGGER idempotency_keys_new_key BEFORE INSERT ON idempotency_keys
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER idempotency_keys_other_key BEFORE UPDATE OF sealed ON idempotency_keys
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

-- The number and the size of each bucket's keys, so that their limits cost no scan.
CREATE TABLE idempotency_usage (
    bucket TEXT PRIMARY KEY,
    keys INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

CREATE TRIGGER idempotency_keys_added AFTER INSERT ON idempotency_keys
BEGIN
    INSERT INTO idempotency_usage (bucket, keys, bytes) VALUES (NEW.bucket, 1, coalesce(length(NEW.sealed), 0))
    ON CONFLICT (bucket) DO UPDATE SET keys = keys + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER idempotency_keys_changed AFTER UPDATE OF sealed ON idempotency_keys
BEGIN
    UPDATE idempotency_usage SET bytes = bytes + coalesce(length(NEW.sealed), 0) - coalesce(length(OLD.sealed), 0)
    WHERE bucket = NEW.bucket;
END;
CREATE TRIGGER idempotency_keys_removed AFTER DELETE ON idempotency_keys
BEGIN
    UPDATE idempotency_usage SET keys = keys - 1, bytes = bytes - coalesce(length(OLD.sealed), 0)
    WHERE bucket = OLD.bucket;
    DELETE FROM idempotency_usage WHERE bucket = OLD.bucket AND keys <= 0;
END;
