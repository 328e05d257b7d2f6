-- Why the provider failed, in the failed attempts of connect sessions.
ALTER TABLE connection_attempts ADD COLUMN error_reason TEXT;
