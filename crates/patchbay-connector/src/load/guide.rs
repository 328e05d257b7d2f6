//! Reads guides.

use crate::{
    definition::{Guide, GuideSection, GuideStep, Guides, Image},
    syntax::Reader,
};

pub(super) fn guides(reader: &Reader<'_>) -> Guides {
    let Some(guides) = reader.mapping("`guides`", &["setup", "config"]) else { return Guides::default() };
    Guides { setup: guides.get("setup").and_then(guide), config: guides.get("config").and_then(guide) }
}

fn guide(reader: Reader<'_>) -> Option<Guide> {
    let guide = reader.mapping("a guide", &["warning", "sections"])?;
    Some(Guide {
        warning: guide.text("warning"),
        sections: guide.items("sections").into_iter().filter_map(section).collect(),
    })
}

fn section(reader: Reader<'_>) -> Option<GuideSection> {
    let section =
        reader.mapping("a guide's section", &["title", "content", "list", "image", "applicableScopes", "steps"])?;
    Some(GuideSection {
        title: section.require("title")?.text()?,
        content: section.text("content"),
        list: section.texts("list"),
        image: section.get("image").and_then(image),
        applicable_scopes: section.texts("applicableScopes"),
        steps: section.items("steps").into_iter().filter_map(step).collect(),
    })
}

fn step(reader: Reader<'_>) -> Option<GuideStep> {
    let step = reader
        .mapping("a guide's step", &["title", "content", "list", "image", "displayScopes", "applicableScopes"])?;
    Some(GuideStep {
        title: step.require("title")?.text()?,
        content: step.text("content"),
        list: step.texts("list"),
        image: step.get("image").and_then(image),
        display_scopes: step.flag("displayScopes", false),
        applicable_scopes: step.texts("applicableScopes"),
    })
}

fn image(reader: Reader<'_>) -> Option<Image> {
    let image = reader.mapping("an image", &["src", "alt"])?;
    Some(Image { src: image.require("src")?.text()?, alt: image.text("alt") })
}
