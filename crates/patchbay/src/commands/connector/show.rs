//! `patchbay connector show`: shows a connector or one of its actions, as text or as JSON.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args as ClapArgs;
use patchbay_connector::{
    Connector,
    definition::{Action, AuthKind, AuthMethod, FormField, GrantType, Input},
    evidence::EvidenceLevel,
    expr::Template,
};
use serde_json::{Value, json};

use super::{docs, source, stdout};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector: its folder, its main file, or the key of a built-in one
    #[arg(value_name = "PATH|KEY")]
    connector: String,
    /// An action's id, with or without the connector's key
    #[arg(value_name = "ACTION")]
    action: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let connector = source::find_one(&args.connector)?.connector()?;
    match &args.action {
        Some(id) => {
            let action = source::find_action(&connector, id)?;
            if args.json {
                stdout::print_line(&format!("{:#}", action_json(&connector, action)))?;
            } else {
                stdout::print(&action_text(&connector, action))?;
            }
        }
        None if args.json => stdout::print_line(&format!("{:#}", connector_json(&connector)))?,
        None => stdout::print(&connector_text(&connector))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn connector_text(connector: &Connector) -> String {
    let mut text =
        format!("{} ({} {})\n{}\n", connector.title, connector.key, connector.version, connector.description);
    if let Some(base) = &connector.base_url {
        let _ = writeln!(text, "Base URL: {}", base.source());
    }
    text.push_str("\nAuthentication\n");
    for method in &connector.authentication {
        let _ = writeln!(text, "  {}  {} ({})", method.key, method.label, kind(method));
        for (level, fields) in [("profile", &method.setup_fields), ("account", &method.config_fields)] {
            for field in fields {
                let _ = writeln!(text, "    {level}: {}", field_text(field));
            }
        }
    }
    let _ = writeln!(text, "\nEvidence");
    for (level, count) in connector.evidence_counts().iter().filter(|(_, count)| **count > 0) {
        let _ = writeln!(text, "  {count} of {}  {}", connector.actions.len(), level_text(*level));
    }
    if let Some(evidence) = &connector.evidence {
        let _ = writeln!(text, "  {} on {}", evidence.description, evidence.date);
    }
    let _ = writeln!(text, "\nActions ({})", connector.actions.len());
    let width = connector.actions.iter().map(|action| action.id.len()).max().unwrap_or_default().min(48);
    for action in &connector.actions {
        let _ = writeln!(text, "  {:width$}  {:6}  {}", action.id, action.kind.as_str(), action.label);
    }
    text
}

/// Returns what a level of evidence means.
const fn level_text(level: EvidenceLevel) -> &'static str {
    match level {
        EvidenceLevel::Declared => "declared: only the file says so",
        EvidenceLevel::ContractProven => "contract-proven: ran against a simulator of the provider's API description",
        EvidenceLevel::Checked => "checked: a person compared it with the provider's pages",
        EvidenceLevel::Live => "live: ran at the provider",
    }
}

fn field_text(field: &FormField) -> String {
    let marks = [(field.required, "required"), (field.secret, "secret")];
    let marks = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect::<Vec<_>>().join(", ");
    if marks.is_empty() { field.key.clone() } else { format!("{} ({marks})", field.key) }
}

const fn kind(method: &AuthMethod) -> &'static str {
    match method.kind {
        AuthKind::Custom => "custom",
        AuthKind::OAuth2(GrantType::AuthorizationCode) => "oauth2, authorization_code",
        AuthKind::OAuth2(GrantType::ClientCredentials) => "oauth2, client_credentials",
        AuthKind::Mcp => "mcp",
        AuthKind::OAuth1 => "oauth1",
    }
}

fn action_text(connector: &Connector, action: &Action) -> String {
    let mut text = format!("{} ({})\n{}\n", action.label, action.public_id, action.description);
    if let Some(details) = &action.details {
        let _ = writeln!(text, "\n{}", details.trim());
    }
    let hints = [
        (action.annotations.read_only, "read-only"),
        (action.annotations.destructive, "destructive"),
        (action.annotations.idempotent, "idempotent"),
    ];
    let hints = hints.iter().filter(|(is, _)| *is == Some(true)).map(|(_, hint)| *hint).collect::<Vec<_>>();
    let _ = writeln!(
        text,
        "\nType: {}{}",
        action.kind.as_str(),
        hints.iter().map(|hint| format!(", {hint}")).collect::<String>()
    );
    let _ = writeln!(text, "Evidence: {}", level_text(connector.evidence_level(action)));
    if !action.required_scopes.is_empty() {
        let _ = writeln!(text, "Scopes: {}", action.required_scopes.join(" "));
    }
    let mut inputs = action.inputs.iter().filter(|input| input.is_shown()).peekable();
    text.push_str(if inputs.peek().is_none() { "\nInputs: none\n" } else { "\nInputs\n" });
    for input in inputs {
        input_text(&mut text, input, 1, Some(input.location.as_str()));
    }
    text.push_str("\nSteps\n");
    for step in &action.steps {
        let _ = writeln!(text, "  {}  {}", step.id, step.description.as_deref().unwrap_or_default());
    }
    text
}

fn input_text(text: &mut String, input: &Input, depth: usize, location: Option<&str>) {
    let indent = "  ".repeat(depth);
    let place = location.map(|place| format!("{place}, ")).unwrap_or_default();
    let required = if input.required { ", required" } else { "" };
    let _ = writeln!(text, "{indent}{} ({place}{}{required})  {}", input.name, docs::kind(input), input.description);
    for property in input.properties.iter().filter(|property| property.is_shown()) {
        input_text(text, property, depth + 1, None);
    }
    for field in input.filters.iter().flat_map(|filters| &filters.fields) {
        let operators = field.operators.iter().map(|operator| operator.name.as_str()).collect::<Vec<_>>();
        let _ = writeln!(text, "{indent}  {}: {}", field.name, operators.join(", "));
    }
}

fn connector_json(connector: &Connector) -> Value {
    let field = |field: &FormField| json!({ "key": field.key, "label": field.label, "required": field.required, "secret": field.secret });
    let fields = |fields: &[FormField]| fields.iter().map(field).collect::<Vec<_>>();
    let method = |method: &AuthMethod| {
        json!({
            "key": method.key,
            "label": method.label,
            "type": kind(method),
            "setupFields": fields(&method.setup_fields),
            "configFields": fields(&method.config_fields),
        })
    };
    let scope = |scope: &patchbay_connector::definition::ScopeDefinition| json!({ "name": scope.name, "description": scope.description, "includes": scope.includes });
    let brief = |action: &Action| {
        json!({
            "id": action.id,
            "label": action.label,
            "type": action.kind.as_str(),
            "evidence": connector.evidence_level(action).as_str(),
        })
    };
    json!({
        "key": connector.key,
        "title": connector.title,
        "version": connector.version.to_string(),
        "description": connector.description,
        "baseUrl": connector.base_url.as_ref().map(Template::source),
        "authentication": connector.authentication.iter().map(method).collect::<Vec<_>>(),
        "scopes": connector.scopes.iter().map(scope).collect::<Vec<_>>(),
        "actions": connector.actions.iter().map(|action| brief(action)).collect::<Vec<_>>(),
    })
}

fn action_json(connector: &Connector, action: &Action) -> Value {
    let steps = action.steps.iter().map(|step| json!({ "id": step.id, "description": step.description }));
    json!({
        "id": action.id,
        "publicId": action.public_id,
        "label": action.label,
        "description": action.description,
        "details": action.details,
        "searchPhrases": action.search_phrases,
        "type": action.kind.as_str(),
        "annotations": {
            "readOnlyHint": action.annotations.read_only,
            "destructiveHint": action.annotations.destructive,
            "idempotentHint": action.annotations.idempotent,
        },
        "evidence": connector.evidence_level(action).as_str(),
        "requiredScopes": action.required_scopes,
        "inputSchema": action.input_schema(),
        "steps": steps.collect::<Vec<_>>(),
    })
}
