//! Determines the scopes that actions require.
//!
//! Rule: scopes stay with their scheme and flow; a method never requests a scope that only another one has.
//! If any of several scopes suffices, the one that most operations accept is chosen, so that an account requests few
//! scopes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    auth::GeneratedAuthMethod,
    model::{Api, ApiOperation, SecurityRequirement, SecurityScheme},
    review_notes::{ReviewNotes, Topic},
};

/// The maximum number of scopes of a connector.
const MAX_SCOPES: usize = 10_000;
/// The maximum length of a scope's name, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// The scopes of the connector.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    /// The names with descriptions.
    pub(super) defined: BTreeMap<String, String>,
    /// The scopes that operations require of each set of schemes.
    needed: BTreeMap<Vec<String>, BTreeSet<String>>,
    popularity: HashMap<String, usize>,
}

/// Collects the defined and the required scopes.
pub(super) fn choose(api: &Api<'_>, notes: &ReviewNotes) -> Scopes {
    let mut scopes = Scopes::default();
    for (_, scheme) in &api.schemes {
        let SecurityScheme::OAuth2(flows) = scheme else { continue };
        for (name, about) in flows.iter().flat_map(|flow| &flow.scopes) {
            if fits(name) && scopes.has_room_for(name) {
                let known = scopes.defined.entry(name.clone()).or_default();
                if known.is_empty() {
                    known.clone_from(about);
                }
            }
        }
    }
    for operation in &api.operations {
        let mut named = alternatives(api, operation).flat_map(|(_, scopes)| scopes).collect::<Vec<_>>();
        named.sort();
        named.dedup();
        for name in named {
            if !fits(&name) || !scopes.has_room_for(&name) {
                continue;
            }
            *scopes.popularity.entry(name.clone()).or_default() += 1;
            scopes.defined.entry(name).or_default();
        }
    }
    if scopes.defined.len() >= MAX_SCOPES {
        notes.add(Topic::Scopes, "scopeDefinitions", format!("only the first {MAX_SCOPES} scopes are used"));
    }
    let (mut several, mut differing) = (0, 0);
    for operation in &api.operations {
        let chosen = scopes.chosen(api, operation);
        several += usize::from(chosen.values().any(|(_, count)| *count > 1));
        differing += usize::from(chosen.values().any(|(set, _)| chosen.values().any(|(other, _)| set != other)));
        for (schemes, (set, _)) in chosen {
            scopes.needed.entry(schemes).or_default().extend(set);
        }
    }
    if several > 0 {
        let taken = scopes.needed.values().flatten().take(6).cloned().collect::<Vec<_>>().join(", ");
        notes.add(
            Topic::Scopes,
            "requiredScopes",
            format!("{several} operations accept any of several scopes; chosen: {taken}"),
        );
    }
    if differing > 0 {
        let note = "operations require other scopes of each method; only the scopes of all methods are required";
        notes.add(Topic::Scopes, "requiredScopes", format!("{differing} {note}"));
    }
    scopes
}

impl Scopes {
    fn has_room_for(&self, name: &str) -> bool {
        self.defined.len() < MAX_SCOPES || self.defined.contains_key(name)
    }

    /// Returns the scopes that an account of a method requests: those that operations require of its schemes, as far as
    /// its flow has them.
    pub(super) fn of_method(&self, method: &GeneratedAuthMethod) -> Vec<String> {
        let needed = self.needed.get(&method.schemes).into_iter().flatten();
        let has = |name: &&String| method.flow_scopes.as_ref().is_none_or(|scopes| scopes.contains(name));
        needed.filter(has).cloned().collect()
    }

    /// Returns the scopes that an action requires of every account: what the schemes of its operation have in common.
    pub(super) fn required(&self, api: &Api<'_>, operation: &ApiOperation<'_>) -> Vec<String> {
        let mut sets = self.chosen(api, operation).into_values().map(|(set, _)| set);
        let Some(first) = sets.next() else { return Vec::new() };
        sets.fold(first, |mut common, set| {
            common.retain(|name| set.contains(name));
            common
        })
    }

    /// Returns for each set of schemes with OAuth scopes the scopes that an operation requires, and the number of sets from
    /// which they were chosen.
    fn chosen(&self, api: &Api<'_>, operation: &ApiOperation<'_>) -> BTreeMap<Vec<String>, (Vec<String>, usize)> {
        let mut sets: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
        for (requirement, mut scopes) in alternatives(api, operation) {
            scopes.retain(|name| self.defined.contains_key(name));
            sets.entry(requirement.names()).or_default().push(scopes);
        }
        let has_oauth = |schemes: &Vec<String>| schemes.iter().any(|name| is_oauth(api, name));
        sets.retain(|schemes, sets| {
            sets.retain(|set| !set.is_empty());
            has_oauth(schemes)
        });
        if sets.values().all(Vec::is_empty) {
            return BTreeMap::new();
        }
        let weight = |set: &Vec<String>| {
            let least = set.iter().map(|name| self.popularity.get(name).copied().unwrap_or(0)).min().unwrap_or(0);
            (std::cmp::Reverse(least), set.len(), set.iter().map(String::len).sum::<usize>(), set.join(" "))
        };
        sets.into_iter()
            .map(|(schemes, sets)| {
                let count = sets.len();
                (schemes, (sets.into_iter().min_by_key(weight).unwrap_or_default(), count))
            })
            .collect()
    }
}

fn is_oauth(api: &Api<'_>, name: &str) -> bool {
    let scheme = api.schemes.iter().find(|(known, _)| known == name).map(|(_, scheme)| scheme);
    matches!(scheme, Some(SecurityScheme::OAuth2(_) | SecurityScheme::OpenId(_)))
}

fn fits(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '$' | '{' | '}'))
}

/// Returns the alternatives of an operation that have OAuth scopes, with the scopes.
fn alternatives<'a>(
    api: &'a Api<'_>,
    operation: &'a ApiOperation<'_>,
) -> impl Iterator<Item = (&'a SecurityRequirement, Vec<String>)> {
    let list = operation.security.as_ref().unwrap_or(&api.security);
    list.iter().map(|requirement| {
        let of_oauth = |name: &str| is_oauth(api, name);
        let scopes =
            requirement.0.iter().filter(|(name, _)| of_oauth(name)).flat_map(|(_, scopes)| scopes.clone()).collect();
        (requirement, scopes)
    })
}
