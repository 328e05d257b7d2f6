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
    /// The scopes that the section is for; empty if it is for all.
    pub(crate) applicable_scopes: Vec<String>,
}

#[derive(Default)]
pub(crate) struct SectionStep {
    pub(crate) title: String,
    pub(crate) content: Option<String>,
    pub(crate) list: Vec<String>,
    /// The scopes, if the step lists them.
    pub(crate) scopes: Option<ListedScopes>,
    /// The scopes that the step is for; empty if it is for all.
    pub(crate) applicable_scopes: Vec<String>,
}

impl SectionStep {
    /// Returns the title, emphasized. One with emphasis in it is not emphasized as a whole.
    pub(super) fn title_markdown(&self) -> String {
        if self.title.contains("**") { self.title.clone() } else { format!("**{}**", self.title) }
    }
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
                format!("Set up {0} for linking, then link an account of {0}.", connector.title)
            } else {
                format!("Get the credentials as an administrator of {0}, then link an account of {0}.", connector.title)
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
        applicable_scopes: section.applicable_scopes.clone(),
    }
}

fn written_step(step: &GuideStep, connector: &Connector, method: &AuthMethod, scopes: &GuideScopes) -> SectionStep {
    SectionStep {
        title: step.title.clone(),
        content: step.content.clone(),
        list: step.list.clone(),
        scopes: step.display_scopes.then(|| scopes.described(connector, method)),
        applicable_scopes: step.applicable_scopes.clone(),
    }
}

/// Returns the part that is generated from the form: a step per field, then the outcome.
fn linking_section(connector: &Connector, method: &AuthMethod) -> Section {
    let title = &connector.title;
    let mut steps = vec![SectionStep {
        title: format!("Open the Hub and choose **{title}**"),
        content: Some(
            "Open the Hub in the application that sent you here, with the link that you received, or from the dashboard."
                .to_owned(),
        ),
        ..SectionStep::default()
    }];
    steps.extend(method.config_fields.iter().filter(|field| !field.read_only).map(field_step));
    let connect = if method.is_interactive() {
        format!(
            "A window opens with {title}'s own authorization page. Log in there and allow access. If you do not, nothing is stored, and you can start again."
        )
    } else {
        format!(
            "{title} verifies the credentials. If {title} rejects them, the Hub shows its message, and nothing is stored."
        )
    };
    steps.push(SectionStep { title: "Click **Connect**".to_owned(), content: Some(connect), ..SectionStep::default() });
    steps.push(SectionStep {
        title: "Check the confirmation".to_owned(),
        content: Some(
            "The Hub confirms that the account is linked. The account appears on the [Accounts page](/docs/guides/accounts-section) of the dashboard, with its status."
                .to_owned(),
        ),
        ..SectionStep::default()
    });
    Section {
        title: "Linking the account from the Hub".to_owned(),
        content: Some(format!(
            "Patchbay has [three ways to link an account](/docs/link-accounts): from the dashboard, in the Hub inside an application, and with an auth link. All three show the same form for {title}."
        )),
        list: Vec::new(),
        steps,
        applicable_scopes: Vec::new(),
    }
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
        ..SectionStep::default()
    }
}
