//! Checks the structure of all crates by reading their source: no cycles among a crate's modules, and what it costs to
//! add a step function.
//!
//! The checks live in the crate that all others depend on, so that they compile in a second.

mod source;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use source::{Crate, crates, repository_root, rust_files};

/// Files of the two crates that may name a step function, `typecast` for example: its loader, its runtime half, and a
/// row in each crate's table.
const FILES_PER_STEP_FUNCTION: usize = 4;

/// Returns the groups of modules that reach each other.
fn cycles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<&str>> {
    let reachable = |start: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.to_owned()]);
        while let Some(module) = open.pop() {
            for next in imports.get(&module).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reach = imports.keys().map(|module| (module.as_str(), reachable(module))).collect::<BTreeMap<_, _>>();
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for (module, seen) in &reach {
        if !seen.contains(*module) || groups.iter().flatten().any(|known| known == module) {
            continue;
        }
        let is_mutual = |other: &&str| seen.contains(*other) && reach[*other].contains(*module);
        groups.push(reach.keys().copied().filter(is_mutual).collect());
    }
    groups
}

/// Returns the shortest way from a module back to itself.
fn shortest_cycle<'a>(imports: &'a BTreeMap<String, BTreeSet<String>>, start: &'a str) -> Vec<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), VecDeque::from([vec![start]]));
    while let Some(way) = open.pop_front() {
        for next in imports.get(way[way.len() - 1]).into_iter().flatten() {
            let longer = [way.as_slice(), &[next]].concat();
            if next == start {
                return longer;
            }
            if seen.insert(next) {
                open.push_back(longer);
            }
        }
    }
    Vec::new()
}

#[test]
fn no_crate_has_a_cycle_of_modules() {
    let mut wrong = Vec::new();
    for name in crates() {
        let krate = Crate::read(&name);
        let imports = krate.imports();
        for group in cycles(&imports) {
            wrong.push(format!("{name}: {} modules: {}", group.len(), group.join(", ")));
            wrong.push(format!("    for example {}", shortest_cycle(&imports, group[0]).join(" -> ")));
        }
    }
    assert!(wrong.is_empty(), "modules that import each other:\n{}", wrong.join("\n"));
}

#[test]
fn a_cycle_is_found_wherever_it_begins() {
    let imports = |edges: &[(&str, &str)]| {
        let mut imports = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in edges {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            imports.entry((*to).to_owned()).or_default();
        }
        imports
    };
    assert!(cycles(&imports(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
    let found = imports(&[("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "f"), ("f", "d")]);
    assert_eq!(cycles(&found), [vec!["b", "c"], vec!["d", "e", "f"]]);
    assert_eq!(shortest_cycle(&found, "d"), ["d", "e", "f", "d"]);
}

#[test]
fn a_step_function_is_named_in_few_files() {
    for name in ["typecast", "group_data", "sign_jwt"] {
        let camel = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
        let mut files = BTreeSet::new();
        for krate in ["patchbay-connector", "patchbay-runtime"] {
            for path in rust_files(&repository_root().join("crates").join(krate).join("src")) {
                let text = source::code(&std::fs::read_to_string(&path).unwrap());
                let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect::<BTreeSet<_>>();
                let path = path.strip_prefix(repository_root()).unwrap().display().to_string();
                if words.contains(name) || words.contains(camel.as_str()) {
                    files.insert(path);
                }
            }
        }
        assert!(
            files.len() <= FILES_PER_STEP_FUNCTION,
            "`{name}` is named in {} files, at most {FILES_PER_STEP_FUNCTION} are allowed:\n{files:#?}",
            files.len()
        );
    }
}
