//! Which steps' outputs a step reads: it starts when they are there, whatever else still runs.

use super::check::step_texts;
use crate::{
    definition::{EnumMatcher, FieldMapping, Step, StepDependencies, StepFunction},
    expr::Template,
};

/// What `step` reads, in an action with these `fieldConfigs`.
pub(super) fn of(step: &Step, action_fields: &[FieldMapping]) -> StepDependencies {
    let mut texts = step_texts(step);
    texts.extend(&step.success_criteria);
    texts.extend(&step.failure_message);
    let mut named = Vec::new();
    for function in std::iter::once(&step.function).chain(&step.then) {
        match function {
            StepFunction::GroupData(group) => named.extend(group.steps.iter().cloned()),
            StepFunction::MapFields(map) | StepFunction::Typecast(map) => {
                // Without a source it takes what the step before it left, whichever that was.
                if map.source.is_none() {
                    return StepDependencies::Any;
                }
                field_texts(map.fields.as_deref().unwrap_or(action_fields), &mut texts);
            }
            StepFunction::EmitEvent(event) if event.event_type.is_none() => return StepDependencies::Any,
            _ => {}
        }
    }
    for text in texts {
        match text.steps_referenced() {
            Some(steps) => named.extend(steps),
            None => return StepDependencies::Any,
        }
    }
    named.retain(|name| *name != step.id);
    named.sort();
    named.dedup();
    StepDependencies::Named(named)
}

fn field_texts<'a>(fields: &'a [FieldMapping], texts: &mut Vec<&'a Template>) {
    for field in fields {
        texts.extend(&field.expression);
        if let Some(values) = &field.values {
            values.templates(&mut |text| texts.push(text));
        }
        if let Some(EnumMatcher::Rules(rules)) = &field.enum_mapper {
            texts.extend(rules.iter().map(|(condition, _)| condition));
        }
        field_texts(&field.properties, texts);
    }
}
