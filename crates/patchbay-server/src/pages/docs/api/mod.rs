//! The pages of the API: the index, the scopes, and a page for each operation of the OpenAPI document.

mod codes;
mod index;
mod operation;
mod page;
mod scopes;

use patchbay_docs::Page;
use serde_json::Value;

/// The path of the index.
pub(super) const INDEX: &str = "/docs/api";

/// Returns the pages of the API that a document describes.
pub(super) fn pages(document: &Value) -> Vec<Page> {
    let operations = operation::operations(document);
    let mut pages = vec![index::page(document, &operations), scopes::page(&operations)];
    pages.extend(operations.iter().zip(100..).map(|(operation, order)| page::page(*operation, order)));
    pages
}

#[cfg(test)]
mod tests {
    use patchbay_engine::ErrorCode;
    use patchbay_model::ApiScope;

    use super::*;

    fn document() -> Value {
        crate::router::openapi("http://localhost")
    }

    #[test]
    fn every_operation_has_its_page() {
        let document = document();
        let pages = pages(&document);
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().replace('_', "-");
                let page = pages.iter().find(|page| page.path == format!("/docs/api/{id}")).unwrap();
                let first = format!("`{} {path}`", method.to_uppercase());
                assert!(page.markdown().contains(&first), "{path}: {}", page.markdown());
                let index = pages[0].markdown();
                assert!(index.contains(&format!("]({}): ", page.path)) && index.contains(&first), "{path}");
            }
        }
    }

    #[test]
    fn every_page_is_complete_and_of_a_size_that_agents_can_read() {
        let document = document();
        for page in pages(&document) {
            let markdown = page.to_markdown("http://localhost/llms.txt");
            assert!(markdown.len() <= 60_000, "{}: {} bytes", page.path, markdown.len());
            assert!(page.description.chars().count() <= 160 && !page.title.is_empty(), "{}", page.path);
            let patchbay_docs::Body::Both { html, .. } = &page.body else { panic!("{}: no HTML", page.path) };
            assert!(!html.contains("<script") && !html.contains(" style="), "{}", page.path);
            assert_eq!(html.matches("<details>").count(), html.matches("</details>").count(), "{}", page.path);
            assert_eq!(html.matches("<ul").count(), html.matches("</ul>").count(), "{}", page.path);
        }
    }

    #[test]
    fn every_scope_and_every_code_of_any_request_has_its_place() {
        let document = document();
        let pages = pages(&document);
        let scopes = pages.iter().find(|page| page.path == "/docs/api/scopes").unwrap().markdown();
        for scope in ApiScope::ALL {
            assert!(scopes.contains(&format!("## `{scope}`")), "{scope}: {scopes}");
        }
        let linked = |code: ErrorCode| format!("[`{code}`](/docs/errors#{code})");
        for code in codes::of_any_request() {
            assert!(pages[0].markdown().contains(&linked(code)), "{code}");
        }
        let rpc = pages.iter().find(|page| page.path == "/docs/api/actions-rpc").unwrap().markdown();
        for code in [ErrorCode::ActionNotFound, ErrorCode::AccountSuspended, ErrorCode::Provider] {
            assert!(rpc.contains(&linked(code)), "{code}: {rpc}");
        }
    }

    #[test]
    fn a_page_of_an_operation_in_markdown() {
        let document = document();
        let pages = pages(&document);
        let page = pages.iter().find(|page| page.path == "/docs/api/connect-sessions-create").unwrap();
        insta::assert_snapshot!("operation", page.to_markdown("http://localhost/llms.txt"));
    }
}
