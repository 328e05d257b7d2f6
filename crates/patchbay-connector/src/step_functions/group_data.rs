//! `group_data`: the records of several steps, merged.

use serde_json::Value;

use super::{DependencyScan, FunctionVersion, StepContext, StepFunctionType};
use crate::{
    expr::Template,
    field_mapping::FieldMapping,
    json_schema::{boolean, object, texts},
    syntax::Reader,
};

const KEYS: [&str; 2] = ["stepsDataToGroup", "isSingleRecord"];

/// The records of several steps, merged.
#[derive(Debug)]
pub struct GroupData {
    /// The ids of the steps, in order; each exists (checked at load).
    pub steps: Vec<String>,
    /// Whether the result is one record instead of a list.
    pub single: bool,
}

/// The function `group_data`.
pub(super) struct GroupDataFunction;

impl StepFunctionType for GroupDataFunction {
    type Parameters = GroupData;
    const NAME: &'static str = "group_data";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<GroupData> {
        let mapping = parameters.parameters(&KEYS)?;
        mapping.require("stepsDataToGroup")?;
        Some(GroupData { steps: mapping.texts("stepsDataToGroup"), single: mapping.flag("isSingleRecord", false) })
    }

    fn templates<'a>(_: &'a GroupData, _: &mut Vec<&'a Template>) {}

    fn dependencies<'a>(group: &'a GroupData, _: &'a [FieldMapping], found: &mut DependencyScan<'a>) {
        found.steps.extend(group.steps.iter().cloned());
    }

    fn check(group: &GroupData, context: &StepContext<'_, '_>) {
        for name in group.steps.iter().filter(|name| !context.earlier.contains(name)) {
            context.earlier.report_undefined(context.place, "earlier step", name, name);
        }
    }

    fn schema() -> Value {
        object(&KEYS, &["stepsDataToGroup"], &[("stepsDataToGroup", texts()), ("isSingleRecord", boolean())])
    }
}
