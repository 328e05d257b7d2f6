-- Ends of tokens and certificates that a person must prevent, and who was told.

-- As JSON: what ends, when, from when on it is told, whether it was.
ALTER TABLE accounts ADD COLUMN endings TEXT NOT NULL DEFAULT '[]';
-- When people are to be told of the next one; none when there is nothing left to tell.
ALTER TABLE accounts ADD COLUMN tell_at INTEGER;
CREATE INDEX accounts_to_tell ON accounts (tell_at) WHERE tell_at IS NOT NULL;
