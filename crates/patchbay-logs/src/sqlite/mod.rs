//! The logs in a file of their own.
//!
//! Rows are appended to an open segment, a pair of tables without secondary indexes. A segment that is large or old enough is
//! sealed: its indexes are built, each in a transaction of its own, and the values that it contains are counted, so that queries
//! for others pass it by. Logs past their retention are deleted by dropping the tables of a segment.

mod open;
mod segments;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use patchbay_model::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use crate::{
    aggregate,
    conditions::Conditions,
    dictionaries::Dictionaries,
    filter::OrderBy,
    insert,
    read::{self, Index, Tables, Times},
    row::{RunId, RunRow},
    sql::{Cells as _, Lite, Session as _, Sql},
    store::{
        AggregateQuery, Aggregates, LogStatus, LogStore, Result, Retention, RunPage, RunQuery, StepPage, StepQuery,
    },
};

use segments::OpenSegment;

/// The number of rows of a value in a segment up to which its own index is read; more are found sooner by time.
const MAX_ROWS_BY_VALUE: i64 = 5_000;

/// When a segment is sealed.
#[derive(Clone, Copy, Debug)]
pub struct SqliteLimits {
    /// The number of runs.
    pub runs: i64,
    /// The time between its first and its newest run, in microseconds.
    pub micros: i64,
}

impl Default for SqliteLimits {
    /// Returns 100,000 runs and 24 hours.
    fn default() -> Self {
        Self { runs: 100_000, micros: 24 * 3_600_000_000 }
    }
}

/// The logs in a SQLite file.
pub struct SqliteLogs {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    /// The segment that rows are appended to. Who holds it may write.
    open: Mutex<OpenSegment>,
    dictionaries: Arc<Dictionaries>,
    limits: SqliteLimits,
}

/// The number of rows in each segment that have one of the values of a condition.
struct Estimates(Vec<(&'static str, HashMap<i64, i64>)>);

impl Estimates {
    /// Reads them for each condition that a sealed segment counts.
    async fn read(connection: &mut SqliteConnection, conditions: &Conditions) -> Result<Self> {
        let mut all = Vec::new();
        for column in segments::COUNTED {
            let Some(numbers) = conditions.listed(column) else { continue };
            let mut sql = Sql::new("SELECT segment, sum(rows) FROM log_segment_values WHERE column_name = ");
            sql.value(column.to_owned()).word(" AND value").in_numbers(numbers).word(" GROUP BY segment");
            let rows = Lite(&mut *connection).rows(sql).await?;
            let counts = rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<_>>()?;
            all.push((column, counts));
        }
        Ok(Self(all))
    }

    /// Returns the number of rows in a segment that meet the condition on a column; none without such a condition.
    fn rows(&self, column: &str, segment: i64) -> Option<i64> {
        self.0
            .iter()
            .find(|(name, _)| *name == column)
            .map(|(_, counts)| counts.get(&segment).copied().unwrap_or_default())
    }

    /// Returns whether a segment has no row that meets all conditions.
    fn exclude(&self, segment: i64) -> bool {
        self.0.iter().any(|(_, counts)| !counts.contains_key(&segment))
    }
}

impl SqliteLogs {
    /// Returns the segments that can contain what is asked for, newest first, with the index to use in each.
    async fn tables(
        &self,
        connection: &mut SqliteConnection,
        conditions: &Conditions,
        times: Times,
    ) -> Result<Vec<Tables>> {
        let all = segments::list(connection).await?;
        let estimates = Estimates::read(connection, conditions).await?;
        let mut tables = Vec::new();
        for segment in all {
            let mut table = segment.tables();
            if !times.meet(&table) || (segment.is_sealed && estimates.exclude(segment.number)) {
                continue;
            }
            if segment.is_sealed {
                let few = |column| estimates.rows(column, segment.number).is_some_and(|rows| rows <= MAX_ROWS_BY_VALUE);
                table.index = Some(if few("party") {
                    Index::Account
                } else if few("target") {
                    Index::Action
                } else if conditions.only_errors && segment.errors <= MAX_ROWS_BY_VALUE {
                    Index::Errors
                } else {
                    Index::Time
                });
            }
            tables.push(table);
        }
        tables.sort_by_key(|table| std::cmp::Reverse((table.last, table.number)));
        Ok(tables)
    }
}

#[async_trait]
impl LogStore for SqliteLogs {
    async fn append(&self, rows: &[RunRow]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut open = self.open.lock().await;
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut next = open.clone();
        let appended = async {
            let mut tables = next.append_tables();
            insert::append(&mut Lite(&mut transaction), &self.dictionaries, rows, &mut tables).await?;
            next.take(rows, tables.next_step);
            next.store(&mut transaction).await?;
            if next.is_full(self.limits) {
                next = next.seal(&mut transaction).await?;
            }
            Result::Ok(())
        }
        .await;
        let outcome = match appended {
            Ok(()) => transaction.commit().await.map_err(Into::into),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => *open = next,
            Err(_) => self.dictionaries.forget_numbers(),
        }
        outcome
    }

    async fn runs(&self, query: &RunQuery) -> Result<RunPage> {
        let mut transaction = self.readers.begin().await?;
        let nothing = RunPage { total: Some(0), ..RunPage::default() };
        let Some(project) = read::project_number(&mut Lite(&mut transaction), &query.project).await? else {
            return Ok(nothing);
        };
        let conditions = Conditions::resolve(&mut Lite(&mut transaction), &query.filter, true).await?;
        if conditions.is_nothing {
            return Ok(nothing);
        }
        let mut tables = self.tables(&mut transaction, &conditions, Times::of(&query.filter)).await?;
        if query.order.ascending && query.order.by == OrderBy::Start {
            tables.sort_by_key(|table| (table.first, table.number));
        }
        read::runs(&mut Lite(&mut transaction), &self.dictionaries, &conditions, &tables, project, query).await
    }

    async fn run(&self, project: &str, id: RunId) -> Result<Option<RunRow>> {
        let mut transaction = self.readers.begin().await?;
        let Some(project) = read::project_number(&mut Lite(&mut transaction), project).await? else { return Ok(None) };
        let times = Times { from: i64::MIN, to: i64::MAX };
        let tables = self.tables(&mut transaction, &Conditions::default(), times).await?;
        read::run(&mut Lite(&mut transaction), &self.dictionaries, &tables, project, id).await
    }

    async fn steps(&self, query: &StepQuery) -> Result<StepPage> {
        let mut transaction = self.readers.begin().await?;
        let nothing = StepPage { total: Some(0), ..StepPage::default() };
        let Some(project) = read::project_number(&mut Lite(&mut transaction), &query.project).await? else {
            return Ok(nothing);
        };
        let conditions = Conditions::resolve(&mut Lite(&mut transaction), &query.filter, false).await?;
        if conditions.is_nothing {
            return Ok(nothing);
        }
        let tables = self.tables(&mut transaction, &conditions, Times::of(&query.filter)).await?;
        read::steps(&mut Lite(&mut transaction), &self.dictionaries, &conditions, &tables, project, query).await
    }

    async fn aggregate(&self, query: &AggregateQuery) -> Result<Aggregates> {
        let mut transaction = self.readers.begin().await?;
        let Some(project) = read::project_number(&mut Lite(&mut transaction), &query.project).await? else {
            return Ok(Aggregates::default());
        };
        let conditions = Conditions::resolve(&mut Lite(&mut transaction), &query.filter, true).await?;
        if conditions.is_nothing {
            return Ok(Aggregates::default());
        }
        let tables = self.tables(&mut transaction, &conditions, Times::of(&query.filter)).await?;
        aggregate::aggregate(&mut Lite(&mut transaction), &conditions, &tables, project, query).await
    }

    async fn tidy(&self) -> Result<bool> {
        let _open = self.open.lock().await;
        segments::seal_further(&self.writer).await
    }

    async fn retain(&self, now: Timestamp, retention: &Retention) -> Result<u64> {
        let mut removed = 0;
        loop {
            // Between two batches, rows are appended.
            let mut open = self.open.lock().await;
            let Some(some) = segments::delete_some(&self.writer, &mut open, now, retention).await? else { break };
            removed += some;
        }
        Ok(removed)
    }

    async fn status(&self) -> Result<LogStatus> {
        let mut transaction = self.readers.begin().await?;
        let all = segments::list(&mut transaction).await?;
        let count = |value: fn(&segments::Segment) -> i64| {
            all.iter().map(|segment| u64::try_from(value(segment)).unwrap_or_default()).sum()
        };
        let times = || all.iter().filter(|segment| segment.runs > 0);
        let bytes = segments::used_bytes(&mut transaction).await?;
        Ok(LogStatus {
            runs: count(|segment| segment.runs),
            steps: count(|segment| segment.steps),
            bytes,
            segments: all.len() as u64,
            oldest: times().map(|segment| segment.first).min().map(Timestamp::from_micros),
            newest: times().map(|segment| segment.last).max().map(Timestamp::from_micros),
        })
    }

    async fn close(&self) {
        self.readers.close().await;
        // If it fails, the next start does it: the log is part of the database.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests;
