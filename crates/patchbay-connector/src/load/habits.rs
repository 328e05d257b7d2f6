//! Warns of what is valid and probably a mistake: secrets in the wrong place, and inputs that nothing reads.

use super::{action::ActionSpans, root::LoadedRoot};
use crate::{
    Connector,
    authorization::oauth2::TOKEN_CREDENTIALS,
    definition::{Action, ActionResult, AuthMethod, Authorization, FieldType},
    diagnostic::code,
    expr::{EVERYTHING, Template, ValueTemplate},
    step_functions::{DependencyScan, StepFunction},
    syntax::{NameSet, Reader},
};

/// The shortest literal that counts as a credential. Providers ask for short fixed words (`x`, `api`) as a password.
const MIN_SECRET_CHARS: usize = 8;

/// Checks a connector without errors.
pub(super) fn check(read: &LoadedRoot<'_>) {
    let connector = &read.connector;
    let secrets = secrets(connector);
    if let (Some(template), Some(place)) = (&connector.base_url, &read.base_url) {
        secret_in_url(template, place, &secrets);
        plain_http(template, place);
    }
    for (method, spans) in connector.authentication.iter().zip(&read.methods) {
        literal_credential(method, &spans.authorization);
    }
    for (action, spans) in connector.actions.iter().zip(&read.actions) {
        unused_inputs(action, spans);
        for (step, place) in action.steps.iter().zip(&spans.steps) {
            for request in step.functions().filter_map(StepFunction::request) {
                for template in request.base_url.into_iter().chain(request.url) {
                    secret_in_url(template, place, &secrets);
                    plain_http(template, place);
                }
            }
        }
    }
}

/// Returns the credentials that nobody may see: passwords and tokens.
fn secrets(connector: &Connector) -> NameSet<'_> {
    let fields = connector.authentication.iter().flat_map(AuthMethod::fields);
    let passwords = fields.filter(|field| field.kind == FieldType::Password).map(|field| field.key.as_str());
    passwords.chain(TOKEN_CREDENTIALS.into_iter().filter(|name| name.ends_with("Token"))).collect()
}

fn secret_in_url(template: &Template, place: &Reader<'_>, secrets: &NameSet<'_>) {
    for (root, name) in template.references() {
        let Some(name) = name.filter(|name| root == "credentials" && secrets.contains(name)) else { continue };
        place.warning_in_text(
            template.source(),
            &name,
            code::INVALID,
            format!("the URL contains the secret `{name}`; providers and proxies write URLs to their logs"),
            Some("send it in a header, if the provider accepts one".to_owned()),
        );
    }
}

/// Warns of a URL without encryption, except that of this machine.
fn plain_http(template: &Template, place: &Reader<'_>) {
    let Some(rest) = template.source().trim_start().strip_prefix("http://") else { return };
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let is_own = host == "localhost" || host.starts_with("127.") || rest.starts_with("[::1]");
    if !is_own {
        let message = "the URL begins with `http://`, so that credentials are sent without encryption";
        let hint = Some("write https://".to_owned());
        place.warning_in_text(template.source(), "http", code::INVALID, message.to_owned(), hint);
    }
}

/// Warns of a credential that is written in the file.
fn literal_credential(method: &AuthMethod, place: &Reader<'_>) {
    let mut literals: Vec<&Template> = Vec::new();
    match &method.authorization {
        Authorization::Bearer(bearer) => literals.push(&bearer.token),
        Authorization::Basic(basic) => literals.extend(&basic.password),
        Authorization::OAuth2(oauth2) => {
            literals.push(&oauth2.token);
            let secrets = oauth2.token_params.iter().filter(|(name, _)| name == "client_secret");
            literals.extend(secrets.map(|(_, value)| value));
        }
        Authorization::Custom(custom) => {
            let is_credential = |name: &str| {
                let name = name.to_ascii_lowercase();
                ["authorization", "key", "token", "secret", "password"].iter().any(|part| name.contains(part))
            };
            let arguments = custom.args.iter().filter(|arg| is_credential(arg.name.source()));
            literals.extend(arguments.filter_map(|arg| match &arg.value {
                ValueTemplate::Text(text) => Some(text),
                _ => None,
            }));
        }
        _ => {}
    }
    for literal in literals.into_iter().filter(|literal| literal.is_literal()) {
        let text = literal.source();
        if text.chars().count() >= MIN_SECRET_CHARS {
            place.warning_in_text(
                text,
                text,
                code::INVALID,
                "a credential is written in the file; everyone who can read the connector can use it".to_owned(),
                Some("declare a field of type `password` and write $.credentials.KEY".to_owned()),
            );
        }
    }
}

/// Warns of inputs that no expression of the action reads.
fn unused_inputs(action: &Action, spans: &ActionSpans<'_>) {
    let Some(place) = spans.inputs.as_ref().filter(|_| spans.inputs_known && spans.steps_known) else { return };
    let mut templates = Vec::new();
    for step in &action.steps {
        templates.extend(step.templates());
        templates.extend(step.success_criteria.iter().chain(&step.failure_message));
        let mut scan = DependencyScan::default();
        step.functions().for_each(|function| function.dependencies(&action.fields, &mut scan));
        templates.extend(scan.templates);
    }
    action.fields.iter().for_each(|field| field.templates(&mut templates));
    if let ActionResult::Template(result) = &action.result {
        result.templates(&mut |template| templates.push(template));
    }
    let mut read = NameSet::default();
    let found = templates.into_iter().flat_map(Template::all_references).collect::<Vec<_>>();
    for (root, name) in &found {
        match (root.as_str(), name) {
            (EVERYTHING, _) | ("inputs", None) => return,
            ("inputs", Some(name)) => read.add(name),
            _ => {}
        }
    }
    // The runtime reads these.
    let composite = action.composite_ids.iter().flat_map(|ids| &ids.fields);
    let by_runtime =
        composite.map(|id| id.target.as_str()).chain(action.cursor.iter().map(|cursor| cursor.input.as_str()));
    by_runtime.for_each(|name| read.add(name));
    for (input, place) in action.inputs.iter().zip(place.items()) {
        if !read.contains(&input.name) && input.filters.is_none() {
            let name = place.peek("name").unwrap_or(place);
            name.warning_with_hint(
                code::UNUSED,
                format!("nothing reads the input `{}`", input.name),
                format!("send it as an argument, `value: $.inputs.{}`, or remove it", input.name),
            );
        }
    }
}
