CREATE TABLE IF NOT EXISTS log_runs (
    id BYTEA NOT NULL,
    project BIGINT NOT NULL,
    started BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    status BIGINT NOT NULL,
    error BIGINT,
    target BIGINT NOT NULL,
    party BIGINT NOT NULL,
    source BIGINT NOT NULL,
    method BIGINT,
    url TEXT COLLATE "C",
    message TEXT COLLATE "C",
    request TEXT COLLATE "C",
    session TEXT COLLATE "C",
    first_step BIGINT NOT NULL,
    step_count BIGINT NOT NULL,
    left_out BIGINT NOT NULL
) PARTITION BY RANGE (started);
CREATE INDEX IF NOT EXISTS log_runs_time ON log_runs (project, started);
CREATE INDEX IF NOT EXISTS log_runs_account ON log_runs (project, party, started);
CREATE INDEX IF NOT EXISTS log_runs_action ON log_runs (project, target, started);
CREATE INDEX IF NOT EXISTS log_runs_errors ON log_runs (project, status, started) WHERE status >= 400;

CREATE TABLE IF NOT EXISTS log_steps (
    run BYTEA NOT NULL,
    run_started BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    iterations BIGINT NOT NULL,
    started BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    success BIGINT NOT NULL,
    status BIGINT NOT NULL,
    message TEXT COLLATE "C",
    attempts TEXT COLLATE "C",
    attempt_count BIGINT NOT NULL
) PARTITION BY RANGE (run_started);
CREATE INDEX IF NOT EXISTS log_steps_run ON log_steps (run_started, run);

CREATE TABLE IF NOT EXISTS log_hours (
    project BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    target BIGINT NOT NULL,
    status BIGINT NOT NULL,
    source BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    PRIMARY KEY (project, hour, kind, target, status, source, bucket)
);
