//! Reads `compositeIdentifiers`: ids that are made of several ids of the provider.

use std::collections::HashMap;

use crate::{
    definition::{CompositeId, CompositeIds},
    diagnostic::code,
    syntax::{NodeValue, Reader},
};

pub(super) fn read(reader: Reader<'_>) -> Option<CompositeIds> {
    let mapping = reader.mapping("`compositeIdentifiers`", &["enabled", "version", "fields"])?;
    let version = mapping.get("version").map_or(Some(1), |place| {
        let version = place.whole()?;
        if version != 1 {
            let message = format!("version {version} of composite ids is not supported");
            place.error_with_hint(code::UNKNOWN_VALUE, message, "use 1");
        }
        Some(version)
    });
    let mut fields: Vec<CompositeId> = Vec::new();
    let mut seen = HashMap::new();
    for place in mapping.items("fields") {
        let Some(read) = field(place) else { continue };
        if let Some(earlier) = seen.insert(read.target.clone(), place) {
            place.duplicate(&earlier, format!("there is another composite id `{}`", read.target));
        }
        fields.push(read);
    }
    Some(CompositeIds { enabled: mapping.flag("enabled", true), version: version?, fields })
}

fn field(place: Reader<'_>) -> Option<CompositeId> {
    let field = place.mapping("a composite id", &["targetFieldKey", "remote", "components"])?;
    let mut components: Vec<(String, String)> = Vec::new();
    let mut seen = HashMap::new();
    for place in field.require("components")?.items() {
        let Some((name, alias)) = component(place) else { continue };
        if let Some(earlier) = seen.insert(alias.clone(), place) {
            place.duplicate(&earlier, format!("there is another component `{alias}`"));
        }
        components.push((name, alias));
    }
    if components.is_empty() {
        place.error(code::INVALID, "a composite id needs at least one component");
    }
    Some(CompositeId { target: field.require("targetFieldKey")?.text()?, remote: field.text("remote"), components })
}

/// Reads a name, or a name with its alias.
fn component(place: Reader<'_>) -> Option<(String, String)> {
    if matches!(place.node.value, NodeValue::Text(_)) {
        let name = place.text()?;
        return Some((name.clone(), name));
    }
    let component = place.mapping("a component", &["name", "alias"])?;
    let name = component.require("name")?.text()?;
    let alias = component.text("alias").unwrap_or_else(|| name.clone());
    Some((name, alias))
}
