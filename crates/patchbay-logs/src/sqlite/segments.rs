//! The segments: how they begin, are sealed and are dropped.

use patchbay_model::Timestamp;
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::SqliteLimits;
use crate::{
    insert::AppendTables,
    read::{Index, Tables},
    row::RunRow,
    sql::{Cells as _, Lite, Session as _, Sql, run_script},
    store::{Result, Retention},
};

/// The columns whose values a sealed segment counts.
pub(super) const COUNTED: [&str; 6] = ["target", "party", "source", "status", "error", "method"];
/// The number of runs that one transaction deletes from a segment that stays.
const MAX_DELETED: i64 = 5_000;
/// The number of pages that one transaction returns to the file system.
const MAX_RETURNED_PAGES: u32 = 2_000;
const DAY: i64 = 86_400_000_000;

const OPEN: i64 = 0;
const SEALING: i64 = 1;
const SEALED: i64 = 2;

/// A segment as it is stored.
pub(super) struct Segment {
    pub(super) number: i64,
    pub(super) is_sealed: bool,
    pub(super) is_open: bool,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) runs: i64,
    pub(super) steps: i64,
    pub(super) errors: i64,
}

impl Segment {
    pub(super) fn tables(&self) -> Tables {
        Tables {
            number: self.number,
            runs: runs_table(self.number),
            steps: steps_table(self.number),
            first: self.first,
            last: self.last,
            index: None,
            by_run: false,
        }
    }
}

fn runs_table(number: i64) -> String {
    format!("log_runs_{number}")
}

fn steps_table(number: i64) -> String {
    format!("log_steps_{number}")
}

/// Returns all segments, oldest first.
pub(super) async fn list(connection: &mut SqliteConnection) -> Result<Vec<Segment>> {
    let sql =
        Sql::new("SELECT number, state, first, last, runs, steps, errors FROM log_segments ORDER BY number").keep();
    let rows = Lite(connection).rows(sql).await?;
    let segment = |row: &sqlx::sqlite::SqliteRow| {
        let state = row.int(1)?;
        Ok(Segment {
            number: row.int(0)?,
            is_sealed: state == SEALED,
            is_open: state == OPEN,
            first: row.int(2)?,
            last: row.int(3)?,
            runs: row.int(4)?,
            steps: row.int(5)?,
            errors: row.int(6)?,
        })
    };
    rows.iter().map(segment).collect()
}

/// The segment that rows are appended to.
#[derive(Clone)]
pub(super) struct OpenSegment {
    number: i64,
    began: i64,
    first: i64,
    last: i64,
    runs: i64,
    errors: i64,
    next_step: i64,
}

impl OpenSegment {
    pub(super) fn append_tables(&self) -> AppendTables {
        AppendTables {
            runs: runs_table(self.number),
            steps: steps_table(self.number),
            next_step: self.next_step,
            by_run: false,
        }
    }

    /// Notes rows that were appended.
    pub(super) fn take(&mut self, rows: &[RunRow], next_step: i64) {
        let starts = || rows.iter().map(|row| row.started_at.as_micros());
        let newest = starts().max().unwrap_or_default();
        if self.runs == 0 {
            (self.began, self.first, self.last) = (newest, newest, newest);
        }
        self.first = self.first.min(starts().min().unwrap_or(newest));
        self.last = self.last.max(newest);
        self.runs += i64::try_from(rows.len()).unwrap_or_default();
        self.errors += i64::try_from(rows.iter().filter(|row| !row.is_success()).count()).unwrap_or_default();
        self.next_step = next_step;
    }

    pub(super) async fn store(&self, transaction: &mut Transaction<'_, Sqlite>) -> Result<()> {
        let mut sql = Sql::new("UPDATE log_segments SET began = ");
        sql.int(self.began).word(", first = ").int(self.first).word(", last = ").int(self.last);
        sql.word(", runs = ").int(self.runs).word(", errors = ").int(self.errors);
        sql.word(", steps = ").int(self.next_step - 1).word(" WHERE number = ").int(self.number);
        Lite(transaction).execute(sql.keep()).await?;
        Ok(())
    }

    pub(super) fn is_full(&self, limits: SqliteLimits) -> bool {
        self.runs >= limits.runs || self.last.saturating_sub(self.began) >= limits.micros
    }

    /// Begins to seal the segment. Returns the next one.
    pub(super) async fn seal(&self, transaction: &mut Transaction<'_, Sqlite>) -> Result<Self> {
        let mut sql = Sql::new("UPDATE log_segments SET state = ");
        sql.int(SEALING).word(" WHERE number = ").int(self.number);
        Lite(transaction).execute(sql).await?;
        begin(transaction).await
    }
}

/// Returns the open segment, which is created if there is none.
pub(super) async fn open_segment(writer: &SqlitePool) -> Result<OpenSegment> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let sql = Sql::new(
        "SELECT number, began, first, last, runs, errors, steps FROM log_segments WHERE state = 0 ORDER BY number DESC",
    );
    let rows = Lite(&mut transaction).rows(sql).await?;
    let open = match rows.first() {
        Some(row) => OpenSegment {
            number: row.int(0)?,
            began: row.int(1)?,
            first: row.int(2)?,
            last: row.int(3)?,
            runs: row.int(4)?,
            errors: row.int(5)?,
            next_step: row.int(6)? + 1,
        },
        None => begin(&mut transaction).await?,
    };
    transaction.commit().await?;
    Ok(open)
}

/// Creates a segment.
async fn begin(transaction: &mut Transaction<'_, Sqlite>) -> Result<OpenSegment> {
    let sql = Sql::new(
        "INSERT INTO log_segments (state, began, first, last, runs, steps, errors) VALUES (0, 0, 0, 0, 0, 0, 0) RETURNING number",
    );
    let rows = Lite(transaction).rows(sql).await?;
    let number = rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default();
    let script = format!(
        "CREATE TABLE {} (id BLOB NOT NULL, project INTEGER NOT NULL, started INTEGER NOT NULL, duration INTEGER NOT NULL, \
         kind INTEGER NOT NULL, status INTEGER NOT NULL, error INTEGER, target INTEGER NOT NULL, party INTEGER NOT NULL, \
         source INTEGER NOT NULL, method INTEGER, url TEXT, message TEXT, request TEXT, session TEXT, \
         first_step INTEGER NOT NULL, step_count INTEGER NOT NULL, left_out INTEGER NOT NULL) STRICT;\n\
         CREATE TABLE {} (number INTEGER PRIMARY KEY, idx INTEGER NOT NULL, kind INTEGER NOT NULL, iterations INTEGER NOT NULL, \
         started INTEGER NOT NULL, duration INTEGER NOT NULL, skipped INTEGER NOT NULL, success INTEGER NOT NULL, \
         status INTEGER NOT NULL, message TEXT, attempts TEXT, attempt_count INTEGER NOT NULL) STRICT;",
        runs_table(number),
        steps_table(number)
    );
    run_script(transaction, script).await?;
    Ok(OpenSegment { number, began: 0, first: 0, last: 0, runs: 0, errors: 0, next_step: 1 })
}

/// Builds the next missing index of a segment that is being sealed, or completes it. Returns false if no segment is left. What a
/// crash interrupts is done by the next call after the start: each part is a transaction that can be repeated.
pub(super) async fn seal_further(writer: &SqlitePool) -> Result<bool> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let sql = Sql::new("SELECT number FROM log_segments WHERE state = 1 ORDER BY number LIMIT 1").keep();
    let rows = Lite(&mut transaction).rows(sql).await?;
    let Some(number) = rows.first().map(|row| row.int(0)).transpose()? else { return Ok(false) };
    let table = runs_table(number);
    let mut sql = Sql::new("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ");
    sql.value(table.clone());
    let built = Lite(&mut transaction).rows(sql).await?;
    let built = built.iter().map(|row| row.opt_text(0)).collect::<Result<Vec<_>>>()?;
    let missing = Index::ALL.into_iter().map(Index::definition).find(|(suffix, _)| {
        let name = format!("{table}_{suffix}");
        !built.iter().flatten().any(|known| *known == name)
    });
    match missing {
        Some((suffix, columns)) => {
            let (name, on) = columns
                .split_once(" WHERE ")
                .map_or((columns, String::new()), |(columns, condition)| (columns, format!(" WHERE {condition}")));
            run_script(&mut transaction, format!("CREATE INDEX {table}_{suffix} ON {table} {name}{on};")).await?;
        }
        None => {
            for column in COUNTED {
                let script = format!(
                    "INSERT OR REPLACE INTO log_segment_values (column_name, value, segment, rows) \
                     SELECT '{column}', {column}, {number}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY {column};"
                );
                run_script(&mut transaction, script).await?;
            }
            let mut sql = Sql::new("UPDATE log_segments SET state = ");
            sql.int(SEALED).word(" WHERE number = ").int(number);
            Lite(&mut transaction).execute(sql).await?;
        }
    }
    transaction.commit().await?;
    Ok(true)
}

/// Returns the number of bytes that are in use.
pub(super) async fn used_bytes(connection: &mut SqliteConnection) -> Result<u64> {
    let mut numbers = [0_i64; 3];
    for (number, pragma) in numbers.iter_mut().zip(["page_count", "freelist_count", "page_size"]) {
        *number =
            sqlx::query(AssertSqlSafe(format!("PRAGMA {pragma}"))).fetch_one(&mut *connection).await?.try_get(0)?;
    }
    let [pages, free, size] = numbers;
    Ok(u64::try_from((pages - free).saturating_mul(size)).unwrap_or_default())
}

/// Deletes a segment, or some rows. Returns the number of runs; none if nothing is left to delete.
pub(super) async fn delete_some(
    writer: &SqlitePool,
    open: &mut OpenSegment,
    now: Timestamp,
    retention: &Retention,
) -> Result<Option<u64>> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let segments = list(&mut transaction).await?;
    let used = used_bytes(&mut transaction).await?;
    let cutoff = now.as_micros().saturating_sub(i64::from(retention.days).saturating_mul(DAY));
    let is_old = |segment: &&Segment| retention.days > 0 && segment.last < cutoff;
    let is_too_large = retention.max_bytes > 0 && used > retention.max_bytes;
    let oldest = segments.iter().filter(|segment| !segment.is_open).min_by_key(|segment| segment.last);
    let dropped = segments.iter().filter(|segment| !segment.is_open).find(is_old).or(oldest.filter(|_| is_too_large));
    let removed = if let Some(segment) = dropped {
        drop_segment(&mut transaction, segment.number).await?;
        segment.runs
    } else if let Some(segment) =
        segments.iter().find(|segment| retention.days > 0 && segment.runs > 0 && segment.first < cutoff)
    {
        delete_rows(&mut transaction, segment, cutoff, open).await?
    } else {
        roll_ups(&mut transaction, now, retention).await?;
        let returned = format!("PRAGMA incremental_vacuum({MAX_RETURNED_PAGES});");
        transaction.commit().await?;
        run_script(&mut *writer.acquire().await?, returned).await?;
        return Ok(None);
    };
    transaction.commit().await?;
    Ok(Some(u64::try_from(removed).unwrap_or_default()))
}

async fn drop_segment(transaction: &mut Transaction<'_, Sqlite>, number: i64) -> Result<()> {
    let script = format!(
        "DROP TABLE {}; DROP TABLE {}; DELETE FROM log_segment_values WHERE segment = {number}; \
         DELETE FROM log_segments WHERE number = {number};",
        runs_table(number),
        steps_table(number)
    );
    run_script(transaction, script).await
}

/// Deletes old rows of a segment that stays. Returns their number.
async fn delete_rows(
    transaction: &mut Transaction<'_, Sqlite>,
    segment: &Segment,
    cutoff: i64,
    open: &mut OpenSegment,
) -> Result<i64> {
    let (runs, steps) = (runs_table(segment.number), steps_table(segment.number));
    let old = format!("SELECT rowid FROM {runs} WHERE started < {cutoff} ORDER BY started LIMIT {MAX_DELETED}");
    let script = format!(
        "DELETE FROM {steps} WHERE number IN (SELECT w.number FROM {runs} r JOIN {steps} w ON w.number >= r.first_step \
         AND w.number < r.first_step + r.step_count WHERE r.rowid IN ({old}));"
    );
    run_script(transaction, script).await?;
    let deleted = Lite(transaction).execute(Sql::new(format!("DELETE FROM {runs} WHERE rowid IN ({old})"))).await?;
    let deleted = i64::try_from(deleted).unwrap_or_default();
    let sql = Sql::new(format!("SELECT min(started), CAST(sum(status >= 400) AS BIGINT) FROM {runs}"));
    let rows = Lite(transaction).rows(sql).await?;
    let first = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(segment.last);
    let errors = rows.first().map(|row| row.opt_int(1)).transpose()?.flatten().unwrap_or_default();
    let mut sql = Sql::new("UPDATE log_segments SET runs = runs - ");
    sql.int(deleted).word(", errors = ").int(errors).word(", first = ").int(first.max(cutoff.min(segment.last)));
    sql.word(" WHERE number = ").int(segment.number);
    Lite(transaction).execute(sql).await?;
    if open.number == segment.number {
        open.runs -= deleted;
        open.errors = errors;
        open.first = first.max(cutoff.min(segment.last));
    }
    Ok(deleted)
}

/// Deletes roll-ups past their retention.
async fn roll_ups(transaction: &mut Transaction<'_, Sqlite>, now: Timestamp, retention: &Retention) -> Result<()> {
    if retention.rollup_days > 0 {
        let cutoff = now.as_micros().saturating_sub(i64::from(retention.rollup_days).saturating_mul(DAY));
        let mut sql = Sql::new("DELETE FROM log_hours WHERE hour < ");
        sql.int(cutoff);
        Lite(transaction).execute(sql).await?;
    }
    Ok(())
}
