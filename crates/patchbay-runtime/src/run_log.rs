//! What the steps of a run did, for the log of calls: no inputs, outputs or headers.
//!
//! Texts are redacted before they are noted. The repeats of an iterator are one step; a run that is repeated with a new token adds
//! to the steps that it has.

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use tokio::time::Instant;

use crate::redaction::{detectors::redact_secrets, redactor::Redactor};

/// The maximum number of steps that are noted of a run.
const MAX_STEPS: usize = 200;
/// The maximum number of requests that are noted of a step.
const MAX_ATTEMPTS: usize = 100;
/// The longest message that is noted, in bytes.
const MAX_MESSAGE_BYTES: usize = 1_000;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// It ran.
    Done,
    /// Its condition skipped it.
    Skipped,
    /// It failed.
    Failed,
    /// It did not end: the run was cut.
    Cut,
}

/// A step of a run.
#[derive(Clone, Debug)]
pub struct LoggedStep {
    /// Its place in the action.
    pub index: usize,
    /// The number of items of its iterator; 1 without one.
    pub iterations: usize,
    /// When it began.
    pub started: Instant,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub end: StepEnd,
    /// The status of its error; none if it has none.
    pub error_status: Option<u16>,
    /// The error's message, redacted.
    pub message: Option<String>,
    /// Its requests to the provider.
    pub attempts: Vec<LoggedAttempt>,
}

/// A request to a provider.
#[derive(Clone, Debug)]
pub struct LoggedAttempt {
    /// The method.
    pub method: Method,
    /// The URL without query, redacted.
    pub url: String,
    /// The status of the response; none without a response.
    pub status: Option<u16>,
    /// Why the provider did not respond, redacted.
    pub error: Option<String>,
    /// When it was sent.
    pub started: Instant,
    /// How long it took.
    pub duration: Duration,
}

#[derive(Debug, Default)]
struct Entries {
    steps: Vec<LoggedStep>,
    left_out: usize,
}

impl Entries {
    /// Returns the entry of a step; none if there are too many.
    fn step(&mut self, index: usize, started: Instant) -> Option<&mut LoggedStep> {
        let found = self.steps.iter().position(|step| step.index == index);
        let at = match found {
            Some(at) => at,
            None if self.steps.len() >= MAX_STEPS => {
                self.left_out += 1;
                return None;
            }
            None => {
                self.steps.push(LoggedStep {
                    index,
                    iterations: 1,
                    started,
                    duration: Duration::ZERO,
                    end: StepEnd::Cut,
                    error_status: None,
                    message: None,
                    attempts: Vec::new(),
                });
                self.steps.len() - 1
            }
        };
        self.steps.get_mut(at)
    }
}

/// Notes what the steps of a run do.
#[derive(Debug, Default)]
pub struct RunLog(Mutex<Entries>);

impl RunLog {
    fn with_step(&self, index: usize, started: Instant, change: impl FnOnce(&mut LoggedStep)) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = entries.step(index, started) {
            change(step);
        }
    }

    /// Notes a request to the provider.
    pub fn attempt(&self, index: usize, attempt: LoggedAttempt) {
        self.with_step(index, attempt.started, |step| {
            if step.attempts.len() < MAX_ATTEMPTS {
                step.attempts.push(attempt);
            }
        });
    }

    /// Notes the number of items of a step's iterator.
    pub(crate) fn iterations(&self, index: usize, items: usize) {
        self.with_step(index, Instant::now(), |step| step.iterations = items);
    }

    /// Notes the end of a step.
    pub fn end_step(&self, index: usize, started: Instant, end: StepEnd, error: Option<(u16, String)>) {
        self.with_step(index, started, |step| {
            step.started = step.started.min(started);
            step.duration = step.started.elapsed();
            step.end = end;
            (step.error_status, step.message) =
                error.map_or((None, None), |(status, message)| (Some(status), Some(message)));
        });
    }

    /// Returns the steps in the order of the action, and the number of those that are left out.
    pub fn take(&self) -> (Vec<LoggedStep>, usize) {
        let Entries { mut steps, left_out } =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        steps.sort_by_key(|step| step.index);
        (steps, left_out)
    }
}

/// Returns a text as it may be kept: the account's secrets and what looks like a secret redacted, and shortened.
pub fn kept_text(text: &str, redactor: Option<&Redactor>) -> String {
    let text = redactor.map_or(Cow::Borrowed(text), |redactor| redactor.text(text));
    let redacted = redact_secrets(&text);
    if redacted.len() <= MAX_MESSAGE_BYTES {
        return redacted.into_owned();
    }
    let end = (0..=MAX_MESSAGE_BYTES).rev().find(|at| redacted.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", &redacted[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(started: Instant, status: u16) -> LoggedAttempt {
        let url = "https://api.example/x".to_owned();
        LoggedAttempt { method: Method::GET, url, status: Some(status), error: None, started, duration: Duration::ZERO }
    }

    #[test]
    fn a_repeated_step_is_one_step_with_all_its_requests() {
        let (log, now) = (RunLog::default(), Instant::now());
        for status in [401, 200] {
            log.attempt(1, attempt(now, status));
            log.end_step(1, now, StepEnd::Done, (status == 401).then(|| (401, "no".to_owned())));
        }
        log.iterations(0, 7);
        log.end_step(0, now, StepEnd::Done, None);
        let (steps, left_out) = log.take();
        let seen = steps.iter().map(|step| (step.index, step.iterations, step.attempts.len(), step.error_status));
        assert_eq!(seen.collect::<Vec<_>>(), [(0, 7, 0, None), (1, 1, 2, None)]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn steps_and_requests_are_bounded() {
        let (log, now) = (RunLog::default(), Instant::now());
        for index in 0..MAX_STEPS + 5 {
            log.end_step(index, now, StepEnd::Done, None);
        }
        (0..MAX_ATTEMPTS * 2).for_each(|_| log.attempt(3, attempt(now, 200)));
        let (steps, left_out) = log.take();
        assert_eq!((steps.len(), left_out, steps[3].attempts.len()), (MAX_STEPS, 5, MAX_ATTEMPTS));
    }

    #[test]
    fn kept_texts_are_redacted_before_they_are_shortened() {
        let redactor = Redactor::new(["canary-secret"].into_iter());
        let text = format!("{}canary-secret 4111111111111111", "x".repeat(MAX_MESSAGE_BYTES - 10));
        let kept = kept_text(&text, Some(&redactor));
        assert!(!kept.contains("canary") && !kept.contains("4111") && kept.ends_with('…'), "{kept}");
    }
}
