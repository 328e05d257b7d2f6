//! `group_data`: joins the records of several steps into groups. A group contains one record of each step under the
//! step's id.
//!
//! Records of steps that declare an `indexField` join if their ids are equal; other records join if they have the same
//! position.

use std::collections::HashMap;

use patchbay_connector::definition::{Action, GroupData, StepFunction};
use serde_json::{Map, Value};

use crate::{
    context::Run,
    json::{at_path, to_text},
    response::output::StepOutput,
};

/// Groups the data of the steps.
pub(super) fn run(run: &Run<'_>, group: &GroupData) -> StepOutput {
    let steps = group.steps.iter().map(|id| (id.as_str(), index_field(run.action, id), run.data_of(id)));
    StepOutput { data: group_records(steps, group.single), ..StepOutput::default() }
}

fn group_records<'a>(
    steps: impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a Value>)>,
    single: bool,
) -> Value {
    if single {
        let record = |data: Option<&Value>| match data {
            Some(Value::Array(items)) => items.first().cloned().unwrap_or_default(),
            data => data.cloned().unwrap_or_default(),
        };
        return Value::Object(steps.map(|(id, _, data)| (id.to_owned(), record(data))).collect());
    }
    let mut groups: Vec<Map<String, Value>> = Vec::new();
    let mut index_by_key = HashMap::new();
    for (id, index, data) in steps {
        let records = match data {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(items)) => items,
            Some(record) => std::slice::from_ref(record),
        };
        for (position, record) in records.iter().enumerate() {
            let key = index.and_then(|index| at_path(record, index)).map(to_text);
            let existing = match &key {
                Some(key) => index_by_key.get(key).copied(),
                None => (position < groups.len()).then_some(position),
            };
            let group = existing.unwrap_or_else(|| {
                groups.push(Map::new());
                groups.len() - 1
            });
            if let Some(key) = key {
                index_by_key.insert(key, group);
            }
            groups[group].insert(id.to_owned(), record.clone());
        }
    }
    groups.into_iter().map(Value::Object).collect()
}

/// Returns the field that contains a record's id in a step's response.
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
    fn records_join_by_id_or_by_position() {
        let (people, jobs) = (json!([{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]), json!([{"who": 2}, {"who": 3}]));
        let by_id = [("people", Some("id"), Some(&people)), ("jobs", Some("who"), Some(&jobs))];
        let expected = json!([
            {"people": {"id": 1, "n": "a"}},
            {"people": {"id": 2, "n": "b"}, "jobs": {"who": 2}},
            {"jobs": {"who": 3}},
        ]);
        assert_eq!(group_records(by_id.into_iter(), false), expected);
        let by_position = [("people", None, Some(&people)), ("jobs", None, Some(&jobs)), ("none", None, None)];
        let expected = json!([
            {"people": {"id": 1, "n": "a"}, "jobs": {"who": 2}},
            {"people": {"id": 2, "n": "b"}, "jobs": {"who": 3}},
        ]);
        assert_eq!(group_records(by_position.into_iter(), false), expected);
        assert_eq!(group_records(by_id.into_iter(), true), json!({"people": {"id": 1, "n": "a"}, "jobs": {"who": 2}}));
    }
}
