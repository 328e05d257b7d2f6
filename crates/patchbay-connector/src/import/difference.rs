//! Compares the connector of an earlier import with a new one: what callers of its actions notice.

use crate::{
    Connector,
    definition::{Action, Input, Step},
};

/// Returns what differs between two connectors, one line for each action or input; empty if callers notice nothing.
pub fn difference(before: &Connector, after: &Connector) -> Vec<String> {
    let mut lines = Vec::new();
    let find = |connector: &'_ Connector, id: &str| connector.actions.iter().position(|action| action.id == id);
    for action in before.actions.iter().filter(|action| find(after, &action.id).is_none()) {
        lines.push(format!("- {}", action.id));
    }
    for action in &after.actions {
        match find(before, &action.id) {
            None => lines.push(format!("+ {}", action.id)),
            Some(at) => changes(&before.actions[at], action, &mut lines),
        }
    }
    lines
}

fn changes(before: &Action, after: &Action, lines: &mut Vec<String>) {
    let id = &after.id;
    let address = |action: &Action| {
        for function in action.steps.iter().flat_map(Step::functions) {
            if let Some(request) = function.request() {
                return request.url.map(|url| url.source().to_owned());
            }
        }
        None
    };
    if address(before) != address(after) {
        lines.push(format!("~ {id}: its path is {}", address(after).unwrap_or_default()));
    }
    inputs(id, "", &before.inputs, &after.inputs, lines);
    if before.required_scopes != after.required_scopes {
        lines.push(format!("~ {id}: its required scopes are {}", after.required_scopes.join(" ")));
    }
}

fn inputs(id: &str, within: &str, before: &[Input], after: &[Input], lines: &mut Vec<String>) {
    let find = |list: &'_ [Input], name: &str| list.iter().position(|input| input.name == name);
    for input in before.iter().filter(|input| find(after, &input.name).is_none()) {
        lines.push(format!("~ {id}: - {within}{}", input.name));
    }
    for input in after {
        let name = format!("{within}{}", input.name);
        let Some(earlier) = find(before, &input.name).map(|at| &before[at]) else {
            let required = if input.required { " (required)" } else { "" };
            lines.push(format!("~ {id}: + {name}{required}"));
            continue;
        };
        if (earlier.kind, earlier.array) != (input.kind, input.array) {
            lines.push(format!("~ {id}: {name} has another type"));
        }
        if earlier.required != input.required {
            let now = if input.required { "required" } else { "optional" };
            lines.push(format!("~ {id}: {name} is {now}"));
        }
        let gone = earlier.one_of.iter().filter(|value| !input.one_of.contains(value)).count();
        let new = input.one_of.iter().filter(|value| !earlier.one_of.contains(value)).count();
        if gone + new > 0 {
            lines.push(format!("~ {id}: {name} has {new} more and {gone} fewer values"));
        }
        inputs(id, &format!("{name}."), &earlier.properties, &input.properties, lines);
    }
}
