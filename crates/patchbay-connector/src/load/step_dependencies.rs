//! The dependencies between steps: a step starts when the steps whose outputs it reads have ended, while others run.

use crate::{
    definition::{FieldMapping, Step, StepDependencies, StepFunction},
    expr::Template,
    step_functions::DependencyScan,
};

impl Step {
    /// Returns the step's functions, in the order in which they run.
    pub fn functions(&self) -> impl Iterator<Item = &StepFunction> {
        std::iter::once(&self.function).chain(&self.then)
    }

    /// Returns every expression except those that read the step's own output and those of mapped fields.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> = self.condition.iter().chain(&self.iterator).collect();
        self.functions().for_each(|function| function.templates(&mut found));
        found
    }

    /// Returns the steps whose outputs it reads, in an action with these `fieldConfigs`.
    pub(super) fn dependencies(&self, action_fields: &[FieldMapping]) -> StepDependencies {
        let mut found = DependencyScan { templates: self.templates(), ..DependencyScan::default() };
        found.templates.extend(self.success_criteria.iter().chain(&self.failure_message));
        self.functions().for_each(|function| function.dependencies(action_fields, &mut found));
        if found.any {
            return StepDependencies::Any;
        }
        let mut named = found.steps;
        for template in found.templates {
            match template.steps_referenced() {
                Some(steps) => named.extend(steps),
                None => return StepDependencies::Any,
            }
        }
        named.retain(|name| *name != self.id);
        named.sort();
        named.dedup();
        StepDependencies::Named(named)
    }
}
