//! Counts runs by groups and intervals: whole hours from the roll-ups if they know the groups and the conditions, the rest from the
//! rows.

use std::collections::BTreeMap;

use patchbay_model::Timestamp;
use tokio::time::{Duration, Instant};

use crate::{
    buckets::{self, Histogram},
    conditions::Conditions,
    dimension::{Dimension, Place, Star},
    insert::HOUR,
    read::{Tables, Times},
    row::LogKind,
    sql::{Cells, Session, Sql},
    store::{AggregateQuery, AggregateRow, Aggregates, Interval, Result},
};

/// The longest time that rows are counted.
const MAX_SEARCH: Duration = Duration::from_secs(2);
/// The largest number of groups.
const MAX_GROUPS: usize = 20_000;
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * HOUR;

/// A group: the number of its interval, and the value of each dimension.
type Group = (Option<i64>, Vec<Option<String>>);

/// The counts of one group.
#[derive(Default)]
struct Counts {
    errors: u64,
    durations: Histogram,
}

/// Counts runs. `tables` are newest first.
pub(crate) async fn aggregate<S: Session>(
    session: &mut S,
    conditions: &Conditions,
    tables: &[Tables],
    project: i64,
    query: &AggregateQuery,
) -> Result<Aggregates> {
    let times = Times::of(&query.filter);
    let by_hours = query.interval != Interval::Minute
        && query.filter.is_rolled_up()
        && query.dimensions.iter().all(|dimension| dimension.is_rolled_up());
    let mut groups = BTreeMap::<Group, Counts>::new();
    let mut counting = Counting { session, conditions, project, query, groups: &mut groups };
    let searched_from = if by_hours {
        // The first and the last hour may be cut: their rows are counted one by one.
        let first = if times.from == i64::MIN { i64::MIN } else { ceiling(times.from) };
        let end = if times.to == i64::MAX { i64::MAX } else { floor(times.to.saturating_add(1)) };
        if first < end {
            counting.hours(first, end).await?;
            let mut searched_from = None;
            if times.from < first && times.from != i64::MIN {
                searched_from = counting.rows(tables, Times { from: times.from, to: first - 1 }).await?;
            }
            if end != i64::MAX && times.to >= end {
                searched_from = searched_from.max(counting.rows(tables, Times { from: end, to: times.to }).await?);
            }
            searched_from
        } else {
            counting.rows(tables, times).await?
        }
    } else {
        counting.rows(tables, times).await?
    };
    let rows = groups.into_iter().map(|((time, values), counts)| AggregateRow {
        time: time.map(|number| Timestamp::from_micros(interval_start(query.interval, query.period, number))),
        values,
        errors: counts.errors,
        durations: counts.durations,
    });
    Ok(Aggregates { rows: rows.collect(), searched_from })
}

struct Counting<'a, S> {
    session: &'a mut S,
    conditions: &'a Conditions,
    project: i64,
    query: &'a AggregateQuery,
    groups: &'a mut BTreeMap<Group, Counts>,
}

impl<S: Session> Counting<'_, S> {
    /// Counts the roll-ups of the hours from `first` to before `end`.
    async fn hours(&mut self, first: i64, end: i64) -> Result<()> {
        let time = self.time_expression("r.hour");
        let mut sql = self.selection(&time, "n.name");
        sql.word("r.bucket, CAST(sum(r.calls) AS BIGINT), ");
        sql.word(
            "CAST(sum(CASE WHEN r.status >= 400 THEN r.calls ELSE 0 END) AS BIGINT), CAST(sum(r.duration) AS BIGINT)",
        );
        sql.word(" FROM log_hours r JOIN log_targets t ON t.id = r.target LEFT JOIN log_names n ON n.id = r.source");
        sql.word(" WHERE r.project = ").int(self.project);
        if first != i64::MIN {
            sql.word(" AND r.hour >= ").int(first);
        }
        if end != i64::MAX {
            sql.word(" AND r.hour < ").int(end);
        }
        // The roll-ups have names of sources in place of sources.
        let source_names = self.query.filter.any_of.iter().filter(|(dimension, _)| *dimension == Dimension::SourceType);
        for (_, values) in source_names {
            sql.word(" AND n.name").in_values(values);
        }
        self.conditions.push_without(&mut sql, Star::Sources.column());
        self.grouped(&mut sql);
        let rows = self.session.rows(sql).await?;
        self.add(&rows)
    }

    /// Counts rows. Returns the time from which on they were counted, if there was not enough time for all.
    async fn rows(&mut self, tables: &[Tables], times: Times) -> Result<Option<Timestamp>> {
        let deadline = Instant::now() + MAX_SEARCH;
        let mut is_first = true;
        for table in tables {
            if !times.meet(table) {
                continue;
            }
            if !std::mem::take(&mut is_first) && (Instant::now() >= deadline || self.groups.len() > MAX_GROUPS) {
                return Ok(Some(Timestamp::from_micros(table.last)));
            }
            let time = self.time_expression("r.started");
            let mut sql = self.selection(&time, "s.source_type");
            let bucket = buckets::expression("r.duration");
            sql.push(format!("{bucket}, count(*), "));
            sql.word(
                "CAST(sum(CASE WHEN r.status >= 400 THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(r.duration) AS BIGINT)",
            );
            sql.push(format!(" FROM {} r", table.runs));
            for star in Star::ALL {
                if self.query.dimensions.iter().any(|dimension| uses(*dimension, star)) {
                    sql.push(format!(" JOIN {} {} ON {1}.id = r.{}", star.table(), star.alias(), star.column()));
                }
            }
            for (column, alias) in [("method", "nm"), ("error", "ne")] {
                if self.query.dimensions.iter().any(|dimension| dimension.place() == Place::Name(column)) {
                    sql.push(format!(" LEFT JOIN log_names {alias} ON {alias}.id = r.{column}"));
                }
            }
            sql.word(" WHERE r.project = ").int(self.project);
            if times.from != i64::MIN {
                sql.word(" AND r.started >= ").int(times.from);
            }
            if times.to != i64::MAX {
                sql.word(" AND r.started <= ").int(times.to);
            }
            self.conditions.push_to(&mut sql);
            self.grouped(&mut sql);
            let rows = self.session.rows(sql).await?;
            self.add(&rows)?;
        }
        Ok(None)
    }

    /// Returns the beginning of a statement: interval and dimensions, each followed by a comma.
    fn selection(&self, time: &str, source_type: &str) -> Sql {
        let mut sql = Sql::new(format!("SELECT {time}, "));
        for dimension in &self.query.dimensions {
            let expression = match dimension.place() {
                Place::Star(Star::Sources, _) if *dimension == Dimension::SourceType => source_type.to_owned(),
                Place::Star(star, column) => format!("{}.{column}", star.alias()),
                Place::Name("method") => "nm.name".to_owned(),
                Place::Name(_) => "ne.name".to_owned(),
                Place::Status => "CAST(r.status AS TEXT)".to_owned(),
                Place::Kind => "CAST(r.kind AS TEXT)".to_owned(),
                Place::Success => "CASE WHEN r.status < 400 THEN 'true' ELSE 'false' END".to_owned(),
                Place::Background => "s.is_background".to_owned(),
                Place::Text(column) => format!("r.{column}"),
                Place::Id | Place::Request | Place::Nowhere => "CAST(NULL AS TEXT)".to_owned(),
            };
            sql.push(expression).word(", ");
        }
        sql
    }

    /// Groups by everything before the counts.
    fn grouped(&self, sql: &mut Sql) {
        let columns = (1..=self.query.dimensions.len() + 2).map(|column| column.to_string()).collect::<Vec<_>>();
        sql.push(format!(" GROUP BY {} LIMIT {MAX_GROUPS}", columns.join(", ")));
    }

    /// Returns the expression for the interval that the database groups by: a month is a group of days.
    fn time_expression(&self, column: &str) -> String {
        let length = match self.query.interval {
            Interval::None => return "CAST(0 AS BIGINT)".to_owned(),
            Interval::Minute => MINUTE,
            Interval::Hour => HOUR,
            Interval::Day | Interval::Week | Interval::Month => DAY,
        };
        format!("({column} / {length})")
    }

    fn add(&mut self, rows: &[S::Row]) -> Result<()> {
        let dimensions = self.query.dimensions.len();
        for row in rows {
            let mut values = Vec::with_capacity(dimensions);
            for (column, dimension) in self.query.dimensions.iter().enumerate() {
                let value = row.opt_text(column + 1)?;
                values.push(match dimension.place() {
                    Place::Kind => value
                        .and_then(|number| number.parse().ok())
                        .map(|number| LogKind::of_number(number).as_str().to_owned()),
                    _ => value,
                });
            }
            let time = match self.query.interval {
                Interval::None => None,
                interval => Some(interval_number(interval, self.query.period, row.int(0)?)),
            };
            let counts = self.groups.entry((time, values)).or_default();
            let count = |column: usize| row.opt_int(dimensions + column).map(Option::unwrap_or_default);
            let bucket = usize::try_from(count(1)?).unwrap_or_default();
            counts.durations.add(bucket, u64::try_from(count(2)?).unwrap_or_default(), count(4)?);
            counts.errors += u64::try_from(count(3)?).unwrap_or_default();
        }
        Ok(())
    }
}

/// Returns whether a dimension is a column of a dictionary.
fn uses(dimension: Dimension, star: Star) -> bool {
    match dimension.place() {
        Place::Star(of, _) => of == star,
        Place::Background => star == Star::Sources,
        _ => false,
    }
}

fn floor(micros: i64) -> i64 {
    micros.div_euclid(HOUR).saturating_mul(HOUR)
}

fn ceiling(micros: i64) -> i64 {
    floor(micros.saturating_add(HOUR - 1))
}

/// Returns the number of the interval to which a unit of the database belongs.
fn interval_number(interval: Interval, period: u32, unit: i64) -> i64 {
    let period = i64::from(period.max(1));
    match interval {
        Interval::None | Interval::Minute | Interval::Hour | Interval::Day => unit.div_euclid(period),
        // 5 January 1970 was the first Monday.
        Interval::Week => (unit - 4).div_euclid(7 * period),
        Interval::Month => month_of_day(unit).div_euclid(period),
    }
}

/// Returns when an interval begins, in microseconds.
fn interval_start(interval: Interval, period: u32, number: i64) -> i64 {
    let number = number.saturating_mul(i64::from(period.max(1)));
    match interval {
        Interval::None => 0,
        Interval::Minute => number.saturating_mul(MINUTE),
        Interval::Hour => number.saturating_mul(HOUR),
        Interval::Day => number.saturating_mul(DAY),
        Interval::Week => (number * 7 + 4).saturating_mul(DAY),
        Interval::Month => day_of_month(number).saturating_mul(DAY),
    }
}

/// Returns the number of the month (year × 12 + month from 0) of a day since 1970-01-01 (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn month_of_day(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 2 } else { march_month - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    year * 12 + month
}

/// Returns the first day of a month as days since 1970-01-01 (`days_from_civil`).
fn day_of_month(number: i64) -> i64 {
    let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_begin_where_calendars_say() {
        let day = |text: &str| text.parse::<Timestamp>().unwrap().as_micros() / DAY;
        for (interval, period, at, expected) in [
            (Interval::Day, 1, "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z"),
            (Interval::Week, 1, "2026-02-28T00:00:00Z", "2026-02-23T00:00:00Z"),
            (Interval::Week, 1, "2026-02-23T00:00:00Z", "2026-02-23T00:00:00Z"),
            (Interval::Month, 1, "2026-02-28T00:00:00Z", "2026-02-01T00:00:00Z"),
            (Interval::Month, 1, "2024-02-29T00:00:00Z", "2024-02-01T00:00:00Z"),
            (Interval::Month, 1, "2025-12-31T00:00:00Z", "2025-12-01T00:00:00Z"),
            (Interval::Month, 3, "2025-12-31T00:00:00Z", "2025-10-01T00:00:00Z"),
            (Interval::Month, 12, "2025-12-31T00:00:00Z", "2025-01-01T00:00:00Z"),
        ] {
            let number = interval_number(interval, period, day(at));
            let start = Timestamp::from_micros(interval_start(interval, period, number));
            assert_eq!(start, expected.parse().unwrap(), "{interval:?} {at}");
        }
        for number in [0, 23_640, 24_313, 24_323] {
            assert_eq!(month_of_day(day_of_month(number)), number);
        }
    }
}
