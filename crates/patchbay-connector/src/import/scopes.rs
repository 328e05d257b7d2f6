//! Which scopes actions need.
//!
//! Where any of several scopes is enough, the one is taken that most operations are content with, so that an
//! account is asked for few.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    model::{Api, ApiOperation, SecurityRequirement, SecurityScheme},
    review_notes::{ReviewNotes, Topic},
};

/// The most scopes of a connector.
const MAX_DEFINED: usize = 10_000;
/// The longest name of a scope.
const MAX_NAME: usize = 200;

/// The scopes of the connector.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    /// Names with descriptions, by name.
    pub(super) defined: BTreeMap<String, String>,
    /// Those that an action needs.
    pub(super) needed: Vec<String>,
    popularity: HashMap<String, usize>,
}

/// Collects what is defined and what is needed.
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
    if scopes.defined.len() >= MAX_DEFINED {
        notes.add(Topic::Scopes, "scopeDefinitions", format!("at most {MAX_DEFINED} scopes were taken over"));
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
            format!("{several} operations are content with any of several scopes; taken: {taken}"),
        );
    }
    scopes
}

impl Scopes {
    fn has_room_for(&self, name: &str) -> bool {
        self.defined.len() < MAX_DEFINED || self.defined.contains_key(name)
    }

    /// The scopes that an operation needs, and among how many sets they were chosen.
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
        && name.len() <= MAX_NAME
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '$' | '{' | '}'))
}

/// The alternatives of an operation that name scopes of OAuth, with these.
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
