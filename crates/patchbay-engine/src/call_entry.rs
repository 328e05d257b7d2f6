//! What is recorded of a call, and the row that it becomes. A call hands over what it shares with others; names are copied later,
//! by the writer.

use std::{sync::Arc, time::Duration};

use patchbay_connector::{Connector, definition::Step};
use patchbay_logs::{AttemptRow, LogKind, Party, RunId, RunRow, Source, StepKind, StepRow, Target};
use patchbay_model::{AccountId, ApiKeyId, CallId, CallKind, CallRecord, Profile, Timestamp};
use patchbay_runtime::{LoggedStep, StepEnd};
use tokio::time::Instant;

use crate::{CallOrigin, accounts::resolver::ResolvedAccount, connector_catalog::Origin};

/// The value of `mode` of a call with an account.
const PRODUCTION: &str = "production";
/// The value of `mode` of a run that tests credentials.
const TEST: &str = "test";

/// The record of a run of an action or of the proxy.
pub(crate) struct RunEntry {
    pub(crate) id: CallId,
    pub(crate) kind: CallKind,
    pub(crate) resolved: Arc<ResolvedAccount>,
    pub(crate) profile: Arc<Profile>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) connector_origin: Origin,
    pub(crate) action: Option<String>,
    pub(crate) key_id: Option<ApiKeyId>,
    pub(crate) origin: CallOrigin,
    pub(crate) status: u16,
    pub(crate) error_code: Option<String>,
    /// Redacted.
    pub(crate) message: Option<String>,
    pub(crate) started_at: Timestamp,
    pub(crate) began: Instant,
    pub(crate) duration: Duration,
    pub(crate) steps: Vec<LoggedStep>,
    pub(crate) steps_left_out: usize,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl RunEntry {
    /// Returns the approximate size of its texts, in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let attempts = self.steps.iter().flat_map(|step| &step.attempts);
        let attempts = attempts.map(|attempt| 120 + attempt.url.len() + text(&attempt.error)).sum::<usize>();
        let steps = self.steps.iter().map(|step| 120 + text(&step.message)).sum::<usize>();
        text(&self.action) + text(&self.message) + steps + attempts
    }

    /// Returns the row.
    pub(crate) fn into_row(self) -> RunRow {
        let account = &self.resolved.account;
        let action = self.action.as_ref().and_then(|name| self.connector.action(name));
        let definitions = action.map_or(&[][..], |action| action.steps.as_slice());
        let last = self.steps.iter().flat_map(|step| &step.attempts).max_by_key(|attempt| attempt.started);
        let (method, url) = (last.map(|last| last.method.to_string()), last.map(|last| last.url.clone()));
        let request = self.origin.request.as_deref();
        let at = |moment: Instant| self.started_at.plus(moment.saturating_duration_since(self.began));
        let steps = self.steps.iter().map(|step| step_row(step, definitions, at(step.started)));
        RunRow {
            id: RunId::of_call(&self.id),
            project: account.project_id.to_string(),
            kind: if self.kind == CallKind::Proxy { LogKind::Unified } else { LogKind::Action },
            started_at: self.started_at,
            duration_micros: micros(self.duration),
            status: self.status,
            error_code: self.error_code,
            message: self.message,
            method,
            url,
            request_id: request.and_then(|request| request.request_id.clone()),
            session_id: request.and_then(|request| request.session_id.clone()),
            target: Target {
                connector: Some(self.connector.key.clone()),
                version: Some(self.connector.version.to_string()),
                owner: Some(owner_name(self.connector_origin).to_owned()),
                profile: Some(self.profile.id.to_string()),
                action: self.action.clone(),
                action_type: action.map(|action| action.kind.as_str().to_owned()),
                category: action.and_then(|action| action.categories.first().cloned()),
                mode: Some(PRODUCTION.to_owned()),
            },
            party: Party {
                account: Some(account.id.to_string()),
                owner_id: Some(account.owner.id.clone()),
                owner_name: Some(account.owner.name.clone()),
            },
            source: Source {
                kind: Some(self.origin.source.as_str().to_owned()),
                id: self.key_id.as_ref().map(ToString::to_string),
                value: None,
                auth_type: Some(if self.key_id.is_some() { "api_key" } else { "session" }.to_owned()),
                auth_id: self.key_id.as_ref().map(ToString::to_string),
                user_agent: request.and_then(|request| request.user_agent.clone()),
                ip_address: request.and_then(|request| request.ip_address).map(|address| address.to_string()),
                agent_id: request.and_then(|request| request.agent_id.clone()),
                transport: request.and_then(|request| request.transport.clone()),
                stream_type: None,
                is_background: false,
            },
            step_count: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            steps: steps.collect(),
            steps_left_out: u32::try_from(self.steps_left_out).unwrap_or(u32::MAX),
        }
    }
}

/// Returns the name of who provides a connector, as the API names it.
const fn owner_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Instance => "patchbay",
        Origin::Project => "custom",
    }
}

fn step_row(step: &LoggedStep, definitions: &[Step], started_at: Timestamp) -> StepRow {
    let definition = definitions.get(step.index);
    let last_status = step.attempts.last().and_then(|attempt| attempt.status);
    let success = matches!(step.end, StepEnd::Done | StepEnd::Skipped);
    let attempts = step.attempts.iter().map(|attempt| AttemptRow {
        method: attempt.method.to_string(),
        url: attempt.url.clone(),
        status: attempt.status,
        error: attempt.error.clone(),
        offset_micros: micros(attempt.started.saturating_duration_since(step.started)),
        duration_micros: micros(attempt.duration),
    });
    StepRow {
        index: u32::try_from(step.index).unwrap_or(u32::MAX),
        kind: StepKind {
            id: definition.map(|step| step.id.clone()),
            function: definition.map(|step| step.function.name().to_owned()),
            function_version: definition.map(|_| "1".to_owned()),
        },
        iterations: u32::try_from(step.iterations).unwrap_or(u32::MAX),
        started_at,
        duration_micros: micros(step.duration),
        skipped: step.end == StepEnd::Skipped,
        success,
        status: step.error_status.or(last_status).unwrap_or(if success { 200 } else { 0 }),
        message: step.message.clone(),
        attempts: attempts.collect(),
    }
}

/// Returns the row of a record without steps: a test of credentials, a revocation, or a call that an older version recorded.
/// `origin` is the owner of its connector; none if it is not known.
pub(crate) fn row_of_record(record: &CallRecord, origin: Option<Origin>) -> RunRow {
    let (source, mode, is_background) = match record.kind {
        CallKind::Action | CallKind::Proxy => ("api", PRODUCTION, false),
        CallKind::ConnectionTest => ("connection_test", TEST, true),
        CallKind::Revocation => ("revocation", PRODUCTION, true),
    };
    RunRow {
        id: RunId::of_call(&record.id),
        project: record.project_id.to_string(),
        kind: if record.kind == CallKind::Proxy { LogKind::Unified } else { LogKind::Action },
        started_at: record.started_at,
        duration_micros: record.duration_micros,
        status: record.status_code,
        error_code: record.error_code.clone(),
        message: None,
        method: None,
        url: None,
        request_id: None,
        session_id: None,
        target: Target {
            connector: Some(record.connector.clone()),
            version: Some(record.connector_version.clone()),
            owner: origin.map(|origin| owner_name(origin).to_owned()),
            profile: Some(record.profile_id.to_string()),
            action: record.action.clone(),
            action_type: None,
            category: None,
            mode: Some(mode.to_owned()),
        },
        party: Party { account: record.account_id.as_ref().map(AccountId::to_string), ..Party::default() },
        source: Source { kind: Some(source.to_owned()), is_background, ..Source::default() },
        steps: Vec::new(),
        step_count: 0,
        steps_left_out: 0,
    }
}
