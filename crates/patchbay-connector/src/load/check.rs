//! Names that lead nowhere: steps, inputs, credentials, scopes, test actions.

use super::root::Read;
use crate::{
    definition::{Action, ActionResult, Arg, Authorization, Request, Step, StepFunction, ValidationRule},
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

    if let (Some(text), Some(place)) = (&connector.base_url, &read.base_url) {
        check_text(text, place, Some(&[]), &fields, Some(&[]));
    }
    check_scopes(&scopes, &read.included);
    for (method, places) in connector.authentication.iter().zip(&read.methods) {
        check_scopes(&scopes, &places.scopes);
        for (test, place) in method.test_actions.iter().zip(&places.test_actions) {
            if connector.action(&test.action).is_none() {
                undefined(place, "action", &test.action, connector.actions.iter().map(|action| action.id.as_str()));
            }
            if let Some(condition) = &test.condition {
                check_text(condition, place, Some(&[]), &fields, Some(&[]));
            }
        }
        let mut texts = Vec::new();
        authorization_texts(&method.authorization, &mut texts);
        for text in texts {
            check_text(text, &places.authorization, Some(&[]), &fields, Some(&[]));
        }
    }
    for (action, places) in connector.actions.iter().zip(&read.actions) {
        check_scopes(&scopes, &places.scopes);
        let inputs = action.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
        let known = places.inputs_known.then_some(inputs.as_slice());
        for (rule, place) in action.rules.iter().zip(&places.rules) {
            for field in rule_fields(rule).into_iter().filter(|_| places.inputs_known) {
                if !inputs.contains(&field) {
                    undefined(place, "input", field, inputs.iter().copied());
                }
            }
        }
        let mut earlier: Vec<&str> = Vec::new();
        for (step, place) in action.steps.iter().zip(&places.steps) {
            if earlier.contains(&step.id.as_str()) {
                place.error(code::DUPLICATE_ID, format!("there is another step `{}`", step.id));
            }
            for text in step_texts(step) {
                check_text(text, place, known, &fields, places.steps_known.then_some(&earlier));
            }
            earlier.push(&step.id);
        }
        if let (Some(place), Action { result: ActionResult::Template(result), .. }) = (&places.result, &**action) {
            result
                .templates(&mut |text| check_text(text, place, known, &fields, places.steps_known.then_some(&earlier)));
        }
    }
}

fn rule_fields(rule: &ValidationRule) -> Vec<&str> {
    match rule {
        ValidationRule::AtLeastOneOf { fields, .. } | ValidationRule::MutuallyExclusive { fields, .. } => {
            fields.iter().map(String::as_str).collect()
        }
        ValidationRule::RequiredIf { field, other, .. } => vec![field, other],
    }
}

fn check_scopes(known: &[&str], named: &[(String, Reader<'_>)]) {
    for (scope, place) in named {
        if !known.contains(&scope.as_str()) {
            undefined(place, "scope", scope, known.iter().copied());
        }
    }
}

/// Checks the names in a text; names of which not all are known (`None`) are left alone.
fn check_text(text: &Template, place: &Reader<'_>, inputs: Option<&[&str]>, fields: &[&str], steps: Option<&[&str]>) {
    for (root, name) in text.references() {
        let (what, known) = match root.as_str() {
            "inputs" => ("input", inputs),
            "credentials" => ("credential field", Some(fields)),
            "steps" => ("earlier step", steps),
            root if !ROOTS.contains(&root) => {
                undefined(place, "name", root, ROOTS);
                continue;
            }
            _ => continue,
        };
        if let (Some(name), Some(known)) = (name, known)
            && !known.contains(&name.as_str())
        {
            undefined(place, what, &name, known.iter().copied());
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
