//! Connection guides: sections and steps, shown for the scopes in play.

/// The guides of an authentication method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guides {
    /// For the operator who fills the profile's set-up fields.
    pub setup: Option<Guide>,
    /// For the end customer who fills the Hub's fields.
    pub config: Option<Guide>,
}

/// A guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// What to mind before one starts.
    pub warning: Option<String>,
    /// Its sections.
    pub sections: Vec<GuideSection>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its URL.
    pub src: String,
    /// What it shows.
    pub alt: Option<String>,
}

/// A section of a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideSection {
    /// Its title.
    pub title: String,
    /// Markdown.
    pub content: Option<String>,
    /// A list under the content.
    pub list: Vec<String>,
    /// A picture under the list.
    pub image: Option<Image>,
    /// Shown only when one of these scopes is needed; empty shows always.
    pub applicable_scopes: Vec<String>,
    /// Its steps.
    pub steps: Vec<GuideStep>,
}

/// A step of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuideStep {
    /// Its title.
    pub title: String,
    /// Markdown.
    pub content: Option<String>,
    /// A list under the content.
    pub list: Vec<String>,
    /// A picture under the list.
    pub image: Option<Image>,
    /// Whether the needed scopes are listed in this step (`displayScopes`).
    pub display_scopes: bool,
    /// Shown only when one of these scopes is needed; empty shows always.
    pub applicable_scopes: Vec<String>,
}
