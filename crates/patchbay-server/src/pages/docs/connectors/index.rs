//! The index of the connectors.

use std::{collections::BTreeSet, fmt::Write as _};

use patchbay_connector::{Connector, Registry};
use patchbay_docs::{Page, Section};

use super::{INDEX, names::counted, overview_path, shown, shown_actions};
use crate::pages::docs::{
    text::{plain, sentence, shortened},
    writer::Writer,
};

/// Returns the index: every connector, or those of a category.
pub(super) fn page(registry: &Registry, category: Option<&str>) -> Page {
    let connectors = shown(registry).collect::<Vec<_>>();
    let in_category =
        |connector: &&&Connector| category.is_none_or(|wanted| connector.categories.iter().any(|name| name == wanted));
    let listed = connectors.iter().filter(in_category).collect::<Vec<_>>();
    let mut writer = Writer::default();
    writer.markdown(
        "Each connector has a page with its sign-in methods, scopes and actions, and a guide for each sign-in method. \
         The search finds actions by their names, too. Write your own: [build a connector](/docs/build).",
    );
    writer.markdown(&filters(&connectors, category));
    let mut text = String::new();
    for connector in &listed {
        let methods = connector.authentication.iter().map(|method| plain(&method.label)).collect::<Vec<_>>().join(", ");
        let categories = connector.categories.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        let facts = [categories, counted(shown_actions(connector).count(), "action"), methods];
        let facts = facts.iter().filter(|fact| !fact.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ");
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "- [{}]({}): {} ({facts})",
            plain(&shortened(&connector.title, 100)),
            overview_path(connector),
            sentence(&shortened(&connector.description, 300))
        );
    }
    if text.is_empty() {
        text.push_str(if connectors.is_empty() {
            "No connector is installed. Start the server with `patchbay serve --connectors DIR` to add connectors."
        } else {
            "No connector is in this category."
        });
    }
    writer.markdown(&text);
    Page {
        path: INDEX.to_owned(),
        title: "Connectors".to_owned(),
        nav_title: Some("All connectors".to_owned()),
        description: "Every connector with its category, sign-in methods and actions.".to_owned(),
        section: Section::Connectors,
        order: 0,
        redirects: Vec::new(),
        body: writer.into_body(),
    }
}

/// Returns the links that filter the list by category.
fn filters(connectors: &[&Connector], current: Option<&str>) -> String {
    let categories = connectors.iter().flat_map(|connector| &connector.categories).collect::<BTreeSet<_>>();
    let entry = |name: &str, link: &str, is_current: bool| {
        if is_current { format!("**{name}**") } else { format!("[{name}]({link})") }
    };
    let mut parts = vec![entry("all", INDEX, current.is_none())];
    parts.extend(categories.into_iter().map(|category| {
        let query = url::form_urlencoded::byte_serialize(category.as_bytes()).collect::<String>();
        entry(&plain(category), &format!("{INDEX}?category={query}"), current == Some(category.as_str()))
    }));
    format!("Category: {}", parts.join(", "))
}
