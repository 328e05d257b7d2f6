//! Logs in the shape of the first version of the API.

use patchbay_engine::{Cursor, ListedStep, RunPage, RunRow, StepPage, StepRow};
use patchbay_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A call in the shape of the first version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestLog)]
pub(crate) struct RequestLogOut {
    #[schema(format = "uuid")]
    request_id: String,
    #[schema(value_type = String, format = DateTime)]
    event_datetime: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// In milliseconds.
    duration: i64,
    #[schema(required)]
    account_id: Option<String>,
    project_id: String,
    #[schema(required)]
    http_method: Option<String>,
    #[schema(required)]
    path: Option<String>,
    #[schema(required)]
    url: Option<String>,
    status: u16,
    success: bool,
    #[schema(required)]
    provider: Option<String>,
    #[schema(required)]
    service: Option<String>,
    #[schema(required)]
    resource: Option<String>,
    #[schema(required)]
    child_resource: Option<String>,
    #[schema(required)]
    sub_resource: Option<String>,
    #[schema(required)]
    action: Option<String>,
    /// Whether nobody waited for the call.
    is_worker: bool,
    #[schema(required)]
    source_type: Option<String>,
    #[schema(required)]
    source_value: Option<String>,
    #[schema(required)]
    source_id: Option<String>,
    #[schema(required)]
    source_ip: Option<String>,
    /// The requests to the provider, if `include` has `step_logs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    step_requests: Option<Vec<StepRequestOut>>,
}

/// A request to a provider in the shape of the first version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StepRequestLog)]
pub(crate) struct StepRequestOut {
    /// The ID of the request to the provider.
    id: String,
    #[schema(format = "uuid")]
    request_id: String,
    #[schema(value_type = String, format = DateTime)]
    event_datetime: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    start_time: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// In milliseconds.
    duration: i64,
    #[schema(required)]
    account_id: Option<String>,
    project_id: String,
    http_method: String,
    #[schema(required)]
    path: Option<String>,
    url: String,
    /// The status of the response; null without a response.
    #[schema(required)]
    status: Option<u16>,
    success: bool,
    #[schema(required)]
    provider: Option<String>,
    #[schema(required)]
    service: Option<String>,
    #[schema(required)]
    resource: Option<String>,
    #[schema(required)]
    child_resource: Option<String>,
    #[schema(required)]
    sub_resource: Option<String>,
    #[schema(required)]
    action: Option<String>,
    is_worker: bool,
}

fn plus(start: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(start.as_micros().saturating_add(micros))
}

/// Returns the path of a URL.
fn path_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok().map(|url| url.path().to_owned())
}

impl RequestLogOut {
    /// Returns a call; with its requests to the provider if `steps` is true.
    pub(crate) fn new(run: RunRow, steps: bool) -> Self {
        let step_requests = steps.then(|| {
            let all = run.steps.iter().flat_map(|step| {
                StepRequestOut::all(
                    &run.id.to_string(),
                    &run.project,
                    run.party.account.as_ref(),
                    run.target.connector.as_ref(),
                    run.target.action.as_ref(),
                    step,
                )
            });
            all.collect()
        });
        Self {
            request_id: run.id.to_string(),
            event_datetime: run.started_at,
            start_time: run.started_at,
            end_time: plus(run.started_at, run.duration_micros),
            duration: run.duration_micros / 1_000,
            success: run.is_success(),
            account_id: run.party.account,
            project_id: run.project,
            http_method: run.method.map(|method| method.to_lowercase()),
            path: run.url.as_deref().and_then(path_of),
            url: run.url,
            status: run.status,
            provider: run.target.connector,
            service: None,
            resource: None,
            child_resource: None,
            sub_resource: None,
            action: run.target.action,
            is_worker: run.source.is_background,
            source_type: run.source.kind,
            source_value: run.source.value,
            source_id: run.source.id,
            source_ip: run.source.ip_address,
            step_requests,
        }
    }
}

impl StepRequestOut {
    fn all(
        run: &str,
        project: &str,
        account: Option<&String>,
        connector: Option<&String>,
        action: Option<&String>,
        step: &StepRow,
    ) -> Vec<Self> {
        let attempts = step.attempts.iter().enumerate().map(|(number, attempt)| {
            let start = plus(step.started_at, attempt.offset_micros);
            Self {
                id: format!("{run}.{}.{number}", step.index),
                request_id: run.to_owned(),
                event_datetime: start,
                start_time: start,
                end_time: plus(start, attempt.duration_micros),
                duration: attempt.duration_micros / 1_000,
                account_id: account.cloned(),
                project_id: project.to_owned(),
                http_method: attempt.method.to_lowercase(),
                path: path_of(&attempt.url),
                url: attempt.url.clone(),
                status: attempt.status,
                success: attempt.status.is_some_and(|status| status < 400),
                provider: connector.cloned(),
                service: None,
                resource: None,
                child_resource: None,
                sub_resource: None,
                action: action.cloned(),
                is_worker: false,
            }
        });
        attempts.collect()
    }

    fn of_listed(listed: &ListedStep, project: &str) -> Vec<Self> {
        let run = listed.run.to_string();
        let ListedStep { account, connector, action, step, .. } = listed;
        Self::all(&run, project, account.as_ref(), connector.as_ref(), action.as_ref(), step)
    }
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestLogPage)]
pub(crate) struct RequestLogPageOut {
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    pub(crate) next: Option<String>,
    #[schema(max_items = 100)]
    pub(crate) data: Vec<RequestLogOut>,
}

impl RequestLogPageOut {
    /// Returns a page of calls.
    pub(crate) fn new(page: RunPage) -> Self {
        let next = page.next.as_ref().map(Cursor::encode);
        Self { next, data: page.rows.into_iter().map(|run| RequestLogOut::new(run, false)).collect() }
    }
}

/// A page of requests to providers.
#[derive(Serialize, ToSchema)]
#[schema(as = StepRequestLogPage)]
pub(crate) struct StepRequestPageOut {
    /// The cursor of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
    data: Vec<StepRequestOut>,
}

impl StepRequestPageOut {
    /// Returns a page of requests to providers: those of the steps on it.
    pub(crate) fn new(page: &StepPage, project: &str) -> Self {
        Self {
            next: page.next.as_ref().map(Cursor::encode),
            data: page.rows.iter().flat_map(|step| StepRequestOut::of_listed(step, project)).collect(),
        }
    }
}

/// A call.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestLogDetail)]
pub(crate) struct RequestLogDetailOut {
    pub(crate) data: RequestLogOut,
}
