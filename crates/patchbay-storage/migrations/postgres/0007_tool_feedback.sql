-- What people and agents say of tools.

CREATE TABLE tool_feedback (
    -- The message; one about several tools has a row for each of them.
    key text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    account_id text COLLATE "C",
    -- An action's public id.
    tool text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (key, tool)
);
CREATE INDEX tool_feedback_by_tool ON tool_feedback (project_id, tool, created_at DESC);
CREATE INDEX tool_feedback_by_project ON tool_feedback (project_id, created_at DESC);
CREATE INDEX tool_feedback_by_age ON tool_feedback (created_at);
