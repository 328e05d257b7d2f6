//! Reads the `events` block.

use std::sync::Arc;

use super::{action::Nested, guide};
use crate::{
    definition::{Action, EventDefinitions, EventRouter, EventRule, EventSetup, ValueTemplate},
    diagnostic::code,
    syntax::{Mapping, Reader},
};

/// Reads the block. Its actions are added to `nested`, whose references are checked later.
pub(super) fn read<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<EventDefinitions> {
    let events = reader.mapping("`events`", &["setup", "guides", "actions", "router", "externalAccountIdExtractor"])?;
    let actions: Vec<Arc<Action>> =
        events.items("actions").into_iter().filter_map(|place| nested.read(place, "event")).collect();
    Some(EventDefinitions {
        setup: events.get("setup").and_then(|setup| event_setup(setup, nested)),
        guide: events.get("guides").and_then(|guides| guide::guides(&guides).setup),
        router: events.get("router").and_then(|place| router(place, &actions)),
        account_extractor: events
            .get("externalAccountIdExtractor")
            .and_then(|place| nested.read(place, "external_account_id")),
        actions,
    })
}

fn event_setup<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<EventSetup> {
    let setup = reader.mapping("`setup`", &["creation", "activation", "deletion", "isConsolidated"])?;
    let mut part = |key: &str| setup.get(key).and_then(|place| nested.read(place, key));
    Some(EventSetup {
        creation: part("creation"),
        activation: part("activation"),
        deletion: part("deletion"),
        is_consolidated: setup.flag("isConsolidated", false),
    })
}

fn router(reader: Reader<'_>, actions: &[Arc<Action>]) -> Option<EventRouter> {
    let router = reader.mapping("`router`", &["delivery", "itemsPath", "rules"])?;
    let rules = |key| router.items(key).into_iter().filter_map(|place| rule(&place, actions)).collect();
    Some(EventRouter { delivery: rules("delivery"), items_path: router.text("itemsPath"), rules: rules("rules") })
}

fn rule(reader: &Reader<'_>, actions: &[Arc<Action>]) -> Option<EventRule> {
    let rule = reader.mapping("a rule", &["when", "then"])?;
    let (when, then) = (rule.require("when"), rule.require("then"));
    let when = when.and_then(|place| {
        let text = place.text()?;
        if text.contains("{{") {
            place.error_with_hint(code::EXPRESSION, "`when` is an expression without {{ }}", "remove the {{ }}");
            return None;
        }
        place.bare_expression(&text)
    });
    let then: Mapping<'_> = then?.mapping("`then`", &["action", "input"])?;
    let place = then.require("action")?;
    let id = place.text()?;
    if !actions.iter().any(|action| action.id == id) {
        place.error(code::UNDEFINED, format!("unknown event action `{id}`"));
    }
    let input = then.get("input").map(|input| {
        let values =
            input.entries("`input`").filter_map(|(name, value)| Some((name.to_owned(), ValueTemplate::read(&value)?)));
        values.collect()
    });
    Some(EventRule { when: when?, action: id, input: input.unwrap_or_default() })
}
