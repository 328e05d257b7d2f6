//! Makes the inputs of an action from their declarations: the same ones each time.
//!
//! A text that the action takes as it is can be any text, while the description may permit a number or one of a few words.
//! Each made text is therefore unlike the others: if the description permits another value where the text arrives, the text
//! is replaced and the action runs again. What remains is a difference that no caller can avoid.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_connector::{
    definition::{Action, Input, InputLocation, InputType, Step, StepFunction, ValidationRule},
    import::contract::{EMPTY_OBJECT, Finding, FindingKind, text_matching},
};
use serde_json::{Map, Number, Value};

use super::simulator::is_about_a_value;
use crate::{Error, local_runner::ActionInput};

/// The maximum nesting depth of made inputs.
const MAX_DEPTH: usize = 8;
/// The parts of names of inputs that take the content of a file as base64.
const FILE_NAMES: [&str; 4] = ["content", "base64", "data", "file"];

/// Which inputs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputSet {
    /// Those that are required.
    Required,
    /// All.
    All,
    /// All, with the value of each choice at this place of its list.
    Choice(usize),
}

/// Makes inputs and remembers what the description and the action asked for.
pub(super) struct InputSampler<'a> {
    action: &'a Action,
    /// Values for made texts, by the text.
    fitting: BTreeMap<String, Value>,
    /// The made texts of inputs that take any text.
    free: BTreeSet<String>,
    /// Whether an object was made whose members are up to the caller.
    has_free_object: bool,
    /// Whether a step sends a file, whose content is base64.
    sends_file: bool,
    /// Inputs that the action asked for beside the required ones.
    wanted: BTreeSet<String>,
    /// Inputs that the action refused.
    refused: BTreeSet<String>,
}

impl<'a> InputSampler<'a> {
    pub(super) fn new(action: &'a Action) -> Self {
        let mut sampler = Self {
            action,
            fitting: BTreeMap::new(),
            free: BTreeSet::new(),
            has_free_object: false,
            sends_file: action
                .steps
                .iter()
                .flat_map(Step::functions)
                .any(|function| matches!(function, StepFunction::UploadFile(_) | StepFunction::UploadBinary(_))),
            wanted: BTreeSet::new(),
            refused: BTreeSet::new(),
        };
        for rule in &action.rules {
            match rule {
                ValidationRule::AtLeastOneOf { fields, .. } => sampler.wanted.extend(fields.first().cloned()),
                ValidationRule::MutuallyExclusive { fields, .. } => {
                    sampler.refused.extend(fields.iter().skip(1).cloned());
                }
                ValidationRule::RequiredIf { .. } => {}
            }
        }
        sampler
    }

    /// Returns the largest number of values of a choice.
    pub(super) fn choices(&self) -> usize {
        fn most(inputs: &[Input]) -> usize {
            inputs.iter().map(|input| input.one_of.len().max(most(&input.properties))).max().unwrap_or_default()
        }
        most(&self.action.inputs)
    }

    /// Makes the inputs.
    pub(super) fn input(&mut self, set: InputSet) -> ActionInput {
        let action = self.action;
        let mut made = ActionInput::default();
        for input in &action.inputs {
            let is_wanted = input.required || self.wanted.contains(&input.name);
            let is_optional =
                set != InputSet::Required && !self.refused.contains(&input.name) && input.filters.is_none();
            if is_wanted || is_optional {
                let value = self.value(input, set, 0);
                put(&mut made, input, value);
            }
        }
        made
    }

    fn value(&mut self, input: &Input, set: InputSet, depth: usize) -> Value {
        let single = self.single(input, set, depth);
        let least = input.rules().min_length.and_then(|least| usize::try_from(least).ok()).unwrap_or(1).clamp(1, 16);
        if input.array { Value::Array(vec![single; least]) } else { single }
    }

    fn single(&mut self, input: &Input, set: InputSet, depth: usize) -> Value {
        let rules = input.rules();
        match input.kind {
            InputType::String if self.sends_file && depth == 0 && has_file_name(&input.name) => Value::from("dGV4dA=="),
            InputType::String => {
                let text = text_of(input);
                if rules.pattern.is_none() && rules.format.is_none() {
                    self.free.insert(text.clone());
                }
                match self.fitting.get(&text) {
                    Some(Value::String(fitting)) => Value::String(fitting.clone()),
                    Some(other) => Value::String(other.to_string()),
                    None => Value::String(text),
                }
            }
            InputType::DatetimeString => {
                let text = "2026-01-31T10:30:00Z";
                self.free.insert(text.to_owned());
                let fitting = self.fitting.get(text).and_then(Value::as_str).filter(|text| text.starts_with("20"));
                Value::from(fitting.unwrap_or(text))
            }
            InputType::Number => {
                let least = rules.min.unwrap_or(1.0);
                #[expect(clippy::cast_possible_truncation, reason = "a bound that is near enough")]
                let number = rules.max.filter(|most| *most < 1.0).unwrap_or_else(|| least.max(1.0)) as i64;
                Value::from(number)
            }
            InputType::Boolean => Value::Bool(true),
            InputType::Enum => {
                let place = if let InputSet::Choice(place) = set { place } else { 0 };
                let choices = input.one_of.len().max(1);
                input.one_of.get(place % choices).cloned().unwrap_or(Value::Null)
            }
            InputType::Object => {
                let mut members = Map::new();
                self.has_free_object |= input.properties.is_empty();
                if depth < MAX_DEPTH {
                    for property in &input.properties {
                        if property.required || (set != InputSet::Required && property.is_shown()) {
                            members.insert(property.name.clone(), self.value(property, set, depth + 1));
                        }
                    }
                }
                Value::Object(members)
            }
        }
    }

    /// Changes what is made so that the action accepts it. Returns true if it changed something.
    pub(super) fn adapt(&mut self, error: &Error, set: InputSet) -> bool {
        let mut is_changed = false;
        for problem in &error.problems {
            let path = problem.path.to_string();
            let name = path.split('.').nth(1).unwrap_or_default();
            let name = name.split('[').next().unwrap_or_default().to_owned();
            let is_new = match problem.code {
                "required" => self.wanted.insert(name),
                _ if set != InputSet::Required => self.refused.insert(name),
                _ => false,
            };
            is_changed |= is_new;
        }
        is_changed
    }

    /// Takes over the values that the description permits in place of made texts. Returns true if there are new ones.
    pub(super) fn fit(&mut self, findings: &[Finding]) -> bool {
        let mut is_changed = false;
        for finding in findings.iter().filter(|finding| is_about_a_value(finding.kind)) {
            let (Some(found), Some(fitting)) = (&finding.found, &finding.fitting) else { continue };
            let is_new = self.free.contains(found) && !self.fitting.contains_key(found) && !fitting.is_object();
            if is_new && fitting.as_str() != Some(found) {
                self.fitting.insert(found.clone(), fitting.clone());
                is_changed = true;
            }
        }
        is_changed
    }

    /// Returns true if the difference is one of a text that the caller writes: any other text could be sent.
    pub(super) fn is_up_to_the_caller(&self, finding: &Finding) -> bool {
        if finding.kind == FindingKind::Missing && finding.found.as_deref() == Some(EMPTY_OBJECT) {
            return self.has_free_object;
        }
        let Some(found) = finding.found.as_ref().filter(|_| is_about_a_value(finding.kind)) else { return false };
        let is_text = finding.kind == FindingKind::Value;
        // In a JSON body a text stays a text, whatever the caller writes.
        let is_anywhere = !finding.place.starts_with("body");
        let is_made = self.free.contains(found) || self.fitting.values().any(|value| value.as_str() == Some(found));
        is_made && (is_text || is_anywhere)
    }
}

fn has_file_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FILE_NAMES.iter().any(|part| name.contains(part)) && !["name", "type", "id"].iter().any(|end| name.ends_with(end))
}

/// Returns the text for a string input: one that its rules permit, unlike that of other inputs where they allow it.
fn text_of(input: &Input) -> String {
    let rules = input.rules();
    let by_format = match rules.format.as_deref() {
        Some("email") => Some("user@example.com"),
        Some("url" | "uri") => Some("https://example.com/text"),
        Some("uuid") => Some("9f8c2a54-3b1d-4e6f-8a7b-0c1d2e3f4a5b"),
        Some("date") => Some("2026-01-31"),
        Some("datetime") => Some("2026-01-31T10:30:00Z"),
        _ => None,
    };
    if let Some(text) = by_format {
        return text.to_owned();
    }
    let own = format!("{}-a", input.name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    if let Some((_, pattern)) = &rules.pattern
        && !pattern.is_match(&own)
    {
        return text_matching(pattern.as_str()).unwrap_or_else(|| "text".to_owned());
    }
    let size = |bound: Option<u64>| bound.filter(|_| !input.array).and_then(|bound| usize::try_from(bound).ok());
    let mut text = own;
    while text.len() < size(rules.min_length).unwrap_or_default().min(4_096) {
        text.push('x');
    }
    text.truncate(size(rules.max_length).unwrap_or(usize::MAX).max(1));
    text
}

/// Puts a value where the input belongs. The next page is a number or a text, as the input declares it.
pub(super) fn put(made: &mut ActionInput, input: &Input, value: Value) {
    let value = match (input.kind, &value) {
        (InputType::Number, Value::String(text)) => text.parse::<Number>().map_or(value, Value::Number),
        (InputType::String, Value::Number(number)) => Value::String(number.to_string()),
        _ => value,
    };
    let group = match input.location {
        InputLocation::Path => &mut made.path,
        InputLocation::Query => &mut made.query,
        InputLocation::Headers => &mut made.headers,
        InputLocation::Body => &mut made.body,
    };
    group.insert(input.name.clone(), value);
}
