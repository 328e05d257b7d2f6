//! Generates the main file.

use super::{
    auth::GeneratedAuthMethod,
    group::{PartialFile, comment},
    model::Api,
    review_notes::{ReviewNotes, Topic},
    scopes::Scopes,
    servers::ConnectorBaseUrl,
    text::{description, sentence},
};
use crate::yaml::{Map, Yaml, emit};

/// The maximum number of scopes that are requested at once.
const MAX_SCOPES: usize = 60;
/// Words in the ids of actions that return the account's owner, the most likely one first.
const WHO: [&str; 10] =
    ["whoami", "about", "me", "self", "authenticated", "current", "profile", "account", "user", "ping"];

/// The parts of the main file.
pub(super) struct MainFile<'a, 'd> {
    pub(super) api: &'a Api<'d>,
    pub(super) key: &'a str,
    pub(super) title: &'a str,
    pub(super) source: &'a str,
    pub(super) server: &'a ConnectorBaseUrl,
}

impl MainFile<'_, '_> {
    /// Returns the text of the file.
    pub(super) fn write(
        &self,
        methods: &[GeneratedAuthMethod],
        scopes: &Scopes,
        partials: &[PartialFile],
        notes: &ReviewNotes,
    ) -> String {
        let title = super::text::line(self.title, 80);
        let title = if title.is_empty() { self.key.to_owned() } else { title };
        let mut text = format!(
            "# {}, imported from {} ({}). Guessed parts are marked; review the summary of the import.\n",
            comment(&title),
            comment(self.source),
            comment(&self.api.format)
        );
        let mut about = description(&self.api.description);
        if about.is_empty() {
            notes.add(Topic::Description, "info.description", "the connector has no description");
            about = sentence(&title);
        }
        let info =
            Map::new().with("title", title).with("key", self.key).with("version", "1.0.0").with("description", about);
        text.push_str(&emit(&Map::new().with("Patchbay", "1.0.0").into()).replace('"', ""));
        let mut add = |map: Map| {
            text.push('\n');
            text.push_str(&emit(&map.into()));
        };
        add(Map::new().with("info", info));
        add(Map::new()
            .with("categories", vec!["other".to_owned()])
            .with("releaseStage", "preview")
            .with_some("resources", self.api.docs.clone()));
        add(Map::new().with("baseUrl", self.server.base_url.as_str()));
        if !scopes.defined.is_empty() {
            let defined = scopes.defined.iter().fold(Map::new(), |all, (name, about)| {
                let about = description(about);
                let about = if about.is_empty() { sentence(name) } else { about };
                all.with(name, Map::flow().with("description", about))
            });
            add(Map::new().with("scopeDefinitions", defined));
        }
        let test = test_action(partials, notes);
        let authentication = methods.iter().map(|method| self.method(method, scopes, test.as_deref(), notes));
        add(Map::new().with("authentication", authentication.collect::<Vec<_>>()));
        let actions = partials.iter().map(|partial| Yaml::from(Map::new().with("$ref", partial.reference.as_str())));
        // `$` needs no quotes in these plain scalars and keys.
        text.push('\n');
        text.push_str(
            &emit(&Map::new().with("actions", actions.collect::<Vec<_>>()).into()).replace("\"$ref\":", "$ref:"),
        );
        text
    }

    fn method(&self, method: &GeneratedAuthMethod, scopes: &Scopes, test: Option<&str>, notes: &ReviewNotes) -> Yaml {
        let mut map = Map::new();
        if let Some(about) = method.comment {
            map.comment(about);
        }
        map.set("type", method.kind);
        let mut map = map.with_some("grantType", method.grant).with("label", method.label.as_str());
        let list = |fields: &[Map]| fields.iter().cloned().map(Yaml::from).collect::<Vec<_>>();
        if !method.setup.is_empty() {
            map.set("setupFields", list(&method.setup));
        }
        let mut config = list(&method.config);
        config.extend(list(&self.server.fields));
        if !config.is_empty() {
            map.set("configFields", config);
        }
        let mut authorization = method.authorization.clone();
        if method.takes_scopes && !scopes.needed.is_empty() {
            if scopes.needed.len() <= MAX_SCOPES {
                authorization.set("scopes", scopes.needed.join(" "));
            } else {
                let note = format!(
                    "actions require {} scopes, too many to request at once; list the scopes to request",
                    scopes.needed.len()
                );
                notes.add(Topic::Scopes, format!("authentication.{}", method.key), note);
            }
        }
        map.set("authorization", authorization);
        if method.certificates {
            let one = |key: &str| vec![format!("${{credentials.{key}}}")];
            map.set("certificates", Map::new().with("certs", one("clientCert")).with("keys", one("clientKey")));
        }
        if let Some(refresh) = &method.refresh {
            map.set("refreshAuthentication", refresh.clone());
        }
        map.set("environments", vec![Yaml::from(Map::flow().with("key", "production").with("name", "Production"))]);
        if let Some(test) = test {
            map.comment("Guessed: it should be cheap and fail without valid credentials.");
            map.set("testActions", vec![Yaml::from(Map::flow().with("action", test).with("required", true))]);
        }
        Map::new().with(&method.key, map).into()
    }
}

/// Returns the action that tests an account when it is linked.
fn test_action(partials: &[PartialFile], notes: &ReviewNotes) -> Option<String> {
    let probes = || partials.iter().flat_map(|partial| &partial.probes);
    let says_who = |id: &&String| {
        let words = id.split('_').collect::<Vec<_>>();
        WHO.iter().position(|who| words.contains(who))
    };
    let by_name = probes().filter_map(|id| Some((says_who(&id)?, !id.contains("user"), id.len(), id))).min();
    let chosen =
        by_name.map(|(.., id)| id).or_else(|| probes().find(|id| id.starts_with("list_"))).or_else(|| probes().next());
    match chosen {
        Some(id) => {
            notes.add(Topic::TestAction, "testActions", format!("guessed: `{id}` runs when an account is linked"));
        }
        None => notes.add(
            Topic::TestAction,
            "testActions",
            "no action reads without inputs; set one, otherwise linking verifies nothing",
        ),
    }
    chosen.cloned()
}
