//! The pages of the connectors: the index, an overview of each, and a page for each action, which is made when it is read.

mod action;
mod index;
mod names;
mod overview;

use action::page as action_page;
use index::page as index;
use overview::page as overview;

use patchbay_connector::{
    Connector, Registry,
    definition::{Action, ReleaseStage},
};
use patchbay_docs::Page;

use crate::extract::QueryMap;

/// The path of the index.
const INDEX: &str = "/docs/connectors";

/// Returns the connectors that have pages, by key.
pub(super) fn shown(registry: &Registry) -> impl Iterator<Item = &Connector> {
    registry.iter().map(AsRef::as_ref).filter(|connector| !is_internal(connector))
}

/// Returns true for a connector that is not listed.
pub(super) fn is_internal(connector: &Connector) -> bool {
    connector.release_stage == ReleaseStage::Internal
}

/// Returns the actions of a connector that have pages, in the file's order.
pub(super) fn shown_actions(connector: &Connector) -> impl Iterator<Item = &Action> {
    let is_shown = |action: &&Action| action.release_stage != Some(ReleaseStage::Internal);
    connector.actions.iter().map(AsRef::as_ref).filter(is_shown)
}

/// Returns the path of a connector's page.
fn overview_path(connector: &Connector) -> String {
    format!("{INDEX}/{}", connector.key)
}

/// Returns the path of an action's page.
fn action_path(connector: &Connector, action: &Action) -> String {
    format!("{INDEX}/{}/actions/{}", connector.key, action.public_id)
}

/// Returns the index and the page of each connector. The pages of their guides and actions are not among them.
pub(super) fn pages(registry: &Registry) -> Vec<Page> {
    [index(registry, None)].into_iter().chain(shown(registry).map(overview)).collect()
}

/// Returns the index at a path if the query limits it: `?category=crm` to the connectors of a category.
pub(super) fn filtered(path: &str, registry: &Registry, query: &mut QueryMap) -> Option<Page> {
    let category = (path == INDEX).then(|| query.text(&["category"]))??;
    Some(index(registry, Some(&category)))
}

/// Returns the page of the action at a path, which is made on request: there are too many of them to keep. The action's local
/// id leads to it too.
pub(super) fn resolve(path: &str, registry: &Registry) -> Option<Page> {
    let (key, id) = path.strip_prefix(INDEX)?.strip_prefix('/')?.split_once("/actions/")?;
    let connector = registry.get(key).filter(|connector| !is_internal(connector))?;
    let action = shown_actions(connector).find(|action| action.public_id == id || action.id == id)?;
    Some(action_page(connector, action))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use patchbay_connector::{SourceFile, load, render};

    use super::*;

    fn connector(text: &str) -> Connector {
        let files = [SourceFile { name: "demo.connector.yaml".to_owned(), text: text.to_owned() }];
        let loaded = load(&files);
        loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
    }

    /// Contains what a connector can say, and texts that try to be more than text.
    const DEMO: &str = r#"
Patchbay: 1.0.0
info:
  title: "Demo </title><script>alert(1)</script>"
  key: demo
  version: 1.2.0
  description: "Things. [x](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n# Heading"
categories: ["crm", "</li><script>"]
releaseStage: beta
resources: "https://docs.demo.example.com/api"
baseUrl: https://demo.example.com/api
rateLimit: {mainRatelimit: 10}
concurrency: {maxConcurrentRequests: 5}
scopeDefinitions:
  "things:read": {description: "Read <b>things</b>"}
  "things:write": {description: Change things, includes: "things:read"}
authentication:
  - key:
      type: custom
      label: "API | Key"
      authorization: {type: bearer, token: $.credentials.key}
      configFields:
        - {key: key, label: "Key <i>", type: password, required: true, secret: true, description: The key.}
      environments: [{key: production, name: Production}]
actions:
  - actionId: list_things
    label: "List things"
    description: "Lists things. `code` ``` [x](data:text/html,1)"
    details: "> quoted\n- item"
    categories: ["things </h3><script>"]
    actionType: list
    requiredScopes: ["things:read"]
    annotations: {readOnlyHint: true}
    cursor: {enabled: true, pageSize: 50}
    inputs:
      - {name: cursor, type: string, in: query, required: false, description: The cursor.}
      - name: kind
        type: enum
        in: query
        required: true
        description: "</code><script>alert(1)</script>"
        oneOf: {values: [a, "b`</code><script>"]}
      - name: owner
        type: object
        in: body
        required: true
        description: The owner.
        properties:
          - {name: name, type: string, required: true, description: "The name.\n\n## Heading", rules: {maxLength: 9}}
    steps:
      - stepId: list
        description: List.
        stepFunction: {functionName: request, parameters: {url: /things, method: get}}
  - actionId: delete_thing
    label: Delete a thing
    description: Deletes a thing.
    categories: [other]
    actionType: delete
    annotations: {destructiveHint: true}
    inputs: []
    steps:
      - stepId: delete
        description: Delete.
        stepFunction: {functionName: request, parameters: {url: /things, method: delete}}
"#;

    fn parts(page: &Page) -> (&str, &str) {
        match &page.body {
            patchbay_docs::Body::Both { markdown, html } => (markdown, html),
            patchbay_docs::Body::Markdown(_) => panic!("{}: no HTML", page.path),
        }
    }

    #[test]
    fn hostile_texts_of_a_connector_are_text() {
        let connector = connector(DEMO);
        let registry = Registry::new().with(Arc::new(connector));
        let connector = registry.get("demo").unwrap();
        let actions = shown_actions(connector).map(|action| action_page(connector, action));
        let pages =
            [index(&registry, None), index(&registry, Some("crm")), overview(connector)].into_iter().chain(actions);
        for page in pages {
            let (markdown, html) = parts(&page);
            let (rendered, headings) = patchbay_docs::to_html(markdown);
            for html in [html, &rendered] {
                for hostile in
                    ["<script", "<img", "<i>", "<b>t", "javascript:alert(1)\"", "data:text/html,1\"", " style="]
                {
                    assert!(!html.contains(hostile), "{}: {hostile} in {html}", page.path);
                }
                let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
                for link in links {
                    assert!(
                        link.starts_with('/') || link.starts_with("https://docs.demo") || link.starts_with('#'),
                        "{link}"
                    );
                }
            }
            assert!(headings.iter().all(|heading| heading.text != "Heading"), "{}: {markdown}", page.path);
            assert!(!page.title.contains('\n') && !page.description.contains('\n'), "{}", page.path);
            assert!(page.description.chars().count() <= 160, "{}", page.path);
        }
    }

    #[test]
    fn an_action_is_found_by_its_path_and_only_by_it() {
        let registry = Registry::new().with(Arc::new(connector(DEMO)));
        for (path, is_found) in [
            ("/docs/connectors/demo/actions/demo_list_things", true),
            ("/docs/connectors/demo/actions/list_things", true),
            ("/docs/connectors/demo/actions/none", false),
            ("/docs/connectors/none/actions/demo_list_things", false),
            ("/docs/connectors/demo", false),
            ("/docs/api", false),
        ] {
            let page = resolve(path, &registry);
            assert_eq!(page.is_some(), is_found, "{path}");
            let expected = "/docs/connectors/demo/actions/demo_list_things";
            assert!(page.is_none_or(|page| page.path == expected), "{path}");
        }
    }

    #[test]
    fn pages_of_a_connector_in_markdown() {
        let connector = connector(DEMO);
        insta::assert_snapshot!("connector", overview(&connector).to_markdown("http://localhost/llms.txt"));
        let action = action_page(&connector, shown_actions(&connector).next().unwrap());
        insta::assert_snapshot!("action", action.to_markdown("http://localhost/llms.txt"));
        let registry = Registry::new().with(Arc::new(connector));
        insta::assert_snapshot!("connectors", index(&registry, None).markdown());
    }

    #[test]
    fn the_index_filters_by_category() {
        let registry = Registry::new().with(Arc::new(connector(DEMO)));
        assert!(index(&registry, Some("crm")).markdown().contains("](/docs/connectors/demo)"));
        let none = index(&registry, Some("ats"));
        assert!(!none.markdown().contains("](/docs/connectors/demo)"), "{}", none.markdown());
        assert!(none.markdown().contains("No connector"), "{}", none.markdown());
    }
}
