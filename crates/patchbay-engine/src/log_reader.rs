//! Reads the logs of a project.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_logs::{
    AggregateQuery, Aggregates, Cursor, Dimension, DimensionValues, Interval, LogFilter, LogKind, LogStatus, Logs,
    MAX_ALL_VALUES, MAX_EXACT_TOTAL, MAX_VALUES as MAX_FILTER_VALUES, Order, PageStart, RunId, RunPage, RunQuery,
    RunRow, StepPage, StepQuery,
};
use patchbay_model::ApiScope;

use crate::{
    Caller, Error, ErrorCode, Problem,
    validation::{check_page, invalid, shortened},
};

/// The largest number of values of a dimension in a response.
const MAX_VALUES: usize = 500;
/// The largest number of dimensions that runs are grouped by.
const MAX_DIMENSIONS: usize = 5;
/// The largest number of lengths in an interval.
const MAX_PERIOD: u32 = 1_000;

/// A page of runs.
#[derive(Clone, Debug, Default)]
pub struct LogPageQuery {
    /// The conditions.
    pub filter: LogFilter,
    /// The order.
    pub order: Order,
    /// The page, from 1; unused with a cursor.
    pub page: u32,
    /// The number of runs on the page.
    pub page_size: u32,
    /// The cursor of the page.
    pub next: Option<String>,
}

/// A page of steps.
#[derive(Clone, Debug, Default)]
pub struct StepPageQuery {
    /// The conditions of their runs.
    pub filter: LogFilter,
    /// Whether only steps with requests to the provider are listed, and requests are counted.
    pub only_attempts: bool,
    /// The page, from 1; unused with a cursor.
    pub page: u32,
    /// The number of steps on the page.
    pub page_size: u32,
    /// The cursor of the page.
    pub next: Option<String>,
}

/// Reads the logs.
pub struct LogReader {
    logs: Arc<Logs>,
}

impl LogReader {
    pub(crate) fn new(logs: Arc<Logs>) -> Self {
        Self { logs }
    }

    /// Returns a page of the project's runs.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 400 `ValidationError` for a page beyond row 10,000, which only `next` reaches, for a cursor that is
    /// not one, and for too many values in the filter; 503 `StorageUnavailableError` if the logs cannot be read.
    pub async fn runs(&self, caller: &Caller, query: LogPageQuery) -> Result<RunPage, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_filter(&query.filter)?;
        let query = RunQuery {
            project: caller.project_id.to_string(),
            start: page_start(query.page, query.page_size, query.next.as_deref())?,
            filter: query.filter,
            order: query.order,
            size: query.page_size,
        };
        Ok(self.logs.reader()?.runs(&query).await?)
    }

    /// Returns a page of the project's runs of any size, for an export.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 400 `ValidationError` for too many values in the filter; 503 `StorageUnavailableError` if the logs
    /// cannot be read.
    pub async fn runs_at_once(&self, caller: &Caller, query: LogPageQuery) -> Result<RunPage, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_filter(&query.filter)?;
        let cursor = query.next.as_deref().and_then(Cursor::decode);
        let query = RunQuery {
            project: caller.project_id.to_string(),
            start: cursor.map_or(PageStart::Offset(0), PageStart::After),
            filter: query.filter,
            order: query.order,
            size: query.page_size,
        };
        Ok(self.logs.reader()?.runs(&query).await?)
    }

    /// Returns the newest runs of the project, newest first.
    ///
    /// # Errors
    ///
    /// As [`LogReader::runs_at_once`].
    pub async fn newest(&self, caller: &Caller, filter: LogFilter, size: u32) -> Result<Vec<RunRow>, Error> {
        let query = LogPageQuery { filter, page: 1, page_size: size, ..LogPageQuery::default() };
        Ok(self.runs_at_once(caller, query).await?.rows)
    }

    /// Returns a run of one of these kinds with its steps.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `LogNotFoundError`, also for a run of another project; 503 `StorageUnavailableError`.
    pub async fn run(&self, caller: &Caller, id: &str, kinds: &[LogKind]) -> Result<RunRow, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let found = match RunId::parse(id) {
            Some(id) => self.logs.reader()?.run(caller.project_id.as_str(), id).await?,
            None => None,
        };
        found.filter(|run| kinds.contains(&run.kind)).ok_or_else(|| {
            let message = format!(
                "the project has no log `{}`, or no longer; a log appears a second after its call",
                shortened(id)
            );
            Error::new(ErrorCode::LogNotFound, message)
        })
    }

    /// Returns a page of the steps of all runs.
    ///
    /// # Errors
    ///
    /// As [`LogReader::runs`].
    pub async fn steps(&self, caller: &Caller, query: StepPageQuery) -> Result<StepPage, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_filter(&query.filter)?;
        let query = StepQuery {
            project: caller.project_id.to_string(),
            start: page_start(query.page, query.page_size, query.next.as_deref())?,
            filter: query.filter,
            only_attempts: query.only_attempts,
            size: query.page_size,
        };
        Ok(self.logs.reader()?.steps(&query).await?)
    }

    /// Counts the project's runs by dimensions and intervals.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 400 `ValidationError` for a dimension that runs are not grouped by, or too many, and for too many
    /// values in the filter; 503 `StorageUnavailableError`.
    pub async fn aggregate(
        &self,
        caller: &Caller,
        filter: LogFilter,
        dimensions: Vec<Dimension>,
        interval: Interval,
        period: u32,
    ) -> Result<Aggregates, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_filter(&filter)?;
        check_dimensions(&dimensions)?;
        if !(1..=MAX_PERIOD).contains(&period) {
            return Err(problem("interval_period", format!("interval_period must be from 1 to {MAX_PERIOD}")));
        }
        let project = caller.project_id.to_string();
        let query = AggregateQuery { project, filter, dimensions, interval, period };
        Ok(self.logs.reader()?.aggregate(&query).await?)
    }

    /// Returns the values of dimensions with the numbers of the project's runs, most frequent first, at most 500 of each.
    ///
    /// # Errors
    ///
    /// As [`LogReader::aggregate`].
    pub async fn dimension_values(
        &self,
        caller: &Caller,
        filter: LogFilter,
        dimensions: Vec<Dimension>,
    ) -> Result<DimensionValues, Error> {
        caller.require(ApiScope::PlatformRead)?;
        check_filter(&filter)?;
        if dimensions.len() > Dimension::ALL.len() {
            return Err(problem("dimensions", "a dimension is named twice; name each once".to_owned()));
        }
        dimensions.iter().try_for_each(|dimension| check_dimensions(&[*dimension]))?;
        let store = self.logs.reader()?;
        let mut all = Vec::new();
        for dimension in dimensions {
            let query = AggregateQuery {
                project: caller.project_id.to_string(),
                filter: filter.clone(),
                dimensions: vec![dimension],
                interval: Interval::None,
                period: 1,
            };
            let found = store.aggregate(&query).await?;
            let mut counts = BTreeMap::<String, u64>::new();
            for row in found.rows {
                if let Some(value) = row.values.into_iter().next().flatten() {
                    *counts.entry(value).or_default() += row.durations.calls();
                }
            }
            let mut counts = counts.into_iter().collect::<Vec<_>>();
            counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
            counts.truncate(MAX_VALUES);
            all.push((dimension, counts));
        }
        Ok(all)
    }

    /// Returns what the logs of the instance contain, and the number of runs that were dropped since the start, by reason.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 503 `StorageUnavailableError` if the logs cannot be read.
    pub async fn status(&self, caller: &Caller) -> Result<(LogStatus, Vec<(&'static str, u64)>), Error> {
        caller.require(ApiScope::PlatformRead)?;
        Ok((self.logs.reader()?.status().await?, self.logs.dropped()))
    }
}

fn problem(path: &str, message: String) -> Error {
    invalid(vec![Problem { path: path.into(), code: "range", message }])
}

/// Checks that a database can take the values of a filter.
fn check_filter(filter: &LogFilter) -> Result<(), Error> {
    if let Some(name) = filter.too_long() {
        let message = format!(
            "the filter `{name}` has more than {MAX_FILTER_VALUES} values; ask for fewer at once, in several requests"
        );
        return Err(problem(&format!("filters.{name}"), message));
    }
    if filter.values() > MAX_ALL_VALUES {
        let message =
            format!("the filters have more than {MAX_ALL_VALUES} values; ask for fewer at once, in several requests");
        return Err(problem("filters", message));
    }
    Ok(())
}

fn check_dimensions(dimensions: &[Dimension]) -> Result<(), Error> {
    if dimensions.len() > MAX_DIMENSIONS {
        return Err(problem(
            "dimensions",
            format!("runs can be grouped by at most {MAX_DIMENSIONS} dimensions at once"),
        ));
    }
    match dimensions.iter().find(|dimension| !dimension.is_group()) {
        Some(other) => Err(problem("dimensions", format!("runs cannot be grouped by `{}`", other.as_str()))),
        None => Ok(()),
    }
}

/// Returns where a page begins.
fn page_start(page: u32, page_size: u32, next: Option<&str>) -> Result<PageStart, Error> {
    check_page(page, page_size)?;
    if let Some(next) = next {
        let cursor = Cursor::decode(next);
        let wrong = || problem("next", "`next` is not a cursor of this list; use the one of the last page".to_owned());
        return cursor.map(PageStart::After).ok_or_else(wrong);
    }
    let offset = u64::from(page - 1) * u64::from(page_size);
    if offset >= MAX_EXACT_TOTAL {
        let message = format!(
            "pages end at row {MAX_EXACT_TOTAL}; to read on, send `next` from the last response in place of `page`"
        );
        return Err(problem("page", message));
    }
    Ok(PageStart::Offset(offset))
}
