-- Each row that gives access, or that decides where secrets are sent, has a seal: an envelope of the vault with the hash of
-- the row's content. Who writes to the database without the key ring cannot make one. NULL only in rows of an earlier version,
-- which the first start afterwards seals.
ALTER TABLE api_keys ADD COLUMN seal BLOB;
ALTER TABLE login_tokens ADD COLUMN seal BLOB;
ALTER TABLE members ADD COLUMN seal BLOB;
ALTER TABLE browser_sessions ADD COLUMN seal BLOB;
ALTER TABLE connector_versions ADD COLUMN seal BLOB;

CREATE TRIGGER api_keys_new_key BEFORE INSERT ON api_keys
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER api_keys_other_key BEFORE UPDATE OF seal ON api_keys
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER login_tokens_new_key BEFORE INSERT ON login_tokens
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER login_tokens_other_key BEFORE UPDATE OF seal ON login_tokens
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER members_new_key BEFORE INSERT ON members
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER members_other_key BEFORE UPDATE OF seal ON members
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER browser_sessions_new_key BEFORE INSERT ON browser_sessions
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER browser_sessions_other_key BEFORE UPDATE OF seal ON browser_sessions
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER connector_versions_new_key BEFORE INSERT ON connector_versions
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER connector_versions_other_key BEFORE UPDATE OF seal ON connector_versions
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.seal, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
