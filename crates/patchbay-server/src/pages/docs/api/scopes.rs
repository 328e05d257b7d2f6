//! The page of the scopes of API keys.

use std::fmt::Write as _;

use patchbay_docs::{Page, Section};
use patchbay_model::ApiScope;

use super::operation::Operation;
use crate::pages::docs::{text::code, writer::Writer};

/// Returns the page of the scopes, each with the operations that need it.
pub(super) fn page(operations: &[Operation<'_>]) -> Page {
    let mut writer = Writer::default();
    let defaults = ApiScope::defaults();
    let names = defaults.iter().map(|scope| code(scope.as_str())).collect::<Vec<_>>().join(", ");
    writer.markdown(&format!(
        "An API key allows what its scopes allow. Without the scope that an operation needs, the response is 403 \
         [`MissingScopeError`](/docs/errors#MissingScopeError). A key that is created without a list of scopes has {names}. \
         A key cannot create another one with scopes that it lacks.\n\n\
         [Create a key](/docs/api/api-keys-create) with the scopes that the program needs:\n\n\
         ```sh\ncurl --fail-with-body -sS -u \"$KEY:\" \"$PATCHBAY/api_keys\" \\\n  -H 'content-type: application/json' \\\n  \
         -d '{{ \"name\": \"Reports\", \"scopes\": [\"platform:read\", \"connectors:read\"] }}'\n```"
    ));
    for scope in ApiScope::ALL {
        let mut text =
            format!("## {} {{#{}}}\n\n{}", code(scope.as_str()), scope.as_str().replace(':', "-"), allows(scope));
        if !defaults.contains(&scope) {
            text.push_str(" It is not one of the default scopes.");
        }
        text.push_str("\n\n");
        for operation in operations.iter().filter(|operation| operation.scope() == Some(scope.as_str())) {
            let route = format!("{} {}", operation.method.to_uppercase(), operation.path);
            // Writing to a String does not fail.
            let _ = writeln!(text, "- [{}]({}): {}", code(&route), operation.page_path(), operation.summary());
        }
        writer.markdown(text.trim());
    }
    Page {
        path: "/docs/api/scopes".to_owned(),
        title: "Scopes of API keys".to_owned(),
        nav_title: Some("Scopes".to_owned()),
        description: "What each scope of an API key allows, and which operations need it.".to_owned(),
        section: Section::Api,
        order: 10,
        redirects: Vec::new(),
        body: writer.into_body(),
    }
}

/// Returns what a scope allows, as a sentence.
fn allows(scope: ApiScope) -> &'static str {
    match scope {
        ApiScope::PlatformRead => "Read accounts, connect sessions, connector profiles and the list of API keys.",
        ApiScope::PlatformWrite => {
            "Create, change and delete accounts, connect sessions, connector profiles and API keys."
        }
        ApiScope::ActionsExecute => "Run actions, and send requests to providers through the proxy.",
        ApiScope::ConnectorsRead => "Read connectors and their actions, also those that the project pushed.",
        ApiScope::ConnectorsWrite => "Push and delete the project's own connectors, and reload those of the operator.",
        ApiScope::CredentialsRead => {
            "Reserved for reading credentials: no operation needs it today. A key has it only if its creator names it."
        }
    }
}
