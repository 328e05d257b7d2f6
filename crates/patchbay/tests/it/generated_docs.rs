//! The pages that the server makes from what it knows: connectors, actions, settings, error codes.

use std::collections::BTreeSet;

use patchbay_model::ErrorCode;

use crate::support::{Client, LinkedServer, binary};

/// The largest page for agents, in bytes.
const MOST_BYTES: usize = 60_000;

/// Returns a page as the server sends it.
fn page(client: &Client, path: &str) -> String {
    let response = client.get(path);
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    response.body
}

#[test]
fn every_connector_and_every_action_has_its_page() {
    let server = LinkedServer::new();
    let (api, anonymous) = (server.api(), server.server.anonymous());
    let index = page(&anonymous, "/docs/connectors.md");
    let (mut connectors, mut actions) = (0, 0);
    let mut next = String::new();
    loop {
        let catalog = api.get(&format!("/actions?page_size=100{next}")).json();
        for connector in catalog["data"].as_array().unwrap() {
            connectors += 1;
            let path = format!("/docs/connectors/{}", connector["key"].as_str().unwrap());
            assert!(index.contains(&format!("]({path}): ")), "{path}");
            let overview = page(&anonymous, &format!("{path}.md"));
            assert!(overview.len() <= MOST_BYTES, "{path}: {} bytes", overview.len());
            for method in connector["authentication"].as_array().unwrap() {
                let guide = format!("{path}/guides/{}", method["key"].as_str().unwrap());
                assert!(overview.contains(&format!("]({guide})")), "{guide}");
            }
            for action in connector["actions"].as_array().unwrap() {
                actions += 1;
                let id = action["id"].as_str().unwrap();
                let path = format!("{path}/actions/{id}");
                assert!(overview.contains(&format!("]({path}) `{id}`")), "{path}");
                let markdown = page(&anonymous, &format!("{path}.md"));
                assert!(markdown.len() <= MOST_BYTES, "{path}: {} bytes", markdown.len());
                for part in [&format!("- **Action**: `{id}`"), "\n## Call\n", "\n## Inputs\n", "\n## Response\n"] {
                    assert!(markdown.contains(part), "{path}: {part}");
                }
            }
        }
        match catalog["next"].as_str() {
            Some(cursor) => next = format!("&next={cursor}"),
            None => break,
        }
    }
    assert!(connectors >= 19 && actions >= 600, "{connectors} connectors, {actions} actions");
}

#[test]
fn every_error_code_and_every_setting_has_its_anchor() {
    let server = LinkedServer::new();
    let anonymous = server.server.anonymous().header("accept", "text/html");
    let errors = page(&anonymous, "/docs/errors");
    for code in ErrorCode::ALL {
        assert_eq!(errors.matches(&format!("id=\"{code}\"")).count(), 1, "{code}");
    }
    let documented = binary().args(["config", "default"]).output().unwrap().stdout;
    let documented = String::from_utf8(documented).unwrap();
    let variables = documented.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let variables = variables.filter(|word| word.starts_with("PATCHBAY_")).collect::<BTreeSet<_>>();
    assert!(variables.len() > 20, "{variables:?}");
    let configuration = page(&anonymous, "/docs/operate/configuration");
    for variable in variables {
        assert!(configuration.contains(&format!("<code>{variable}</code>")), "{variable}");
    }
    for anchor in ["listen", "limits.bodyMebibytes", "egress.proxyResolvesNames", "config", "PATCHBAY_API_KEY"] {
        assert!(configuration.contains(&format!("<tr id=\"{anchor}\">")), "{anchor}");
    }
}

#[test]
fn the_pages_of_connectors_and_of_the_api_link_to_parts_that_exist() {
    let server = LinkedServer::new();
    let anonymous = server.server.anonymous().header("accept", "text/html");
    let mut pages = std::collections::BTreeMap::new();
    let mut broken = BTreeSet::new();
    for start in [
        "/docs/api",
        "/docs/api/scopes",
        "/docs/api/actions-rpc",
        "/docs/api/hub-link",
        "/docs/api/connect-sessions-create",
        "/docs/connectors",
        "/docs/connectors/jira",
        "/docs/connectors/spotdraft/actions/spotdraft_list_contracts",
        "/docs/operate/configuration",
    ] {
        let html = page(&anonymous, start);
        let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
        for link in main.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { start } else { path }.replace("&amp;", "&");
            if !path.starts_with('/') || path.starts_with("/docs/search") {
                continue;
            }
            let target = pages.entry(path.clone()).or_insert_with(|| {
                let response = anonymous.get(&path);
                (response.status == 200).then_some(response.body)
            });
            let is_there =
                target.as_ref().is_some_and(|html| anchor.is_empty() || html.contains(&format!("id=\"{anchor}\"")));
            if !is_there {
                broken.insert(format!("{start}: {link}"));
            }
        }
    }
    assert!(broken.is_empty() && pages.len() > 60, "{} pages, broken: {broken:#?}", pages.len());
}

#[test]
fn connectors_are_filtered_by_category() {
    let server = LinkedServer::new();
    let anonymous = server.server.anonymous();
    let crm = page(&anonymous, "/docs/connectors.md?category=crm");
    assert!(crm.contains("](/docs/connectors/hubspot): ") && !crm.contains("](/docs/connectors/spotdraft): "), "{crm}");
    let response = anonymous.get("/docs/connectors/spotdraft/actions/none.md");
    assert_eq!(response.status, 404, "{}", response.body);
}
