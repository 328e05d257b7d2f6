//! Reads the names with brackets of queries and forms: `a[b]=1`, `a[0][c]=2`, `a[]=3`, `a=1&a=2`.

use serde_json::{Map, Value};

/// The maximum number of brackets in a name.
const MAX_BRACKETS: usize = 12;

/// Returns the pairs as one object; every leaf is a string.
pub(super) fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut root = Value::Object(Map::new());
    for (name, value) in pairs {
        insert(&mut root, &keys(name), Value::String(value.clone()));
    }
    lists(&mut root);
    match root {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns the name before the first bracket and the names in the brackets.
pub(super) fn keys(name: &str) -> Vec<&str> {
    let Some((head, rest)) = name.split_once('[').filter(|(head, _)| !head.is_empty()) else { return vec![name] };
    let inner = rest.strip_suffix(']').unwrap_or(rest);
    std::iter::once(head).chain(inner.splitn(MAX_BRACKETS, "][")).collect()
}

fn insert(into: &mut Value, keys: &[&str], value: Value) {
    let [key, rest @ ..] = keys else { return };
    let Value::Object(members) = into else { return };
    // `a[]=1&a[]=2`: each is a further item.
    let key = if key.is_empty() { members.len().to_string() } else { (*key).to_owned() };
    if rest.is_empty() {
        match members.get_mut(&key) {
            Some(Value::Array(items)) => items.push(value),
            Some(earlier) => *earlier = Value::Array(vec![earlier.take(), value]),
            None => _ = members.insert(key, value),
        }
        return;
    }
    let inner = members.entry(key).or_insert_with(|| Value::Object(Map::new()));
    insert(inner, rest, value);
}

/// Turns objects whose names are 0, 1, 2 … into lists.
fn lists(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(lists);
            let is_list =
                !members.is_empty() && members.keys().enumerate().all(|(place, key)| *key == place.to_string());
            if is_list {
                *value = Value::Array(members.values_mut().map(Value::take).collect());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(lists),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_become_objects_and_lists() {
        let pairs = [
            ("a[b]", "1"),
            ("a[c][0][d]", "2"),
            ("a[c][1][d]", "3"),
            ("e[]", "4"),
            ("e[]", "5"),
            ("f", "6"),
            ("f", "7"),
            ("[x", "8"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let read = json!({"a": {"b": "1", "c": [{"d": "2"}, {"d": "3"}]}, "e": ["4", "5"], "f": ["6", "7"], "[x": "8"});
        assert_eq!(Value::Object(object(&pairs)), read);
    }
}
