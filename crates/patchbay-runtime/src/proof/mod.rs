//! Proves a connector against an API description: every action runs against a simulator that is made of the description.
//!
//! The actions run through the code of a real call. Only the transport is replaced: it hands each request to the simulator
//! in the same process, which compares it with the description and answers with what the description promises. Inputs are
//! made from the action's declarations, the same ones each time. An action runs with its required inputs, with all inputs,
//! with the further values of its choices, for the second page, and against an error that the description has.

mod host;
mod inputs;
mod recorded;
mod simulator;

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{
    Connector,
    definition::{Action, ActionType, AuthMethod, FieldType, FormField, Step, StepFunction},
    import::contract::{Contract, Finding, FindingKind, text_matching},
};
use patchbay_egress::EgressConfig;
use patchbay_model::{Clock, Entropy, ErrorCode, Metadata};
use serde_json::{Map, Value};

pub use self::{host::ApiHost, recorded::check_case};
use self::{
    inputs::{InputSampler, InputSet},
    simulator::{AnswerKind, Simulator, Wire, is_about_a_value},
};
use crate::{
    Error,
    config::RuntimeConfig,
    local_runner::{ActionInput, LocalAccount, LocalRun, LocalRunner, method_of},
};

/// The maximum number of times that inputs are made again because the description permits other values.
const MAX_ROUNDS: usize = 5;
/// The maximum number of further values of choices.
const MAX_CHOICES: usize = 24;
/// The inputs that take `next` of the previous page, if the action does not name one.
const PAGE_INPUTS: [&str; 16] = [
    "next",
    "cursor",
    "after",
    "page",
    "pageToken",
    "page_token",
    "start_cursor",
    "starting_after",
    "next_page_token",
    "nextPageToken",
    "offset",
    "startAt",
    "start",
    "marker",
    "skip",
    "next_token",
];

/// A connector, the account with which its actions run, and the description.
pub struct Proof<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The description.
    pub contract: &'a Contract<'a>,
    /// The authentication method's key; the connector's first method if absent.
    pub auth: Option<&'a str>,
    /// The account's field values; made from the fields if empty.
    pub credentials: Metadata,
    /// The clock of the runs.
    pub clock: Arc<dyn Clock>,
    /// The randomness of the runs.
    pub entropy: Arc<dyn Entropy>,
}

/// What the runs of an action showed.
#[derive(Clone, Debug, Default)]
pub struct ActionProof {
    /// The action's id.
    pub action: String,
    /// The operations that it called.
    pub operations: BTreeSet<String>,
    /// The runs that were made.
    pub runs: Vec<&'static str>,
    /// The differences.
    pub findings: Vec<ProofFinding>,
    /// What is worth a look but is not a difference, or could not be compared.
    pub notes: BTreeSet<String>,
}

/// A difference between a run and the description.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProofFinding {
    /// The run: `required inputs`, `all inputs`, `other choices`, `second page`, `described error`.
    pub run: &'static str,
    /// The kind.
    pub kind: FindingKind,
    /// The part of the request or answer.
    pub place: String,
    /// The difference.
    pub message: String,
}

impl ActionProof {
    /// Returns true if every request of the action is one that the description has, and every answer was understood.
    pub fn is_proven(&self) -> bool {
        self.findings.is_empty() && !self.operations.is_empty()
    }
}

/// The outcome of a run.
struct Outcome {
    result: Result<Map<String, Value>, Error>,
    seen: Simulator,
}

impl Proof<'_> {
    /// Runs an action and returns what the runs showed.
    pub async fn prove(&self, action: &Action) -> ActionProof {
        let mut proof = ActionProof { action: action.id.clone(), ..ActionProof::default() };
        let mut sampler = InputSampler::new(action);
        let mut page = None;
        for (run, set) in [("required inputs", InputSet::Required), ("all inputs", InputSet::All)] {
            proof.runs.push(run);
            let (outcome, input) = self.settle(action, &mut sampler, set, &mut proof).await;
            self.take(&mut proof, run, &outcome, &sampler);
            Self::judge(&mut proof, action, run, &outcome);
            let is_more = |result: &Map<String, Value>| result.get("next").filter(|next| !next.is_null()).cloned();
            if let Some(next) = outcome.result.as_ref().ok().and_then(is_more) {
                page = page.or(Some((next, input)));
            }
        }
        let choices = sampler.choices().min(MAX_CHOICES);
        for choice in 1..choices {
            let (outcome, _) = self.settle(action, &mut sampler, InputSet::Choice(choice), &mut proof).await;
            self.take(&mut proof, "other choices", &outcome, &sampler);
        }
        if choices > 1 {
            proof.runs.push("other choices");
        }
        if let Some((next, input)) = page {
            self.second_page(action, &sampler, next, input, &mut proof).await;
        }
        self.described_error(action, &mut sampler, &mut proof).await;
        proof.findings.sort();
        // A difference is reported once, for the first run that shows it.
        let mut reported = BTreeSet::new();
        let order = |run: &str| {
            ["required inputs", "all inputs", "other choices", "second page"].iter().position(|known| *known == run)
        };
        proof.findings.sort_by_key(|finding| order(finding.run).unwrap_or(usize::MAX));
        proof
            .findings
            .retain(|finding| reported.insert((finding.kind, finding.place.clone(), finding.message.clone())));
        proof
    }

    /// Runs with inputs that are adapted until the action accepts them and the description permits them.
    async fn settle(
        &self,
        action: &Action,
        sampler: &mut InputSampler<'_>,
        set: InputSet,
        proof: &mut ActionProof,
    ) -> (Outcome, ActionInput) {
        let mut round = 0;
        loop {
            let input = sampler.input(set);
            let outcome = self.run(action, input.clone(), AnswerKind::Success).await;
            round += 1;
            let is_changed = match &outcome.result {
                Err(error) if outcome.seen.requests == 0 && error.code == ErrorCode::Validation => {
                    sampler.adapt(error, set)
                }
                _ => sampler.fit(&outcome.seen.findings),
            };
            if !is_changed || round >= MAX_ROUNDS {
                if outcome.seen.requests == 0
                    && let Err(error) = &outcome.result
                {
                    proof.notes.insert(format!("no request was sent: {error}"));
                }
                return (outcome, input);
            }
        }
    }

    async fn run(&self, action: &Action, input: ActionInput, kind: AnswerKind) -> Outcome {
        let (wire, mut received) = Wire::new();
        let mut seen = Simulator::new(kind, page_keys(action), ApiHost::of(self.connector));
        let runner = LocalRunner::new(
            &EgressConfig::default(),
            RuntimeConfig::default(),
            self.clock.clone(),
            self.entropy.clone(),
        );
        let runner = match runner {
            Ok(runner) => runner.with_transport(Arc::new(wire)),
            Err(error) => return Outcome { result: Err(error), seen },
        };
        let credentials = self.account();
        let account = LocalAccount { connector: self.connector, auth: self.auth, environment: None, credentials };
        let mut run = Box::pin(runner.run(LocalRun { account, action: &action.id, input }));
        let outcome = loop {
            tokio::select! {
                outcome = &mut run => break outcome,
                Some(request) = received.recv() => seen.answer(self.contract, request),
            }
        };
        Outcome { result: outcome.result, seen }
    }

    /// Adds what a run's requests showed.
    fn take(&self, proof: &mut ActionProof, run: &'static str, outcome: &Outcome, sampler: &InputSampler<'_>) {
        let seen = &outcome.seen;
        proof.operations.extend(seen.operations.iter().map(|index| self.contract.name(*index)));
        proof.notes.extend(seen.notes.iter().cloned());
        for finding in &seen.findings {
            if finding.kind.is_note() || sampler.is_up_to_the_caller(finding) {
                proof.notes.insert(format!("{}: {}", finding.place, finding.message));
                continue;
            }
            proof.findings.push(ProofFinding {
                run,
                kind: finding.kind,
                place: finding.place.clone(),
                message: finding.message.clone(),
            });
        }
    }

    /// Adds what the outcome of a successful answer shows.
    fn judge(proof: &mut ActionProof, action: &Action, run: &'static str, outcome: &Outcome) {
        let seen = &outcome.seen;
        let is_reported = seen.operations.is_empty() || seen.is_unknown;
        if is_reported {
            return;
        }
        match &outcome.result {
            Err(error) if seen.is_described => proof.findings.push(ProofFinding {
                run,
                kind: FindingKind::Answer,
                place: "answer".to_owned(),
                message: format!("the action fails with an answer that the description has: {error}"),
            }),
            Err(error) => _ = proof.notes.insert(format!("the description does not say what the answer has: {error}")),
            Ok(result) => {
                let is_empty = match result.get("data") {
                    None | Some(Value::Null) => true,
                    Some(Value::Array(items)) => items.is_empty(),
                    Some(Value::Object(members)) => members.is_empty(),
                    Some(_) => false,
                };
                let has_data = matches!(action.kind, ActionType::List | ActionType::Get);
                if is_empty && seen.is_described && has_data {
                    proof.findings.push(ProofFinding {
                        run,
                        kind: FindingKind::Answer,
                        place: "answer".to_owned(),
                        message: format!(
                            "the action returns no data from an answer that the description has; the answer has {}",
                            seen.answer_members()
                        ),
                    });
                }
            }
        }
    }

    async fn second_page(
        &self,
        action: &Action,
        sampler: &InputSampler<'_>,
        next: Value,
        input: ActionInput,
        proof: &mut ActionProof,
    ) {
        let named = action.cursor.as_ref().filter(|cursor| cursor.enabled).map(|cursor| cursor.input.as_str());
        let names = named.into_iter().chain(PAGE_INPUTS);
        let Some(cursor) = names.into_iter().find_map(|name| action.inputs.iter().find(|input| input.name == name))
        else {
            proof.notes.insert("the second page was not requested: no input takes `next`".to_owned());
            return;
        };
        proof.runs.push("second page");
        let mut input = input;
        inputs::put(&mut input, cursor, next.clone());
        let mut outcome = self.run(action, input, AnswerKind::Success).await;
        if let (Err(error), 0) = (&outcome.result, outcome.seen.requests) {
            proof.notes.insert(format!("the second page was not requested: {error}"));
            return;
        }
        // An answer with a text and a request with a number are a contradiction within the description.
        let spelled = next.as_str().map_or_else(|| next.to_string(), str::to_owned);
        let is_next = |finding: &Finding| finding.found.as_ref() == Some(&spelled);
        outcome.seen.findings.retain(|finding| !(is_about_a_value(finding.kind) && is_next(finding)));
        self.take(proof, "second page", &outcome, sampler);
    }

    async fn described_error(&self, action: &Action, sampler: &mut InputSampler<'_>, proof: &mut ActionProof) {
        if proof.operations.is_empty() {
            return;
        }
        let outcome = self.run(action, sampler.input(InputSet::Required), AnswerKind::Failure).await;
        let Some(status) = outcome.seen.failed else { return };
        proof.runs.push("described error");
        let message = match &outcome.result {
            Err(error) if error.provider.is_some() || error.code == ErrorCode::Provider => return,
            Err(error) => format!("the described error with status {status} becomes: {error}"),
            Ok(_) if action.steps.iter().any(|step| step.ignore_error) => return,
            Ok(_) => format!("the described error with status {status} is taken for a success"),
        };
        let place = "error".to_owned();
        proof.findings.push(ProofFinding { run: "described error", kind: FindingKind::Answer, place, message });
    }

    /// Returns the account's values. Those that are not given are made from the fields.
    fn account(&self) -> Metadata {
        if !self.credentials.is_empty() {
            return self.credentials.clone();
        }
        let method = method_of(self.connector, self.auth).ok();
        let mut values = Metadata::new();
        for field in method.into_iter().flat_map(AuthMethod::fields) {
            let first = field.options.first().map(|option| option.value.clone());
            let made = field_value(field);
            values.insert(field.key.clone(), field.default.clone().or(first.map(Value::from)).unwrap_or(made));
        }
        for token in ["accessToken", "refreshToken"] {
            values.entry(token).or_insert_with(|| Value::from("token"));
        }
        values
    }
}

/// Returns a value that a field takes.
fn field_value(field: &FormField) -> Value {
    if field.kind == FieldType::Number {
        return Value::from(1);
    }
    let key = field.key.to_ascii_lowercase();
    let plain = match () {
        () if key.contains("url") => "https://provider.example".to_owned(),
        () if ["host", "domain"].iter().any(|part| key.ends_with(part)) => "provider.example".to_owned(),
        () => key.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
    };
    let rule = field.validation.as_ref().filter(|rule| !rule.regex.is_match(&plain));
    Value::from(rule.and_then(|rule| text_matching(&rule.pattern)).unwrap_or(plain))
}

/// Returns the parameters in which the action's steps send the position of a page.
fn page_keys(action: &Action) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for function in action.steps.iter().flat_map(Step::functions) {
        if let StepFunction::PaginatedRequest(paged) = function {
            keys.insert(paged.page.key.clone());
        }
    }
    for input in action.inputs.iter().filter(|input| PAGE_INPUTS.contains(&input.name.as_str())) {
        keys.insert(input.name.clone());
    }
    keys.into_iter().collect()
}
