//! Validates the values of a profile against its connector.

use patchbay_connector::{Connector, definition::AuthMethod, nearest};
use patchbay_model::EnabledActions;

use crate::{
    Error, Field, Problem,
    validation::{MAX_PROBLEMS, invalid, invalid_at, shortened},
};

pub(super) fn method_of<'a>(connector: &'a Connector, key: Option<&str>) -> Result<&'a AuthMethod, Error> {
    let found = match key {
        None => connector.authentication.first(),
        Some(key) => connector.auth_method(key),
    };
    found.ok_or_else(|| {
        let known = connector.authentication.iter().map(|method| method.key.as_str()).collect::<Vec<_>>().join(", ");
        invalid_at(Field::AuthMethod, "enum", format!("{} has the authentication methods: {known}", connector.title))
    })
}

pub(super) fn environment_of(method: &AuthMethod, key: Option<&str>) -> Result<String, Error> {
    let found = match key {
        None => method.environments.first(),
        Some(key) => method.environments.iter().find(|environment| environment.key == key),
    };
    found.map(|environment| environment.key.clone()).ok_or_else(|| {
        let known =
            method.environments.iter().map(|environment| environment.key.as_str()).collect::<Vec<_>>().join(", ");
        invalid_at(Field::Environment, "enum", format!("the environments are: {known}"))
    })
}

pub(super) fn check_actions(connector: &Connector, actions: &EnabledActions) -> Result<(), Error> {
    let EnabledActions::Only(actions) = actions else { return Ok(()) };
    let unknown = actions.iter().filter(|id| connector.action(id).is_none_or(|action| action.public_id != **id));
    // As many problems as the validation of inputs reports: each of them is compared with every action.
    let problems = unknown.take(MAX_PROBLEMS).map(|id| {
        let id = shortened(id);
        let near = nearest(&id, connector.actions.iter().map(|action| action.public_id.as_str()));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Problem {
            path: Field::EnabledActions.into(),
            code: "unknown_action",
            message: format!("action `{id}` does not exist{hint}"),
        }
    });
    let problems = problems.collect::<Vec<_>>();
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}
