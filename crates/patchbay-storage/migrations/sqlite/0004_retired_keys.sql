-- Keys that were taken out of the key ring. The database itself refuses what they wrap, so that no writer who is
-- late leaves a record behind that nobody can open. A key's id stands in every envelope after the version's byte.

CREATE TABLE retired_keys (
    id BLOB PRIMARY KEY
) STRICT;

CREATE TRIGGER account_secrets_new_key BEFORE INSERT ON account_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER account_secrets_other_key BEFORE UPDATE OF sealed ON account_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

CREATE TRIGGER profile_secrets_new_key BEFORE INSERT ON profile_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER profile_secrets_other_key BEFORE UPDATE OF sealed ON profile_secrets
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

CREATE TRIGGER sign_ins_new_key BEFORE INSERT ON sign_ins
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER sign_ins_other_key BEFORE UPDATE OF sealed ON sign_ins
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;

CREATE TRIGGER meta_new_key BEFORE INSERT ON meta
WHEN NEW.name = 'vault_canary' AND EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.value, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER meta_other_key BEFORE UPDATE OF value ON meta
WHEN NEW.name = 'vault_canary' AND EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.value, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
