-- Scopes that the provider asked for when it refused an action (RFC 6750, `insufficient_scope`), by action, as JSON.
ALTER TABLE accounts ADD COLUMN wanted_scopes TEXT NOT NULL DEFAULT '{}';
