//! The page of a connector.

use std::fmt::Write as _;

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, FormField},
};
use patchbay_docs::{Page, Section};
use serde_json::json;

use super::{
    action_path,
    names::{counted, sign_in, stage},
    overview_path, shown_actions,
};
use crate::{
    pages::docs::{
        samples::{Call, Credential, Part},
        text::{code, description_of, plain, sentence, shortened, text_beside, web_link, without_markup},
        writer::Writer,
    },
    urls::guide_path,
};

/// The size of the page's Markdown in bytes. A larger page lists no further actions.
const MOST_BYTES: usize = 50_000;

/// Returns the page of a connector.
pub(super) fn page(connector: &Connector) -> Page {
    let mut writer = Writer::default();
    let actions = shown_actions(connector).collect::<Vec<_>>();
    write_introduction(&mut writer, connector);
    write_methods(&mut writer, connector);
    write_link(&mut writer, connector);
    write_scopes(&mut writer, connector);
    write_actions(&mut writer, connector, &actions);
    let title = without_markup(&connector.title);
    Page {
        path: overview_path(connector),
        description: description_of(&connector.description),
        nav_title: None,
        title,
        section: Section::Connectors,
        order: 10,
        redirects: Vec::new(),
        body: writer.into_body(),
    }
}

fn write_introduction(writer: &mut Writer, connector: &Connector) {
    writer.markdown(&text_beside(&shortened(&connector.description, 2_000)));
    if let Some(details) = &connector.details {
        writer.markdown(&sentence(&shortened(details, 5_000)));
    }
    let mut facts = format!(
        "- **Key**: {}\n- **Version**: {}\n- **Stage**: {}\n",
        code(&connector.key),
        code(&connector.version.to_string()),
        stage(connector.release_stage)
    );
    // Writing to a String does not fail.
    if !connector.categories.is_empty() {
        let names = connector.categories.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(facts, "- **Category**: {names}");
    }
    if let Some(limit) = connector.rate_limit_per_second {
        let _ = writeln!(
            facts,
            "- **Rate limit**: {limit} requests a second for each account. Further requests wait \
             ([Rate limits](/docs/guides/rate-limiting))."
        );
    }
    if let Some(limit) = connector.max_concurrency {
        let _ = writeln!(facts, "- **Concurrency**: {limit} requests at once for each account");
    }
    for url in &connector.resources {
        let _ = writeln!(facts, "- **Provider's documentation**: {}", web_link(url, url));
    }
    for reference in &connector.references {
        let about = reference.description.as_deref().map(|text| format!(": {}", sentence(text))).unwrap_or_default();
        let _ =
            writeln!(facts, "- **Provider's documentation**: {}{about}", web_link(&reference.title, &reference.url));
    }
    writer.markdown(facts.trim());
}

fn write_methods(writer: &mut Writer, connector: &Connector) {
    writer.markdown("## Sign-in methods");
    for method in &connector.authentication {
        let mut text = format!(
            "### {}\n\n{} Key: {}. [Guide: connect {} with {}]({})\n\n",
            plain(&method.label),
            sign_in(method),
            code(&method.key),
            plain(&connector.title),
            plain(&method.label),
            guide_path(connector, method)
        );
        text.push_str(&fields("In the Hub, the customer fills in", &method.config_fields));
        text.push_str(&fields("In the connector profile, the operator fills in, once", &method.setup_fields));
        text.push_str(&environments(method));
        writer.markdown(text.trim());
    }
}

fn fields(introduction: &str, fields: &[FormField]) -> String {
    let shown = fields.iter().filter(|field| field.is_shown && !field.read_only).collect::<Vec<_>>();
    if shown.is_empty() {
        return String::new();
    }
    let mut text = format!("{introduction}:\n\n");
    for field in shown {
        let required = if field.required { "required" } else { "optional" };
        let secret = if field.secret { ", secret" } else { "" };
        let about = field.description.as_deref().map(|text| format!(": {}", sentence(text))).unwrap_or_default();
        // Writing to a String does not fail.
        let _ = writeln!(text, "- **{}** {} ({required}{secret}){about}", plain(&field.label), code(&field.key));
    }
    text.push('\n');
    text
}

fn environments(method: &AuthMethod) -> String {
    if method.environments.len() < 2 {
        return String::new();
    }
    let names = method.environments.iter().map(|environment| plain(&environment.name)).collect::<Vec<_>>().join(", ");
    format!("Environments: {names}.\n")
}

fn write_link(writer: &mut Writer, connector: &Connector) {
    writer.markdown(
        "## Link an account\n\nCreate a connect session for a customer, and open the Hub with its token. \
         [Link accounts](/docs/link-accounts) shows all ways.",
    );
    let call = Call {
        method: "POST".to_owned(),
        path: vec![Part::Text("/connect_sessions".to_owned())],
        headers: Vec::new(),
        body: Some(json!({
            "origin_owner_id": "customer-123", "origin_owner_name": "Acme", "provider": connector.key,
        })),
        body_variables: &[],
        credential: Credential::ApiKey,
        returns_json: true,
    };
    writer.markdown(&call.to_markdown());
}

fn write_scopes(writer: &mut Writer, connector: &Connector) {
    if connector.scopes.is_empty() {
        return;
    }
    let mut text = String::from(
        "## Scopes\n\nAn action needs the scopes that its page names. A connector profile that allows fewer actions needs \
         fewer scopes.\n\n",
    );
    for scope in &connector.scopes {
        let includes = scope.includes.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        let includes = if includes.is_empty() { includes } else { format!(" (includes {includes})") };
        // Writing to a String does not fail.
        let _ = writeln!(text, "- {}: {}{includes}", code(&scope.name), sentence(&scope.description));
    }
    writer.markdown(text.trim());
}

/// Writes the actions by category. Of very many, those that do not fit are left to the catalog.
fn write_actions(writer: &mut Writer, connector: &Connector, actions: &[&Action]) {
    writer.markdown(&format!("## Actions\n\n{}.", counted(actions.len(), "action")));
    let mut groups: Vec<(&str, Vec<&Action>)> = Vec::new();
    for action in actions {
        let name = action.categories.first().map_or("other", String::as_str);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(action),
            None => groups.push((name, vec![action])),
        }
    }
    let mut left_out = 0;
    for (name, group) in groups {
        let mut text = format!("### {}\n\n", plain(&name.replace('_', " ")));
        for action in group {
            if writer.size() + text.len() > MOST_BYTES {
                left_out += 1;
                continue;
            }
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "- [{}]({}) {}: {}",
                plain(&action.label),
                action_path(connector, action),
                code(&action.public_id),
                sentence(&shortened(&action.description, 300))
            );
        }
        if text.contains("\n- ") {
            writer.markdown(text.trim());
        }
    }
    if left_out > 0 {
        writer.markdown(&format!(
            "{} more: [the catalog](/docs/api/actions-list) lists all.",
            counted(left_out, "action")
        ));
    }
}
