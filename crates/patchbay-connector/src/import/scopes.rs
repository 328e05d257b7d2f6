//! Determines the scopes that actions require.
//!
//! If any of several scopes suffices, the one that most operations accept is chosen, so that an account requests few
//! scopes.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
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
    /// The scopes that an action requires.
    pub(super) needed: Vec<String>,
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
    let (mut several, mut seen) = (0, HashSet::new());
    for operation in &api.operations {
        let (chosen, count) = scopes.of(api, operation);
        several += usize::from(count > 1);
        for name in chosen {
            if seen.insert(name.clone()) {
                scopes.needed.push(name);
            }
        }
    }
    scopes.needed.sort();
    if several > 0 {
        let taken = scopes.needed.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        notes.add(
            Topic::Scopes,
            "requiredScopes",
            format!("{several} operations accept any of several scopes; chosen: {taken}"),
        );
    }
    scopes
}

impl Scopes {
    fn has_room_for(&self, name: &str) -> bool {
        self.defined.len() < MAX_SCOPES || self.defined.contains_key(name)
    }

    /// Returns the scopes that an operation requires, and the number of sets from which they were chosen.
    pub(super) fn of(&self, api: &Api<'_>, operation: &ApiOperation<'_>) -> (Vec<String>, usize) {
        let mut sets = alternatives(api, operation).map(|(_, scopes)| scopes).collect::<Vec<_>>();
        sets.iter_mut().for_each(|set| set.retain(|name| self.defined.contains_key(name)));
        sets.retain(|set| !set.is_empty());
        let count = sets.len();
        let weight = |set: &Vec<String>| {
            let least = set.iter().map(|name| self.popularity.get(name).copied().unwrap_or(0)).min().unwrap_or(0);
            (std::cmp::Reverse(least), set.len(), set.iter().map(String::len).sum::<usize>(), set.join(" "))
        };
        let chosen = sets.into_iter().min_by_key(weight).unwrap_or_default();
        (chosen, count)
    }
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
        let of_oauth = |name: &str| {
            let scheme = api.schemes.iter().find(|(known, _)| known == name).map(|(_, scheme)| scheme);
            matches!(scheme, Some(SecurityScheme::OAuth2(_) | SecurityScheme::OpenId(_)))
        };
        let scopes =
            requirement.0.iter().filter(|(name, _)| of_oauth(name)).flat_map(|(_, scopes)| scopes.clone()).collect();
        (requirement, scopes)
    })
}
