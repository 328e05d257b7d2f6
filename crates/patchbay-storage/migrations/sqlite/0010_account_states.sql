-- The states of an account that a reason expressed so far, and the names that the OAuth specifications use.

UPDATE accounts SET status = CASE
    WHEN EXISTS (SELECT 1 FROM json_each(status_reasons) WHERE value ->> '$.code' = 'AccountRevokedError') THEN 'revoked'
    ELSE 'reconnect_required'
END
WHERE status = 'error';

-- When the token is to be refreshed in the background, or, if it cannot be refreshed, when it expires.
ALTER TABLE accounts RENAME COLUMN renew_at TO refresh_at;
-- JSON: the credentials that expire, when, the earliest notice, and whether it was sent.
ALTER TABLE accounts RENAME COLUMN endings TO expiries;
UPDATE accounts SET expiries = (
    SELECT json_group_array(json_object(
        'cause', value -> '$.cause', 'at', value -> '$.at',
        'notify_from', value -> '$.tell_from', 'notified', value -> '$.is_told'
    )) FROM json_each(expiries)
)
WHERE expiries <> '[]';
-- When the next expiry notice is due; NULL if all were sent.
ALTER TABLE accounts RENAME COLUMN tell_at TO notify_at;
-- JSON: the scopes that an action lacked (RFC 6750 section 3.1, `insufficient_scope`), by the action's id.
ALTER TABLE accounts RENAME COLUMN wanted_scopes TO missing_scopes;
-- Counts the changes of the account.
ALTER TABLE accounts RENAME COLUMN credential_version TO revision;
DROP INDEX accounts_by_renewal;
CREATE INDEX accounts_by_refresh ON accounts (refresh_at) WHERE refresh_at IS NOT NULL;
DROP INDEX accounts_to_tell;
CREATE INDEX accounts_by_notice ON accounts (notify_at) WHERE notify_at IS NOT NULL;

ALTER TABLE token_renewals RENAME TO refresh_leases;
-- Written before the token request: the account's revision.
ALTER TABLE refresh_leases RENAME COLUMN sent_version TO sent_revision;
-- The earliest moment of the next refresh after a failure; 0 means at once.
ALTER TABLE refresh_leases RENAME COLUMN rest_until TO retry_at;

-- Authorizations that customers have started at a provider, by the hash of their `state`. Each is taken once.
ALTER TABLE sign_ins RENAME TO pending_authorizations;
DROP INDEX sign_ins_by_expiry;
CREATE INDEX pending_authorizations_by_expiry ON pending_authorizations (expires_at);
DROP TRIGGER sign_ins_new_key;
DROP TRIGGER sign_ins_other_key;
CREATE TRIGGER pending_authorizations_new_key BEFORE INSERT ON pending_authorizations
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
CREATE TRIGGER pending_authorizations_other_key BEFORE UPDATE OF sealed ON pending_authorizations
WHEN EXISTS (SELECT 1 FROM retired_keys WHERE id = substr(NEW.sealed, 2, 8))
BEGIN
    SELECT RAISE (ABORT, 'the wrapping key is retired');
END;
