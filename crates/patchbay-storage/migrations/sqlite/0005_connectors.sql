-- Connectors that projects pushed. A version is written once and never changed.

CREATE TABLE connector_versions (
    project_id TEXT NOT NULL REFERENCES projects (id),
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    -- SHA-256 of names and texts.
    digest BLOB NOT NULL,
    file_count INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, key, version)
) STRICT;

-- Their texts, apart: a start reads all versions and none of the texts.
CREATE TABLE connector_files (
    project_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (project_id, key, version, name),
    FOREIGN KEY (project_id, key, version) REFERENCES connector_versions (project_id, key, version) ON DELETE CASCADE
) STRICT;
