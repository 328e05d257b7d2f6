-- Who signs in to the dashboard, their signed-in browsers, and the pages that may frame a Hub.

CREATE TABLE members (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    -- A PHC string (argon2id); none until the member chooses a password.
    password_hash TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX members_by_organization ON members (organization_id, created_at, id);

CREATE TABLE browser_sessions (
    hash BLOB PRIMARY KEY,
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_by_member ON browser_sessions (member_id);

ALTER TABLE connect_sessions ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '[]';

CREATE INDEX calls_by_age ON calls (started_at);
