//! Generates names of connectors and actions, for actions with the verb first.

use std::collections::{HashMap, HashSet};

use super::{
    ImportError,
    model::{ApiMethod, ApiOperation},
    text::{joined, singular, snake, words},
};

/// The maximum length of a generated action id in bytes; a number may follow.
const MAX_ID_BYTES: usize = 72;

/// The number of words up to which an operation's id is a name and not a sentence.
const MAX_ID_WORDS: usize = 5;

/// Verbs.
const VERBS: [&str; 73] = [
    "list",
    "get",
    "create",
    "update",
    "delete",
    "add",
    "remove",
    "search",
    "find",
    "send",
    "upload",
    "download",
    "set",
    "check",
    "cancel",
    "approve",
    "reject",
    "archive",
    "unarchive",
    "copy",
    "move",
    "merge",
    "close",
    "open",
    "start",
    "stop",
    "enable",
    "disable",
    "replace",
    "patch",
    "put",
    "post",
    "insert",
    "import",
    "export",
    "watch",
    "subscribe",
    "unsubscribe",
    "publish",
    "generate",
    "sync",
    "test",
    "validate",
    "invite",
    "assign",
    "unassign",
    "lock",
    "unlock",
    "restore",
    "revoke",
    "rename",
    "transfer",
    "retry",
    "rerun",
    "read",
    "mark",
    "convert",
    "render",
    "batch",
    "modify",
    "trash",
    "untrash",
    "clear",
    "accept",
    "decline",
    "follow",
    "unfollow",
    "star",
    "unstar",
    "submit",
    "connect",
    "verify",
    "count",
];
/// Synonyms of verbs.
const SYNONYMS: [(&str, &str); 7] = [
    ("retrieve", "get"),
    ("fetch", "get"),
    ("show", "get"),
    ("destroy", "delete"),
    ("insert", "create"),
    ("index", "list"),
    ("browse", "list"),
];
/// Prepositions, after which a name has the relation to the noun before.
pub(super) const PREPOSITIONS: [&str; 11] = ["for", "by", "in", "from", "to", "of", "with", "all", "as", "on", "at"];
/// Words in paths that are not nouns.
const NOISE_WORDS: [&str; 7] = ["api", "rest", "public", "v", "apis", "services", "json"];

/// Returns a connector's key from a title: `Acme API (v2)` is `acme`.
pub(super) fn key(title: &str) -> String {
    const NOISE: [&str; 12] =
        ["api", "apis", "rest", "public", "the", "openapi", "swagger", "official", "spec", "specification", "s", "v"];
    // In product names, capitals do not start a word: GitHub is one word.
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut words = words.map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let is_noise = |word: &String| NOISE.contains(&word.as_str()) || is_version(word);
    if words.iter().any(|word| !is_noise(word)) {
        words.retain(|word| !is_noise(word));
    }
    let key = joined(&words, 40);
    if key.is_empty() {
        "api".to_owned()
    } else if key.starts_with(|c: char| c.is_ascii_digit()) {
        format!("api_{key}")
    } else {
        key
    }
}

/// Returns the key if it is valid.
///
/// # Errors
/// [`ImportError::Key`] if it is not.
pub(super) fn check_key(key: &str) -> Result<String, ImportError> {
    let plain = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || key.len() > 64 || !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(ImportError::Key(key.to_owned()));
    }
    Ok(key.to_owned())
}

/// Returns an id for each operation: the shortest of its names that no other operation has.
/// With `by_path`, method and path name an action first, and the id of its operation only if that name is taken.
pub(super) fn actions(operations: &[ApiOperation<'_>], key: &str, by_path: bool) -> Vec<String> {
    let candidates = operations.iter().map(|operation| candidates(operation, by_path)).collect::<Vec<_>>();
    let mut level = vec![0_usize; operations.len()];
    let name = |place: usize, level: usize| {
        let names: &Vec<String> = &candidates[place];
        names[level.min(names.len() - 1)].clone()
    };
    // Operations with the same name get a longer name together, so that none has the short name by chance.
    for _ in 0..4 {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, level) in level.iter().enumerate() {
            by_name.entry(name(place, *level)).or_default().push(place);
        }
        // A short name that only one operation has stays, even if a longer name is equal to it.
        let movers = |places: Vec<usize>| {
            let least = places.iter().map(|place| level[*place]).min().unwrap_or(0);
            let stays = places.iter().filter(|place| level[**place] == least).count() == 1;
            places.into_iter().filter(|place| !(stays && level[*place] == least)).collect::<Vec<_>>()
        };
        let met = by_name.into_values().filter(|places| places.len() > 1).flat_map(movers).collect::<Vec<_>>();
        if met.is_empty() {
            break;
        }
        met.into_iter().for_each(|place| level[place] += 1);
    }
    let mut taken = HashSet::new();
    let mut unique = |wanted: String| {
        let public = |id: &str| format!("{key}_{id}");
        let is_free = |taken: &HashSet<String>, id: &str| {
            // An action is found by either id, so the public id of one must not be the local id of another.
            let inner = id.strip_prefix(key).and_then(|rest| rest.strip_prefix('_'));
            !taken.contains(id) && !taken.contains(&public(id)) && inner.is_none_or(|inner| !taken.contains(inner))
        };
        let mut id = wanted.clone();
        let mut number = 2;
        while !is_free(&taken, &id) {
            id = format!("{wanted}_{number}");
            number += 1;
        }
        taken.insert(id.clone());
        id
    };
    (0..operations.len()).map(|place| unique(name(place, level[place]))).collect()
}

/// Returns the names for an operation, from short to long.
fn candidates(operation: &ApiOperation<'_>, path_first: bool) -> Vec<String> {
    let by_path = from_path(operation);
    if path_first {
        let short = nearest_thing(operation);
        // An id of many words is a sentence of the description.
        let is_short = operation.id.as_deref().is_some_and(|id| words(id).len() <= MAX_ID_WORDS);
        let own = own_words(operation).filter(|_| is_short);
        let own = own.map(|(things, rest)| from_words(&things, &rest, operation)).unwrap_or_default();
        let mut found = vec![short, by_path];
        found.extend(own.into_iter().next_back());
        found.push(snake(&format!("{} {}", operation.method.as_str(), operation.path), MAX_ID_BYTES));
        found.retain(|name| !name.is_empty());
        return found;
    }
    let mut found = match own_words(operation) {
        Some((things, rest)) => from_words(&things, &rest, operation),
        None => vec![by_path.clone()],
    };
    found.push(by_path);
    found.push(snake(&format!("{} {}", operation.method.as_str(), operation.path), MAX_ID_BYTES));
    found.retain(|name| !name.is_empty());
    if found.is_empty() {
        found.push(operation.method.as_str().to_owned());
    }
    found
}

/// Splits the operation's own id into the nouns that it begins with, each with its words, and the words after them.
type Words = (Vec<Vec<String>>, Vec<String>);

fn own_words(operation: &ApiOperation<'_>) -> Option<Words> {
    let id = operation.id.as_deref()?;
    let mut all = words(id);
    let path = words(&operation.path);
    // Some frameworks append path and method to the function's name.
    let tail = path.iter().cloned().chain([operation.method.as_str().to_owned()]).collect::<Vec<_>>();
    if all.len() > tail.len() && all.ends_with(&tail) {
        all.truncate(all.len() - tail.len());
        return Some((Vec::new(), all));
    }
    if let Some(found) = path_first(&all, operation) {
        return Some(found);
    }
    if let Some((namespace, rest)) = id.split_once('/').or_else(|| id.rsplit_once('.')) {
        let things = namespace.split(['/', '.']).map(words).filter(|words| !words.is_empty()).collect();
        return Some((things, words(rest)));
    }
    (!all.is_empty()).then_some((Vec::new(), all))
}

/// Some frameworks put the path before the verb: `v2_1_public_contracts_list`.
fn path_first(all: &[String], operation: &ApiOperation<'_>) -> Option<Words> {
    let segments =
        literal_segments(&operation.path).into_iter().map(words).filter(|words| !words.is_empty()).collect::<Vec<_>>();
    let flat = segments.iter().flatten().cloned().collect::<Vec<_>>();
    // The common prefix of all paths may precede the nouns, and is not a noun.
    let lead = all.iter().take_while(|word| is_noise(word)).count();
    let all = &all[lead.min(all.len().saturating_sub(2))..];
    let ends = |at: &usize| verb(&all[*at]).is_some() && is_end_of(&flat, without_partial(&all[..*at]));
    let at = (1..all.len()).rev().find(ends)?;
    let named = without_partial(&all[..at]).len();
    let mut rest = all[at..].to_vec();
    // The segments that the name contains as a whole.
    let (mut things, mut count) = (Vec::new(), 0);
    for segment in segments.iter().rev().take_while(|segment| {
        count += segment.len();
        count <= named
    }) {
        things.insert(0, segment.clone());
    }
    let is_empty = |words: &Vec<String>| words.iter().all(|word| is_noise(word));
    if things.iter().any(|words| !is_empty(words)) {
        things.retain(|words| !is_empty(words));
    }
    // If a POST is named `create` and its path ends with a verb, the verb is the one of the path.
    if rest == ["create"]
        && things.len() > 1
        && let Some(last) = things.last()
        && verb(&last[0]).is_some()
        && last.get(1).is_none_or(|word| PREPOSITIONS.contains(&word.as_str()))
    {
        rest = things.pop()?;
    }
    Some((things, rest))
}

/// Returns true if the words are the last words of the path.
fn is_end_of(path: &[String], words: &[String]) -> bool {
    !words.is_empty() && path.ends_with(words)
}

/// `partial_update` is an update.
fn without_partial(words: &[String]) -> &[String] {
    match words.split_last() {
        Some((last, before)) if last == "partial" => before,
        _ => words,
    }
}

fn from_words(things: &[Vec<String>], rest: &[String], operation: &ApiOperation<'_>) -> Vec<String> {
    let nearest = things.last().cloned().unwrap_or_default();
    let name = |words: Vec<String>| joined(&words, MAX_ID_BYTES);
    let Some(does) = rest.first().and_then(|first| verb(first)) else {
        // Without a known verb, the words are an operation on the noun, or a part of it.
        let one = things.iter().map(|words| one_of(words)).collect::<Vec<_>>();
        let is_list = operation.method == ApiMethod::Get && rest.len() == 1 && rest[0].ends_with('s');
        let found = |owner: Vec<String>| {
            let verb = is_list.then(|| "list".to_owned()).into_iter();
            if is_list {
                verb.chain(owner).chain(rest.iter().cloned()).collect()
            } else {
                rest.iter().cloned().chain(owner).collect::<Vec<_>>()
            }
        };
        return vec![name(found(one_of(&nearest))), name(found(one.concat()))];
    };
    let many = does == "list" || does == "search" || is_collection(operation, does);
    let thing = |words: &[String]| if many { words.to_vec() } else { one_of(words) };
    let more = &rest[1..];
    let with = |middle: Vec<String>| {
        name(std::iter::once(does.to_owned()).chain(middle).chain(more.iter().cloned()).collect())
    };
    let owners = |things: &[Vec<String>]| things.iter().flat_map(|words| one_of(words)).collect::<Vec<_>>();
    if more.first().is_none_or(|word| PREPOSITIONS.contains(&word.as_str())) {
        // The nearest noun first, then with the nouns that it belongs to.
        let before = things.split_last().map_or(&[][..], |(_, before)| before);
        let near = before.split_last().map_or(&[][..], |(last, _)| std::slice::from_ref(last));
        let with_owners = |before: &[Vec<String>]| owners(before).into_iter().chain(thing(&nearest)).collect();
        return vec![with(thing(&nearest)), with(with_owners(near)), with(with_owners(before))];
    }
    vec![with(Vec::new()), with(one_of(&nearest)), with(owners(things))]
}

/// Returns the singular of the words.
fn one_of(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words
}

/// Returns the short name from method and path, with the last two nouns: `GET /orgs/{o}/users/{id}/posts` is
/// `list_user_posts`.
fn nearest_thing(operation: &ApiOperation<'_>) -> String {
    let path = operation.path.trim_end_matches('/');
    let is_literal = |segment: &&str| !segment.is_empty() && !segment.contains('{');
    let literal = path.split('/').filter(is_literal).collect::<Vec<_>>();
    let Some(start) = literal.len().checked_sub(2).map(|at| literal[at]) else { return from_path(operation) };
    let at = path.rfind(&format!("/{start}/")).unwrap_or(0);
    from_segments(operation, &path[at..])
}

/// Returns a name from method and path: `GET /users/{id}/posts` is `list_user_posts`.
fn from_path(operation: &ApiOperation<'_>) -> String {
    from_segments(operation, &operation.path)
}

fn from_segments(operation: &ApiOperation<'_>, path: &str) -> String {
    let segments = literal_segments(path);
    let mut things = segments.iter().map(|segment| words(segment)).collect::<Vec<_>>();
    things.retain(|words| !words.is_empty() && !words.iter().all(|word| is_noise(word)));
    let ends_open = operation.path.trim_end_matches('/').ends_with('}');
    let mut does = match operation.method {
        ApiMethod::Get if ends_open => "get",
        ApiMethod::Get => "list",
        ApiMethod::Post => "create",
        ApiMethod::Put => "replace",
        ApiMethod::Patch => "update",
        ApiMethod::Delete => "delete",
    };
    let own = things.last().and_then(|last| verb(last.first()?)).filter(|_| !ends_open && things.len() > 1);
    if let Some(own) = own {
        does = own;
        things.pop();
    }
    let count = things.len();
    let mut all = vec![does.to_owned()];
    for (place, mut words) in things.into_iter().enumerate() {
        let is_last = place + 1 == count;
        if let (true, Some(last)) = (!is_last || (does != "list"), words.last_mut()) {
            *last = singular(last);
        }
        all.extend(words);
    }
    joined(&all, MAX_ID_BYTES)
}

/// Returns true if the operation returns several records: a GET without an id at its end and without another verb.
fn is_collection(operation: &ApiOperation<'_>, does: &str) -> bool {
    does == "get" && operation.method == ApiMethod::Get && !operation.path.trim_end_matches('/').ends_with('}')
}

fn literal_segments(path: &str) -> Vec<&str> {
    path.split(['/', ':', '?']).filter(|segment| !segment.is_empty() && !segment.contains('{')).collect()
}

fn verb(word: &str) -> Option<&'static str> {
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, usual)| *usual);
    synonym.or_else(|| VERBS.into_iter().find(|verb| *verb == word))
}

/// Returns true if a word of a path is not a noun.
fn is_noise(word: &str) -> bool {
    NOISE_WORDS.contains(&word) || is_version(word)
}

/// Returns true for a version: `v2`, `1`, `2_1`.
pub(super) fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::{formats, review_notes::ReviewNotes};

    fn named(operations: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let mut paths = serde_json::Map::new();
        for (method, path, id) in operations {
            let item = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
            item[*method] = match id {
                Some(id) => json!({ "operationId": id }),
                None => json!({}),
            };
        }
        let root = json!({ "openapi": "3.0.0", "paths": paths });
        let api = formats::read(&root, &ReviewNotes::default()).unwrap();
        actions(&api.operations, "acme", false)
    }

    #[test]
    fn names_begin_with_the_verb() {
        for (method, path, id, expected) in [
            ("get", "/orgs/{org}/repos", Some("repos/list-for-org"), "list_repos_for_org"),
            ("post", "/issues", Some("issues/create"), "create_issue"),
            ("get", "/pets/{id}", Some("getPetById"), "get_pet_by_id"),
            ("get", "/files", Some("files.list"), "list_files"),
            ("get", "/users/{u}/messages/{id}", Some("users.messages.get"), "get_message"),
            ("get", "/items/{item_id}", Some("read_item_items__item_id__get"), "read_item"),
            (
                "get",
                "/api/v2.1/public/counter_parties/",
                Some("v2.1_public_counter_parties_list"),
                "list_counter_parties",
            ),
            ("patch", "/api/v2/things/{id}", Some("v2_things_partial_update"), "update_thing"),
            ("delete", "/things/{id}/", Some("things_destroy"), "delete_thing"),
            ("get", "/parcels/", Some("api_v1_parcels_list"), "list_parcels"),
            (
                "post",
                "/api/v2.1/public/contracts/{id}/send_to_parties",
                Some("v2.1_public_contracts_send_to_parties_create"),
                "send_contract_to_parties",
            ),
            (
                "post",
                "/v2/contracts/{id}/download_link",
                Some("v2_contracts_download_link_create"),
                "create_download_link",
            ),
            ("get", "/users/me/calendarList", Some("calendarList.list"), "list_calendar_list"),
            ("get", "/calendars/{id}/events/{e}/instances", Some("events.instances"), "list_event_instances"),
            ("post", "/calendars/{id}/events/quickAdd", Some("events.quickAdd"), "quick_add_event"),
            ("get", "/users/{id}/posts", None, "list_user_posts"),
            ("post", "/v1/users/{id}/archive", None, "archive_user"),
            ("put", "/users/{id}", None, "replace_user"),
            ("get", "/", None, "list"),
        ] {
            assert_eq!(named(&[(method, path, id)]), [expected], "{id:?} {path}");
        }
    }

    #[test]
    fn equal_names_become_longer_until_they_differ() {
        let both = named(&[
            ("get", "/gists/{id}/comments", Some("gists/list-comments")),
            ("get", "/issues/{id}/comments", Some("issues/list-comments")),
        ]);
        assert_eq!(both, ["list_gist_comments", "list_issue_comments"]);
        let same = named(&[("get", "/a", Some("x")), ("get", "/a-", Some("x")), ("get", "/a_", Some("x"))]);
        assert_eq!(same.iter().collect::<HashSet<_>>().len(), 3, "{same:?}");
        let public = named(&[("get", "/a", Some("thing")), ("get", "/b", Some("acme_thing"))]);
        assert_eq!(public, ["thing", "acme_thing_2"]);
    }

    #[test]
    fn names_by_path_fall_back_to_longer_ones() {
        let paths = |all: &[(&str, &str, Option<&str>)]| {
            let mut paths = serde_json::Map::new();
            for (method, path, id) in all {
                paths.entry((*path).to_owned()).or_insert_with(|| json!({}))[*method] = json!({ "operationId": id });
            }
            let root = json!({ "openapi": "3.0.0", "paths": paths });
            let api = formats::read(&root, &ReviewNotes::default()).unwrap();
            actions(&api.operations, "acme", true)
        };
        assert_eq!(paths(&[("get", "/v1/orgs/{o}/users/{u}/posts", Some("x17"))]), ["list_user_posts"]);
        assert_eq!(
            paths(&[("get", "/users/{u}", Some("x17")), ("post", "/users", Some("y"))]),
            ["get_user", "create_user"]
        );
        let both = paths(&[("get", "/a/{i}/users/{u}/posts", None), ("get", "/b/{i}/users/{u}/posts", None)]);
        assert_eq!(both, ["list_a_user_posts", "list_b_user_posts"]);
    }

    #[test]
    fn keys_are_generated_from_titles() {
        for (title, expected) in [
            ("Acme API (v2)", "acme"),
            ("REST API", "rest_api"),
            ("3Scale", "api_3scale"),
            ("GitHub's API", "github"),
            ("Été", "t"),
            ("!", "api"),
        ] {
            assert!(check_key(&key(title)).is_ok(), "{title}: {}", key(title));
            assert_eq!(key(title), expected);
        }
        assert!(check_key("9x").is_err() && check_key("").is_err() && check_key("a-b").is_err());
    }
}
