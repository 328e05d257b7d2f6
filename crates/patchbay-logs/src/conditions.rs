//! Turns a filter into conditions on runs. Values of dictionaries are looked up first: a value that no run has is found without a
//! look at the runs.

use std::collections::BTreeSet;

use crate::{
    dimension::{Dimension, Place, Star},
    filter::LogFilter,
    row::{LogKind, RunId},
    sql::{Cells as _, Session, Sql},
    store::Result,
};

/// The largest number of entries of a dictionary that a condition lists; more are looked up for each run.
const MAX_LISTED: usize = 2_000;

/// The numbers that a column may have.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The column.
    pub(crate) column: &'static str,
    /// The numbers.
    pub(crate) numbers: Vec<i64>,
}

/// The conditions of a filter on the table of runs, which is named `r`.
#[derive(Default)]
pub(crate) struct Conditions {
    /// Columns with the numbers that they may have.
    pub(crate) listed: Vec<Listed>,
    /// Columns with a query of the numbers that they may have.
    queried: Vec<(&'static str, Sql)>,
    /// Other conditions.
    others: Vec<Sql>,
    /// Whether no run can meet them.
    pub(crate) is_nothing: bool,
    /// Whether every run that meets them failed.
    pub(crate) only_errors: bool,
    /// Whether an action is named.
    pub(crate) names_action: bool,
}

impl Conditions {
    /// Looks up what the filter names. Times are not part of the conditions.
    pub(crate) async fn resolve<S: Session>(session: &mut S, filter: &LogFilter, success: bool) -> Result<Self> {
        // An empty list of values matches nothing.
        if filter.any_of.iter().any(|(_, values)| values.is_empty()) {
            return Ok(Self { is_nothing: true, ..Self::default() });
        }
        let mut conditions = Self::default();
        for star in Star::ALL {
            conditions.resolve_star(session, filter, star).await?;
        }
        for (dimension, values) in &filter.any_of {
            conditions.add(session, *dimension, values).await?;
        }
        if !filter.tuples.is_empty() {
            conditions.add_tuples(&filter.tuples);
        }
        if let Some(success_wanted) = filter.success.filter(|_| success) {
            conditions.add_success(success_wanted);
        }
        if let Some(text) = &filter.text {
            let text = text.to_lowercase();
            let position = S::POSITION;
            let mut sql = Sql::new(format!("({position}(lower(coalesce(r.message, '')), "));
            sql.value(text.clone()).push(format!(") > 0 OR {position}(lower(coalesce(r.url, '')), "));
            sql.value(text).word(") > 0)");
            conditions.others.push(sql);
        }
        if let Some(micros) = filter.min_duration_micros {
            let mut sql = Sql::new("r.duration >= ");
            sql.int(micros);
            conditions.others.push(sql);
        }
        Ok(conditions)
    }

    /// Looks up the entries of a dictionary that have the values of all conditions on it.
    async fn resolve_star<S: Session>(&mut self, session: &mut S, filter: &LogFilter, star: Star) -> Result<()> {
        let own = filter.any_of.iter().filter_map(|(dimension, values)| match dimension.place() {
            Place::Star(of, column) if of == star => Some((*dimension, column, values)),
            _ => None,
        });
        let own = own.collect::<Vec<_>>();
        let background = filter.is_background.filter(|_| star == Star::Sources);
        if own.is_empty() && background.is_none() {
            return Ok(());
        }
        let mut select = Sql::new(format!("SELECT id FROM {} WHERE 1 = 1", star.table()));
        for (dimension, column, values) in own {
            self.names_action |= matches!(dimension, Dimension::ActionId | Dimension::Action);
            select.word(" AND ").word(column).in_values(values);
        }
        if let Some(background) = background {
            select.word(" AND is_background = ").value(background.to_string());
        }
        let subquery = select.clone();
        select.push(format!(" LIMIT {}", MAX_LISTED + 1));
        let numbers = session.rows(select).await?.iter().map(|row| row.int(0)).collect::<Result<Vec<_>>>()?;
        self.is_nothing |= numbers.is_empty();
        if numbers.len() <= MAX_LISTED {
            self.listed.push(Listed { column: star.column(), numbers });
        } else {
            self.queried.push((star.column(), subquery));
        }
        Ok(())
    }

    async fn add<S: Session>(&mut self, session: &mut S, dimension: Dimension, values: &[String]) -> Result<()> {
        match dimension.place() {
            // Done above.
            Place::Star(..) => {}
            Place::Name(column) => {
                let mut select = Sql::new("SELECT id FROM log_names WHERE name");
                select.in_values(values);
                let numbers = session.rows(select).await?.iter().map(|row| row.int(0)).collect::<Result<Vec<_>>>()?;
                self.is_nothing |= numbers.is_empty();
                self.listed.push(Listed { column, numbers });
            }
            Place::Status => {
                let numbers = values.iter().filter_map(|value| value.trim().parse::<u16>().ok());
                let numbers = numbers.map(i64::from).collect::<Vec<_>>();
                self.is_nothing |= numbers.is_empty();
                self.only_errors |= numbers.iter().all(|status| *status >= 400);
                self.listed.push(Listed { column: "status", numbers });
            }
            Place::Kind => {
                let kinds = LogKind::ALL.into_iter().filter(|kind| values.iter().any(|value| value == kind.as_str()));
                let numbers = kinds.map(LogKind::number).collect::<Vec<_>>();
                self.is_nothing |= numbers.is_empty();
                self.listed.push(Listed { column: "kind", numbers });
            }
            Place::Id | Place::Request => self.add_ids(values, dimension.place() == Place::Request),
            Place::Text(column) => {
                let mut sql = Sql::new(format!("r.{column}"));
                sql.in_values(values);
                self.others.push(sql);
            }
            Place::Success => match wanted_truth(values) {
                (true, true) => {}
                (false, false) => self.is_nothing = true,
                (is_true, _) => self.add_success(is_true),
            },
            // A dimension with its own condition in the filter.
            Place::Background => self.is_nothing |= !values.iter().any(|value| value == "true" || value == "false"),
            Place::Nowhere => self.is_nothing = true,
        }
        Ok(())
    }

    /// Adds ids. Each says when its run began, so that the index by time finds it.
    fn add_ids(&mut self, values: &[String], or_request: bool) {
        let mut sql = Sql::new("(1 = 0");
        for id in values.iter().filter_map(|value| RunId::parse(value)) {
            sql.word(" OR (r.id = ").bytes(&id.0);
            if let Some(first) = id.first_micros() {
                sql.word(" AND r.started >= ").int(first).word(" AND r.started < ").int(first + 1_000);
            }
            sql.word(")");
        }
        if or_request {
            sql.word(" OR r.request").in_values(values);
        }
        sql.word(")");
        self.others.push(sql);
    }

    fn add_success(&mut self, success: bool) {
        self.only_errors |= !success;
        self.others.push(Sql::new(if success { "r.status < 400" } else { "r.status >= 400" }));
    }

    fn add_tuples(&mut self, tuples: &[(Dimension, String)]) {
        let mut sql = Sql::new("(1 = 0");
        for (dimension, value) in tuples {
            match dimension.place() {
                Place::Star(star, column) => {
                    sql.push(format!(" OR r.{} IN (SELECT id FROM {} WHERE {column} = ", star.column(), star.table()));
                    sql.value(value.clone()).word(")");
                }
                Place::Name(column) => {
                    sql.push(format!(" OR r.{column} IN (SELECT id FROM log_names WHERE name = "));
                    sql.value(value.clone()).word(")");
                }
                Place::Status => {
                    if let Ok(status) = value.parse::<u16>() {
                        sql.word(" OR r.status = ").int(i64::from(status));
                    }
                }
                Place::Kind => {
                    if let Some(kind) = LogKind::ALL.into_iter().find(|kind| kind.as_str() == value) {
                        sql.word(" OR r.kind = ").int(kind.number());
                    }
                }
                Place::Id => {
                    if let Some(id) = RunId::parse(value) {
                        sql.word(" OR r.id = ").bytes(&id.0);
                    }
                }
                Place::Request => {
                    if let Some(id) = RunId::parse(value) {
                        sql.word(" OR r.id = ").bytes(&id.0);
                    }
                    sql.word(" OR r.request = ").value(value.clone());
                }
                Place::Text(column) => {
                    sql.push(format!(" OR r.{column} = ")).value(value.clone());
                }
                Place::Success => match value.as_str() {
                    "true" => {
                        sql.word(" OR r.status < 400");
                    }
                    "false" => {
                        sql.word(" OR r.status >= 400");
                    }
                    _ => {}
                },
                Place::Background => {
                    sql.word(" OR r.source IN (SELECT id FROM log_sources WHERE is_background = ");
                    sql.value(value.clone()).word(")");
                }
                Place::Nowhere => {}
            }
        }
        sql.word(")");
        self.others.push(sql);
    }

    /// Appends the conditions, each with ` AND ` before it.
    pub(crate) fn push_to(&self, sql: &mut Sql) {
        self.push_without(sql, "");
    }

    /// Appends the conditions, except those on a column.
    pub(crate) fn push_without(&self, sql: &mut Sql, left_out: &str) {
        for Listed { column, numbers } in self.listed.iter().filter(|listed| listed.column != left_out) {
            sql.word(" AND r.").word(column).in_numbers(numbers);
        }
        for (column, query) in self.queried.iter().filter(|(column, _)| *column != left_out) {
            sql.word(" AND r.").word(column).word(" IN (").append(query).word(")");
        }
        for other in &self.others {
            sql.word(" AND ").append(other);
        }
    }

    /// Returns the numbers that a column may have.
    pub(crate) fn listed(&self, column: &str) -> Option<&[i64]> {
        self.listed.iter().find(|listed| listed.column == column).map(|listed| listed.numbers.as_slice())
    }
}

/// Returns whether `true` and `false` are among the values.
fn wanted_truth(values: &[String]) -> (bool, bool) {
    let values = values.iter().map(String::as_str).collect::<BTreeSet<_>>();
    (values.contains("true"), values.contains("false"))
}
