//! Results that fit the context of a model: cut at elements of lists, always valid JSON.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The largest result as JSON, in bytes: about 25,000 tokens, where hosts cut results or refuse them.
pub(super) const MAX_RESULT_BYTES: usize = 100_000;
/// The least bytes that a cut value gets.
const MIN_BYTES: usize = 64;

/// A list that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Where it is in the result.
    pub(super) path: String,
    pub(super) returned: usize,
    pub(super) total: usize,
}

/// Returns the result within `max` bytes of JSON, and what was cut. A result that was cut has `_truncated`.
pub(super) fn fit(result: Map<String, Value>, max: usize) -> (Map<String, Value>, Option<Cut>) {
    if size(&result) <= max {
        return (result, None);
    }
    let next = result.get("next").cloned().unwrap_or_default();
    let mut cuts = Vec::new();
    // Room for `_truncated`, and for `next`, which must stay whole.
    let own = 200 + 2 * size(&next);
    let mut members = result;
    members.remove("next");
    let cut = cut_value(Value::Object(members), max.saturating_sub(own).max(MIN_BYTES), "", &mut cuts);
    let Value::Object(mut made) = cut else { return (Map::new(), None) };
    made.insert("next".to_owned(), next.clone());
    // The list that lost the most elements says best what is missing.
    let cut = cuts.into_iter().max_by_key(|cut| cut.total - cut.returned);
    let cut = cut.unwrap_or(Cut { path: String::new(), returned: 0, total: 0 });
    let report = json!({ "returned": cut.returned, "total": cut.total, "next": next });
    made.insert("_truncated".to_owned(), report);
    (made, Some(cut))
}

/// Returns the number of bytes of a value as JSON.
pub(super) fn size(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value that cannot be written has no bytes; values of JSON always can.
    serde_json::to_writer(&mut counter, value).map_or(0, |()| counter.0)
}

/// Cuts a value to about `max` bytes.
fn cut_value(value: Value, max: usize, path: &str, cuts: &mut Vec<Cut>) -> Value {
    if size(&value) <= max {
        return value;
    }
    match value {
        Value::String(text) => cut_text(&text, max).into(),
        Value::Array(items) => cut_list(items, max, path, cuts),
        Value::Object(members) => cut_members(members, max, path, cuts),
        other => other,
    }
}

fn cut_text(text: &str, max: usize) -> String {
    let mark = format!("… [cut: {} bytes]", text.len());
    let room = max.saturating_sub(mark.len() + 2);
    let mut used = 0;
    let mut kept = String::new();
    for c in text.chars() {
        // As it is written in JSON.
        used += size(&c) - 2;
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept + &mark
}

fn cut_list(items: Vec<Value>, max: usize, path: &str, cuts: &mut Vec<Cut>) -> Value {
    let total = items.len();
    let mut used = 2;
    let mut kept = Vec::new();
    for item in items {
        let bytes = size(&item) + 1;
        if used + bytes > max {
            // A list whose first element does not fit shows a part of it.
            if kept.is_empty() {
                kept.push(cut_value(item, max.saturating_sub(used + 1), &format!("{path}[0]"), cuts));
            }
            break;
        }
        used += bytes;
        kept.push(item);
    }
    cuts.push(Cut { path: path.to_owned(), returned: kept.len(), total });
    kept.into()
}

/// Cuts the largest members of an object: what the smaller ones leave is shared among them.
fn cut_members(members: Map<String, Value>, max: usize, path: &str, cuts: &mut Vec<Cut>) -> Value {
    let mut sizes = members.iter().map(|(name, value)| (size(name) + 2, size(value))).collect::<Vec<_>>();
    let mut sorted = sizes.clone();
    sorted.sort_by_key(|(_, value)| *value);
    let mut left = max.saturating_sub(2);
    let mut share = 0;
    let mut waiting = sorted.len();
    for (name, value) in sorted {
        share = left.checked_div(waiting).unwrap_or_default().saturating_sub(name);
        if value > share {
            break;
        }
        left = left.saturating_sub(name + value);
        waiting -= 1;
    }
    let mut made = Map::new();
    let mut used = 2;
    let total = members.len();
    for ((name, value), (name_bytes, bytes)) in members.into_iter().zip(sizes.drain(..)) {
        let room = max.saturating_sub(used + name_bytes);
        // So many members that not even their names fit.
        if room < bytes.min(MIN_BYTES) {
            cuts.push(Cut { path: path.to_owned(), returned: made.len(), total });
            break;
        }
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let value = if bytes <= share.max(MIN_BYTES) {
            value
        } else {
            cut_value(value, share.max(MIN_BYTES).min(room), &inner, cuts)
        };
        used += name_bytes + size(&value);
        made.insert(name, value);
    }
    made.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("{value}") };
        members
    }

    #[test]
    fn a_small_result_stays() {
        let result = object(json!({ "data": [1, 2], "next": "n" }));
        assert_eq!(fit(result.clone(), 100), (result, None));
    }

    #[test]
    fn a_long_list_is_cut_at_an_element() {
        let items = (0..10_000).map(|id| json!({ "id": id, "name": "x".repeat(500) })).collect::<Vec<_>>();
        let (result, cut) = fit(object(json!({ "data": items, "next": "cursor", "total": 3 })), MAX_RESULT_BYTES);
        let cut = cut.unwrap();
        assert!(size(&result) <= MAX_RESULT_BYTES && size(&result) > MAX_RESULT_BYTES * 9 / 10, "{}", size(&result));
        assert_eq!((cut.path.as_str(), cut.total), ("data", 10_000));
        assert_eq!(result["data"].as_array().unwrap().len(), cut.returned);
        assert_eq!(result["data"][cut.returned - 1], items[cut.returned - 1]);
        assert_eq!(result["_truncated"], json!({ "returned": cut.returned, "total": 10_000, "next": "cursor" }));
        assert_eq!((&result["next"], &result["total"]), (&json!("cursor"), &json!(3)));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let (result, _) = fit(object(json!({ "data": { "body": "é\n".repeat(100_000), "id": 7 } })), 1_000);
        assert_eq!(result["data"]["id"], 7);
        assert!(result["data"]["body"].as_str().unwrap().ends_with("… [cut: 300000 bytes]"), "{result:?}");
        assert!(size(&result) <= 1_000, "{}", size(&result));
    }

    #[test]
    fn one_huge_element_is_shown_in_part() {
        let (result, cut) = fit(object(json!({ "data": [{ "id": 1, "text": "x".repeat(5_000) }, 2] })), 1_000);
        assert_eq!((cut.clone().unwrap().returned, cut.unwrap().total), (1, 2));
        assert_eq!(result["data"][0]["id"], 1);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), "\\PC{0,300}".prop_map(Value::from),];
        leaf.prop_recursive(5, 200, 12, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                proptest::collection::vec(("\\PC{0,20}", inner), 0..12)
                    .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_result_fits(data in any_json(), max in 600_usize..4_000) {
            let result = object(json!({ "data": data, "next": null }));
            let (cut, report) = fit(result.clone(), max);
            prop_assert!(size(&cut) <= max, "{} > {max}", size(&cut));
            prop_assert_eq!(report.is_some(), size(&result) > max);
            prop_assert_eq!(cut.contains_key("_truncated"), report.is_some());
        }
    }
}
