//! Lists runs and steps, table by table, from the one end of the time to the other.

use patchbay_model::Timestamp;
use tokio::time::{Duration, Instant};

use crate::{
    conditions::Conditions,
    cursor::Cursor,
    dictionaries::Dictionaries,
    filter::{LogFilter, Order, OrderBy},
    row::{AttemptRow, ListedStep, LogKind, RunId, RunRow, StepRow},
    sql::{Cells, Session, Sql},
    store::{MAX_EXACT_TOTAL, PageStart, Result, RunPage, RunQuery, StepPage, StepQuery},
};

/// The longest time that a search takes.
const MAX_SEARCH: Duration = Duration::from_secs(2);
/// The longest time that counting takes after the page was found.
const MAX_COUNT: Duration = Duration::from_millis(150);

/// The columns of a run, in the order in which they are read.
const RUN_COLUMNS: &str = "r.id, r.started, r.duration, r.kind, r.status, r.error, r.target, r.party, r.source, r.method, r.url, \
                           r.message, r.request, r.session, r.step_count, r.left_out, r.project";
/// The columns of a step, in the order in which they are read.
const STEP_COLUMNS: &str = "w.idx, w.kind, w.iterations, w.started, w.duration, w.skipped, w.success, w.status, w.message, \
                            w.attempts";

/// A pair of tables with runs and their steps.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    /// The number of the segment; 0 in a store without segments.
    pub(crate) number: i64,
    /// The table of runs.
    pub(crate) runs: String,
    /// The table of steps.
    pub(crate) steps: String,
    /// The start of the first run.
    pub(crate) first: i64,
    /// The start of the last run.
    pub(crate) last: i64,
    /// The index that finds the runs of this query; none leaves it to the database.
    pub(crate) index: Option<Index>,
    /// Whether steps refer to their run by its id.
    pub(crate) by_run: bool,
}

/// An index of a sealed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// Project and start.
    Time,
    /// Project, account and start.
    Account,
    /// Project, action and start.
    Action,
    /// Project, status and start, of runs that failed.
    Errors,
}

impl Index {
    /// Every index, in the order in which they are built.
    pub(crate) const ALL: [Self; 4] = [Self::Time, Self::Account, Self::Action, Self::Errors];

    /// Returns the end of its name, and its columns.
    pub(crate) const fn definition(self) -> (&'static str, &'static str) {
        match self {
            Self::Time => ("time", "(project, started)"),
            Self::Account => ("account", "(project, party, started)"),
            Self::Action => ("action", "(project, target, started)"),
            Self::Errors => ("errors", "(project, status, started) WHERE status >= 400"),
        }
    }
}

/// The times of a query, in microseconds, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The earliest start.
    pub(crate) from: i64,
    /// The latest start.
    pub(crate) to: i64,
}

impl Times {
    /// Returns the times of a filter.
    pub(crate) fn of(filter: &LogFilter) -> Self {
        Self {
            from: filter.start.map_or(i64::MIN, Timestamp::as_micros),
            to: filter.end.map_or(i64::MAX, Timestamp::as_micros),
        }
    }

    /// Returns whether a table can contain such a run.
    pub(crate) fn meet(self, tables: &Tables) -> bool {
        tables.first <= self.to && self.from <= tables.last
    }
}

/// What is asked of each table.
struct Scan<'a> {
    project: i64,
    conditions: &'a Conditions,
    times: Times,
}

impl Scan<'_> {
    /// Returns `FROM … WHERE …` for the runs of a table that meet the conditions; with their steps if `steps` is true.
    fn source(&self, tables: &Tables, steps: bool) -> Sql {
        let mut sql = Sql::new(format!(" FROM {} r", tables.runs));
        if let Some(index) = tables.index {
            sql.push(format!(" INDEXED BY {}_{}", tables.runs, index.definition().0));
        }
        if steps {
            let on = if tables.by_run {
                "w.run_started = r.started AND w.run = r.id"
            } else {
                "w.number >= r.first_step AND w.number < r.first_step + r.step_count"
            };
            // SQLite keeps the order of a cross join: runs first.
            let join = if tables.by_run { "JOIN" } else { "CROSS JOIN" };
            sql.push(format!(" {join} {} w ON {on}", tables.steps));
        }
        sql.word(" WHERE r.project = ").int(self.project);
        if self.times.from > tables.first {
            sql.word(" AND r.started >= ").int(self.times.from);
        }
        if self.times.to < tables.last {
            sql.word(" AND r.started <= ").int(self.times.to);
        }
        if tables.index == Some(Index::Errors) {
            sql.word(" AND r.status >= 400");
        }
        self.conditions.push_to(&mut sql);
        sql
    }
}

/// Returns the expression that a list is ordered by.
fn order_expression(by: OrderBy) -> &'static str {
    match by {
        OrderBy::Start => "r.started",
        OrderBy::End => "r.started + r.duration",
        OrderBy::Duration => "r.duration",
        OrderBy::Status => "r.status",
        OrderBy::Connector => "r.target",
    }
}

/// A run as it is stored, with the value that the list is ordered by.
struct Found {
    value: i64,
    id: RunId,
    row: StoredRun,
}

/// A run with the numbers of its names.
struct StoredRun {
    row: RunRow,
    error: Option<i64>,
    method: Option<i64>,
    target: i64,
    party: i64,
    source: i64,
    project: i64,
}

fn read_run(cells: &impl Cells) -> Result<StoredRun> {
    let id = run_id(&cells.bytes(0)?);
    Ok(StoredRun {
        error: cells.opt_int(5)?,
        target: cells.int(6)?,
        party: cells.int(7)?,
        source: cells.int(8)?,
        method: cells.opt_int(9)?,
        project: cells.int(16)?,
        row: RunRow {
            id,
            project: String::new(),
            kind: LogKind::of_number(cells.int(3)?),
            started_at: Timestamp::from_micros(cells.int(1)?),
            duration_micros: cells.int(2)?,
            status: u16::try_from(cells.int(4)?).unwrap_or_default(),
            error_code: None,
            message: cells.opt_text(11)?,
            method: None,
            url: cells.opt_text(10)?,
            request_id: cells.opt_text(12)?,
            session_id: cells.opt_text(13)?,
            target: crate::row::Target::default(),
            party: crate::row::Party::default(),
            source: crate::row::Source::default(),
            steps: Vec::new(),
            step_count: u32::try_from(cells.int(14)?).unwrap_or_default(),
            steps_left_out: u32::try_from(cells.int(15)?).unwrap_or_default(),
        },
    })
}

fn run_id(bytes: &[u8]) -> RunId {
    RunId(bytes.try_into().unwrap_or_default())
}

/// Reads a step; its columns begin at `first`. Returns it with the number of its definition.
fn read_step(cells: &impl Cells, first: usize) -> Result<(StepRow, i64)> {
    let number = |column: usize| cells.int(first + column);
    let attempts = cells.opt_text(first + 9)?;
    let step = StepRow {
        index: u32::try_from(number(0)?).unwrap_or_default(),
        kind: crate::row::StepKind::default(),
        iterations: u32::try_from(number(2)?).unwrap_or_default(),
        started_at: Timestamp::from_micros(number(3)?),
        duration_micros: number(4)?,
        skipped: number(5)? != 0,
        success: number(6)? != 0,
        status: u16::try_from(number(7)?).unwrap_or_default(),
        message: cells.opt_text(first + 8)?,
        attempts: attempts.and_then(|text| serde_json::from_str::<Vec<AttemptRow>>(&text).ok()).unwrap_or_default(),
    };
    Ok((step, number(1)?))
}

/// Puts the names in place of their numbers.
async fn named<S: Session>(
    session: &mut S,
    dictionaries: &Dictionaries,
    stored: Vec<StoredRun>,
) -> Result<Vec<RunRow>> {
    dictionaries.targets.load(session, stored.iter().map(|run| run.target).collect()).await?;
    dictionaries.parties.load(session, stored.iter().map(|run| run.party).collect()).await?;
    dictionaries.sources.load(session, stored.iter().map(|run| run.source).collect()).await?;
    let names = stored.iter().flat_map(|run| [run.error, run.method, Some(run.project)]).flatten();
    dictionaries.names.load(session, names.collect()).await?;
    let name =
        |number: Option<i64>| number.and_then(|number| dictionaries.names.entry(number)).map(|name| name.0.clone());
    let rows = stored.into_iter().map(|run| RunRow {
        project: name(Some(run.project)).unwrap_or_default(),
        error_code: name(run.error),
        method: name(run.method),
        target: dictionaries.targets.entry(run.target).map(|entry| (*entry).clone()).unwrap_or_default(),
        party: dictionaries.parties.entry(run.party).map(|entry| (*entry).clone()).unwrap_or_default(),
        source: dictionaries.sources.entry(run.source).map(|entry| (*entry).clone()).unwrap_or_default(),
        ..run.row
    });
    Ok(rows.collect())
}

/// Returns the number of a project; none if it has no rows.
pub(crate) async fn project_number<S: Session>(session: &mut S, project: &str) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT id FROM log_names WHERE name = ");
    sql.value(project.to_owned());
    session.rows(sql).await?.first().map(|row| row.int(0)).transpose()
}

/// Returns a page of runs. `tables` are in the order of the list: newest first, unless the list begins with the oldest.
pub(crate) async fn runs<S: Session>(
    session: &mut S,
    dictionaries: &Dictionaries,
    conditions: &Conditions,
    tables: &[Tables],
    project: i64,
    query: &RunQuery,
) -> Result<RunPage> {
    let deadline = Instant::now() + MAX_SEARCH;
    let scan = Scan { project, conditions, times: Times::of(&query.filter) };
    let offset = match query.start {
        PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        PageStart::After(_) => 0,
    };
    // One more row tells whether there is a next page.
    let needed = offset.saturating_add(query.size as usize).saturating_add(1);
    let Order { by, ascending } = query.order;
    let (expression, direction, beyond) =
        if ascending { (order_expression(by), "ASC", " > ") } else { (order_expression(by), "DESC", " < ") };
    let (mut found, mut searched_from) = (Vec::<Found>::new(), None);
    for (index, table) in tables.iter().enumerate() {
        if index > 0 && Instant::now() >= deadline {
            searched_from = tables.get(index - 1).map(|table| Timestamp::from_micros(table.first.max(scan.times.from)));
            break;
        }
        let mut sql = Sql::new(format!("SELECT {RUN_COLUMNS}, {expression}"));
        sql.append(&scan.source(table, false));
        if let PageStart::After(cursor) = query.start {
            sql.push(format!(" AND ({expression}{beyond}")).int(cursor.value);
            sql.push(format!(" OR ({expression} = ")).int(cursor.value);
            sql.push(format!(" AND r.id{beyond}")).bytes(&cursor.id.0).word("))");
            if by == OrderBy::Start {
                // The index reads from here on.
                sql.word(if ascending { " AND r.started >= " } else { " AND r.started <= " }).int(cursor.value);
            }
        }
        sql.push(format!(" ORDER BY {expression} {direction}, r.id {direction} LIMIT "))
            .int(i64::try_from(needed).ok());
        for cells in session.rows(sql).await? {
            let row = read_run(&cells)?;
            found.push(Found { value: cells.int(17)?, id: row.row.id, row });
        }
        found.sort_by(|one, other| {
            let order = (one.value, one.id).cmp(&(other.value, other.id));
            if ascending { order } else { order.reverse() }
        });
        found.truncate(needed);
        let (Some(last), Some(next)) = (found.get(needed - 1), tables.get(index + 1)) else { continue };
        let is_done = match (by, ascending) {
            (OrderBy::Start, false) => next.last < last.value,
            (OrderBy::Start, true) => next.first > last.value,
            _ => false,
        };
        if is_done {
            break;
        }
    }
    let has_more = found.len() == needed;
    let seen = found.len() as u64;
    let mut page = found.into_iter().skip(offset).take(query.size as usize).collect::<Vec<_>>();
    let next = page.last().filter(|_| has_more).map(|last| Cursor { value: last.value, id: last.id, index: 0 });
    let (total, total_at_least) = match query.start {
        PageStart::Offset(_) if has_more || searched_from.is_some() => {
            let limit = Instant::now() + MAX_COUNT;
            let count = |table: &Tables| {
                let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1");
                sql.append(&scan.source(table, false));
                sql
            };
            let (total, counted) = count_tables(session, tables.iter().map(count).collect(), limit).await?;
            (total.filter(|_| searched_from.is_none()), counted.max(seen))
        }
        PageStart::Offset(_) => (Some(seen), seen),
        PageStart::After(_) => (None, page.len() as u64),
    };
    let rows = named(session, dictionaries, page.drain(..).map(|found| found.row).collect()).await?;
    Ok(RunPage { rows, total, total_at_least, next, searched_from })
}

/// Counts with one statement after the other, up to [`MAX_EXACT_TOTAL`] and until `limit`. Each statement is an open subquery.
/// Returns the exact number if it is known, and how many were counted.
async fn count_tables<S: Session>(session: &mut S, statements: Vec<Sql>, limit: Instant) -> Result<(Option<u64>, u64)> {
    let mut counted = 0;
    for mut sql in statements {
        if Instant::now() >= limit {
            return Ok((None, counted));
        }
        sql.word(" LIMIT ").int(i64::try_from(MAX_EXACT_TOTAL + 1 - counted).ok()).word(") c");
        let rows = session.rows(sql).await?;
        let number = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or_default();
        counted += u64::try_from(number).unwrap_or_default();
        if counted > MAX_EXACT_TOTAL {
            return Ok((None, MAX_EXACT_TOTAL));
        }
    }
    Ok((Some(counted), counted))
}

/// Returns a run with its steps.
pub(crate) async fn run<S: Session>(
    session: &mut S,
    dictionaries: &Dictionaries,
    tables: &[Tables],
    project: i64,
    id: RunId,
) -> Result<Option<RunRow>> {
    let times = id
        .first_micros()
        .map_or(Times { from: i64::MIN, to: i64::MAX }, |first| Times { from: first, to: first + 999 });
    for table in tables {
        if !times.meet(table) {
            continue;
        }
        let conditions = Conditions::default();
        let source = Scan { project, conditions: &conditions, times };
        let mut sql = Sql::new(format!("SELECT {RUN_COLUMNS}"));
        sql.append(&source.source(table, false)).word(" AND r.id = ").bytes(&id.0).word(" LIMIT 1");
        let Some(cells) = session.rows(sql).await?.into_iter().next() else { continue };
        let stored = read_run(&cells)?;
        let Some(mut row) = named(session, dictionaries, vec![stored]).await?.pop() else { continue };
        let mut sql = Sql::new(format!("SELECT {STEP_COLUMNS}"));
        sql.append(&source.source(table, true)).word(" AND r.id = ").bytes(&id.0).word(" ORDER BY w.idx");
        let steps = session.rows(sql).await?.iter().map(|cells| read_step(cells, 0)).collect::<Result<Vec<_>>>()?;
        dictionaries.steps.load(session, steps.iter().map(|(_, kind)| *kind).collect()).await?;
        row.steps = steps.into_iter().map(|step| with_kind(dictionaries, step)).collect();
        return Ok(Some(row));
    }
    Ok(None)
}

fn with_kind(dictionaries: &Dictionaries, (mut step, kind): (StepRow, i64)) -> StepRow {
    step.kind = dictionaries.steps.entry(kind).map(|entry| (*entry).clone()).unwrap_or_default();
    step
}

/// A step as it is stored.
struct FoundStep {
    run: RunId,
    run_started: i64,
    kind: LogKind,
    party: i64,
    target: i64,
    step: (StepRow, i64),
}

/// Returns a page of steps. `tables` are newest first.
pub(crate) async fn steps<S: Session>(
    session: &mut S,
    dictionaries: &Dictionaries,
    conditions: &Conditions,
    tables: &[Tables],
    project: i64,
    query: &StepQuery,
) -> Result<StepPage> {
    let deadline = Instant::now() + MAX_SEARCH;
    let scan = Scan { project, conditions, times: Times::of(&query.filter) };
    let more = |sql: &mut Sql| {
        if let Some(success) = query.filter.success {
            sql.word(if success { " AND w.success = 1" } else { " AND w.success = 0" });
        }
        if query.only_attempts {
            sql.word(" AND w.attempt_count > 0");
        } else {
            sql.word(" AND r.kind = 0");
        }
    };
    let offset = match query.start {
        PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        PageStart::After(_) => 0,
    };
    let needed = offset.saturating_add(query.size as usize).saturating_add(1);
    let (mut found, mut searched_from) = (Vec::<FoundStep>::new(), None);
    for (index, table) in tables.iter().enumerate() {
        if index > 0 && Instant::now() >= deadline {
            searched_from = tables.get(index - 1).map(|table| Timestamp::from_micros(table.first.max(scan.times.from)));
            break;
        }
        let mut sql = Sql::new(format!("SELECT r.id, r.started, r.kind, r.party, r.target, {STEP_COLUMNS}"));
        sql.append(&scan.source(table, true));
        more(&mut sql);
        if let PageStart::After(Cursor { value, id, index }) = query.start {
            sql.word(" AND r.started <= ").int(value).word(" AND (r.started < ").int(value);
            sql.word(" OR r.id < ").bytes(&id.0).word(" OR (r.id = ").bytes(&id.0);
            sql.word(" AND w.idx > ").int(i64::from(index)).word("))");
        }
        sql.word(" ORDER BY r.started DESC, r.id DESC, w.idx LIMIT ").int(i64::try_from(needed).ok());
        for cells in session.rows(sql).await? {
            found.push(FoundStep {
                run: run_id(&cells.bytes(0)?),
                run_started: cells.int(1)?,
                kind: LogKind::of_number(cells.int(2)?),
                party: cells.int(3)?,
                target: cells.int(4)?,
                step: read_step(&cells, 5)?,
            });
        }
        found.sort_by(|one, other| {
            let order = (other.run_started, other.run).cmp(&(one.run_started, one.run));
            order.then(one.step.0.index.cmp(&other.step.0.index))
        });
        found.truncate(needed);
        if let (Some(last), Some(next)) = (found.get(needed - 1), tables.get(index + 1))
            && next.last < last.run_started
        {
            break;
        }
    }
    let has_more = found.len() == needed;
    let seen: u64 = found.iter().map(|found| counted(found, query.only_attempts)).sum();
    let page = found.into_iter().skip(offset).take(query.size as usize).collect::<Vec<_>>();
    let next = page.last().filter(|_| has_more).map(|last| Cursor {
        value: last.run_started,
        id: last.run,
        index: last.step.0.index,
    });
    let (total, total_at_least) = match query.start {
        PageStart::Offset(_) if has_more || searched_from.is_some() => {
            let limit = Instant::now() + MAX_COUNT;
            let count = |table: &Tables| {
                let what = if query.only_attempts { "CAST(sum(c.n) AS BIGINT)" } else { "count(*)" };
                let mut sql = Sql::new(format!("SELECT {what} FROM (SELECT w.attempt_count AS n"));
                sql.append(&scan.source(table, true));
                more(&mut sql);
                sql
            };
            let (total, counted) = count_tables(session, tables.iter().map(count).collect(), limit).await?;
            (total.filter(|_| searched_from.is_none()), counted.max(seen))
        }
        PageStart::Offset(_) => (Some(seen), seen),
        PageStart::After(_) => (None, page.len() as u64),
    };
    dictionaries.parties.load(session, page.iter().map(|found| found.party).collect()).await?;
    dictionaries.targets.load(session, page.iter().map(|found| found.target).collect()).await?;
    dictionaries.steps.load(session, page.iter().map(|found| found.step.1).collect()).await?;
    let rows = page.into_iter().map(|found| {
        let target = dictionaries.targets.entry(found.target);
        ListedStep {
            run: found.run,
            kind: found.kind,
            run_started_at: Timestamp::from_micros(found.run_started),
            account: dictionaries.parties.entry(found.party).and_then(|party| party.account.clone()),
            connector: target.as_ref().and_then(|target| target.connector.clone()),
            action: target.and_then(|target| target.action.clone()),
            step: with_kind(dictionaries, found.step),
        }
    });
    Ok(StepPage { rows: rows.collect(), total, total_at_least, next, searched_from })
}

fn counted(found: &FoundStep, attempts: bool) -> u64 {
    if attempts { found.step.0.attempts.len() as u64 } else { 1 }
}
