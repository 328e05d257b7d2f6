//! `patchbay connector docs`: writes a connector's guide and action reference as Markdown.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, Filters, FormField, Guide, Input, InputType},
};

use super::{source, stdout};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector: its folder, its main file, or the key of a built-in one
    #[arg(value_name = "PATH|KEY")]
    connector: String,
    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let connector = source::find_one(&args.connector)?.connector()?;
    let text = markdown(&connector);
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => stdout::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn markdown(connector: &Connector) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n\n{}\n", connector.title, connector.description);
    let _ = writeln!(out, "Key `{}`, version {}.", connector.key, connector.version);
    if let Some(details) = &connector.details {
        let _ = writeln!(out, "\n{}", details.trim());
    }
    let _ = writeln!(out, "\n## Connecting");
    for method in &connector.authentication {
        authentication(&mut out, method);
    }
    if !connector.scopes.is_empty() {
        let _ = writeln!(out, "\n## Scopes\n\n| Scope | What it allows | Includes |\n|---|---|---|");
        for scope in &connector.scopes {
            let includes = scope.includes.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(out, "| `{}` | {} | {includes} |", scope.name, cell(&scope.description));
        }
    }
    let _ = writeln!(out, "\n## Actions");
    for action in &connector.actions {
        describe(&mut out, action);
    }
    out
}

fn authentication(out: &mut String, method: &AuthMethod) {
    let _ = writeln!(out, "\n### {} (`{}`)", method.label, method.key);
    fields(out, "The operator fills in once:", &method.setup_fields);
    fields(out, "The customer fills in:", &method.config_fields);
    for (title, found) in [("Setting up", &method.guides.setup), ("Connecting an account", &method.guides.config)] {
        if let Some(found) = found {
            let _ = writeln!(out, "\n#### {title}");
            guide(out, found);
        }
    }
}

fn fields(out: &mut String, lead: &str, fields: &[FormField]) {
    if fields.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{lead}\n\n| Field | Label | Required | Secret | Description |\n|---|---|---|---|---|");
    for field in fields {
        let about = cell(field.description.as_deref().unwrap_or_default());
        let (required, secret) = (yes(field.required), yes(field.secret));
        let _ = writeln!(out, "| `{}` | {} | {required} | {secret} | {about} |", field.key, cell(&field.label));
    }
}

fn guide(out: &mut String, guide: &Guide) {
    if let Some(warning) = &guide.warning {
        let _ = writeln!(out, "\n> {}", warning.trim());
    }
    for section in &guide.sections {
        let _ = writeln!(out, "\n**{}**", section.title);
        paragraph(out, section.content.as_deref(), &section.list);
        for (place, step) in section.steps.iter().enumerate() {
            let _ = writeln!(out, "\n{}. **{}**", place + 1, step.title);
            if let Some(content) = &step.content {
                let _ = writeln!(out, "\n   {}", content.trim().replace('\n', "\n   "));
            }
            for item in &step.list {
                let _ = writeln!(out, "   - {}", item.trim());
            }
        }
    }
}

fn paragraph(out: &mut String, content: Option<&str>, list: &[String]) {
    if let Some(content) = content {
        let _ = writeln!(out, "\n{}", content.trim());
    }
    for (place, item) in list.iter().enumerate() {
        let _ = writeln!(out, "{}- {}", if place == 0 { "\n" } else { "" }, item.trim());
    }
}

fn describe(out: &mut String, action: &Action) {
    let _ = writeln!(out, "\n### {} (`{}`)\n\n{}", action.label, action.public_id, action.description.trim());
    if let Some(details) = &action.details {
        let _ = writeln!(out, "\n{}", details.trim());
    }
    if !action.required_scopes.is_empty() {
        let scopes = action.required_scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "\nNeeds: {scopes}.");
    }
    if action.inputs.iter().any(Input::is_shown) {
        let _ = writeln!(out, "\n| Input | In | Type | Required | Description |\n|---|---|---|---|---|");
        action.inputs.iter().filter(|input| input.is_shown()).for_each(|input| row(out, input, ""));
        for input in &action.inputs {
            if let Some(filters) = &input.filters {
                filter_table(out, &input.name, filters);
            }
        }
    } else {
        let _ = writeln!(out, "\nTakes no input.");
    }
    for url in &action.resources {
        let _ = writeln!(out, "\nThe provider's page: <{url}>");
    }
}

fn row(out: &mut String, input: &Input, parent: &str) {
    let name = format!("{parent}{}", input.name);
    let about = cell(&input.description);
    let place = input.location.as_str();
    let _ = writeln!(out, "| `{name}` | {place} | {} | {} | {about} |", kind(input), yes(input.required));
    let inside = format!("{name}{}.", if input.array { "[]" } else { "" });
    input.properties.iter().filter(|input| input.is_shown()).for_each(|property| row(out, property, &inside));
}

/// Lists the fields of filters with their operators.
fn filter_table(out: &mut String, input: &str, filters: &Filters) {
    let _ = writeln!(out, "\n| `field` of `{input}[]` | `operator` |\n|---|---|");
    for field in &filters.fields {
        let operators = field.operators.iter().map(|operator| format!("`{}`", cell(&operator.name)));
        let _ = writeln!(out, "| `{}` | {} |", cell(&field.name), operators.collect::<Vec<_>>().join(", "));
    }
}

pub fn kind(input: &Input) -> String {
    let kind = match input.kind {
        InputType::String => "string".to_owned(),
        InputType::Number => "number".to_owned(),
        InputType::Boolean => "boolean".to_owned(),
        InputType::DatetimeString => "date or time".to_owned(),
        InputType::Object if input.filters.is_some() => "filter (`field`, `operator`, `value`)".to_owned(),
        InputType::Object => "object".to_owned(),
        InputType::Enum => {
            let values = input.one_of.iter().map(|value| format!("`{}`", cell(&value.to_string())));
            values.collect::<Vec<_>>().join(", ")
        }
    };
    if input.array { format!("list of {kind}") } else { kind }
}

const fn yes(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}

/// Returns the text on one line, escaped for a table cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
