//! The page of an action.

use std::fmt::Write as _;

use patchbay_connector::{
    Connector,
    definition::{Action, InputLocation, ReleaseStage, ValidationRule},
};
use patchbay_docs::{Page, Section};
use serde_json::{Map, Value};

use super::{
    action_path,
    names::{effect, stage},
    overview_path,
};
use crate::pages::docs::{
    samples::{Call, Credential, Part, json_block},
    schema::{example, read, write_members},
    text::{code, description_of, plain, sentence, text_beside, web_link, without_markup},
    writer::Writer,
};

/// The largest example of the connector's file that is shown, in bytes.
const MOST_EXAMPLE_BYTES: usize = 8_000;

/// Returns the page of an action.
pub(super) fn page(connector: &Connector, action: &Action) -> Page {
    let mut writer = Writer::default();
    let schema = action.input_schema();
    write_introduction(&mut writer, connector, action);
    write_call(&mut writer, connector, action, &schema);
    write_inputs(&mut writer, action, &schema);
    write_response(&mut writer, action);
    write_references(&mut writer, action);
    let label = without_markup(&action.label);
    Page {
        path: action_path(connector, action),
        title: format!("{}: {label}", without_markup(&connector.title)),
        nav_title: Some(label),
        description: description_of(&action.description),
        section: Section::Connectors,
        order: 10,
        redirects: Vec::new(),
        body: writer.into_body(),
    }
}

fn write_introduction(writer: &mut Writer, connector: &Connector, action: &Action) {
    writer.markdown(&text_beside(&action.description));
    if let Some(details) = &action.details {
        writer.markdown(&sentence(details));
    }
    let mut facts = format!(
        "- **Action**: {}\n- **Connector**: [{}]({}), version {}\n- **Effect**: {}\n",
        code(&action.public_id),
        plain(&connector.title),
        overview_path(connector),
        code(&connector.version.to_string()),
        effect(action)
    );
    if let Some(found) = action.release_stage.filter(|found| *found != ReleaseStage::Ga) {
        // Writing to a String does not fail.
        let _ = writeln!(facts, "- **Stage**: {}", stage(found));
    }
    let scopes = action.required_scopes.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    if !scopes.is_empty() {
        let _ = writeln!(facts, "- **Scopes at the provider**: {scopes}");
    }
    for (method, scopes) in &action.auth_requirements {
        let scopes = scopes.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(facts, "- **Scopes with {}**: {scopes}", code(method));
    }
    let _ = writeln!(
        facts,
        "- **Scope of the API key**: [`actions:execute`](/docs/api/scopes#actions-execute)\n\n\
         [Open in the action runner](/dashboard/run?connector={}&action={})",
        query(&connector.key),
        query(&action.public_id)
    );
    writer.markdown(facts.trim());
}

fn query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn write_call(writer: &mut Writer, connector: &Connector, action: &Action, schema: &Value) {
    writer.markdown(&format!(
        "## Call\n\nRun it with a linked account of {} ([`POST /actions/rpc`](/docs/api/actions-rpc)):",
        plain(&connector.title)
    ));
    let mut body = Map::from_iter([("action".to_owned(), Value::from(action.public_id.as_str()))]);
    match action.examples.first().and_then(|example| example.input.as_object()).filter(|_| fits(action)) {
        Some(input) => body.extend(input.clone().into_iter().filter(|(name, _)| name != "action")),
        None => {
            let inputs = example(&Value::Null, schema);
            body.extend(inputs.as_object().cloned().unwrap_or_default());
        }
    }
    let call = Call {
        method: "POST".to_owned(),
        path: vec![Part::Text("/actions/rpc".to_owned())],
        headers: vec![("x-account-id", Part::Variable("ACCOUNT"))],
        body: Some(Value::Object(body)),
        body_variables: &[],
        credential: Credential::ApiKey,
        returns_json: true,
    };
    writer.markdown(&call.to_markdown());
}

/// Returns true if the example of the connector's file has the form of a request, and is small.
fn fits(action: &Action) -> bool {
    let groups = ["path", "query", "headers", "body", "action"];
    action.examples.first().is_some_and(|example| {
        let mut members = example.input.as_object().into_iter().flatten();
        let is_group = |name: &str, value: &Value| groups.contains(&name) && (value.is_object() || name == "action");
        members.all(|(name, value)| is_group(name, value)) && example.input.to_string().len() <= MOST_EXAMPLE_BYTES
    })
}

fn write_inputs(writer: &mut Writer, action: &Action, schema: &Value) {
    writer.markdown("## Inputs");
    if schema["properties"].as_object().is_none_or(Map::is_empty) {
        writer.markdown("The action has no inputs.");
    }
    for location in [InputLocation::Path, InputLocation::Query, InputLocation::Headers, InputLocation::Body] {
        let group = &schema["properties"][location.as_str()];
        if group.is_null() {
            continue;
        }
        writer.markdown(&format!("### In {}", code(location.as_str())));
        write_members(writer, &read(&Value::Null, group));
    }
    let rules = action.rules.iter().map(|rule| format!("- {}", rule_text(rule))).collect::<Vec<_>>();
    if !rules.is_empty() {
        writer.markdown(&format!("Rules for several inputs:\n\n{}", rules.join("\n")));
    }
}

fn rule_text(rule: &ValidationRule) -> String {
    let names = |fields: &[String]| fields.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    match rule {
        ValidationRule::AtLeastOneOf { fields, .. } => format!("At least one of {} is required.", names(fields)),
        ValidationRule::MutuallyExclusive { fields, .. } => format!("At most one of {} may be present.", names(fields)),
        ValidationRule::RequiredIf { field, other, equals, not_equals, present, .. } => {
            let other = code(other);
            let condition = match (equals, not_equals, present) {
                (Some(value), ..) => format!("{other} is {}", code(&value.to_string())),
                (_, Some(value), _) => format!("{other} is not {}", code(&value.to_string())),
                (.., Some(false)) => format!("{other} is absent"),
                _ => format!("{other} is present"),
            };
            format!("{} is required if {condition}.", code(field))
        }
    }
}

fn write_response(writer: &mut Writer, action: &Action) {
    writer.markdown(
        "## Response\n\n`data` is the result; `next` is the cursor of the next page, or null. \
         [Errors](/docs/api/actions-rpc#errors) have a stable code; with `?debug=true` the response also contains the requests \
         to the provider.",
    );
    if let Some(cursor) = action.cursor.as_ref().filter(|cursor| cursor.enabled) {
        let size = cursor.page_size.map(|size| format!(" A page has at most {size} records.")).unwrap_or_default();
        writer.markdown(&format!(
            "**Pages**: pass `next` of the response unchanged as {} of the next call, until `next` is null.{size}",
            code(&cursor.input)
        ));
    }
    if let Some(example) = action.examples.first() {
        if let Some(text) = &example.description {
            writer.markdown(&sentence(text));
        }
        if example.output.to_string().len() <= MOST_EXAMPLE_BYTES {
            writer.markdown(&json_block(&example.output));
        }
    }
}

fn write_references(writer: &mut Writer, action: &Action) {
    let links = action.resources.iter().map(|url| format!("- {}", web_link(url, url))).collect::<Vec<_>>();
    if !links.is_empty() {
        writer.markdown(&format!("## Provider's documentation\n\n{}", links.join("\n")));
    }
}
