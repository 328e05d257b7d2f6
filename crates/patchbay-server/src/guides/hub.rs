//! The connection guide that the Hub shows next to its form: the steps at the provider, each with the fields whose values it
//! yields.

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, FormField},
};
use patchbay_model::EnabledActions;

use patchbay_docs::{sentence_to_html, to_html};

use super::{
    model::{GuidePage, Section, SectionStep},
    scopes::GuideScopes,
};
use crate::{
    dto::{
        guides::{HubGuideOut, HubGuideSectionOut, HubGuideStepOut},
        shared::ScopeOut,
    },
    urls::RouteUrls,
};

/// Returns the guide for what the profile's actions need, or `None` if the connector has none. `urls` builds the URL of
/// its own page, if it has one. Raw HTML in the guide's Markdown is shown as text.
pub(crate) fn hub_guide(
    urls: Option<&RouteUrls>,
    connector: &Connector,
    method: &AuthMethod,
    enabled: &EnabledActions,
) -> Option<HubGuideOut> {
    method.guides.config.as_ref()?;
    let scopes = GuideScopes::of(connector, method, enabled);
    let guide = GuidePage::written(connector, method, &scopes);
    let fields = method.config_fields.as_slice();
    Some(HubGuideOut {
        url: urls.map(|urls| urls.guide(connector, method, &scopes.query(connector, enabled))),
        warning_html: guide.warning.as_deref().map(block),
        sections: guide.sections.iter().map(|found| section(found, fields)).collect(),
        title: guide.title,
    })
}

fn section(section: &Section, fields: &[FormField]) -> HubGuideSectionOut {
    HubGuideSectionOut {
        title: section.title.clone(),
        html: text(section.content.as_deref(), &section.list),
        steps: section.steps.iter().map(|found| step(found, fields)).collect(),
    }
}

fn step(step: &SectionStep, fields: &[FormField]) -> HubGuideStepOut {
    let whole = [step.title.as_str(), step.content.as_deref().unwrap_or_default()];
    let whole = whole.into_iter().chain(step.list.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
    let listed = step.scopes.as_ref();
    let scopes = listed.map(|listed| listed.scopes.as_slice()).unwrap_or_default().iter();
    let yielded = fields.iter().filter(|field| mentions(&whole, &field.label));
    HubGuideStepOut {
        title_html: sentence_to_html(&step.title),
        html: text(step.content.as_deref(), &step.list),
        scopes: scopes
            .map(|(name, description)| ScopeOut { name: name.clone(), description: Some(description.clone()) })
            .collect(),
        scopes_text: listed.and_then(|listed| listed.copy.clone()),
        scopes_note: listed.and_then(|listed| listed.note.clone()),
        fields: yielded.map(|field| field.key.clone()).collect(),
    }
}

/// Returns a text with its bullet points as HTML, or `None` if both are empty.
fn text(content: Option<&str>, list: &[String]) -> Option<String> {
    let mut markdown = content.unwrap_or_default().trim().to_owned();
    for (index, item) in list.iter().enumerate() {
        markdown.push_str(if index == 0 { "\n\n- " } else { "\n- " });
        markdown.push_str(item);
    }
    (!markdown.trim().is_empty()).then(|| block(&markdown))
}

fn block(markdown: &str) -> String {
    to_html(markdown).0
}

/// Returns true if a text contains a field's label as whole words, in any case.
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
