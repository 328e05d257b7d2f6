//! `cursor` of an action: the input that takes `next`, and the step whose pages are cut to the page size.

use crate::{
    definition::{ActionCursor, Input, InputLocation, InputType, Step},
    diagnostic::code,
    step_functions::StepPaging,
    syntax::Reader,
};

const KEYS: [&str; 2] = ["enabled", "pageSize"];
/// The names of inputs that take a cursor, for actions in which no step names one.
const INPUT_NAMES: [&str; 3] = ["next", "cursor", "page_token"];

/// Reads `cursor`. An action that declares no input for it gets one: `next`, in the query.
pub(super) fn read(place: Reader<'_>, steps: &[Step], inputs: &mut Vec<Input>) -> Option<ActionCursor> {
    let cursor = place.mapping("`cursor`", &KEYS)?;
    let enabled = cursor.flag("enabled", false);
    let page_size = cursor.get("pageSize").and_then(|size| {
        let records = size.whole()?;
        if records == 0 {
            size.error(code::INVALID, "`pageSize` must be at least 1");
        }
        Some(records)
    });
    let paged = paging_step(steps);
    let token = paged.and_then(|(_, paging)| paging.cursor).and_then(|cursor| cursor.token.as_ref());
    let named = token.and_then(|token| {
        let references = token.references();
        references.into_iter().find(|(root, _)| root == "inputs").and_then(|(_, name)| name)
    });
    let declared = inputs.iter().find(|input| match &named {
        Some(name) => input.name == *name,
        None => INPUT_NAMES.contains(&input.name.as_str()),
    });
    if let Some(input) = declared.filter(|input| enabled && (input.kind != InputType::String || input.array)) {
        place.error(code::INVALID, format!("the input `{}` takes the cursor, so it must be a `string`", input.name));
    }
    let input = declared.map_or_else(|| named.unwrap_or_else(|| INPUT_NAMES[0].to_owned()), |input| input.name.clone());
    if enabled && declared.is_none() {
        inputs.push(cursor_input(&input));
    }
    Some(ActionCursor { enabled, page_size, input, step: paged.map(|(step, _)| step.id.clone()) })
}

/// Returns the step that pages: the only one, or the only one that says where a caller resumes.
fn paging_step(steps: &[Step]) -> Option<(&Step, StepPaging<'_>)> {
    let single = steps.iter().filter(|step| step.then.is_empty() && step.iterator.is_none());
    let paging = single.filter_map(|step| Some((step, step.function.paging()?))).collect::<Vec<_>>();
    if let [only] = *paging {
        return Some(only);
    }
    let mut resuming = paging.into_iter().filter(|(_, paging)| paging.cursor.is_some());
    resuming.next().filter(|_| resuming.next().is_none())
}

fn cursor_input(name: &str) -> Input {
    Input {
        name: name.to_owned(),
        kind: InputType::String,
        location: InputLocation::Query,
        required: false,
        description: "Pagination cursor: `next` from the previous response.".to_owned(),
        array: false,
        properties: Vec::new(),
        one_of: Vec::new(),
        rules: None,
        variants: Vec::new(),
        filters: None,
        hidden: false,
    }
}
