//! The guide as the Hub shows it beside its form: what is to be done at the provider, with the fields that
//! each step yields.

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, FormField},
};
use patchbay_model::EnabledActions;
use serde_json::{Value, json};

use super::{
    html::{sentence_to_html, to_html},
    model::{GuidePage, Section, Step, guide_path},
    scopes::GuideScopes,
};

/// The guide for what the profile's actions need; null when the connector has none. `page_at` is the server's URL where
/// the guide has a page of its own. HTML is made from
/// Markdown with raw HTML shown as text.
pub(crate) fn hub_guide(
    page_at: Option<&str>,
    connector: &Connector,
    method: &AuthMethod,
    enabled: &EnabledActions,
) -> Value {
    if method.guides.config.is_none() {
        return Value::Null;
    }
    let scopes = GuideScopes::of(connector, method, enabled);
    let guide = GuidePage::written(connector, method, &scopes);
    let fields = method.config_fields.as_slice();
    json!({
        "title": guide.title,
        "url": page_at.map(|url| format!("{url}{}{}", guide_path(connector, method), scopes.query(enabled))),
        "warning_html": guide.warning.as_deref().map(block),
        "sections": guide.sections.iter().map(|found| section(found, fields)).collect::<Vec<_>>(),
    })
}

fn section(section: &Section, fields: &[FormField]) -> Value {
    json!({
        "title": section.title,
        "html": text(section.content.as_deref(), &section.list),
        "steps": section.steps.iter().map(|found| step(found, fields)).collect::<Vec<_>>(),
    })
}

fn step(step: &Step, fields: &[FormField]) -> Value {
    let whole = [step.title.as_str(), step.content.as_deref().unwrap_or_default()];
    let whole = whole.into_iter().chain(step.list.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
    let listed = &step.scopes;
    let scopes = listed.scopes.iter().map(|(name, description)| json!({ "name": name, "description": description }));
    json!({
        "title_html": sentence_to_html(&step.title),
        "html": text(step.content.as_deref(), &step.list),
        "scopes": scopes.collect::<Vec<_>>(),
        "scopes_text": listed.copy,
        "scopes_note": listed.note,
        "fields": fields.iter().filter(|field| mentions(&whole, &field.label)).map(|field| &field.key).collect::<Vec<_>>(),
    })
}

fn text(content: Option<&str>, list: &[String]) -> Value {
    let mut markdown = content.unwrap_or_default().trim().to_owned();
    for (index, item) in list.iter().enumerate() {
        markdown.push_str(if index == 0 { "\n\n- " } else { "\n- " });
        markdown.push_str(item);
    }
    if markdown.trim().is_empty() { Value::Null } else { block(&markdown).into() }
}

fn block(markdown: &str) -> String {
    to_html(markdown).0
}

/// Whether a text names a field: its label as whole words, in any case.
fn mentions(text: &str, label: &str) -> bool {
    let (text, label) = (text.to_lowercase(), label.to_lowercase());
    if label.is_empty() {
        return false;
    }
    text.match_indices(&label).any(|(at, found)| {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !is_word(text[..at].chars().next_back()) && !is_word(text[at + found.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_field_is_named_by_whole_words() {
        assert!(mentions("Copy the **Client ID** and", "Client ID"));
        assert!(mentions("client id.", "Client ID"));
        assert!(!mentions("The Client IDs of", "Client ID"));
        assert!(!mentions("anything", ""));
    }
}
