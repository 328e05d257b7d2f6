//! Reads the root of the main file, and the actions of the partials.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use super::{
    action::{self, ActionContext, ActionSpans, Nested},
    auth::{self, AuthMethodSpans},
    enums::Enums,
    events,
    files::Trees,
    links,
};
use crate::{
    Connector,
    definition::{Action, Changelog, Reference, ReleaseStage, ScopeDefinition, letter_icon},
    diagnostic::code,
    suggest::nearest,
    syntax::{Mapping, NodeValue, Reader, Report},
};

pub(crate) const KEYS: [&str; 23] = [
    "Patchbay",
    "StackOne",
    "$ref",
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

/// The maximum length of a connector's key, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// The release stages by their name in the file.
pub(crate) const STAGES: [(&str, ReleaseStage); 5] = [
    ("preview", ReleaseStage::Preview),
    ("beta", ReleaseStage::Beta),
    ("ga", ReleaseStage::Ga),
    ("deprecated", ReleaseStage::Deprecated),
    ("internal", ReleaseStage::Internal),
];

/// A connector with the parts of the file that are checked once all of it is read.
pub(super) struct LoadedRoot<'n> {
    pub(super) connector: Connector,
    /// The parts of each action, in the order of the actions.
    pub(super) actions: Vec<ActionSpans<'n>>,
    /// The parts of each authentication method, in the order of the methods.
    pub(super) methods: Vec<AuthMethodSpans<'n>>,
    /// The actions inside of other parts of the file, each with its parts.
    pub(super) nested: Vec<(Arc<Action>, ActionSpans<'n>)>,
    /// `events`.
    pub(super) events: Option<Reader<'n>>,
    /// `baseUrl`.
    pub(super) base_url: Option<Reader<'n>>,
    /// The actions that could not be read; a reference to one of them is not an error.
    pub(super) unread: UnreadActions,
    /// The scopes that other scopes include.
    pub(super) included: Vec<(String, Reader<'n>)>,
}

/// `info` of the main file.
#[derive(Default)]
struct Info {
    key: Option<String>,
    version: Option<semver::Version>,
    title: Option<String>,
    description: Option<String>,
    icon: Option<String>,
}

/// Reads the main file. Everything is read before an error ends it, so that every mistake is reported at once.
pub(super) fn read<'n>(reader: Reader<'n>, trees: &'n Trees, report: &'n Report) -> Option<LoadedRoot<'n>> {
    if reader.peek("StackOne").is_some() {
        report.set_original();
    }
    let root = reader.mapping("a connector", &KEYS)?;
    check_format_version(&root);
    root.not_run(&["syncedActions", "mcp"]);
    let info = root.require("info").map(read_info).unwrap_or_default();
    let key = info.key.unwrap_or_default();
    let enums = Enums::read(&root);
    let context = ActionContext { connector: &key, enums: &enums };
    let mut nested = Nested::new(context);
    let (methods, method_spans) = auth::read(&root, &mut nested);
    let (actions, action_spans, unread) = read_actions(&root, trees, report, context);
    let by_id = index_by_id(&actions);
    let events = root.get("events").and_then(|place| events::read(place, &mut nested));
    let nested = nested.found;
    if !unread.any {
        enums.warn_unused();
    }
    let changelog = root.get("changelog").and_then(read_changelog);
    let max_concurrency = root.get("concurrency").and_then(read_concurrency);
    let rate_limit_per_second = root.get("rateLimit").and_then(read_rate_limit);
    let references = root.get("documentation").map(read_references).unwrap_or_default();
    let (scopes, included) = read_scopes(&root);
    let connector = Connector {
        key,
        icon: info.icon.unwrap_or_else(|| letter_icon(info.title.as_deref().unwrap_or_default())),
        title: info.title?,
        version: info.version?,
        description: info.description?,
        details: root.text("details"),
        categories: root.texts("categories"),
        release_stage: root.get("releaseStage").and_then(|stage| stage.choice(&STAGES)).unwrap_or(ReleaseStage::Ga),
        base_url: root.template("baseUrl"),
        rate_limit_per_second,
        resources: one_or_many(&root, "resources"),
        references,
        scopes,
        authentication: methods,
        actions,
        by_id,
        address_sources: OnceLock::new(),
        events,
        max_concurrency,
        mcp_instructions: root.get("mcp").and_then(|mcp| mcp.mapping("`mcp`", &["instructions"])?.text("instructions")),
        changelog,
        synced_actions: root.texts("syncedActions"),
        forked_from: root.text("forkedFrom"),
        owner: root.text("owner"),
        evidence: None,
    };
    Some(LoadedRoot {
        nested,
        connector,
        actions: action_spans,
        methods: method_spans,
        events: root.get("events"),
        base_url: root.get("baseUrl"),
        unread,
        included,
    })
}

fn check_format_version(root: &Mapping<'_>) {
    let Some(version) = root.get("Patchbay").or_else(|| root.get("StackOne")) else {
        let hint = "add `Patchbay: 1.0.0` as the first line";
        root.reader.error_with_hint(code::MISSING_KEY, "the format version is missing", hint);
        return;
    };
    if version.text().is_some_and(|text| text != "1.0.0") {
        version.error_with_hint(code::UNKNOWN_VALUE, "this format version is not supported", "use 1.0.0");
    }
}

fn read_info(reader: Reader<'_>) -> Info {
    let Some(info) = reader.mapping("`info`", &["title", "key", "version", "description", "assets"]) else {
        return Info::default();
    };
    let icon = info.get("assets").and_then(|assets| assets.mapping("`assets`", &["icon"])?.get("icon"));
    Info {
        key: info.require("key").and_then(|key| connector_key(&key)),
        version: info.require("version").and_then(|version| connector_version(&version)),
        title: info.require("title").and_then(|title| title.text()),
        description: info.require("description").and_then(|text| text.text()),
        icon: icon.as_ref().and_then(links::icon),
    }
}

/// Reads a connector's key.
pub(super) fn connector_key(reader: &Reader<'_>) -> Option<String> {
    let key = reader.text()?;
    let is_valid = !key.is_empty()
        && key.len() <= MAX_KEY_BYTES
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if !is_valid {
        reader.error_with_hint(
            code::INVALID,
            format!("`{key}` is not a valid connector key"),
            "use lower-case letters, digits, `-` and `_`, beginning with a letter",
        );
    }
    is_valid.then_some(key)
}

fn connector_version(reader: &Reader<'_>) -> Option<semver::Version> {
    let text = reader.text()?;
    let version = semver::Version::parse(&text);
    if version.is_err() {
        let hint = "write it as MAJOR.MINOR.PATCH, such as 1.0.0";
        reader.error_with_hint(code::INVALID, format!("`{text}` is not a version"), hint);
    }
    version.ok()
}

fn read_concurrency(place: Reader<'_>) -> Option<u64> {
    const KEYS: [&str; 3] = ["maxConcurrentRequests", "max", "limit"];
    let limits = place.mapping("`concurrency`", &KEYS)?;
    let limit = KEYS.iter().find_map(|key| limits.get(key))?;
    let requests = limit.whole()?;
    if requests == 0 {
        limit.error(code::INVALID, "the limit must be at least 1; omit it for no limit");
    }
    Some(requests)
}

fn read_rate_limit(place: Reader<'_>) -> Option<f64> {
    let limit = place.mapping("`rateLimit`", &["mainRatelimit", "subPools", "mappedRatelimitErrors"])?;
    for key in ["subPools", "mappedRatelimitErrors"] {
        if let Some(place) = limit.get(key) {
            place.warning(code::NOT_RUN, format!("`{key}` is not enforced yet; only `mainRatelimit` is"));
        }
    }
    let place = limit.get("mainRatelimit")?;
    let per_second = place.number()?;
    if per_second <= 0.0 {
        place.error(code::INVALID, "the requests per second must be greater than 0; omit it for no limit");
    }
    Some(per_second)
}

/// Reads a string or a list of strings.
pub(super) fn one_or_many(mapping: &Mapping<'_>, key: &str) -> Vec<String> {
    match mapping.get(key) {
        Some(value) if matches!(value.node.value, NodeValue::List(_)) => mapping.texts(key),
        Some(value) => value.text().into_iter().collect(),
        None => Vec::new(),
    }
}

fn read_changelog(reader: Reader<'_>) -> Option<Changelog> {
    let labels = ["auth", "downstream-change", "bug-fix", "new-actions"].map(|label| (label, label));
    let mapping = reader.mapping("`changelog`", &["summary", "labels"])?;
    let labels = mapping.items("labels").iter().filter_map(|label| label.choice(&labels)).map(str::to_owned).collect();
    Some(Changelog { summary: mapping.text("summary"), labels })
}

fn read_references(reader: Reader<'_>) -> Vec<Reference> {
    let documentation = reader.mapping("`documentation`", &["references"]);
    let references = documentation.map(|documentation| documentation.items("references")).unwrap_or_default();
    references.iter().filter_map(read_reference).collect()
}

fn read_reference(reader: &Reader<'_>) -> Option<Reference> {
    let reference = reader.mapping("a reference", &["title", "url", "description"])?;
    let (title, url) = (reference.require("title"), reference.require("url"));
    Some(Reference { title: title?.text()?, url: links::link(&url?)?, description: reference.text("description") })
}

/// Reads the scopes, and the scopes that they include.
fn read_scopes<'n>(root: &Mapping<'n>) -> (Vec<ScopeDefinition>, Vec<(String, Reader<'n>)>) {
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

/// The actions of a connector that could not be read, which is reported.
#[derive(Default)]
pub(super) struct UnreadActions {
    /// Whether it is not known which actions these are.
    any: bool,
    /// The ids of the others.
    ids: HashSet<String>,
}

impl UnreadActions {
    /// Returns true if an action with this id may be one of them.
    pub(super) fn may_have(&self, id: &str) -> bool {
        self.any || self.ids.contains(id)
    }
}

/// The places in which the actions of a connector are found, in the order of the files.
struct ActionSources<'n> {
    trees: &'n Trees,
    report: &'n Report,
    actions: Vec<Reader<'n>>,
    /// The partials that a `$ref` names.
    referenced: HashMap<String, Reader<'n>>,
    /// Whether every partial could be read.
    is_complete: bool,
}

/// Reads the actions of the main file and of the partials that it refers to, with either spelling of `$ref`.
fn read_actions<'n>(
    root: &Mapping<'n>,
    trees: &'n Trees,
    report: &'n Report,
    context: ActionContext<'n, '_>,
) -> (Vec<Arc<Action>>, Vec<ActionSpans<'n>>, UnreadActions) {
    let mut sources =
        ActionSources { trees, report, actions: Vec::new(), referenced: HashMap::new(), is_complete: true };
    // Files of the original format may have `$ref` beside `actions`.
    let references = root.all("$ref");
    references.iter().for_each(|reference| sources.partial(reference));
    let actions = if references.is_empty() { root.require("actions") } else { root.get("actions") };
    if let Some(actions) = actions {
        sources.collect(&actions);
    }
    sources.warn_unreferenced();
    let (mut actions, mut spans): (Vec<Arc<Action>>, Vec<_>) = (Vec::new(), Vec::new());
    let mut seen = HashMap::new();
    let mut unread = UnreadActions { any: !sources.is_complete, ids: HashSet::new() };
    for reader in sources.actions {
        let Some((action, found)) = action::read(reader, context) else {
            match reader.peek("actionId").and_then(|id| id.text()) {
                Some(id) => _ = unread.ids.insert(id),
                None => unread.any = true,
            }
            continue;
        };
        if let Some(earlier) = seen.insert(action.id.clone(), found.id) {
            found.id.duplicate(&earlier, format!("there is another action `{}`", action.id));
        }
        actions.push(Arc::new(action));
        spans.push(found);
    }
    // An action is found by either id, so the public id of one must not be the local id of another.
    let local = actions.iter().map(|action| action.id.as_str()).collect::<HashSet<_>>();
    for (action, found) in actions.iter().zip(&spans) {
        if local.contains(action.public_id.as_str()) {
            let message = format!("the public id `{}` is the id of another action", action.public_id);
            found.id.error(code::DUPLICATE_ID, message);
        }
    }
    warn_without_phrases(&actions, &spans);
    (actions, spans, unread)
}

/// Warns of actions without search phrases, if others of the connector have some: the search would find those instead. A
/// connector whose author uses none is not warned of, because phrases are optional.
fn warn_without_phrases(actions: &[Arc<Action>], spans: &[ActionSpans<'_>]) {
    if actions.iter().all(|action| action.search_phrases.is_empty()) {
        return;
    }
    for (action, found) in actions.iter().zip(spans).filter(|(action, _)| action.search_phrases.is_empty()) {
        let message = format!(
            "the action `{}` has no `searchPhrases`, but others have; add what people say who want it",
            action.id
        );
        found.id.warning(code::MISSING_TEXT, message);
    }
}

impl<'n> ActionSources<'n> {
    fn collect(&mut self, actions: &Reader<'n>) {
        match &actions.node.value {
            // `$ref: a`, repeated as keys of a mapping.
            NodeValue::Map(entries) if entries.iter().all(|entry| entry.key == "$ref") => {
                for (_, reference) in actions.entries("`actions`") {
                    self.partial(&reference);
                }
            }
            _ => actions.items().for_each(|item| self.item(item)),
        }
    }

    fn item(&mut self, item: Reader<'n>) {
        match &item.node.value {
            NodeValue::Map(entries) if entries.first().is_some_and(|entry| entry.key == "$ref") => {
                let reference = item.mapping("a reference", &["$ref"]).and_then(|mapping| mapping.get("$ref"));
                if let Some(reference) = reference {
                    self.partial(&reference);
                }
            }
            _ => self.actions.push(item),
        }
    }

    fn partial(&mut self, reference: &Reader<'n>) {
        let Some(name) = reference.text() else { return };
        if let Some(earlier) = self.referenced.insert(name.clone(), *reference) {
            reference.duplicate(&earlier, format!("the file refers to `{name}` twice"));
            return;
        }
        if self.trees.broken.contains(&name) {
            self.is_complete = false;
            return;
        }
        let Some((file, node)) = self.trees.partials.get(&name) else {
            self.is_complete = false;
            let message = format!("the file {name}.partial.yaml is missing in the connector's folder");
            match nearest(&name, self.trees.partials.keys().map(String::as_str)) {
                Some(near) => {
                    reference.error_with_hint(code::UNRESOLVED_REF, message, format!("did you mean `{near}`?"));
                }
                None => reference.error(code::UNRESOLVED_REF, message),
            }
            return;
        };
        let reader = Reader::new(node, file, self.report);
        // A partial is a list, or a list under `actions`.
        if matches!(node.value, NodeValue::Map(_)) {
            let actions = reader.mapping("a partial", &["actions"]).and_then(|mapping| mapping.require("actions"));
            self.actions.extend(actions.into_iter().flat_map(|actions| actions.items()));
        } else {
            self.actions.extend(reader.items());
        }
    }

    fn warn_unreferenced(&self) {
        // A reference that leads nowhere may mean one of them.
        if !self.is_complete {
            return;
        }
        for (name, (file, node)) in self.trees.partials.iter().filter(|(name, _)| !self.referenced.contains_key(*name))
        {
            let message = format!("no `$ref` refers to {name}; the connector does not have its actions");
            Reader::new(node, file, self.report).warning(code::UNUSED, message);
        }
    }
}

fn index_by_id(actions: &[Arc<Action>]) -> HashMap<String, usize> {
    let both = actions
        .iter()
        .enumerate()
        .flat_map(|(index, action)| [(action.id.clone(), index), (action.public_id.clone(), index)]);
    both.collect()
}
