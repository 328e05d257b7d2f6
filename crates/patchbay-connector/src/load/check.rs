//! Names that lead nowhere: steps, inputs, credentials, scopes, test actions.

use super::root::Read;
use crate::{
    definition::{Action, ActionResult, Arg, Authorization, Request, Step, StepFunction},
    diagnostic::code,
    expr::Template,
    nearest::nearest,
    syntax::Reader,
};

/// The names at the root of every expression.
const ROOTS: [&str; 7] = ["inputs", "credentials", "steps", "context", "iterator", "response", "undefined"];

pub(super) fn references(read: &Read<'_>) {
    let connector = &read.connector;
    let scopes = connector.scopes.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>();
    let fields = connector
        .authentication
        .iter()
        .flat_map(|method| method.config_fields.iter().chain(&method.setup_fields))
        .map(|field| field.key.as_str())
        .collect::<Vec<_>>();

    for (method, places) in connector.authentication.iter().zip(&read.methods) {
        check_scopes(&scopes, &places.scopes);
        for (test, place) in method.test_actions.iter().zip(&places.test_actions) {
            if connector.action(&test.action).is_none() {
                undefined(place, "action", &test.action, connector.actions.iter().map(|action| action.id.as_str()));
            }
        }
        let mut texts = Vec::new();
        authorization_texts(&method.authorization, &mut texts);
        for text in texts {
            check_text(text, &places.method, &[], &fields, None);
        }
    }
    for (action, places) in connector.actions.iter().zip(&read.actions) {
        check_scopes(&scopes, &places.scopes);
        let inputs = action.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
        let mut earlier: Vec<&str> = Vec::new();
        for (step, place) in action.steps.iter().zip(&places.steps) {
            if earlier.contains(&step.id.as_str()) {
                place.error(code::DUPLICATE_ID, format!("there is another step `{}`", step.id));
            }
            for text in step_texts(step) {
                check_text(text, place, &inputs, &fields, Some(&earlier));
            }
            earlier.push(&step.id);
        }
        if let (Some(place), Action { result: ActionResult::Template(result), .. }) = (&places.result, &**action) {
            result.templates(&mut |text| check_text(text, place, &inputs, &fields, Some(&earlier)));
        }
    }
}

fn check_scopes(known: &[&str], named: &[(String, Reader<'_>)]) {
    for (scope, place) in named {
        if !known.contains(&scope.as_str()) {
            undefined(place, "scope", scope, known.iter().copied());
        }
    }
}

fn check_text(text: &Template, place: &Reader<'_>, inputs: &[&str], fields: &[&str], steps: Option<&[&str]>) {
    for (root, name) in text.references() {
        match (root.as_str(), name) {
            ("inputs", Some(name)) if !inputs.contains(&name.as_str()) => {
                undefined(place, "input", &name, inputs.iter().copied());
            }
            ("credentials", Some(name)) if !fields.contains(&name.as_str()) => {
                undefined(place, "credential field", &name, fields.iter().copied());
            }
            ("steps", Some(name)) if !steps.unwrap_or_default().contains(&name.as_str()) => {
                undefined(place, "earlier step", &name, steps.unwrap_or_default().iter().copied());
            }
            (root, _) if !ROOTS.contains(&root) => undefined(place, "name", root, ROOTS),
            _ => {}
        }
    }
}

fn undefined<'a>(place: &Reader<'_>, what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) {
    let message = format!("there is no {what} `{name}`");
    match nearest(name, known) {
        Some(near) => place.error_with_hint(code::UNDEFINED, message, format!("did you mean `{near}`?")),
        None => place.error(code::UNDEFINED, message),
    }
}

fn step_texts(step: &Step) -> Vec<&Template> {
    let mut texts: Vec<&Template> = step.condition.iter().collect();
    match &step.function {
        StepFunction::Request(request) => request_texts(request, &mut texts),
        StepFunction::DownloadFile(download) => request_texts(&download.request, &mut texts),
        StepFunction::PaginatedRequest(paginated) => {
            request_texts(&paginated.request, &mut texts);
            texts.extend(&paginated.page.condition);
            if let Some(cursor) = &paginated.cursor {
                texts.extend(cursor.token.iter().chain(&cursor.position));
            }
        }
        StepFunction::StaticValues(values) => values.templates(&mut |text| texts.push(text)),
    }
    texts
}

fn request_texts<'a>(request: &'a Request, texts: &mut Vec<&'a Template>) {
    texts.extend(&request.base_url);
    texts.push(&request.url);
    if let Some(authorization) = &request.authorization {
        authorization_texts(authorization, texts);
    }
    args_texts(&request.args, texts);
    for error in &request.custom_errors {
        texts.extend(error.message.iter().chain(&error.condition));
    }
}

fn args_texts<'a>(args: &'a [Arg], texts: &mut Vec<&'a Template>) {
    for arg in args {
        texts.push(&arg.name);
        texts.extend(&arg.condition);
        arg.value.templates(&mut |text| texts.push(text));
    }
}

fn authorization_texts<'a>(authorization: &'a Authorization, texts: &mut Vec<&'a Template>) {
    match authorization {
        Authorization::None => {}
        Authorization::Basic { username, password } => texts.extend(username.iter().chain(password)),
        Authorization::Bearer { token, .. } => texts.push(token),
        Authorization::Custom { args } => args_texts(args, texts),
    }
}
