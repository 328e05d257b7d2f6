//! Generates the main file.

use super::{
    auth::GeneratedAuthMethod,
    group::{PartialFile, comment},
    model::Api,
    overlay::Overlay,
    review_notes::{ReviewNotes, Topic},
    scopes::Scopes,
    servers::ConnectorBaseUrl,
    text::{description, sentence},
    words,
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
    pub(super) overlay: &'a Overlay,
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
        let own = self.overlay.description.as_deref();
        let mut about = own.map_or_else(|| description(&self.api.description), sentence);
        if about.is_empty() {
            if !self.api.document.facts_only {
                notes.add(Topic::Description, "info.description", "the connector has no description");
            }
            about = format!("The API of {title}.");
        }
        let info =
            Map::new().with("title", title).with("key", self.key).with("version", "1.0.0").with("description", about);
        text.push_str(&emit(&Map::new().with("Patchbay", "1.0.0").into()).replace('"', ""));
        let mut add = |map: Map| {
            text.push('\n');
            text.push_str(&emit(&map.into()));
        };
        add(Map::new().with("info", info));
        let categories = &self.overlay.categories;
        add(Map::new()
            .with("categories", if categories.is_empty() { vec!["other".to_owned()] } else { categories.clone() })
            .with("releaseStage", "preview")
            .with_some("resources", self.api.docs.clone()));
        add(Map::new().with("baseUrl", self.server.base_url.as_str()));
        if !scopes.defined.is_empty() {
            let defined = scopes.defined.iter().fold(Map::new(), |all, (name, about)| {
                let about = description(about);
                let about = if about.is_empty() { words::scope(name) } else { about };
                all.with(name, Map::flow().with("description", about))
            });
            add(Map::new().with("scopeDefinitions", defined));
        }
        let tests = test_actions(methods, partials, self.overlay, notes);
        let authentication =
            methods.iter().zip(&tests).map(|(method, test)| self.method(method, scopes, test.as_deref(), notes));
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
        // A field of the method and one of the server with the same key are one field.
        let own = method.config.iter().chain(&method.setup).filter_map(|field| field.text("key")).collect::<Vec<_>>();
        let others = self.server.fields.iter().filter(|field| field.text("key").is_none_or(|key| !own.contains(&key)));
        config.extend(others.cloned().map(Yaml::from));
        if !config.is_empty() {
            map.set("configFields", config);
        }
        let mut authorization = method.authorization.clone();
        let chosen = self.overlay.scopes_of(&method.key).map(<[String]>::to_vec);
        let is_chosen = chosen.is_some();
        let needed = if method.takes_scopes { chosen.unwrap_or_else(|| scopes.of_method(method)) } else { Vec::new() };
        if !needed.is_empty() {
            if needed.len() <= MAX_SCOPES || is_chosen {
                authorization.set("scopes", needed.join(" "));
            } else {
                let note = format!(
                    "actions require {} scopes, too many to request at once; list the scopes to request",
                    needed.len()
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
            if self.overlay.test_of(&method.key).is_none() {
                map.comment("Guessed: it should be cheap and fail without valid credentials.");
            }
            map.set("testActions", vec![Yaml::from(Map::flow().with("action", test).with("required", true))]);
        }
        Map::new().with(&method.key, map).into()
    }
}

/// Returns for each method the action that tests an account when it is linked. Each method gets an action that accepts
/// its schemes, so that the test proves the credentials.
fn test_actions(
    methods: &[GeneratedAuthMethod],
    partials: &[PartialFile],
    overlay: &Overlay,
    notes: &ReviewNotes,
) -> Vec<Option<String>> {
    let own = |method: &GeneratedAuthMethod| overlay.test_of(&method.key).map(str::to_owned);
    let tests = methods.iter().map(|method| own(method).or_else(|| test_action(method, partials))).collect::<Vec<_>>();
    let guessed = methods.iter().zip(&tests).filter(|(method, _)| own(method).is_none());
    let mut chosen: Vec<&String> = guessed.filter_map(|(_, test)| test.as_ref()).collect();
    chosen.dedup();
    for id in chosen {
        notes.add(Topic::TestAction, "testActions", format!("guessed: `{id}` runs when an account is linked"));
    }
    for (method, _) in methods.iter().zip(&tests).filter(|(_, test)| test.is_none()) {
        let note = "no action reads without inputs and only with this method's credentials; set one, otherwise linking \
                    verifies nothing";
        notes.add(Topic::TestAction, format!("authentication.{}.testActions", method.key), note);
    }
    tests
}

fn test_action(method: &GeneratedAuthMethod, partials: &[PartialFile]) -> Option<String> {
    let probes = partials.iter().flat_map(|partial| &partial.probes);
    let fitting = probes.filter(|probe| method.schemes.is_empty() || probe.accepts(&method.schemes));
    let fitting = fitting.map(|probe| &probe.id).collect::<Vec<_>>();
    let says_who = |id: &str| {
        let words = id.split('_').collect::<Vec<_>>();
        WHO.iter().position(|who| words.contains(who))
    };
    let by_name = fitting.iter().filter_map(|id| Some((says_who(id)?, !id.contains("user"), id.len(), *id))).min();
    let chosen = by_name.map(|(.., id)| id);
    let chosen = chosen.or_else(|| fitting.iter().find(|id| id.starts_with("list_")).copied());
    chosen.or_else(|| fitting.first().copied()).cloned()
}
