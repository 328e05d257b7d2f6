//! A guide, limited to the parts that the needed scopes require.

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, FormField, Guide, GuideSection, GuideStep},
};

use super::scopes::{GuideScopes, ListedScopes};

/// A guide's page.
pub(crate) struct GuidePage {
    pub(crate) title: String,
    pub(crate) intro: String,
    pub(crate) warning: Option<String>,
    pub(crate) sections: Vec<Section>,
}

pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) content: Option<String>,
    pub(crate) list: Vec<String>,
    pub(crate) steps: Vec<SectionStep>,
}

pub(crate) struct SectionStep {
    pub(crate) title: String,
    pub(crate) content: Option<String>,
    pub(crate) list: Vec<String>,
    pub(crate) scopes: ListedScopes,
}

impl GuidePage {
    /// Returns the guide of a method. `scopes` are those that the enabled actions need.
    pub(crate) fn new(connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> Self {
        let mut guide = Self::written(connector, method, scopes);
        let mut sections = setup_sections(connector, method, scopes);
        sections.append(&mut guide.sections);
        sections.push(linking_section(connector, method));
        Self { sections, ..guide }
    }

    /// Returns the part that the connector's author wrote: the steps at the provider.
    pub(crate) fn written(connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> Self {
        let guide = method.guides.config.as_ref();
        let sections = written_sections(guide, connector, method, scopes);
        Self {
            title: format!("Connect {} with {}", connector.title, method.label),
            intro: if method.is_interactive() {
                format!("How to set up {} for linking, and how to link an account.", connector.title)
            } else {
                format!("How an administrator of {} gets the credentials and links an account.", connector.title)
            },
            warning: guide.and_then(|guide| guide.warning.clone()),
            sections,
        }
    }
}

/// Returns the steps that the operator does once at the provider, before customers can link.
fn setup_sections(connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> Vec<Section> {
    let mut sections = written_sections(method.guides.setup.as_ref(), connector, method, scopes);
    for section in &mut sections {
        section.title = format!("{} (once, by the operator of this server)", section.title);
    }
    sections
}

fn written_sections(
    guide: Option<&Guide>,
    connector: &Connector,
    method: &AuthMethod,
    scopes: &GuideScopes,
) -> Vec<Section> {
    let sections = guide.map(|guide| guide.sections.as_slice()).unwrap_or_default();
    let shown = sections.iter().filter(|section| scopes.show(&section.applicable_scopes));
    shown.map(|section| written_section(section, connector, method, scopes)).collect()
}

fn written_section(
    section: &GuideSection,
    connector: &Connector,
    method: &AuthMethod,
    scopes: &GuideScopes,
) -> Section {
    let steps = section.steps.iter().filter(|step| scopes.show(&step.applicable_scopes));
    Section {
        title: section.title.clone(),
        content: section.content.clone(),
        list: section.list.clone(),
        steps: steps.map(|step| written_step(step, connector, method, scopes)).collect(),
    }
}

fn written_step(step: &GuideStep, connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> SectionStep {
    let scopes = if step.display_scopes { scopes.described(connector, method) } else { ListedScopes::default() };
    SectionStep { title: step.title.clone(), content: step.content.clone(), list: step.list.clone(), scopes }
}

/// Returns the part that is generated from the form: a step per field, then the outcome.
fn linking_section(connector: &Connector, method: &AuthMethod) -> Section {
    let mut steps = vec![SectionStep {
        title: "Open the Hub".to_owned(),
        content: Some(format!(
            "Open the Hub in the application that sent you here, with the link that you received, or from the dashboard. Choose **{}**.",
            connector.title
        )),
        list: Vec::new(),
        scopes: ListedScopes::default(),
    }];
    steps.extend(method.config_fields.iter().filter(|field| !field.read_only).map(field_step));
    let title = &connector.title;
    let connect = if method.is_interactive() {
        format!(
            "Click **Connect**. A window of {title} opens. Log in there and allow access. If you do not, nothing is stored, and you can start again."
        )
    } else {
        format!(
            "Click **Connect**. {title} verifies the credentials. If {title} rejects them, the Hub shows its message, and nothing is stored."
        )
    };
    let done =
        "A confirmation shows that the account is linked. The dashboard lists it under **Accounts**, with its status.";
    steps.push(SectionStep {
        title: "Connect".to_owned(),
        content: Some(format!("{connect}\n\n{done}")),
        list: Vec::new(),
        scopes: ListedScopes::default(),
    });
    Section { title: "Link the account in the Hub".to_owned(), content: None, list: Vec::new(), steps }
}

fn field_step(field: &FormField) -> SectionStep {
    let verb = if field.is_choice() { "Choose" } else { "Fill in" };
    let optional = if field.required { "" } else { " (optional)" };
    let mut content = field.description.clone().unwrap_or_default();
    let default = field.default.as_ref().and_then(|value| value.as_str());
    if let Some(default) = default {
        let label =
            field.options.iter().find(|option| option.value == default).map_or(default, |option| option.label.as_str());
        content = format!("{content} The default is **{label}**.");
    }
    let list = field.options.iter().map(|option| option.label.clone()).collect();
    SectionStep {
        title: format!("{verb} **{}**{optional}", field.label),
        content: Some(content.trim().to_owned()).filter(|text| !text.is_empty()),
        list,
        scopes: ListedScopes::default(),
    }
}
