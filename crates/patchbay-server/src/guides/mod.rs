//! Connection guides: the connector's own text and a part that is generated from the form's fields, as Markdown and as HTML.

mod html;
mod hub;
mod markdown;
mod model;
mod scopes;

pub(crate) use html::to_html;
pub(crate) use hub::hub_guide;
pub(crate) use markdown::to_markdown;
pub(crate) use model::GuidePage;
pub(crate) use scopes::GuideScopes;
