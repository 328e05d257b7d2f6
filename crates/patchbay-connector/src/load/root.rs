//! The root of the main file.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{action, auth, enums::Enums, events, files::Trees};
use crate::{
    Connector,
    definition::{Changelog, Reference, ReleaseStage, ScopeDefinition, letter_icon},
    diagnostic::code,
    suggest::nearest,
    syntax::{Mapping, NodeValue, Reader, Report},
};

pub(crate) const KEYS: [&str; 22] = [
    "Patchbay",
    "StackOne",
    "info",
    "baseUrl",
    "rateLimit",
    "concurrency",
    "resources",
    "context",
    "documentation",
    "details",
    "changelog",
    "categories",
    "releaseStage",
    "scopeDefinitions",
    "enums",
    "authentication",
    "actions",
    "events",
    "syncedActions",
    "mcp",
    "forkedFrom",
    "owner",
];

pub(crate) const STAGES: [(&str, ReleaseStage); 5] = [
    ("preview", ReleaseStage::Preview),
    ("beta", ReleaseStage::Beta),
    ("ga", ReleaseStage::Ga),
    ("deprecated", ReleaseStage::Deprecated),
    ("internal", ReleaseStage::Internal),
];

/// A connector with the places of what is checked later.
pub(super) struct LoadedRoot<'n> {
    pub(super) connector: Connector,
    /// The readers of actions, in their order.
    pub(super) actions: Vec<action::ActionSpans<'n>>,
    /// The readers of authentication methods, in their order.
    pub(super) methods: Vec<auth::AuthMethodSpans<'n>>,
    /// The actions inside other things, with the same.
    pub(super) nested: Vec<(Arc<crate::definition::Action>, action::ActionSpans<'n>)>,
    /// Where the base URL stands.
    pub(super) base_url: Option<Reader<'n>>,
    /// The scopes that scopes include, with their places.
    pub(super) included: Vec<(String, Reader<'n>)>,
}

pub(super) fn read<'n>(reader: Reader<'n>, trees: &'n Trees, report: &'n Report) -> Option<LoadedRoot<'n>> {
    let root = reader.mapping("a connector", &KEYS)?;
    header(&root);
    root.not_run(&["syncedActions", "mcp"]);
    let info = root
        .require("info")
        .and_then(|info| info.mapping("`info`", &["title", "key", "version", "description", "assets"]));
    let key = info.and_then(|info| info.require("key")).and_then(|key| connector_key(&key));
    let version = info.and_then(|info| info.require("version")).and_then(|version| {
        let text = version.text()?;
        let parsed = semver::Version::parse(&text);
        if parsed.is_err() {
            version.error_with_hint(
                code::INVALID,
                format!("`{text}` is not a version"),
                "write it as MAJOR.MINOR.PATCH, such as 1.0.0",
            );
        }
        parsed.ok()
    });
    let title = info.and_then(|info| info.require("title")).and_then(|title| title.text());
    let description = info.and_then(|info| info.require("description")).and_then(|text| text.text());
    let icon =
        info.and_then(|info| info.get("assets")).and_then(|assets| assets.mapping("`assets`", &["icon"])?.text("icon"));

    let key = key.unwrap_or_default();
    let enums = Enums::read(&root);
    let shared = action::ActionContext { connector: &key, enums: &enums };
    let mut nested = action::Nested::new(shared);
    let (methods, method_places) = auth::read(&root, &mut nested);
    let (actions, action_places) = read_actions(&root, trees, report, shared);
    let by_id = ids(&actions);
    let events = root.get("events").and_then(|place| {
        place.warning(code::NOT_RUN, "events are read and checked, but not received yet; the actions work");
        events::read(place, &mut nested)
    });
    let nested = nested.found;
    enums.warn_unused();
    let changelog = root.get("changelog").and_then(changelog);
    let max_concurrency = root.get("concurrency").and_then(|place| {
        let limits = place.mapping("`concurrency`", &["maxConcurrentRequests", "max", "limit"])?;
        let limit = ["maxConcurrentRequests", "max", "limit"].iter().find_map(|key| limits.get(key))?;
        let most = limit.whole()?;
        if most == 0 {
            limit.error(code::INVALID, "with no request at once nothing could be called; leave it out for no limit");
        }
        Some(most)
    });
    let documentation = root.get("documentation").and_then(|docs| docs.mapping("`documentation`", &["references"]));

    let (scopes, included) = scopes(&root);
    let connector = Connector {
        key,
        icon: icon.unwrap_or_else(|| letter_icon(title.as_deref().unwrap_or_default())),
        title: title?,
        version: version?,
        description: description?,
        details: root.text("details"),
        categories: root.texts("categories"),
        release_stage: root.get("releaseStage").and_then(|stage| stage.choice(&STAGES)).unwrap_or(ReleaseStage::Ga),
        base_url: root.template("baseUrl"),
        rate_limit_per_second: root.get("rateLimit").and_then(|limit| {
            let limit = limit.mapping("`rateLimit`", &["mainRatelimit", "subPools", "mappedRatelimitErrors"])?;
            for key in ["subPools", "mappedRatelimitErrors"] {
                if let Some(place) = limit.get(key) {
                    place.warning(code::NOT_RUN, format!("`{key}` is read and not kept to; `mainRatelimit` is"));
                }
            }
            let place = limit.get("mainRatelimit")?;
            let rate = place.number()?;
            if rate <= 0.0 {
                place.error(code::INVALID, "requests a second are more than 0; leave it out for no limit");
            }
            Some(rate)
        }),
        resources: one_or_many(&root, "resources"),
        references: documentation
            .map(|docs| docs.items("references"))
            .unwrap_or_default()
            .iter()
            .filter_map(reference)
            .collect(),
        scopes,
        authentication: methods,
        actions,
        by_id,
        events,
        max_concurrency,
        mcp_instructions: root.get("mcp").and_then(|mcp| mcp.mapping("`mcp`", &["instructions"])?.text("instructions")),
        changelog,
        synced_actions: root.texts("syncedActions"),
        forked_from: root.text("forkedFrom"),
        owner: root.text("owner"),
    };
    Some(LoadedRoot {
        nested,
        connector,
        actions: action_places,
        methods: method_places,
        base_url: root.get("baseUrl"),
        included,
    })
}

fn header(root: &Mapping<'_>) {
    let Some(version) = root.get("Patchbay").or_else(|| root.get("StackOne")) else {
        root.reader.error_with_hint(
            code::MISSING_KEY,
            "the file does not say its format",
            "begin it with `Patchbay: 1.0.0`",
        );
        return;
    };
    if version.text().is_some_and(|text| text != "1.0.0") {
        version.error_with_hint(code::UNKNOWN_VALUE, "this format version is not known", "write 1.0.0");
    }
}

fn connector_key(reader: &Reader<'_>) -> Option<String> {
    let key = reader.text()?;
    let fits = !key.is_empty()
        && key.len() <= 64
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if !fits {
        reader.error_with_hint(
            code::INVALID,
            format!("`{key}` cannot be a connector's key"),
            "use lower-case letters, digits, `-` and `_`, beginning with a letter",
        );
    }
    fits.then_some(key)
}

/// A text, or a list of texts.
pub(super) fn one_or_many(mapping: &Mapping<'_>, key: &str) -> Vec<String> {
    match mapping.get(key) {
        Some(value) if matches!(value.node.value, NodeValue::List(_)) => mapping.texts(key),
        Some(value) => value.text().into_iter().collect(),
        None => Vec::new(),
    }
}

fn changelog(reader: Reader<'_>) -> Option<Changelog> {
    let labels = ["auth", "downstream-change", "bug-fix", "new-actions"].map(|label| (label, label));
    let mapping = reader.mapping("`changelog`", &["summary", "labels"])?;
    let labels = mapping.items("labels").iter().filter_map(|label| label.choice(&labels)).map(str::to_owned).collect();
    Some(Changelog { summary: mapping.text("summary"), labels })
}

fn reference(reader: &Reader<'_>) -> Option<Reference> {
    let reference = reader.mapping("a reference", &["title", "url", "description"])?;
    let (title, url) = (reference.require("title"), reference.require("url"));
    Some(Reference { title: title?.text()?, url: url?.text()?, description: reference.text("description") })
}

fn scopes<'n>(root: &Mapping<'n>) -> (Vec<ScopeDefinition>, Vec<(String, Reader<'n>)>) {
    let (mut scopes, mut included) = (Vec::new(), Vec::new());
    let Some(definitions) = root.get("scopeDefinitions") else { return (scopes, included) };
    for (name, reader) in definitions.entries("`scopeDefinitions`") {
        let Some(scope) = reader.mapping("a scope definition", &["description", "includes"]) else { continue };
        let includes = scope.names("includes");
        scopes.push(ScopeDefinition {
            name: name.to_owned(),
            description: scope.text("description").unwrap_or_default(),
            includes: includes.iter().map(|(name, _)| name.clone()).collect(),
        });
        included.extend(includes);
    }
    (scopes, included)
}

/// The actions of the main file and of the partials that it names, by either spelling of `$ref`.
fn read_actions<'n>(
    root: &Mapping<'n>,
    trees: &'n Trees,
    report: &'n Report,
    shared: action::ActionContext<'n, '_>,
) -> (Vec<Arc<crate::definition::Action>>, Vec<action::ActionSpans<'n>>) {
    let mut readers = Vec::new();
    let mut named = HashSet::new();
    if let Some(actions) = root.require("actions") {
        match &actions.node.value {
            // `$ref: a` repeated as keys of a mapping.
            NodeValue::Map(entries) if entries.iter().all(|entry| entry.key == "$ref") => {
                for (_, reference) in actions.entries("`actions`") {
                    partial(&reference, trees, report, &mut readers, &mut named);
                }
            }
            _ => collect(&actions, trees, report, &mut readers, &mut named),
        }
    }
    for (name, (file, node)) in trees.partials.iter().filter(|(name, _)| !named.contains(*name)) {
        let message = format!("no `$ref` names {name}, so that its actions are no part of the connector");
        Reader::new(node, file, report).warning(code::UNUSED, message);
    }
    let (mut actions, mut places): (Vec<Arc<crate::definition::Action>>, Vec<_>) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for reader in readers {
        let Some((action, place)) = action::read(reader, shared) else { continue };
        if !seen.insert(action.id.clone()) {
            place.id.error(code::DUPLICATE_ID, format!("there is another action `{}`", action.id));
        }
        actions.push(Arc::new(action));
        places.push(place);
    }
    // Actions are found by either id, so that one's public id must not be the other's own.
    let own = actions.iter().map(|action| action.id.as_str()).collect::<HashSet<_>>();
    for (action, place) in actions.iter().zip(&places) {
        if own.contains(action.public_id.as_str()) {
            let message = format!("its public id, `{}`, is the id of another action", action.public_id);
            place.id.error(code::DUPLICATE_ID, message);
        }
    }
    (actions, places)
}

fn collect<'n>(
    list: &Reader<'n>,
    trees: &'n Trees,
    report: &'n Report,
    into: &mut Vec<Reader<'n>>,
    named: &mut HashSet<String>,
) {
    for item in list.items() {
        match &item.node.value {
            NodeValue::Map(entries) if entries.first().is_some_and(|entry| entry.key == "$ref") => {
                if let Some(reference) = item.mapping("a reference", &["$ref"]).and_then(|mapping| mapping.get("$ref"))
                {
                    partial(&reference, trees, report, into, named);
                }
            }
            _ => into.push(item),
        }
    }
}

fn partial<'n>(
    reference: &Reader<'n>,
    trees: &'n Trees,
    report: &'n Report,
    into: &mut Vec<Reader<'n>>,
    named: &mut HashSet<String>,
) {
    let Some(name) = reference.text() else { return };
    if !named.insert(name.clone()) {
        reference.error(code::DUPLICATE_ID, format!("`{name}` is put in twice"));
        return;
    }
    let Some((file, node)) = trees.partials.get(&name) else {
        let message = format!("there is no file {name}.partial.yaml beside this one");
        match nearest(&name, trees.partials.keys().map(String::as_str)) {
            Some(near) => reference.error_with_hint(code::UNRESOLVED_REF, message, format!("did you mean `{near}`?")),
            None => reference.error(code::UNRESOLVED_REF, message),
        }
        return;
    };
    let reader = Reader::new(node, file, report);
    // A partial is a bare list, or a list under `actions`.
    if matches!(node.value, NodeValue::Map(_)) {
        if let Some(actions) = reader.mapping("a partial", &["actions"]).and_then(|mapping| mapping.require("actions"))
        {
            into.extend(actions.items());
        }
    } else {
        into.extend(reader.items());
    }
}

fn ids(actions: &[Arc<crate::definition::Action>]) -> HashMap<String, usize> {
    let both = actions
        .iter()
        .enumerate()
        .flat_map(|(place, action)| [(action.id.clone(), place), (action.public_id.clone(), place)]);
    both.collect()
}
