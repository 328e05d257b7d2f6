-- Tokens that providers mint, and the right to renew them.

-- What is known of the token, as JSON; none where the account has none.
ALTER TABLE accounts ADD COLUMN token TEXT;
-- When it should be renewed in the background.
ALTER TABLE accounts ADD COLUMN renew_at INTEGER;
CREATE INDEX accounts_by_renewal ON accounts (renew_at) WHERE renew_at IS NOT NULL;

CREATE TABLE token_renewals (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    -- Counts the leases: a holder whose number is not this one any more commits nothing.
    fence INTEGER NOT NULL,
    -- 0 while nobody holds it.
    leased_until INTEGER NOT NULL,
    -- Written before the token call: the credential version that it was made with.
    sent_version INTEGER,
    failures INTEGER NOT NULL,
    -- After a failure, not before this; 0 at once.
    rest_until INTEGER NOT NULL
) STRICT;

-- Sign-ins that customers are at the provider for, by the hash of their `state`. Taken once.
CREATE TABLE sign_ins (
    state_hash BLOB PRIMARY KEY,
    project_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);
