//! Words of our own for actions, inputs and scopes, from the structure of their names and a phrasebook.
//!
//! An import with `facts_only` takes no sentence of the description: paths, names, types and values are facts, sentences
//! belong to the people who wrote them. Other imports use these words where the description has none.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    model::{Api, ApiMethod, ApiOperation, SecurityScheme},
    names::PREPOSITIONS,
    schema::{InputShape, ShapeType},
    text::{capitalized, singular, words},
};

/// The phrases, by section and name.
static PHRASEBOOK: LazyLock<HashMap<&'static str, HashMap<&'static str, &'static str>>> =
    LazyLock::new(|| read(include_str!("phrasebook.txt")));

/// The number of words up to which a name is a part of a sentence.
const MAX_NAME_WORDS: usize = 5;
/// Verbs whose object has several records.
const PLURAL_VERBS: [&str; 7] = ["list", "search", "find", "query", "filter", "count", "export"];
/// Nouns without a plural, which have no indefinite article.
const UNCOUNTABLE: [&str; 16] = [
    "access",
    "advice",
    "content",
    "data",
    "feedback",
    "health",
    "help",
    "history",
    "information",
    "info",
    "metadata",
    "progress",
    "software",
    "stock",
    "time",
    "usage",
];

fn read(text: &'static str) -> HashMap<&'static str, HashMap<&'static str, &'static str>> {
    let mut sections: HashMap<&str, HashMap<&str, &str>> = HashMap::new();
    let mut section = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((name, phrase)) = line.split_once(" = ") {
            sections.entry(section).or_default().insert(name, phrase);
        }
    }
    sections
}

fn phrase(section: &str, name: &str) -> Option<&'static str> {
    PHRASEBOOK.get(section)?.get(name).copied()
}

/// Removes the sentences of a description; those of its schemas and server variables are not read later.
pub(super) fn keep_facts(api: &mut Api<'_>) {
    api.description.clear();
    for (_, scheme) in &mut api.schemes {
        match scheme {
            SecurityScheme::Key { description, .. } => description.clear(),
            SecurityScheme::OAuth2(flows) => {
                flows.iter_mut().flat_map(|flow| &mut flow.scopes).for_each(|(_, about)| about.clear());
            }
            _ => {}
        }
    }
    for operation in &mut api.operations {
        operation.summary.clear();
        operation.description.clear();
        operation.params.iter_mut().for_each(|param| param.description.clear());
        if let Some(body) = &mut operation.body {
            body.description.clear();
        }
    }
}

/// Returns a name for people, with the usual abbreviations: `user_ip_address` is "User IP address".
pub(super) fn label(name: &str) -> String {
    capitalized(&spelled(&words(name)))
}

/// Returns words as people write them.
fn spelled(words: &[String]) -> String {
    words.iter().map(|word| phrase("abbreviations", word).unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// Returns what an operation does, as a sentence: "Lists the posts of a user."
pub(super) fn action(operation: &ApiOperation<'_>, id: &str) -> String {
    let all = words(id);
    let (verb, rest) = match all.split_first() {
        Some((first, rest)) if phrase("verbs", first).is_some() => (first.as_str(), rest),
        _ => (method_verb(operation.method), all.as_slice()),
    };
    let at = rest.iter().position(|word| PREPOSITIONS.contains(&word.as_str())).unwrap_or(rest.len());
    let (noun, tail) = rest.split_at(at);
    let noun = if noun.is_empty() { vec!["records".to_owned()] } else { noun.to_vec() };
    let does = phrase("verbs", verb).unwrap_or("Runs");
    let mut sentence = format!("{does} {}", object(&noun, PLURAL_VERBS.contains(&verb)));
    if let Some(owner) = owner(operation).filter(|owner| !owner.iter().any(|word| rest.contains(word))) {
        sentence.push_str(" of ");
        sentence.push_str(&object(&owner, false));
    }
    let tail = match tail.split_first() {
        Some((by, what)) if by == "by" && (what.is_empty() || what.iter().all(|word| word == "id")) => &[],
        _ => tail,
    };
    if !tail.is_empty() {
        sentence.push(' ');
        sentence.push_str(&spelled(tail));
    }
    sentence.push('.');
    sentence
}

const fn method_verb(method: ApiMethod) -> &'static str {
    match method {
        ApiMethod::Get => "get",
        ApiMethod::Post => "run",
        ApiMethod::Put => "replace",
        ApiMethod::Patch => "update",
        ApiMethod::Delete => "delete",
    }
}

/// Returns a noun with its article.
fn object(noun: &[String], is_plural: bool) -> String {
    let text = spelled(noun);
    let last = noun.last().map(String::as_str).unwrap_or_default();
    if is_plural || singular(last) != last || UNCOUNTABLE.contains(&last) {
        return format!("the {text}");
    }
    // Letters whose names begin with a vowel, and the sounds of "user" and "European".
    let is_spelled = text.chars().take_while(|c| c.is_alphabetic()).filter(|c| c.is_uppercase()).count() > 1;
    let first = text.chars().next().unwrap_or_default();
    let is_vowel = match () {
        () if is_spelled => "AEFHILMNORSX".contains(first),
        () => {
            let lower = text.to_lowercase();
            "aeiou".contains(first.to_ascii_lowercase())
                && !["user", "use", "unit", "uni", "eu", "one", "uti"].iter().any(|start| lower.starts_with(start))
                || lower.starts_with("uninstall")
                || lower.starts_with("hour")
        }
    };
    format!("{} {text}", if is_vowel { "an" } else { "a" })
}

/// Returns the noun of the record that an operation's records belong to: in `/users/{id}/posts` it is `user`.
fn owner(operation: &ApiOperation<'_>) -> Option<Vec<String>> {
    let segments = operation.path.split(['/', '?']).filter(|segment| !segment.is_empty()).collect::<Vec<_>>();
    let last = segments.iter().rposition(|segment| !segment.contains('{'))?;
    let at = segments[..last].iter().rposition(|segment| segment.contains('{'))?;
    let mut noun = words(segments[..at].iter().rfind(|segment| !segment.contains('{'))?);
    let last = noun.last_mut()?;
    *last = singular(last);
    Some(noun)
}

/// Returns the noun of an action's record, in the singular: the last literal segment of its path.
pub(super) fn thing(operation: &ApiOperation<'_>) -> String {
    noun_before(&operation.path)
}

/// Returns the noun of the last literal segment of a path, in the singular.
pub(super) fn noun_before(path: &str) -> String {
    let last = path.split(['/', '?', ':']).rfind(|segment| !segment.is_empty() && !segment.contains('{'));
    let mut noun = words(last.unwrap_or_default());
    match noun.last_mut() {
        Some(last) => *last = singular(last),
        None => noun.push("record".to_owned()),
    }
    spelled(&noun)
}

/// Returns what an input is, as a sentence; `thing` is the noun of its action.
pub(super) fn input(name: &str, thing: &str, shape: &InputShape) -> String {
    let mut all = words(name);
    // The prefix of headers that no standard has.
    if all.len() > 1 && all[0] == "x" {
        all.remove(0);
    }
    let key = all.join("_");
    let filled = |phrase: &str, words: &[String]| phrase.replace("{words}", &spelled(words)).replace("{thing}", thing);
    if let Some(phrase) = phrase("inputs", &key) {
        return filled(phrase, &[]);
    }
    if let Some((first, rest)) = all.split_first().filter(|(_, rest)| !rest.is_empty()) {
        let is_truth = shape.kind == ShapeType::Boolean;
        let known = phrase("prefixes", first).filter(|phrase| is_truth == phrase.starts_with("Whether"));
        if let Some(phrase) = known {
            return filled(phrase, rest);
        }
    }
    if let Some((last, rest)) = all.split_last().filter(|(_, rest)| !rest.is_empty())
        && let Some(phrase) = phrase("suffixes", last)
    {
        return filled(phrase, rest);
    }
    let text = spelled(&all);
    match shape.kind {
        // A name of many words, such as a URN, is not readable as a sentence.
        _ if text.is_empty() || all.len() > MAX_NAME_WORDS => "A value.".to_owned(),
        ShapeType::Boolean => format!("Whether it applies: {text}."),
        _ => format!("The {text}."),
    }
}

/// Returns what a scope permits, as a sentence: `tasks:read` is "Read tasks."
pub(super) fn scope(name: &str) -> String {
    const VERBS: [(&str, &str); 10] = [
        ("readonly", "Read"),
        ("read", "Read"),
        ("write", "Change"),
        ("manage", "Manage"),
        ("admin", "Administer"),
        ("create", "Create"),
        ("update", "Update"),
        ("delete", "Delete"),
        ("send", "Send"),
        ("view", "View"),
    ];
    let name = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name);
    let all = words(name);
    let verb = VERBS.iter().find(|(word, _)| all.iter().any(|known| known == word));
    let rest =
        all.iter().filter(|word| verb.is_none_or(|(verb, _)| word.as_str() != *verb)).cloned().collect::<Vec<_>>();
    match verb {
        Some((_, verb)) if rest.is_empty() => format!("{verb} everything."),
        Some((_, verb)) => format!("{verb} {}.", spelled(&rest)),
        None if rest.is_empty() => "Access to the account.".to_owned(),
        None => format!("Access to {}.", spelled(&rest)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::{formats, review_notes::ReviewNotes};

    fn sentence(method: &str, path: &str, id: &str) -> String {
        let root = json!({ "openapi": "3.0.0", "paths": { path: { method: {} } } });
        let api = formats::read(&root, &ReviewNotes::default()).unwrap();
        action(&api.operations[0], id)
    }

    #[test]
    fn actions_are_described_by_their_structure() {
        for (method, path, id, expected) in [
            ("get", "/users/{id}/posts", "list_user_posts", "Lists the user posts."),
            ("get", "/users/{id}/posts", "list_posts", "Lists the posts of a user."),
            ("get", "/invoices/{id}", "get_invoice_by_id", "Returns an invoice."),
            ("post", "/users", "create_user", "Creates a user."),
            ("delete", "/orgs/{org}/members/{id}", "remove_member", "Removes a member of an organization."),
            ("get", "/orgs/{org}/repos", "list_repos_for_org", "Lists the repos for organization."),
            ("get", "/api/usage", "get_usage", "Returns the usage."),
            ("put", "/sso", "update_sso", "Updates an SSO."),
        ] {
            assert_eq!(sentence(method, path, id), expected);
        }
    }

    #[test]
    fn inputs_and_scopes_are_described_by_their_names() {
        let text = InputShape::of(ShapeType::String);
        let truth = InputShape::of(ShapeType::Boolean);
        for (name, shape, expected) in [
            ("pageSize", &text, "The maximum number of records on a page."),
            ("id", &text, "The ship ID."),
            ("berth_id", &text, "The berth ID."),
            ("is_open", &truth, "Whether it is open."),
            ("created[gte]", &text, "Only records whose created is at least this value."),
            ("fields[contact]", &text, "The fields of the contact to return."),
            ("ip_range", &text, "The IP range."),
        ] {
            assert_eq!(input(name, "ship", shape), expected, "{name}");
        }
        assert_eq!(scope("tasks:read"), "Read tasks.");
        assert_eq!(scope("https://x.example/auth/drive.readonly"), "Read drive.");
        assert_eq!(scope("openid"), "Access to openid.");
    }

    #[test]
    fn every_line_of_the_phrasebook_is_a_phrase() {
        let count = PHRASEBOOK.values().map(HashMap::len).sum::<usize>();
        let lines = include_str!("phrasebook.txt").lines();
        let written = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '['])).count();
        assert_eq!((count, PHRASEBOOK.len()), (written, 5), "a name is written twice or a line is not a phrase");
        for (section, phrases) in
            PHRASEBOOK.iter().filter(|(section, _)| !["verbs", "abbreviations"].contains(*section))
        {
            for (name, phrase) in phrases {
                assert!(phrase.ends_with('.') && phrase.starts_with(|c: char| c.is_uppercase()), "{section} {name}");
            }
        }
    }
}
