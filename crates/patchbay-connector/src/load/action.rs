//! Actions.

use std::sync::Arc;

use super::{
    composite, cursor,
    enums::Enums,
    input,
    mapping::field_mappings,
    root::{STAGES, one_or_many},
    step, step_dependencies, sync,
};
use crate::{
    definition::{
        Action, ActionResult, ActionType, Annotations, Effect, Example, HttpMethod, SchemaType, ValidationRule,
        ValueTemplate,
    },
    diagnostic::code,
    syntax::{Mapping, NodeValue, Reader},
};

pub(crate) const KEYS: [&str; 32] = [
    "actionId",
    "label",
    "description",
    "details",
    "categories",
    "actionType",
    "schemaType",
    "schema",
    "resources",
    "context",
    "tags",
    "effects",
    "annotations",
    "releaseStage",
    "executionMode",
    "requiresManualSetup",
    "prerequisiteActions",
    "providerEvents",
    "requiredScopes",
    "authRequirements",
    "entrypointUrl",
    "entrypointHttpMethod",
    "inputs",
    "validationRules",
    "steps",
    "result",
    "cursor",
    "compositeIdentifiers",
    "fieldConfigs",
    "examples",
    "dataSync",
    "responses",
];
pub(crate) const TYPES: [(&str, ActionType); 9] = [
    ("list", ActionType::List),
    ("get", ActionType::Get),
    ("create", ActionType::Create),
    ("update", ActionType::Update),
    ("delete", ActionType::Delete),
    ("custom", ActionType::Custom),
    ("refresh_token", ActionType::RefreshToken),
    ("test", ActionType::Test),
    ("event", ActionType::Event),
];

pub(crate) const EFFECTS: [(&str, Effect); 5] = [
    ("read", Effect::Read),
    ("write", Effect::Write),
    ("delete", Effect::Delete),
    ("search", Effect::Search),
    ("execute", Effect::Execute),
];

/// Where things stand that are checked once everything is read.
pub(super) struct ActionSpans<'n> {
    pub(super) id: Reader<'n>,
    pub(super) scopes: Vec<(String, Reader<'n>)>,
    pub(super) steps: Vec<Reader<'n>>,
    pub(super) result: Option<Reader<'n>>,
    pub(super) rules: Vec<Reader<'n>>,
    /// Whether every input could be read; else a name that leads to none proves nothing.
    pub(super) inputs_known: bool,
    /// The same of steps.
    pub(super) steps_known: bool,
}

/// Actions that stand inside something else (a refresh, a test, an event) and are no part of the
/// connector's own list. Their references are checked like all others.
pub(super) struct Nested<'n, 's> {
    shared: ActionContext<'n, 's>,
    pub(super) found: Vec<(Arc<Action>, ActionSpans<'n>)>,
}

/// What every action of a connector is read with.
#[derive(Clone, Copy)]
pub(super) struct ActionContext<'n, 's> {
    /// The connector's key.
    pub(super) connector: &'s str,
    pub(super) enums: &'s Enums<'n>,
}

impl<'n, 's> Nested<'n, 's> {
    pub(super) const fn new(shared: ActionContext<'n, 's>) -> Self {
        Self { shared, found: Vec::new() }
    }

    /// Reads one; `id` is its id when it has none of its own.
    pub(super) fn read(&mut self, reader: Reader<'n>, id: &str) -> Option<Arc<Action>> {
        let (action, places) = read_as(reader, self.shared, Some(id))?;
        let action = Arc::new(action);
        self.found.push((Arc::clone(&action), places));
        Some(action)
    }
}

pub(super) fn read<'n>(reader: Reader<'n>, shared: ActionContext<'n, '_>) -> Option<(Action, ActionSpans<'n>)> {
    read_as(reader, shared, None)
}

fn read_as<'n>(
    reader: Reader<'n>,
    shared: ActionContext<'n, '_>,
    nested: Option<&str>,
) -> Option<(Action, ActionSpans<'n>)> {
    let mapping = reader.mapping("an action", &KEYS)?;
    let (id_place, id, label) = match nested {
        Some(name) => {
            let place = mapping.get("actionId");
            let id = place.map_or_else(|| Some(name.to_owned()), |place| action_id(&place));
            let label = mapping.text("label").or_else(|| id.clone());
            (Some(place.unwrap_or(reader)), id, label)
        }
        None => {
            let place = mapping.require("actionId");
            let id = place.and_then(|place| action_id(&place));
            (place, id, mapping.require("label").and_then(|label| label.text()))
        }
    };
    mapping.not_run(&["authRequirements", "entrypointUrl", "dataSync"]);
    let description = mapping.text("description").unwrap_or_default();
    if description.is_empty() && nested.is_none() {
        reader.warning(code::MISSING_TEXT, "the action has no description; agents choose actions by it");
    }
    let fields = mapping.get("fieldConfigs").map(|fields| field_mappings(&fields)).unwrap_or_default();
    let composite_ids = mapping.get("compositeIdentifiers").and_then(composite::read);
    let data_sync = mapping.get("dataSync").and_then(sync::read);
    let examples = mapping.items("examples").into_iter().filter_map(example).collect();
    let auth_requirements = mapping.get("authRequirements").map(|methods| {
        let scopes = |(key, place): (&str, Reader<'_>)| {
            (key.to_owned(), place.names().into_iter().map(|(name, _)| name).collect())
        };
        methods.entries("`authRequirements`").map(scopes).collect()
    });
    let modes = [("sync", false), ("async", true)];
    let entrypoint_method = mapping
        .get("entrypointHttpMethod")
        .map_or(Some(HttpMethod::Get), |method| method.choice(&step::METHODS))
        .unwrap_or(HttpMethod::Get);
    let steps_place = mapping.require("steps");
    let (mut steps, step_places): (Vec<_>, Vec<_>) = steps_place
        .map(|steps| steps.items().collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .filter_map(|place| Some((step::read(place)?, place)))
        .unzip();
    for step in &mut steps {
        step.depends_on = step_dependencies::of(step, &fields);
    }
    if let Some(place) = steps_place.filter(|place| place.items().next().is_none()) {
        place.error(code::INVALID, "an action needs a step");
    }
    let schema_types = [("native", SchemaType::Native), ("unified", SchemaType::Unified)];
    let scopes = mapping.names("requiredScopes");
    let result = mapping.get("result");
    // Everything is read before anything is given up, so that every mistake is seen.
    let kind = mapping.get("actionType").map_or(Some(ActionType::Custom), |kind| kind.choice(&TYPES));
    let mut inputs = input::inputs(&mapping, shared.enums);
    let (rules, rule_places) = rules(&mapping);
    let answer = result.and_then(|result| value(&result)).map_or(ActionResult::LastStep, ActionResult::Template);
    let all_read = |key, read: usize| match mapping.get(key).map(|list| &list.node.value) {
        Some(NodeValue::List(items)) => items.len() == read,
        other => other.is_none(),
    };
    let (inputs_known, steps_known) = (all_read("inputs", inputs.len()), all_read("steps", steps.len()));
    let cursor = mapping.get("cursor").and_then(|place| cursor::read(place, &steps, &mut inputs));
    let id = id?;
    let action = Action {
        public_id: format!("{}_{id}", shared.connector),
        id,
        label: label?,
        description,
        details: mapping.text("details"),
        categories: mapping.texts("categories"),
        kind: kind?,
        schema_type: mapping
            .get("schemaType")
            .and_then(|kind| kind.choice(&schema_types))
            .unwrap_or(SchemaType::Native),
        tags: mapping.texts("tags"),
        annotations: mapping.get("annotations").and_then(annotations).unwrap_or_default(),
        release_stage: mapping.get("releaseStage").and_then(|stage| stage.choice(&STAGES)),
        resources: one_or_many(&mapping, "resources"),
        required_scopes: scopes.iter().map(|(name, _)| name.clone()).collect(),
        inputs,
        rules,
        steps,
        result: answer,
        schema: mapping.text("schema"),
        effects: mapping.items("effects").iter().filter_map(|effect| effect.choice(&EFFECTS)).collect(),
        is_async: mapping.get("executionMode").and_then(|mode| mode.choice(&modes)).unwrap_or(false),
        requires_manual_setup: mapping.flag("requiresManualSetup", false),
        prerequisites: mapping.texts("prerequisiteActions"),
        provider_events: mapping.texts("providerEvents"),
        auth_requirements: auth_requirements.unwrap_or_default(),
        entrypoint: mapping.text("entrypointUrl").map(|url| (url, entrypoint_method)),
        cursor,
        composite_ids,
        fields,
        examples,
        data_sync,
        responses: mapping.get("responses").map(|responses| responses.node.to_json()),
    };
    let id = id_place?;
    Some((
        action,
        ActionSpans { id, scopes, steps: step_places, result, rules: rule_places, inputs_known, steps_known },
    ))
}

fn example(reader: Reader<'_>) -> Option<Example> {
    let mapping = reader.mapping("an example", &["exampleDescription", "input", "output"])?;
    let json = |key| mapping.get(key).map(|value| value.node.to_json()).unwrap_or_default();
    Some(Example { description: mapping.text("exampleDescription"), input: json("input"), output: json("output") })
}

fn action_id(place: &Reader<'_>) -> Option<String> {
    let id = place.text()?;
    let fits = !id.is_empty()
        && id.len() <= 96
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        place.error_with_hint(
            code::INVALID,
            format!("`{id}` cannot be an action's id"),
            "use lower-case letters, digits and `_`",
        );
    }
    fits.then_some(id)
}

fn annotations(reader: Reader<'_>) -> Option<Annotations> {
    let mapping = reader
        .mapping("`annotations`", &["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"])?;
    let hint = |key| mapping.get(key).and_then(|hint| hint.boolean());
    Some(Annotations {
        title: mapping.text("title"),
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    })
}

fn rules<'n>(action: &Mapping<'n>) -> (Vec<ValidationRule>, Vec<Reader<'n>>) {
    action.items("validationRules").into_iter().filter_map(|place| Some((rule(place)?, place))).unzip()
}

fn rule(reader: Reader<'_>) -> Option<ValidationRule> {
    let mapping = reader.mapping("a validation rule", &["rule", "fields", "field", "condition", "errorMessage"])?;
    let message = mapping.text("errorMessage");
    match mapping.require("rule")?.choice(&[("atLeastOneOf", 0), ("mutuallyExclusive", 1), ("requiredIf", 2)])? {
        0 => Some(ValidationRule::AtLeastOneOf { fields: mapping.texts("fields"), message }),
        1 => Some(ValidationRule::MutuallyExclusive { fields: mapping.texts("fields"), message }),
        _ => {
            let condition =
                mapping.require("condition")?.mapping("a condition", &["field", "equals", "notEquals", "present"])?;
            Some(ValidationRule::RequiredIf {
                field: mapping.require("field")?.text()?,
                other: condition.require("field")?.text()?,
                equals: condition.get("equals").map(|value| value.node.to_json()),
                not_equals: condition.get("notEquals").map(|value| value.node.to_json()),
                present: condition.get("present").and_then(|value| value.boolean()),
                message,
            })
        }
    }
}

/// A value whose texts may be expressions.
pub(super) fn value(reader: &Reader<'_>) -> Option<ValueTemplate> {
    Some(match &reader.node.value {
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => ValueTemplate::Literal(reader.node.to_json()),
        NodeValue::Text(_) => ValueTemplate::Text(reader.template()?),
        NodeValue::List(_) => ValueTemplate::Array(reader.items().filter_map(|item| value(&item)).collect()),
        NodeValue::Map(_) => ValueTemplate::Object(
            reader
                .entries("a value")
                .filter_map(|(key, member)| {
                    let key = member.key_template(key);
                    let value = value(&member);
                    Some((key?, value?))
                })
                .collect(),
        ),
    })
}
