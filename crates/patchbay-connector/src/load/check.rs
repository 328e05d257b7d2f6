//! Checks every reference: to steps, inputs, credentials, scopes and test actions.

use std::{collections::HashMap, sync::Arc};

use super::{action::ActionSpans, auth::AuthMethodSpans, events, root::LoadedRoot};
use crate::{
    Connector,
    authorization::oauth2::TOKEN_CREDENTIALS,
    definition::{Action, ActionResult, AuthMethod, FilterOperator, Step, ValidationRule, ValueTemplate},
    diagnostic::code,
    expr::Template,
    step_functions::StepContext,
    suggest::nearest,
    syntax::{NameSet, Reader},
};

/// The names at the root of every expression.
const ROOTS: [&str; 8] =
    ["inputs", "credentials", "steps", "context", "iterator", "response", "apiHostUri", "undefined"];

/// The names that an expression may refer to. If not all names of a kind are known (`None`), an unknown name is not an
/// error.
#[derive(Clone, Copy)]
struct KnownNames<'k, 'a> {
    inputs: Option<&'k NameSet<'a>>,
    credentials: Option<&'k NameSet<'a>>,
    steps: Option<&'k NameSet<'a>>,
    /// The roots that have no value here, but have one elsewhere.
    without_value: &'k [&'k str],
}

/// Checks every reference of a connector.
pub(super) fn references(read: &LoadedRoot<'_>) {
    let connector = &read.connector;
    let scopes = connector.scopes.iter().map(|scope| scope.name.as_str()).collect::<NameSet<'_>>();
    let (credentials, none) = (credentials(connector), NameSet::default());
    // Outside of actions there are neither inputs nor steps.
    let without_value = &["iterator", "response"];
    let credentials = (!has_opaque_credentials(connector)).then_some(&credentials);
    let outside = KnownNames { inputs: Some(&none), credentials, steps: Some(&none), without_value };

    if let (Some(template), Some(place)) = (&connector.base_url, &read.base_url) {
        check_template(template, place, outside);
    }
    if let (Some(events), Some(place)) = (&connector.events, &read.events) {
        events::references::check(connector, events, place, credentials);
        for polling in events.polling.iter().filter(|polling| connector.action(&polling.action).is_none()) {
            if !read.unread.may_have(&polling.action) {
                let actions = connector.actions.iter().map(|action| action.id.as_str()).collect::<NameSet<'_>>();
                actions.report_undefined(place, "action", &polling.action, &polling.action);
            }
        }
    }
    check_scopes(&scopes, &read.included);
    for (method, spans) in connector.authentication.iter().zip(&read.methods) {
        method_references(read, method, spans, &scopes, outside);
    }
    let own = connector.actions.iter().zip(&read.actions);
    for (action, spans) in own.chain(read.nested.iter().map(|(action, spans)| (action, spans))) {
        let has_host = connector.authentication.iter().any(|method| {
            let refresh = method.refresh.as_ref().map(|refresh| &refresh.action);
            refresh.into_iter().chain(&method.revoke).any(|known| Arc::ptr_eq(known, action))
        });
        action_references(action, spans, &scopes, credentials, has_host);
    }
}

/// Returns the step whose whole data is the result of an action, or its member `data`.
fn step_of_result(action: &Action) -> Option<&Step> {
    let result = match &action.result {
        ActionResult::LastStep => return action.steps.last(),
        ActionResult::Template(result) => result,
    };
    let whole = match result {
        ValueTemplate::Object(members) => {
            members.iter().find(|(name, _)| name.source() == "data").map(|(_, data)| data)?
        }
        other => other,
    };
    let ValueTemplate::Text(template) = whole else { return None };
    let (_, name) = template.references().into_iter().find(|(root, _)| root == "steps")?;
    action.steps.iter().find(|step| Some(&step.id) == name.as_ref())
}

/// Returns true if an action that requests credentials returns whatever a step returns. Then any credential may have a value.
fn has_opaque_credentials(connector: &Connector) -> bool {
    let refreshes = connector.authentication.iter().filter_map(|method| method.refresh.as_ref());
    refreshes.map(|refresh| &*refresh.action).any(|action| {
        let is_listed = matches!(&action.result, ActionResult::Template(ValueTemplate::Object(members))
            if !members.iter().any(|(name, value)| name.source() == "data" && !matches!(value, ValueTemplate::Object(_))));
        !is_listed && step_of_result(action).is_none_or(|step| step.function.mapped_keys(&action.fields).is_none())
    })
}

/// Returns every name that a credential may have: those of fields, and those that a token response sets.
fn credentials(connector: &Connector) -> NameSet<'_> {
    let mut names = NameSet::default();
    for method in &connector.authentication {
        let fields = method.config_fields.iter().chain(&method.setup_fields);
        fields.for_each(|field| names.add(&field.key));
        method.authorization.credentials(&mut names);
        if let Some(refresh) = &method.refresh {
            TOKEN_CREDENTIALS.into_iter().for_each(|name| names.add(name));
            if let ActionResult::Template(ValueTemplate::Object(members)) = &refresh.action.result {
                members.iter().for_each(|(name, _)| names.add(name.source()));
                let inner = members.iter().find(|(name, _)| name.source() == "data").map(|(_, value)| value);
                if let Some(ValueTemplate::Object(inner)) = inner {
                    inner.iter().for_each(|(name, _)| names.add(name.source()));
                }
            }
            let mapped =
                step_of_result(&refresh.action).and_then(|step| step.function.mapped_keys(&refresh.action.fields));
            mapped.into_iter().flatten().for_each(|name| names.add(name));
        }
    }
    let captured = connector.events.iter().filter_map(|events| events.capture.as_ref());
    captured.for_each(|capture| names.add(&capture.field));
    names
}

fn method_references(
    read: &LoadedRoot<'_>,
    method: &AuthMethod,
    spans: &AuthMethodSpans<'_>,
    scopes: &NameSet<'_>,
    known: KnownNames<'_, '_>,
) {
    let connector = &read.connector;
    check_scopes(scopes, &spans.scopes);
    for (test, place) in method.test_actions.iter().zip(&spans.test_actions) {
        if test.inline.is_none() && connector.action(&test.action).is_none() && !read.unread.may_have(&test.action) {
            let actions = connector.actions.iter().map(|action| action.id.as_str()).collect::<NameSet<'_>>();
            actions.report_undefined(place, "action", &test.action, &test.action);
        }
        if let Some(condition) = &test.condition {
            check_template(condition, place, known);
        }
    }
    let mut templates = Vec::new();
    method.authorization.templates(&mut templates);
    templates.extend(method.mcp.iter().map(|flow| &flow.server_url));
    if let Some(certificates) = &method.certificates {
        certificates.templates(&mut templates);
    }
    for template in templates {
        check_template(template, &spans.authorization, known);
    }
}

/// Checks the references of an action. `has_host` is true for actions that request or revoke tokens: only they have the
/// server's address.
fn action_references(
    action: &Action,
    spans: &ActionSpans<'_>,
    scopes: &NameSet<'_>,
    credentials: Option<&NameSet<'_>>,
    has_host: bool,
) {
    check_scopes(scopes, &spans.scopes);
    let inputs = action.inputs.iter().map(|input| input.name.as_str()).collect::<NameSet<'_>>();
    if let Some(place) = spans.inputs.as_ref().filter(|_| spans.inputs_known) {
        check_filters(action, &inputs, place);
    }
    for (rule, place) in action.rules.iter().zip(&spans.rules).filter(|_| spans.inputs_known) {
        for field in rule_fields(rule).into_iter().filter(|field| !inputs.contains(field)) {
            inputs.report_undefined(place, "input", field, field);
        }
    }
    action.fields.iter().for_each(|field| field.check_scopes(&spans.id, scopes));
    let without_value: &[&str] = if has_host { &[] } else { &["apiHostUri"] };
    let known = KnownNames { inputs: spans.inputs_known.then_some(&inputs), credentials, steps: None, without_value };
    let (mut earlier, mut seen) = (NameSet::default(), HashMap::new());
    for (step, place) in action.steps.iter().zip(&spans.steps) {
        if let Some(first) = seen.insert(step.id.as_str(), place) {
            place.duplicate(first, format!("there is another step `{}`", step.id));
        }
        let before = KnownNames { steps: spans.steps_known.then_some(&earlier), ..known };
        for template in step.templates() {
            check_template(template, place, before);
        }
        let is_last = action.steps.last().is_some_and(|last| std::ptr::eq(last, step));
        let is_single_last = is_last && step.iterator.is_none() && step.then.is_empty();
        let context = StepContext { place, is_single_last, earlier: &earlier, scopes };
        step.functions().for_each(|function| function.check(&context));
        earlier.add(&step.id);
        // These read the step's own output.
        for criteria in step.success_criteria.iter().chain(&step.failure_message) {
            check_template(criteria, place, KnownNames { steps: spans.steps_known.then_some(&earlier), ..known });
        }
    }
    if let (Some(place), Action { result: ActionResult::Template(result), .. }) = (&spans.result, action) {
        let without_value: &[&str] =
            if has_host { &["iterator", "response"] } else { &["apiHostUri", "iterator", "response"] };
        let known = KnownNames { steps: spans.steps_known.then_some(&earlier), without_value, ..known };
        result.templates(&mut |template| check_template(template, place, known));
    }
}

/// Checks that each operator of a filter names another input that is not a list of filters.
fn check_filters(action: &Action, inputs: &NameSet<'_>, place: &Reader<'_>) {
    let filters = action.inputs.iter().filter_map(|input| input.filters.as_deref());
    let operators = filters.flat_map(|filters| &filters.fields).flat_map(|field| &field.operators);
    for FilterOperator { input: name, .. } in operators {
        if !inputs.contains(name) {
            inputs.report_undefined(place, "input", name, name);
        } else if action.inputs.iter().any(|input| input.name == *name && input.filters.is_some()) {
            let message = format!("`{name}` is itself a list of filters");
            place.error_in_text(name, name, code::INVALID, message, None);
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

fn check_scopes(known: &NameSet<'_>, named: &[(String, Reader<'_>)]) {
    for (scope, place) in named.iter().filter(|(scope, _)| !known.contains(scope)) {
        known.report_undefined(place, "scope", scope, scope);
    }
}

/// Checks the names in an expression.
fn check_template(template: &Template, place: &Reader<'_>, known: KnownNames<'_, '_>) {
    for (root, name) in template.references() {
        let (what, known) = match root.as_str() {
            "inputs" => ("input", known.inputs),
            "credentials" => ("credential field", known.credentials),
            "steps" => ("earlier step", known.steps),
            root if known.without_value.contains(&root) => {
                let message = format!("`{root}` has no value here");
                place.error_in_text(template.source(), root, code::UNDEFINED, message, None);
                continue;
            }
            root if !ROOTS.contains(&root) => {
                let roots = ROOTS.into_iter().collect::<NameSet<'_>>();
                roots.report_undefined(place, "name", root, template.source());
                continue;
            }
            _ => continue,
        };
        if let (Some(name), Some(known)) = (name, known)
            && !known.contains(&name)
        {
            if what == "input" && place.is_original() {
                let message = format!("the input `{name}` is not declared; it has no value");
                let hint = known.hint(place, what, &name);
                place.warning_in_text(template.source(), &name, code::UNDEFINED, message, hint);
            } else {
                known.report_undefined(place, what, &name, template.source());
            }
        }
    }
    template.step_reads().iter().for_each(|names| check_output(names, template, place));
}

/// Checks the members of a step's output: `steps.ID.output.MEMBER`.
fn check_output(names: &[&str], template: &Template, place: &Reader<'_>) {
    /// What the outputs of all step functions have.
    const MEMBERS: [&str; 10] = [
        "data",
        "raw",
        "statusCode",
        "message",
        "next",
        "position",
        "headers",
        "contentDisposition",
        "fileMetadata",
        "finalUrl",
    ];
    let (part, message, hint) = match *names {
        [_, _, "output"] | [_, _] | [_] | [] => return,
        [_, step, "output", member, ..] if !MEMBERS.contains(&member) => {
            let hint = match nearest(member, MEMBERS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write `steps.{step}.output.data` for the data, `.raw` for the whole response body"),
            };
            (member, format!("the output of a step has no member `{member}`"), hint)
        }
        [_, _, "output", ..] => return,
        [_, step, member, ..] => {
            let rest = if MEMBERS.contains(&member) { member } else { "data" };
            let hint = format!("write `steps.{step}.output.{rest}`");
            (member, format!("a step has no member `{member}`; what it returns is under `output`"), hint)
        }
    };
    if place.is_original() {
        place.warning_in_text(template.source(), part, code::UNDEFINED, message, Some(hint));
    } else {
        place.error_in_text(template.source(), part, code::UNDEFINED, message, Some(hint));
    }
}
