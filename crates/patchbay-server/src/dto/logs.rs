//! Logs: their filters, and the shapes of runs, steps and requests to providers.

use patchbay_engine::{
    AggregateRow, Aggregates, AttemptRow, Cursor, Dimension, Error, Interval, ListedStep, LogFilter, LogKind,
    LogStatus, Order, OrderBy, RunPage, RunRow, StepPage, StepRow,
};
use patchbay_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{problems::invalid, shared::JsonObject};

macro_rules! filters {
    ($($(#[$doc:meta])* $field:ident => $dimension:ident,)+) => {
        /// Conditions on logs. All must be met; of an array, one value is enough. An empty array matches nothing.
        #[derive(Clone, Debug, Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct LogFilters {
            $($(#[$doc])* $field: Option<Vec<String>>,)+
            /// Pairs of a property and a value as JSON texts, of which one must fit: `["connector_key","spotdraft"]`.
            tuples: Option<Vec<String>>,
            /// The earliest start.
            #[schema(value_type = Option<String>, format = DateTime)]
            start_time: Option<Timestamp>,
            /// The latest start.
            #[schema(value_type = Option<String>, format = DateTime)]
            end_time: Option<Timestamp>,
            /// Whether the call succeeded: its status is below 400.
            success: Option<bool>,
            /// Whether nobody waited for the call.
            is_background: Option<bool>,
            /// A text that the error's message or the URL contains, in any case.
            message: Option<String>,
            /// The shortest duration, in milliseconds.
            min_duration_ms: Option<u32>,
            /// The property that the list is ordered by; `start_time` if absent.
            order_by: Option<LogOrderBy>,
            /// `desc` if absent.
            order_direction: Option<OrderDirection>,
        }

        impl LogFilters {
            fn lists(&mut self) -> Vec<(Dimension, Vec<String>)> {
                let mut lists = Vec::new();
                $(lists.extend(self.$field.take().map(|values| (Dimension::$dimension, values)));)+
                lists
            }
        }
    };
}

filters! {
    /// IDs of accounts.
    account_secure_id => AccountSecureId,
    /// IDs of actions, as `action_id`.
    action => Action,
    /// IDs of actions.
    #[schema(example = json!(["spotdraft_list_contracts"]))]
    action_id => ActionId,
    /// IDs of runs.
    action_run_id => ActionRunId,
    /// Types of actions.
    action_type => ActionType,
    /// IDs of agents.
    agent_id => AgentId,
    /// IDs of API keys.
    auth_id => AuthId,
    /// How callers authenticated: `api_key`, `session`.
    auth_type => AuthType,
    /// Categories of actions.
    category => Category,
    /// No log here has one.
    child_resource => ChildResource,
    /// Keys of connectors.
    #[schema(example = json!(["spotdraft"]))]
    connector_key => ConnectorKey,
    /// Who provides the connector.
    connector_owner => ConnectorOwner,
    /// IDs of connector profiles.
    connector_profile_id => ConnectorProfileId,
    /// Versions of connectors.
    connector_version => ConnectorVersion,
    /// Stable error codes.
    error_code => ErrorCode,
    /// Methods of requests to providers.
    http_method => HttpMethod,
    /// Addresses of clients.
    ip_address => IpAddress,
    /// IDs of logs, as `action_run_id`.
    log_id => LogId,
    /// `action`, `unified`.
    log_type => LogType,
    /// `production`, `test`.
    mode => Mode,
    /// IDs of customers.
    origin_owner_id => OriginOwnerId,
    /// Names of customers.
    origin_owner_name => OriginOwnerName,
    /// Keys of connectors, as `connector_key`.
    provider => Provider,
    /// IDs of logs, or of the HTTP requests that started the calls (`x-request-id`).
    request_id => RequestId,
    /// No log here has one.
    resource => Resource,
    /// No log here has one.
    service => Service,
    /// Sessions of calls by MCP.
    session_id => SessionId,
    /// IDs of sources: of API keys.
    source_id => SourceId,
    /// Sources: `api`, `dashboard`, `mcp`, `connection_test`, `revocation`.
    source_type => SourceType,
    /// Names of sources.
    source_value => SourceValue,
    /// Statuses.
    #[schema(example = json!(["429", "502"]))]
    status_code => StatusCode,
    /// Kinds of streamed responses.
    stream_type => StreamType,
    /// No log here has one.
    sub_resource => SubResource,
    /// Transports of calls by MCP.
    transport_type => TransportType,
    /// User agents of clients.
    user_agent => UserAgent,
}

/// The property that a list of logs is ordered by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogOrderBy {
    StartTime,
    EndTime,
    EventTime,
    DurationMs,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderDirection {
    Asc,
    Desc,
}

impl LogFilters {
    /// Returns the engine's conditions and order.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a tuple that is not a pair of a known property and a value.
    pub(crate) fn into_filter(mut self) -> Result<(LogFilter, Order), Error> {
        let any_of = self.lists();
        let tuples = self.tuples.unwrap_or_default();
        let tuples = tuples.iter().map(|text| {
            let pair = serde_json::from_str::<(String, Value)>(text).ok();
            let pair = pair.and_then(|(name, value)| {
                let value = match value {
                    Value::String(text) => text,
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    _ => return None,
                };
                Some((Dimension::parse(&name)?, value))
            });
            pair.ok_or_else(|| {
                invalid(
                    "filters.tuples",
                    "a tuple is a JSON text such as [\"connector_key\",\"spotdraft\"] with a known property",
                )
            })
        });
        let by = match self.order_by {
            None | Some(LogOrderBy::StartTime | LogOrderBy::EventTime) => OrderBy::Start,
            Some(LogOrderBy::EndTime) => OrderBy::End,
            Some(LogOrderBy::DurationMs) => OrderBy::Duration,
        };
        let order = Order { by, ascending: matches!(self.order_direction, Some(OrderDirection::Asc)) };
        let filter = LogFilter {
            any_of,
            tuples: tuples.collect::<Result<_, _>>()?,
            start: self.start_time,
            end: self.end_time,
            success: self.success,
            is_background: self.is_background,
            text: self.message,
            min_duration_micros: self.min_duration_ms.map(|millis| i64::from(millis) * 1_000),
        };
        Ok((filter, order))
    }
}

/// A page of logs that is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogQueryIn {
    filters: Option<LogFilters>,
    /// The page, from 1.
    #[schema(minimum = 1)]
    page: Option<u32>,
    /// Logs per page; 25 if absent.
    #[schema(minimum = 1, maximum = 100)]
    page_size: Option<u32>,
    /// The cursor of the page: `next` from the previous page, in place of `page`.
    next: Option<String>,
}

impl LogQueryIn {
    /// Returns the page that is asked for, the filters, and the cursor.
    pub(crate) fn into_parts(self) -> (PageQueryOut, LogFilters, Option<String>) {
        let query = PageQueryOut { page: self.page.unwrap_or(1), page_size: self.page_size.unwrap_or(25) };
        (query, self.filters.unwrap_or_default(), self.next)
    }
}

/// The page that was asked for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = LogPageQuery)]
pub(crate) struct PageQueryOut {
    pub(crate) page: u32,
    pub(crate) page_size: u32,
}

/// A run of an action, or a raw request (`unified`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionLog)]
pub(crate) struct ActionLogOut {
    /// The ID of the log: the run's.
    #[schema(format = "uuid")]
    log_id: String,
    /// `action`, or `unified` for a raw request.
    #[schema(example = "action")]
    log_type: &'static str,
    #[schema(format = "uuid")]
    action_run_id: String,
    #[schema(value_type = String, format = DateTime)]
    event_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// In milliseconds, with microseconds as fractions.
    duration_ms: f64,
    project_id: String,
    #[schema(required)]
    account_id: Option<String>,
    /// Whether the status is below 400.
    success: bool,
    /// The status of the response to the caller.
    status_code: u16,
    /// The stable code of the error.
    #[schema(required)]
    error_code: Option<String>,
    /// The error's message, secrets redacted.
    #[schema(required)]
    message: Option<String>,
    #[schema(required)]
    connector_key: Option<String>,
    #[schema(required)]
    connector_version: Option<String>,
    #[schema(required)]
    connector_owner: Option<String>,
    #[schema(required)]
    connector_profile_id: Option<String>,
    #[schema(required)]
    action_id: Option<String>,
    #[schema(required)]
    action_type: Option<String>,
    #[schema(required)]
    category: Option<String>,
    #[schema(required, example = "production")]
    mode: Option<String>,
    /// The method of the last request to the provider.
    #[schema(required)]
    http_method: Option<String>,
    /// The URL of the last request to the provider, without its query.
    #[schema(required)]
    url: Option<String>,
    /// The `x-request-id` of the caller's request, which its response repeats: the caller's own, or the one that the server gave.
    #[schema(required)]
    request_id: Option<String>,
    #[schema(required, example = "api")]
    source_type: Option<String>,
    #[schema(required)]
    source_id: Option<String>,
    #[schema(required)]
    source_value: Option<String>,
    #[schema(required)]
    auth_type: Option<String>,
    #[schema(required)]
    auth_id: Option<String>,
    #[schema(required)]
    user_agent: Option<String>,
    #[schema(required)]
    ip_address: Option<String>,
    #[schema(required)]
    session_id: Option<String>,
    #[schema(required)]
    agent_id: Option<String>,
    #[schema(required)]
    transport_type: Option<String>,
    #[schema(required)]
    stream_type: Option<String>,
    /// Whether nobody waited for the call.
    is_background: bool,
    #[schema(required)]
    origin_owner_id: Option<String>,
    #[schema(required)]
    origin_owner_name: Option<String>,
    #[schema(required)]
    risk_level: Option<String>,
    #[schema(required)]
    tier2_score: Option<f64>,
    /// The number of steps.
    step_count: u32,
    /// The number of further steps, which are not kept.
    steps_left_out: u32,
}

fn millis(micros: i64) -> f64 {
    let micros = u64::try_from(micros).unwrap_or_default();
    let whole = u32::try_from(micros / 1_000).unwrap_or(u32::MAX);
    let rest = u32::try_from(micros % 1_000).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / 1_000.0
}

fn end(start: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(start.as_micros().saturating_add(micros))
}

impl From<RunRow> for ActionLogOut {
    fn from(run: RunRow) -> Self {
        let success = run.is_success();
        let end_time = end(run.started_at, run.duration_micros);
        let id = run.id.to_string();
        let (target, party, source) = (run.target, run.party, run.source);
        Self {
            log_id: id.clone(),
            log_type: run.kind.as_str(),
            action_run_id: id,
            event_time: run.started_at,
            start_time: run.started_at,
            end_time,
            duration_ms: millis(run.duration_micros),
            project_id: run.project,
            account_id: party.account,
            success,
            status_code: run.status,
            error_code: run.error_code,
            message: run.message,
            connector_key: target.connector,
            connector_version: target.version,
            connector_owner: target.owner,
            connector_profile_id: target.profile,
            action_id: target.action,
            action_type: target.action_type,
            category: target.category,
            mode: target.mode,
            http_method: run.method,
            url: run.url,
            request_id: run.request_id,
            source_type: source.kind,
            source_id: source.id,
            source_value: source.value,
            auth_type: source.auth_type,
            auth_id: source.auth_id,
            user_agent: source.user_agent,
            ip_address: source.ip_address,
            session_id: run.session_id,
            agent_id: source.agent_id,
            transport_type: source.transport,
            stream_type: source.stream_type,
            is_background: source.is_background,
            origin_owner_id: party.owner_id,
            origin_owner_name: party.owner_name,
            risk_level: None,
            tier2_score: None,
            step_count: run.step_count,
            steps_left_out: run.steps_left_out,
        }
    }
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident as $shown:ident of $item:ty;)+) => {$(
        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        #[schema(as = $shown)]
        pub(crate) struct $name {
            #[schema(max_items = 100)]
            pub(crate) data: Vec<$item>,
            pub(crate) query: PageQueryOut,
            /// The number on all pages; null if there are more than 10,000, or with a cursor.
            #[schema(required)]
            pub(crate) total: Option<u64>,
            /// The number that were counted.
            pub(crate) total_at_least: u64,
            /// The cursor of the next page; null on the last one.
            #[schema(required)]
            pub(crate) next: Option<String>,
            /// Whether everything was searched. A search ends after two seconds.
            pub(crate) complete: bool,
            /// The time from which on everything was searched; null if everything was.
            #[schema(required, value_type = Option<String>, format = DateTime)]
            pub(crate) searched_from: Option<Timestamp>,
        }
    )+};
}

pages! {
    /// A page of logs.
    LogPageOut as LogPage of ActionLogOut;
    /// A page of steps.
    StepLogPageOut as StepLogPage of StepLogOut;
    /// A page of requests to providers.
    ProviderLogPageOut as ProviderLogPage of ProviderLogOut;
}

impl LogPageOut {
    /// Returns a page of runs.
    pub(crate) fn new(page: RunPage, query: PageQueryOut) -> Self {
        Self {
            data: page.rows.into_iter().map(Into::into).collect(),
            query,
            total: page.total,
            total_at_least: page.total_at_least,
            next: page.next.as_ref().map(Cursor::encode),
            complete: page.searched_from.is_none(),
            searched_from: page.searched_from,
        }
    }
}

/// A step of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StepLog)]
pub(crate) struct StepLogOut {
    #[schema(example = "step")]
    log_type: &'static str,
    #[schema(format = "uuid")]
    action_run_id: String,
    /// Its place in the action, from 0.
    step_index: u32,
    #[schema(required)]
    step_id: Option<String>,
    #[schema(required, example = "request")]
    step_function_name: Option<String>,
    #[schema(required, example = "1")]
    step_function_version: Option<String>,
    /// The number of items that it ran for; 1 without an iterator.
    step_iterations: u32,
    #[schema(value_type = String, format = DateTime)]
    event_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// In milliseconds, with microseconds as fractions.
    duration_ms: f64,
    project_id: String,
    #[schema(required)]
    account_id: Option<String>,
    /// Whether its condition skipped it.
    skipped: bool,
    success: bool,
    /// The status of its last response, or of its error; 0 if it was cut.
    status_code: u16,
    /// The error's message, secrets redacted.
    #[schema(required)]
    message: Option<String>,
    /// The requests to the provider, retries and pages included, in order.
    attempts: Vec<AttemptOut>,
}

/// A request to a provider within a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptLog)]
pub(crate) struct AttemptOut {
    http_method: String,
    /// The URL without its query, secrets redacted.
    url: String,
    /// The status of the response; null without a response.
    #[schema(required)]
    status_code: Option<u16>,
    /// Why there was no response.
    #[schema(required)]
    message: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    /// In milliseconds, with microseconds as fractions.
    duration_ms: f64,
}

impl AttemptOut {
    fn new(attempt: AttemptRow, step_start: Timestamp) -> Self {
        Self {
            http_method: attempt.method,
            url: attempt.url,
            status_code: attempt.status,
            message: attempt.error,
            start_time: end(step_start, attempt.offset_micros),
            duration_ms: millis(attempt.duration_micros),
        }
    }
}

impl StepLogOut {
    /// Returns a step of a run.
    pub(crate) fn new(run: &str, project: &str, account: Option<&str>, step: StepRow) -> Self {
        let start = step.started_at;
        Self {
            log_type: "step",
            action_run_id: run.to_owned(),
            step_index: step.index,
            step_id: step.kind.id,
            step_function_name: step.kind.function,
            step_function_version: step.kind.function_version,
            step_iterations: step.iterations,
            event_time: start,
            start_time: start,
            end_time: end(start, step.duration_micros),
            duration_ms: millis(step.duration_micros),
            project_id: project.to_owned(),
            account_id: account.map(str::to_owned),
            skipped: step.skipped,
            success: step.success,
            status_code: step.status,
            message: step.message,
            attempts: step.attempts.into_iter().map(|attempt| AttemptOut::new(attempt, start)).collect(),
        }
    }

    /// Returns the steps of a run, in order.
    pub(crate) fn of_run(run: RunRow) -> Vec<Self> {
        let id = run.id.to_string();
        let account = run.party.account;
        let steps = run.steps.into_iter();
        steps.map(|step| Self::new(&id, &run.project, account.as_deref(), step)).collect()
    }
}

impl StepLogPageOut {
    /// Returns a page of steps.
    pub(crate) fn new(page: StepPage, project: &str, query: PageQueryOut) -> Self {
        let rows = page.rows.into_iter();
        let data = rows.map(|ListedStep { run, account, step, .. }| {
            StepLogOut::new(&run.to_string(), project, account.as_deref(), step)
        });
        Self {
            data: data.collect(),
            query,
            total: page.total,
            total_at_least: page.total_at_least,
            next: page.next.as_ref().map(Cursor::encode),
            complete: page.searched_from.is_none(),
            searched_from: page.searched_from,
        }
    }

    /// Returns a page of the steps of one run.
    pub(crate) fn of_run(run: RunRow, query: PageQueryOut) -> Self {
        let steps = StepLogOut::of_run(run);
        let total = steps.len() as u64;
        let before = (query.page.max(1) - 1) as usize * query.page_size as usize;
        let data = steps.into_iter().skip(before).take(query.page_size as usize).collect();
        Self { data, query, total: Some(total), total_at_least: total, next: None, complete: true, searched_from: None }
    }
}

/// A request to a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderLog)]
pub(crate) struct ProviderLogOut {
    /// The ID of the request: the run's, the step's index, and the number of the request in the step.
    #[schema(example = "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f.0.0")]
    id: String,
    /// The ID of the log of the call.
    #[schema(format = "uuid")]
    request_id: String,
    step_index: u32,
    #[schema(required)]
    step_id: Option<String>,
    project_id: String,
    #[schema(required)]
    account_id: Option<String>,
    #[schema(required)]
    connector_key: Option<String>,
    #[schema(required)]
    action_id: Option<String>,
    success: bool,
    #[serde(flatten)]
    attempt: AttemptOut,
}

impl ProviderLogOut {
    fn all(listed: ListedStep, project: &str) -> Vec<Self> {
        let ListedStep { run, account, connector, action, step, .. } = listed;
        let (run, start) = (run.to_string(), step.started_at);
        let (index, step_id) = (step.index, step.kind.id);
        let attempts = step.attempts.into_iter().enumerate();
        attempts
            .map(|(number, attempt)| Self {
                id: format!("{run}.{index}.{number}"),
                request_id: run.clone(),
                step_index: index,
                step_id: step_id.clone(),
                project_id: project.to_owned(),
                account_id: account.clone(),
                connector_key: connector.clone(),
                action_id: action.clone(),
                success: attempt.status.is_some_and(|status| status < 400),
                attempt: AttemptOut::new(attempt, start),
            })
            .collect()
    }

    /// Returns the requests of one run.
    pub(crate) fn of_run(run: RunRow) -> Vec<Self> {
        let (connector, action) = (run.target.connector, run.target.action);
        let (project, id, kind, account) = (run.project, run.id, run.kind, run.party.account);
        let run_started_at = run.started_at;
        let listed = run.steps.into_iter().map(|step| ListedStep {
            run: id,
            kind,
            run_started_at,
            account: account.clone(),
            connector: connector.clone(),
            action: action.clone(),
            step,
        });
        listed.flat_map(|step| Self::all(step, &project)).collect()
    }

    /// Returns the request's ID.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl ProviderLogPageOut {
    /// Returns a page of requests: those of the steps on it.
    pub(crate) fn new(page: StepPage, project: &str, query: PageQueryOut) -> Self {
        Self {
            data: page.rows.into_iter().flat_map(|step| ProviderLogOut::all(step, project)).collect(),
            query,
            total: page.total,
            total_at_least: page.total_at_least,
            next: page.next.as_ref().map(Cursor::encode),
            complete: page.searched_from.is_none(),
            searched_from: page.searched_from,
        }
    }

    /// Returns the requests of one run.
    pub(crate) fn of_run(run: RunRow, query: PageQueryOut) -> Self {
        let all = ProviderLogOut::of_run(run);
        let total = all.len() as u64;
        let before = (query.page.max(1) - 1) as usize * query.page_size as usize;
        let data = all.into_iter().skip(before).take(query.page_size as usize).collect();
        Self { data, query, total: Some(total), total_at_least: total, next: None, complete: true, searched_from: None }
    }
}

/// Counts of logs that are asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggregateIn {
    filters: Option<LogFilters>,
    /// The properties to group by.
    #[schema(example = json!(["connector_key", "status_code"]))]
    dimensions: Option<Vec<String>>,
    /// The length of the intervals; `none` if absent.
    interval_type: Option<IntervalType>,
    /// The number of such lengths in an interval; 1 if absent.
    #[schema(minimum = 1, maximum = 1000)]
    interval_period: Option<u32>,
}

/// The length of an interval. Weeks begin on Monday; all are in UTC.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntervalType {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    None,
}

fn dimensions(names: Option<Vec<String>>) -> Result<Vec<Dimension>, Error> {
    let known = || {
        let groups = Dimension::ALL.iter().filter(|dimension| dimension.is_group());
        groups.map(|dimension| dimension.as_str()).collect::<Vec<_>>().join(" ")
    };
    let parse = |name: String| {
        let found = Dimension::parse(&name).filter(|dimension| dimension.is_group());
        found.ok_or_else(|| invalid("dimensions", &format!("dimensions must be some of: {}", known())))
    };
    names.unwrap_or_default().into_iter().map(parse).collect()
}

impl AggregateIn {
    /// Returns the conditions, the dimensions, and the intervals.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an unknown dimension or a wrong filter.
    pub(crate) fn into_parts(self) -> Result<(LogFilter, Vec<Dimension>, Interval, u32), Error> {
        let interval = match self.interval_type {
            Some(IntervalType::Minute) => Interval::Minute,
            Some(IntervalType::Hour) => Interval::Hour,
            Some(IntervalType::Day) => Interval::Day,
            Some(IntervalType::Week) => Interval::Week,
            Some(IntervalType::Month) => Interval::Month,
            Some(IntervalType::None) | None => Interval::None,
        };
        let (filter, _) = self.filters.unwrap_or_default().into_filter()?;
        Ok((filter, dimensions(self.dimensions)?, interval, self.interval_period.unwrap_or(1)))
    }
}

/// Counts of logs.
#[derive(Serialize, ToSchema)]
#[schema(as = LogAggregates)]
pub(crate) struct AggregatesOut {
    data: Vec<AggregateOut>,
    /// Whether everything was counted. Counting ends after two seconds.
    complete: bool,
    /// The time from which on everything was counted; null if everything was.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    searched_from: Option<Timestamp>,
}

/// The calls of one group in one interval.
#[derive(Serialize, ToSchema)]
#[schema(as = LogAggregate)]
pub(crate) struct AggregateOut {
    /// When the interval begins; absent if there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Timestamp>,
    /// The value of each dimension; null if the calls have none.
    #[schema(value_type = JsonObject)]
    dimensions: Map<String, Value>,
    requests: u64,
    errors: u64,
    duration_ms: DurationsOut,
}

/// Durations in milliseconds. The percentiles are estimates from counts in fixed buckets.
#[derive(Serialize, ToSchema)]
#[schema(as = LogDurations)]
pub(crate) struct DurationsOut {
    avg: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

impl AggregatesOut {
    /// Returns counts by these dimensions.
    pub(crate) fn new(found: Aggregates, dimensions: &[Dimension]) -> Self {
        let rows = found.rows.into_iter().map(|AggregateRow { time, values, errors, durations }| AggregateOut {
            time,
            dimensions: dimensions
                .iter()
                .zip(values)
                .map(|(dimension, value)| (dimension.as_str().to_owned(), value.map_or(Value::Null, Value::String)))
                .collect(),
            requests: durations.calls(),
            errors,
            duration_ms: DurationsOut {
                avg: durations.mean_millis(),
                p50: durations.percentile_millis(0.5),
                p95: durations.percentile_millis(0.95),
                p99: durations.percentile_millis(0.99),
            },
        });
        Self { data: rows.collect(), complete: found.searched_from.is_none(), searched_from: found.searched_from }
    }
}

/// Values of dimensions that are asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DimensionsIn {
    /// The dimensions.
    #[schema(example = json!(["connector_key"]))]
    dimensions: Vec<String>,
    #[serde(default)]
    filters: Option<LogFilters>,
}

impl DimensionsIn {
    /// Returns the conditions and the dimensions.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an unknown dimension or a wrong filter.
    pub(crate) fn into_parts(self) -> Result<(LogFilter, Vec<Dimension>), Error> {
        Ok((self.filters.unwrap_or_default().into_filter()?.0, dimensions(Some(self.dimensions))?))
    }
}

/// The values of dimensions.
#[derive(Serialize, ToSchema)]
#[schema(as = LogDimensions)]
pub(crate) struct DimensionsOut {
    /// For each dimension an array of `{value, count}`, most frequent first, at most 500.
    #[schema(value_type = JsonObject)]
    pub(crate) data: Map<String, Value>,
}

/// A log with its steps and what was kept of request and response.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdvancedLog)]
pub(crate) struct AdvancedLogOut {
    #[serde(flatten)]
    log: ActionLogOut,
    /// The request of the caller; null, because bodies and headers are not kept.
    #[schema(required, value_type = Option<JsonObject>)]
    request: Option<Map<String, Value>>,
    /// The response to the caller; null, because bodies and headers are not kept.
    #[schema(required, value_type = Option<JsonObject>)]
    response: Option<Map<String, Value>>,
    /// The requests to the provider.
    provider_requests: Vec<ProviderLogOut>,
}

impl AdvancedLogOut {
    /// Returns a run.
    pub(crate) fn new(run: RunRow) -> Self {
        Self { log: run.clone().into(), request: None, response: None, provider_requests: ProviderLogOut::of_run(run) }
    }
}

/// Returns the kinds of logs that a list without a filter shows.
pub(crate) const LISTED_KINDS: [LogKind; 2] = [LogKind::Action, LogKind::Unified];

/// An export of logs that is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportIn {
    filters: Option<LogFilters>,
    /// `jsonl` if absent.
    format: Option<ExportFormat>,
}

/// The format of an export: JSON lines, or CSV (RFC 4180) with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    Jsonl,
    Csv,
}

impl ExportIn {
    /// Returns the filters and the format.
    pub(crate) fn into_parts(self) -> (LogFilters, ExportFormat) {
        (self.filters.unwrap_or_default(), self.format.unwrap_or(ExportFormat::Jsonl))
    }
}

/// What the logs of an instance contain.
#[derive(Serialize, ToSchema)]
#[schema(as = LogStatus)]
pub(crate) struct LogStatusOut {
    runs: u64,
    steps: u64,
    /// The size of the logs.
    bytes: u64,
    /// The number of segments, or of days with PostgreSQL.
    segments: u64,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    oldest: Option<Timestamp>,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    newest: Option<Timestamp>,
    /// The number of runs that this server dropped since its start, by reason.
    #[schema(value_type = JsonObject)]
    dropped: Map<String, Value>,
}

impl LogStatusOut {
    /// Returns the state of the logs.
    pub(crate) fn new(status: LogStatus, dropped: Vec<(&'static str, u64)>) -> Self {
        Self {
            runs: status.runs,
            steps: status.steps,
            bytes: status.bytes,
            segments: status.segments,
            oldest: status.oldest,
            newest: status.newest,
            dropped: dropped.into_iter().map(|(reason, runs)| (reason.to_owned(), runs.into())).collect(),
        }
    }
}
