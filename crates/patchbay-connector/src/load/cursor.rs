//! `cursor` of an action: which input takes `next` back, and which step's pages it cuts.

use crate::{
    definition::{ActionCursor, Cursor, Input, InputLocation, InputType, Step, StepFunction},
    diagnostic::code,
    syntax::Reader,
};

/// Inputs that take a cursor where no step says which does.
const NAMES: [&str; 3] = ["next", "cursor", "page_token"];

/// Reads it. An action that declares no input for it gets one: `next`, in the query.
pub(super) fn read(place: Reader<'_>, steps: &[Step], inputs: &mut Vec<Input>) -> Option<ActionCursor> {
    let cursor = place.mapping("`cursor`", &["enabled", "pageSize"])?;
    let enabled = cursor.flag("enabled", false);
    let page_size = cursor.get("pageSize").and_then(|size| {
        let records = size.whole()?;
        if records == 0 {
            size.error(code::INVALID, "a page has at least one record");
        }
        Some(records)
    });
    let paged = paged_step(steps);
    let named = paged.and_then(resumes).and_then(|cursor| cursor.token.as_ref());
    let named = named.and_then(|token| {
        let references = token.references();
        references.into_iter().find(|(root, _)| root == "inputs").and_then(|(_, name)| name)
    });
    let declared = inputs.iter().find(|input| match &named {
        Some(name) => input.name == *name,
        None => NAMES.contains(&input.name.as_str()),
    });
    if let Some(input) = declared.filter(|input| enabled && (input.kind != InputType::String || input.array)) {
        place.error(code::INVALID, format!("the input `{}` takes the cursor, so it must be a `string`", input.name));
    }
    let input = declared.map_or_else(|| named.unwrap_or_else(|| NAMES[0].to_owned()), |input| input.name.clone());
    if enabled && declared.is_none() {
        inputs.push(implied(&input));
    }
    Some(ActionCursor { enabled, page_size, input, step: paged.map(|step| step.id.clone()) })
}

/// The step that pages: the only one, or the only one that says where a caller resumes.
fn paged_step(steps: &[Step]) -> Option<&Step> {
    let pages = steps.iter().filter(|step| {
        let pages = matches!(step.function, StepFunction::PaginatedRequest(_) | StepFunction::SoapPaginatedRequest(_));
        pages && step.then.is_empty() && step.iterator.is_none()
    });
    let pages = pages.collect::<Vec<_>>();
    if let [only] = *pages {
        return Some(only);
    }
    let mut resuming = pages.into_iter().filter(|step| resumes(step).is_some());
    resuming.next().filter(|_| resuming.next().is_none())
}

fn resumes(step: &Step) -> Option<&Cursor> {
    match &step.function {
        StepFunction::PaginatedRequest(paginated) => paginated.cursor.as_ref(),
        StepFunction::SoapPaginatedRequest(paginated) => paginated.cursor.as_ref(),
        _ => None,
    }
}

fn implied(name: &str) -> Input {
    Input {
        name: name.to_owned(),
        kind: InputType::String,
        location: InputLocation::Query,
        required: false,
        description: "Where to go on: the `next` of the answer before.".to_owned(),
        array: false,
        properties: Vec::new(),
        one_of: Vec::new(),
        rules: None,
        variants: Vec::new(),
        hidden: false,
    }
}
