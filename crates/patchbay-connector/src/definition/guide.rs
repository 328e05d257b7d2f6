//! Connection guides: sections and steps, shown for the scopes that an account requests.

/// The guides of an authentication method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guides {
    /// For the operator who fills in the setup fields of the connector profile.
    pub setup: Option<Guide>,
    /// For the customer who fills in the Hub's fields.
    pub config: Option<Guide>,
}

/// A guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// A warning before the first section.
    pub warning: Option<String>,
    /// The sections.
    pub sections: Vec<GuideSection>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The URL.
    pub src: String,
    /// The alternative text.
    pub alt: Option<String>,
}

/// A section of a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideSection {
    /// The title.
    pub title: String,
    /// The text, Markdown.
    pub content: Option<String>,
    /// The list below the text.
    pub list: Vec<String>,
    /// The image below the list.
    pub image: Option<Image>,
    /// The section is shown only if one of these scopes is required; if empty, always.
    pub applicable_scopes: Vec<String>,
    /// The steps.
    pub steps: Vec<GuideStep>,
}

/// A step of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideStep {
    /// The title.
    pub title: String,
    /// The text, Markdown.
    pub content: Option<String>,
    /// The list below the text.
    pub list: Vec<String>,
    /// The image below the list.
    pub image: Option<Image>,
    /// Whether the step lists the required scopes (`displayScopes`).
    pub display_scopes: bool,
    /// The step is shown only if one of these scopes is required; if empty, always.
    pub applicable_scopes: Vec<String>,
}
