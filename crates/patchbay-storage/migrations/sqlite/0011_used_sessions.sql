-- The account that was linked or changed last through a connect session. Unless the session may be used again, it is used up.
ALTER TABLE connect_sessions ADD COLUMN linked_account_id TEXT;
-- When an account is deleted, its owner's sessions are deleted too.
CREATE INDEX connect_sessions_by_owner ON connect_sessions (project_id, owner_id);
CREATE INDEX connect_sessions_by_account ON connect_sessions (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX connect_sessions_by_linked_account ON connect_sessions (linked_account_id) WHERE linked_account_id IS NOT NULL;
