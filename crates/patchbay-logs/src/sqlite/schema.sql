-- A pair of tables log_runs_N and log_steps_N for each segment. state: 0 open, 1 being sealed, 2 sealed.
CREATE TABLE IF NOT EXISTS log_segments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    state INTEGER NOT NULL,
    -- The start of the newest run when the segment began.
    began INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    errors INTEGER NOT NULL
) STRICT;

-- The values that occur in a column of a sealed segment.
CREATE TABLE IF NOT EXISTS log_segment_values (
    column_name TEXT NOT NULL,
    value INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (column_name, value, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS log_hours (
    project INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    target INTEGER NOT NULL,
    status INTEGER NOT NULL,
    source INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    PRIMARY KEY (project, hour, kind, target, status, source, bucket)
) STRICT, WITHOUT ROWID;
