//! `group_data`: the records of several steps side by side, each under its step's id.
//!
//! Records belong together when their ids are equal, where both steps name their id (`indexField`); else
//! when they stand at the same place.

use std::collections::HashMap;

use patchbay_connector::definition::{Action, GroupData, StepFunction};
use serde_json::{Map, Value};

use crate::{
    context::Run,
    json::{pick, text},
    response::output::Answer,
};

pub(super) fn run(run: &Run<'_>, group: &GroupData) -> Answer {
    let steps = group.steps.iter().map(|id| (id.as_str(), index_field(run.action, id), run.data_of(id)));
    Answer { data: grouped(steps, group.single), ..Answer::default() }
}

fn grouped<'a>(steps: impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a Value>)>, single: bool) -> Value {
    if single {
        let record = |data: Option<&Value>| match data {
            Some(Value::Array(items)) => items.first().cloned().unwrap_or_default(),
            data => data.cloned().unwrap_or_default(),
        };
        return Value::Object(steps.map(|(id, _, data)| (id.to_owned(), record(data))).collect());
    }
    let mut groups: Vec<Map<String, Value>> = Vec::new();
    let mut places = HashMap::new();
    for (id, index, data) in steps {
        let records = match data {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(items)) => items,
            Some(record) => std::slice::from_ref(record),
        };
        for (place, record) in records.iter().enumerate() {
            let key = index.and_then(|index| pick(record, index)).map(text);
            let found = match &key {
                Some(key) => places.get(key).copied(),
                None => (place < groups.len()).then_some(place),
            };
            let at = found.unwrap_or_else(|| {
                groups.push(Map::new());
                groups.len() - 1
            });
            if let Some(key) = key {
                places.insert(key, at);
            }
            groups[at].insert(id.to_owned(), record.clone());
        }
    }
    groups.into_iter().map(Value::Object).collect()
}

/// The field that holds a record's id in a step's answer.
fn index_field<'a>(action: &'a Action, id: &str) -> Option<&'a str> {
    let step = action.steps.iter().find(|step| step.id == id)?;
    let request = match step.then.last().unwrap_or(&step.function) {
        StepFunction::Request(request) => request,
        StepFunction::PaginatedRequest(paginated) => &paginated.request,
        _ => return None,
    };
    request.response.index_field.as_deref()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_meet_by_id_or_by_place() {
        let (people, jobs) = (json!([{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]), json!([{"who": 2}, {"who": 3}]));
        let by_id = [("people", Some("id"), Some(&people)), ("jobs", Some("who"), Some(&jobs))];
        let expected = json!([
            {"people": {"id": 1, "n": "a"}},
            {"people": {"id": 2, "n": "b"}, "jobs": {"who": 2}},
            {"jobs": {"who": 3}},
        ]);
        assert_eq!(grouped(by_id.into_iter(), false), expected);
        let by_place = [("people", None, Some(&people)), ("jobs", None, Some(&jobs)), ("none", None, None)];
        let expected = json!([
            {"people": {"id": 1, "n": "a"}, "jobs": {"who": 2}},
            {"people": {"id": 2, "n": "b"}, "jobs": {"who": 3}},
        ]);
        assert_eq!(grouped(by_place.into_iter(), false), expected);
        assert_eq!(grouped(by_id.into_iter(), true), json!({"people": {"id": 1, "n": "a"}, "jobs": {"who": 2}}));
    }
}
