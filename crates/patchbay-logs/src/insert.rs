//! Appends runs, their steps, and their part of the roll-ups, within the transaction of the caller.

use std::collections::BTreeMap;

use crate::{
    buckets,
    dictionaries::{Dictionaries, Name},
    row::{RunRow, StepRow},
    sql::{Session, Sql},
    store::Result,
};

/// The number of runs in one statement. SQLite binds at most 32,766 values, PostgreSQL 65,535.
const MAX_ROWS: usize = 256;
/// An hour in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;

/// The tables that rows are appended to.
pub(crate) struct AppendTables {
    /// The table of runs.
    pub(crate) runs: String,
    /// The table of steps.
    pub(crate) steps: String,
    /// The number of the next step.
    pub(crate) next_step: i64,
    /// Whether steps refer to their run by its id, and not by their number.
    pub(crate) by_run: bool,
}

/// A group of the roll-ups: project, hour, kind, target, status, source, bucket.
type RollupKey = [i64; 7];

/// Appends rows. Afterwards `tables` has the number of the next step.
pub(crate) async fn append<S: Session>(
    session: &mut S,
    dictionaries: &Dictionaries,
    rows: &[RunRow],
    tables: &mut AppendTables,
) -> Result<()> {
    let mut rollups = BTreeMap::<RollupKey, (i64, i64)>::new();
    for chunk in rows.chunks(MAX_ROWS) {
        let mut steps = Steps { sql: tables.new_steps(), count: 0, full: Vec::new() };
        let mut runs = Sql::new(format!(
            "INSERT INTO {} (id, project, started, duration, kind, status, error, target, party, source, method, url, message, \
             request, session, first_step, step_count, left_out) VALUES ",
            tables.runs
        ));
        for (index, row) in chunk.iter().enumerate() {
            let project = dictionaries.names.number(session, &Name(row.project.clone())).await?;
            let target = dictionaries.targets.number(session, &row.target).await?;
            let party = dictionaries.parties.number(session, &row.party).await?;
            let source = dictionaries.sources.number(session, &row.source).await?;
            let error = name(session, dictionaries, row.error_code.as_ref()).await?;
            let method = name(session, dictionaries, row.method.as_ref()).await?;
            let started = row.started_at.as_micros();
            runs.word(if index == 0 { "(" } else { ", (" }).bytes(&row.id.0);
            for number in [project, started, row.duration_micros, row.kind.number(), row.status.into()] {
                runs.word(",").int(number);
            }
            runs.word(",").int(error);
            for number in [target, party, source] {
                runs.word(",").int(number);
            }
            runs.word(",").int(method);
            for text in [&row.url, &row.message, &row.request_id, &row.session_id] {
                runs.word(",").value(text.clone());
            }
            let step_count = i64::try_from(row.steps.len()).unwrap_or(i64::MAX);
            for number in [tables.next_step, step_count, row.steps_left_out.into()] {
                runs.word(",").int(number);
            }
            runs.word(")");
            for step in &row.steps {
                let kind = dictionaries.steps.number(session, &step.kind).await?;
                steps.add(tables, row, step, kind);
            }
            let way = name(session, dictionaries, row.source.kind.as_ref()).await?.unwrap_or_default();
            let bucket = i64::try_from(buckets::of(row.duration_micros)).unwrap_or_default();
            let hour = started.div_euclid(HOUR) * HOUR;
            let key = [project, hour, row.kind.number(), target, row.status.into(), way, bucket];
            let counted = rollups.entry(key).or_default();
            counted.0 += 1;
            counted.1 = counted.1.saturating_add(row.duration_micros);
        }
        let is_full = chunk.len() == MAX_ROWS;
        session.execute(if is_full { runs.keep() } else { runs }).await?;
        for sql in steps.into_statements() {
            session.execute(sql).await?;
        }
    }
    roll_up(session, &rollups).await
}

/// Returns the number of a name.
async fn name<S: Session>(session: &mut S, dictionaries: &Dictionaries, name: Option<&String>) -> Result<Option<i64>> {
    match name {
        Some(name) => dictionaries.names.number(session, &Name(name.clone())).await.map(Some),
        None => Ok(None),
    }
}

/// Adds to the roll-ups. The keys are in order, so that two servers do not wait for each other.
async fn roll_up<S: Session>(session: &mut S, rollups: &BTreeMap<RollupKey, (i64, i64)>) -> Result<()> {
    let rollups = rollups.iter().collect::<Vec<_>>();
    for chunk in rollups.chunks(MAX_ROWS) {
        let mut sql = Sql::new(
            "INSERT INTO log_hours (project, hour, kind, target, status, source, bucket, calls, duration) VALUES ",
        );
        for (index, (key, (calls, duration))) in chunk.iter().enumerate() {
            sql.word(if index == 0 { "(" } else { ", (" });
            for number in *key {
                sql.int(*number).word(",");
            }
            sql.int(*calls).word(",").int(*duration).word(")");
        }
        sql.word(
            " ON CONFLICT (project, hour, kind, target, status, source, bucket) DO UPDATE SET \
             calls = log_hours.calls + excluded.calls, duration = log_hours.duration + excluded.duration",
        );
        session.execute(sql).await?;
    }
    Ok(())
}

impl AppendTables {
    fn new_steps(&self) -> Sql {
        let key = if self.by_run { "run, run_started" } else { "number" };
        Sql::new(format!(
            "INSERT INTO {} ({key}, idx, kind, iterations, started, duration, skipped, success, status, message, attempts, \
             attempt_count) VALUES ",
            self.steps
        ))
    }
}

/// The steps of a chunk of runs.
struct Steps {
    sql: Sql,
    count: usize,
    full: Vec<Sql>,
}

impl Steps {
    fn add(&mut self, tables: &mut AppendTables, row: &RunRow, step: &StepRow, kind: i64) {
        let sql = self.sql.word(if self.count == 0 { "(" } else { ", (" });
        if tables.by_run {
            sql.bytes(&row.id.0).word(",").int(row.started_at.as_micros());
        } else {
            sql.int(tables.next_step);
        }
        let numbers = [
            step.index.into(),
            kind,
            step.iterations.into(),
            step.started_at.as_micros(),
            step.duration_micros,
            step.skipped.into(),
            step.success.into(),
            step.status.into(),
        ];
        for number in numbers {
            sql.word(",").int(number);
        }
        let attempts = (!step.attempts.is_empty()).then(|| serde_json::to_string(&step.attempts).unwrap_or_default());
        sql.word(",").value(step.message.clone()).word(",").value(attempts);
        sql.word(",").int(i64::try_from(step.attempts.len()).unwrap_or(i64::MAX)).word(")");
        tables.next_step += 1;
        self.count += 1;
        if self.count == MAX_ROWS {
            let sql = std::mem::replace(&mut self.sql, tables.new_steps());
            self.full.push(sql.keep());
            self.count = 0;
        }
    }

    fn into_statements(mut self) -> Vec<Sql> {
        if self.count > 0 {
            self.full.push(self.sql);
        }
        self.full
    }
}
