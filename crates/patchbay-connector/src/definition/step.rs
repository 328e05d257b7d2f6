//! The steps of an action.

use crate::{expr::Template, step_functions::StepFunction};

/// One step of an action. Its output is `$.steps.ID.output`.
#[derive(Debug)]
pub struct Step {
    /// The id.
    pub id: String,
    /// What the step does, for people.
    pub description: Option<String>,
    /// If present, the step runs only when this is true.
    pub condition: Option<Template>,
    /// Whether the action continues when this step fails.
    pub ignore_error: bool,
    /// What happens if the condition cannot be evaluated.
    pub on_condition_error: OnConditionError,
    /// Whether later steps that do not depend on this one start before it ends.
    pub is_async: bool,
    /// If present, the step fails unless this is true; it can read the step's output.
    pub success_criteria: Option<Template>,
    /// The error message when the success criteria are not met.
    pub failure_message: Option<Template>,
    /// The list that the step runs over, once for each item (`iterator.item`, `iterator.index`).
    pub iterator: Option<Template>,
    /// The step function.
    pub function: StepFunction,
    /// The functions that run after it, for the same item (`stepFunctions`).
    pub then: Vec<StepFunction>,
    /// The steps that must end before this one starts.
    pub depends_on: StepDependencies,
}

/// The steps whose outputs a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepDependencies {
    /// These steps, in any order.
    Named(Vec<String>),
    /// Any step; which ones is only known when it runs.
    Any,
}

/// What happens if a condition cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnConditionError {
    /// The action fails.
    #[default]
    Fail,
    /// The step runs.
    Run,
    /// The step is skipped.
    Skip,
    /// No further step runs.
    Break,
}
