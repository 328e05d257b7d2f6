//! Reads the `events` block.

pub(crate) mod duration;
pub(crate) mod handshake;
pub(crate) mod polling;
pub(crate) mod references;
pub(crate) mod verification;

use std::{sync::Arc, time::Duration};

use super::{action::Nested, guide};
use crate::{
    definition::{
        Acknowledgement, Action, EventDefinitions, EventRouter, EventRule, EventSetup, Renewal, ValueTemplate,
    },
    diagnostic::code,
    expr::Template,
    syntax::{Mapping, Reader},
};

pub(crate) const KEYS: [&str; 12] = [
    "setup",
    "guides",
    "actions",
    "router",
    "externalAccountIdExtractor",
    "verification",
    "capture",
    "handshakes",
    "acknowledge",
    "dedupe",
    "type",
    "polling",
];
pub(crate) const SETUP_KEYS: [&str; 5] = ["creation", "activation", "deletion", "renewal", "isConsolidated"];
pub(crate) const RENEWAL_KEYS: [&str; 2] = ["action", "before"];
pub(crate) const ROUTER_KEYS: [&str; 3] = ["delivery", "itemsPath", "rules"];
pub(crate) const RULE_KEYS: [&str; 2] = ["when", "then"];
pub(crate) const THEN_KEYS: [&str; 2] = ["action", "input"];
pub(crate) const ACKNOWLEDGE_KEYS: [&str; 2] = ["status", "body"];
/// The maximum size of the body of an acknowledgement, in bytes.
const MAX_ACKNOWLEDGE_BYTES: usize = 4096;
/// The shortest time between the renewal and the end of a subscription.
const MIN_BEFORE: Duration = Duration::from_mins(1);
/// The longest time between the renewal and the end of a subscription.
const MAX_BEFORE: Duration = Duration::from_hours(90 * 24);

/// Reads the block. Its actions are added to `nested`, whose references are checked later.
pub(super) fn read<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<EventDefinitions> {
    let events = reader.mapping("`events`", &KEYS)?;
    let actions: Vec<Arc<Action>> =
        events.items("actions").into_iter().filter_map(|place| nested.read(place, "event")).collect();
    let router = events.get("router").and_then(|place| router(place, &actions));
    check_verification(&events);
    Some(EventDefinitions {
        setup: events.get("setup").and_then(|setup| event_setup(setup, nested)),
        guide: events.get("guides").and_then(|guides| guide::guides(&guides).setup),
        router,
        account_extractor: events
            .get("externalAccountIdExtractor")
            .and_then(|place| nested.read(place, "external_account_id")),
        actions,
        verification: events.each("verification", verification::read),
        capture: events.get("capture").and_then(handshake::capture),
        handshakes: events.each("handshakes", handshake::read),
        acknowledge: events.get("acknowledge").and_then(acknowledge).unwrap_or_default(),
        dedupe: events.template("dedupe"),
        event_type: events.template("type"),
        polling: events.each("polling", polling::read),
    })
}

/// Reports a connector that handles deliveries without a proof of their sender.
fn check_verification(events: &Mapping<'_>) {
    let is_some = |key: &str| events.get(key).is_some_and(|place| !place.is_list() || place.items().next().is_some());
    let receives = is_some("router") || is_some("actions");
    if receives && !is_some("verification") {
        let place = events.get("verification").or_else(|| events.get("router")).or_else(|| events.get("actions"));
        place.unwrap_or(events.reader).error_with_hint(
            code::UNVERIFIED,
            "the connector handles events, but declares no `verification`; anyone could send them",
            "add `verification` with the provider's signature, or `scheme: none` with a `reason` if it has none",
        );
    }
}

fn acknowledge(reader: Reader<'_>) -> Option<Acknowledgement> {
    let mapping = reader.mapping("`acknowledge`", &ACKNOWLEDGE_KEYS)?;
    let status = success_status(&mapping);
    let body = mapping.get("body").and_then(|place| {
        let text = place.text()?;
        if text.len() > MAX_ACKNOWLEDGE_BYTES {
            place.error(code::INVALID, format!("the body is longer than {MAX_ACKNOWLEDGE_BYTES} bytes"));
        }
        Some(text)
    });
    Some(Acknowledgement { status, body })
}

/// Reads `status`, which must be one of success; 200 by default.
fn success_status(mapping: &Mapping<'_>) -> u16 {
    let Some(place) = mapping.get("status") else { return 200 };
    match place.whole().map(u16::try_from) {
        Some(Ok(status @ 200..=299)) => status,
        Some(_) => {
            place.error(code::INVALID, "the status must be one of success, 200 to 299");
            200
        }
        None => 200,
    }
}

/// Reads an expression without `{{ }}`.
fn condition(place: &Reader<'_>) -> Option<Template> {
    let text = place.text()?;
    if text.contains("{{") {
        place.error_with_hint(code::EXPRESSION, "`when` is an expression without {{ }}", "remove the {{ }}");
        return None;
    }
    place.bare_expression(&text)
}

/// Reads the inputs that a rule gives to an action.
fn inputs(place: Option<Reader<'_>>) -> Vec<(String, ValueTemplate)> {
    let values = place.map(|input| {
        let values =
            input.entries("`input`").filter_map(|(name, value)| Some((name.to_owned(), ValueTemplate::read(&value)?)));
        values.collect()
    });
    values.unwrap_or_default()
}

fn event_setup<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<EventSetup> {
    let setup = reader.mapping("`setup`", &SETUP_KEYS)?;
    let mut part = |key: &str| setup.get(key).and_then(|place| nested.read(place, key));
    let (creation, activation, deletion) = (part("creation"), part("activation"), part("deletion"));
    Some(EventSetup {
        creation,
        activation,
        deletion,
        renewal: setup.get("renewal").and_then(|place| renewal(place, nested)),
        is_consolidated: setup.flag("isConsolidated", false),
    })
}

fn renewal<'n>(reader: Reader<'n>, nested: &mut Nested<'n, '_>) -> Option<Renewal> {
    let renewal = reader.mapping("`renewal`", &RENEWAL_KEYS)?;
    let (action, before) = (renewal.require("action"), renewal.require("before"));
    let action = action.and_then(|place| nested.read(place, "renewal"));
    let before = before.and_then(|place| duration::read(&place, MIN_BEFORE, MAX_BEFORE));
    Some(Renewal { action: action?, before: before? })
}

fn router(reader: Reader<'_>, actions: &[Arc<Action>]) -> Option<EventRouter> {
    let router = reader.mapping("`router`", &ROUTER_KEYS)?;
    let rules = |key| router.items(key).into_iter().filter_map(|place| rule(&place, actions)).collect();
    Some(EventRouter { delivery: rules("delivery"), items_path: router.text("itemsPath"), rules: rules("rules") })
}

fn rule(reader: &Reader<'_>, actions: &[Arc<Action>]) -> Option<EventRule> {
    let rule = reader.mapping("a rule", &RULE_KEYS)?;
    let (when, then) = (rule.require("when"), rule.require("then"));
    let when = when.and_then(|place| condition(&place));
    let then: Mapping<'_> = then?.mapping("`then`", &THEN_KEYS)?;
    let place = then.require("action")?;
    let id = place.text()?;
    if !actions.iter().any(|action| action.id == id) {
        place.error(code::UNDEFINED, format!("unknown event action `{id}`"));
    }
    Some(EventRule { when: when?, action: id, input: inputs(then.get("input")) })
}
