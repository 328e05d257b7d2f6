//! Generates `customErrors` from the described errors of an operation, where Patchbay would not find the provider's message.
//!
//! Patchbay finds a message in the usual members of an error. Elsewhere, such as in the items of `errors`, an error would
//! show the body as JSON; the generated message shows the texts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    formats::described_json,
    model::ApiOperation,
    refs::ApiDocument,
    schema::{MergedSchema, merge},
};
use crate::{
    expr::Template,
    yaml::{Map, Yaml},
};

/// The members in which Patchbay finds a message by itself, in the order in which it looks.
const FOUND: [&str; 9] =
    ["detail", "message", "error_description", "error", "title", "errorMessages", "errors", "Message", "Error"];
/// The names of members that contain a message, the best first.
const MESSAGES: [&str; 18] = [
    "message",
    "detail",
    "error_message",
    "errorMessage",
    "errorSummary",
    "error_description",
    "description",
    "Message",
    "Detail",
    "msg",
    "reason",
    "faultstring",
    "errorDescription",
    "error_text",
    "details",
    "text",
    "title",
    "error",
];
/// The statuses for which an error without a status of its own is taken.
const USUAL: [u16; 4] = [400, 404, 409, 422];
/// The statuses that Patchbay handles itself: rejected credentials, missing scopes, rate limits.
const OWN: [u16; 3] = [401, 403, 429];
/// The maximum number of statuses of an operation.
const MAX_STATUSES: usize = 8;
/// The maximum depth of a message.
const MAX_DEPTH: usize = 4;
/// The maximum number of schemas in which a message is searched.
const MAX_SEARCHED: usize = 200;
/// The maximum length of a message, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// Returns the custom errors of an operation: one for each described status whose message Patchbay would not find.
pub(super) fn custom_errors(document: ApiDocument<'_>, title: &str, operation: &ApiOperation<'_>) -> Vec<Yaml> {
    let Some(responses) = operation.described.get("responses").and_then(Value::as_object) else { return Vec::new() };
    let has_success = responses.keys().any(|key| key.starts_with('2'));
    let mut rules: Vec<(u16, Map)> = Vec::new();
    let mut known = BTreeSet::new();
    // A status of its own takes precedence over a class, and a class over `default`.
    let own = responses.iter().filter_map(|(key, response)| Some((vec![key.parse().ok()?], response)));
    let class = ["4XX", "4xx"].into_iter().find_map(|key| responses.get(key));
    let default = responses.get("default").filter(|_| has_success);
    let usual = class.into_iter().chain(default).map(|response| (USUAL.to_vec(), response));
    for (statuses, response) in own.chain(usual) {
        let statuses = statuses.into_iter().filter(|status| (400..500).contains(status) && !OWN.contains(status));
        let statuses = statuses.filter(|status| known.insert(*status)).collect::<Vec<_>>();
        if statuses.is_empty() {
            continue;
        }
        if let Some(path) = described_json(document, response).and_then(|schema| path(document, schema)) {
            rules.extend(statuses.into_iter().filter_map(|status| Some((status, rule(title, status, &path)?))));
        }
    }
    rules.sort_by_key(|(status, _)| *status);
    rules.into_iter().take(MAX_STATUSES).map(|(_, rule)| rule.into()).collect()
}

/// Returns the custom error of a status whose message is at this path.
fn rule(title: &str, status: u16, path: &str) -> Option<Map> {
    let texts = format!("join({path}, '; ')");
    let message = |who: &str| format!("{who} responded with {status}: ${{slice({texts}, 0, {MAX_MESSAGE_CHARS})}}");
    let is_plain = !title.contains(['$', '{', '}', '\\']) && !title.trim().is_empty();
    let message = message(if is_plain { title.trim() } else { "The provider" });
    let condition = format!("{{{{({texts} ?? '') != ''}}}}");
    let is_valid = Template::parse(&message).is_ok() && Template::parse(&condition).is_ok();
    is_valid.then(|| {
        Map::new()
            .with("receivedStatus", u64::from(status))
            .with("targetStatus", u64::from(status))
            .with("condition", condition)
            .with("message", message)
    })
}

/// Returns the path to the message of an error; `None` if Patchbay finds it without the path, or if there is none.
fn path(document: ApiDocument<'_>, schema: &Value) -> Option<String> {
    let merged = merge(document, schema);
    let root = match merged.properties.as_slice() {
        [(_, only)] => Some(merge(document, only)).filter(|only| !only.properties.is_empty()),
        _ => None,
    };
    if is_found(document, root.as_ref().unwrap_or(&merged), 0) {
        return None;
    }
    search(document, merged)
}

/// Returns true if Patchbay finds the message of an error without its path.
fn is_found(document: ApiDocument<'_>, merged: &MergedSchema<'_>, depth: usize) -> bool {
    let member = |name: &&str| merged.properties.iter().find(|(known, _)| known == name);
    let Some((_, schema)) = FOUND.iter().find_map(member) else { return false };
    let found = merge(document, schema);
    if !found.properties.is_empty() {
        return depth < MAX_DEPTH && is_found(document, &found, depth + 1);
    }
    found.items.is_none()
}

/// Searches the members of an error for a message, those at the top first.
fn search(document: ApiDocument<'_>, root: MergedSchema<'_>) -> Option<String> {
    let (root, in_list) = items_of(document, root, false)?;
    let mut level = vec![("response.data".to_owned(), root, in_list)];
    let mut searched = 0;
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for (path, merged, in_list) in &level {
            let is_text = |name: &&&str| {
                let member = merged.properties.iter().find(|(known, _)| *known == **name);
                member.is_some_and(|(_, schema)| merge(document, schema).types.contains(&"string"))
            };
            if let Some(name) = MESSAGES.iter().find(is_text) {
                return Some(format!("{path}.{name}"));
            }
            for (name, schema) in &merged.properties {
                searched += 1;
                if searched <= MAX_SEARCHED && is_name(name) {
                    let inner = items_of(document, merge(document, schema), *in_list);
                    next.extend(inner.map(|(inner, in_list)| (format!("{path}.{name}"), inner, in_list)));
                }
            }
        }
        level = next;
    }
    None
}

/// Returns a schema or, for a list, that of its items, and whether there was a list; `None` for a list within a list.
fn items_of<'d>(
    document: ApiDocument<'d>,
    merged: MergedSchema<'d>,
    in_list: bool,
) -> Option<(MergedSchema<'d>, bool)> {
    match merged.items {
        None => Some((merged, in_list)),
        Some(_) if in_list => None,
        Some(items) => Some((merge(document, items), true)),
    }
}

/// Returns true if an expression can name the member.
fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    let is_start = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    is_start && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
