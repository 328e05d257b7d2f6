//! The index of the API.

use std::fmt::Write as _;

use patchbay_docs::{Page, Section};
use serde_json::{Value, json};

use super::{
    INDEX, codes,
    operation::{Operation, tags},
};
use crate::pages::docs::{
    samples::json_block,
    schema::{example, read, write_members},
    text::code,
    writer::Writer,
};

/// Returns the index: every operation by tag, and what they have in common.
pub(super) fn page(document: &Value, operations: &[Operation<'_>]) -> Page {
    let mut writer = Writer::default();
    let base = document["servers"][0]["url"].as_str().unwrap_or_default();
    writer.markdown(&format!(
        "The base URL of this server is {}. The [OpenAPI document](/openapi.json) describes every operation for programs; \
         [Scopes](/docs/api/scopes) and [Error codes](/docs/errors) have pages of their own.",
        code(base)
    ));
    write_authentication(&mut writer);
    writer.markdown(&format!(
        "## Requests and responses\n\n{}",
        document["info"]["description"].as_str().unwrap_or_default()
    ));
    write_operations(&mut writer, document, operations);
    write_errors(&mut writer, document);
    Page {
        path: INDEX.to_owned(),
        title: "API".to_owned(),
        nav_title: Some("Overview".to_owned()),
        description: "Every operation of the API, how to authenticate, and how errors look.".to_owned(),
        section: Section::Api,
        order: 0,
        redirects: vec!["/docs/reference".to_owned(), "/docs/api-reference".to_owned()],
        body: writer.into_body(),
    }
}

fn write_authentication(writer: &mut Writer) {
    writer.markdown(
        "## Authentication\n\n\
         - **API key**: the user name of Basic authentication, with an empty password. Your backend has it; a browser must \
         not. Its [scopes](/docs/api/scopes) say what it allows.\n\
         - **Token of a connect session**: in the header `x-hub-session-token`, for the operations under `/hub`. Your \
         backend [creates the session](/docs/api/connect-sessions-create) for one customer.\n\
         - **Browser**: a browser that is logged in to the dashboard sends its cookie. Changes also need the header \
         `x-requested-with: patchbay`, and must come from this server's own pages.",
    );
    writer.markdown(
        "The samples of these pages name variables of the environment: `PATCHBAY` (the base URL), `KEY` (an API key), \
         `TOKEN` (the token of a connect session), `ACCOUNT` (the ID of a linked account) and others in the place of IDs.",
    );
    writer.markdown("```sh\ncurl --fail-with-body -sS -u \"$KEY:\" \"$PATCHBAY/accounts\"\n```");
}

fn write_operations(writer: &mut Writer, document: &Value, operations: &[Operation<'_>]) {
    writer.markdown("## Operations");
    for (tag, description) in tags(document) {
        let mut text = format!("### {tag}\n\n{description}\n\n");
        for operation in operations.iter().filter(|operation| operation.tag() == tag) {
            let route = format!("{} {}", operation.method.to_uppercase(), operation.path);
            // Writing to a String does not fail.
            let _ = writeln!(text, "- [{}]({}): {}", code(&route), operation.page_path(), operation.summary());
        }
        writer.markdown(text.trim());
    }
}

fn write_errors(writer: &mut Writer, document: &Value) {
    writer.markdown(
        "## Errors\n\n\
         Every error has a status, a stable code in `errorCode` for programs, and a `message` for people. \
         [Error codes](/docs/errors) says of each what happened and what to do.",
    );
    let error = json!({ "$ref": "#/components/schemas/Error" });
    writer.markdown(&json_block(&example(document, &error)));
    write_members(writer, &read(document, &error));
    writer.markdown("Errors of the operations under `/hub` have other members:");
    let error = json!({ "$ref": "#/components/schemas/HubError" });
    writer.markdown(&json_block(&example(document, &error)));
    write_members(writer, &read(document, &error));
    let mut text = String::from("## Errors of any request\n\nThese codes can be in the response to any request:\n\n");
    for code in codes::of_any_request() {
        // Writing to a String does not fail.
        let _ = writeln!(text, "- [`{code}`](/docs/errors#{code}) ({}): {}", code.status(), code.doc().0);
    }
    writer.markdown(text.trim());
}
