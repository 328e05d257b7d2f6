-- What people and agents say of tools.

CREATE TABLE tool_feedback (
    -- The message; one about several tools has a row for each of them.
    key TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    account_id TEXT,
    -- An action's public id.
    tool TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key, tool)
) STRICT;
CREATE INDEX tool_feedback_by_tool ON tool_feedback (project_id, tool, created_at DESC);
CREATE INDEX tool_feedback_by_project ON tool_feedback (project_id, created_at DESC);
CREATE INDEX tool_feedback_by_age ON tool_feedback (created_at);
