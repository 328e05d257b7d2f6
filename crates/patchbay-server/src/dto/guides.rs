//! Connection guides, as the Hub and the catalog show them.

use patchbay_connector::definition::{Guide, GuideSection, GuideStep};
use serde::Serialize;
use utoipa::ToSchema;

use super::shared::ScopeOut;

/// A connection guide, with its texts as HTML.
#[derive(Serialize, ToSchema)]
#[schema(as = HubGuide)]
pub(crate) struct HubGuideOut {
    pub(crate) title: String,
    /// The guide's own page; null if only the project can read it.
    #[schema(required, format = "uri")]
    pub(crate) url: Option<String>,
    /// What to know before the start.
    #[schema(required)]
    pub(crate) warning_html: Option<String>,
    pub(crate) sections: Vec<HubGuideSectionOut>,
}

/// A section of a connection guide.
#[derive(Serialize, ToSchema)]
#[schema(as = HubGuideSection)]
pub(crate) struct HubGuideSectionOut {
    pub(crate) title: String,
    #[schema(required)]
    pub(crate) html: Option<String>,
    pub(crate) steps: Vec<HubGuideStepOut>,
}

/// A step of a connection guide.
#[derive(Serialize, ToSchema)]
#[schema(as = HubGuideStep)]
pub(crate) struct HubGuideStepOut {
    pub(crate) title_html: String,
    #[schema(required)]
    pub(crate) html: Option<String>,
    /// The scopes to allow at the provider.
    pub(crate) scopes: Vec<ScopeOut>,
    /// All of them in one string, to copy, with the provider's delimiter.
    #[schema(required)]
    pub(crate) scopes_text: Option<String>,
    /// A remark on the list of scopes.
    #[schema(required)]
    pub(crate) scopes_note: Option<String>,
    /// The keys of the form's fields whose values this step yields.
    pub(crate) fields: Vec<String>,
}

/// The guides of an authentication method, with their texts as Markdown.
#[derive(Serialize, ToSchema)]
#[schema(as = Guides)]
pub(crate) struct GuidesOut {
    /// How to get the credentials.
    #[schema(required)]
    pub(crate) config: Option<GuideOut>,
    /// How the operator sets up the connector profile.
    #[schema(required)]
    pub(crate) setup: Option<GuideOut>,
}

/// A guide, with its texts as Markdown.
#[derive(Serialize, ToSchema)]
#[schema(as = Guide)]
pub(crate) struct GuideOut {
    /// What to know before the start.
    #[schema(required)]
    warning: Option<String>,
    sections: Vec<GuideSectionOut>,
}

/// A section of a guide.
#[derive(Serialize, ToSchema)]
#[schema(as = GuideSection)]
pub(crate) struct GuideSectionOut {
    title: String,
    /// Empty if there is none.
    content: String,
    /// Bullet points after the content.
    list: Vec<String>,
    steps: Vec<GuideStepOut>,
}

/// A step of a guide.
#[derive(Serialize, ToSchema)]
#[schema(as = GuideStep)]
pub(crate) struct GuideStepOut {
    title: String,
    /// Empty if there is none.
    content: String,
    /// Bullet points after the content.
    list: Vec<String>,
}

impl GuideOut {
    pub(crate) fn new(guide: &Guide) -> Self {
        Self { warning: guide.warning.clone(), sections: guide.sections.iter().map(GuideSectionOut::new).collect() }
    }
}

impl GuideSectionOut {
    fn new(section: &GuideSection) -> Self {
        Self {
            title: section.title.clone(),
            content: section.content.clone().unwrap_or_default(),
            list: section.list.clone(),
            steps: section.steps.iter().map(GuideStepOut::new).collect(),
        }
    }
}

impl GuideStepOut {
    fn new(step: &GuideStep) -> Self {
        Self { title: step.title.clone(), content: step.content.clone().unwrap_or_default(), list: step.list.clone() }
    }
}
