//! Checks the names that the expressions of the `events` block read.

use crate::{
    Connector,
    definition::{EventDefinitions, ValueTemplate},
    diagnostic::code,
    expr::Template,
    syntax::{NameSet, Reader},
};

/// What an expression about a delivery reads: the request, the fields of the profile and account, and what
/// `setup.creation` returned.
const DELIVERY_ROOTS: [&str; 9] =
    ["body", "headers", "query", "path", "method", "url", "credentials", "subscription", "undefined"];
/// What a rule reads, too: the whole body if `itemsPath` makes `body` an item of it.
const RULE_ROOTS: [&str; 8] = ["body", "headers", "query", "path", "method", "url", "delivery", "undefined"];
/// What the expressions about a polled item read.
const ITEM_ROOTS: [&str; 2] = ["item", "undefined"];
/// What the cursor of a polled list reads.
const CURSOR_ROOTS: [&str; 4] = ["result", "items", "cursor", "undefined"];
/// What the inputs of a polled list read.
const INPUT_ROOTS: [&str; 2] = ["cursor", "undefined"];

/// Checks the block. `credentials` are the known names, if all of them are known.
pub(in crate::load) fn check(
    connector: &Connector,
    events: &EventDefinitions,
    place: &Reader<'_>,
    credentials: Option<&NameSet<'_>>,
) {
    for template in events.delivery_templates() {
        check_roots(template, place, &DELIVERY_ROOTS);
        for (root, name) in template.references() {
            if let ("credentials", Some(name), Some(known)) = (root.as_str(), name, credentials)
                && !known.contains(&name)
            {
                known.report_undefined(place, "credential field", &name, template.source());
            }
        }
    }
    check_capture(connector, events, place);
    // The original engine may bind more in rules.
    if let Some(router) = events.router.as_ref().filter(|_| !place.is_original()) {
        for rule in router.delivery.iter().chain(&router.rules) {
            check_roots(&rule.when, place, &RULE_ROOTS);
            check_inputs(&rule.input, place, &RULE_ROOTS);
        }
    }
    for polling in &events.polling {
        check_inputs(&polling.input, place, &INPUT_ROOTS);
        polling.cursor.iter().for_each(|template| check_roots(template, place, &CURSOR_ROOTS));
        check_roots(&polling.id, place, &ITEM_ROOTS);
        polling.changed.iter().for_each(|template| check_roots(template, place, &ITEM_ROOTS));
    }
}

/// Checks that a request without a proof cannot set a field that people fill in.
fn check_capture(connector: &Connector, events: &EventDefinitions, place: &Reader<'_>) {
    let Some(capture) = &events.capture else { return };
    let mut fields =
        connector.authentication.iter().flat_map(|method| method.config_fields.iter().chain(&method.setup_fields));
    if fields.any(|field| field.key == capture.field) {
        let message = format!("a request without a proof would set `{}`, which a form has a field for", capture.field);
        let hint = Some("use a name that no form has".to_owned());
        place.error_in_text(&capture.field, &capture.field, code::INVALID, message, hint);
    }
}

fn check_inputs(inputs: &[(String, ValueTemplate)], place: &Reader<'_>, roots: &[&str]) {
    inputs.iter().for_each(|(_, value)| value.templates(&mut |template| check_roots(template, place, roots)));
}

fn check_roots(template: &Template, place: &Reader<'_>, roots: &[&str]) {
    for (root, _) in template.references().iter().filter(|(root, _)| !roots.contains(&root.as_str())) {
        roots.iter().copied().collect::<NameSet<'_>>().report_undefined(place, "name", root, template.source());
    }
}
