//! Reads actions.

use std::sync::Arc;

use super::{
    composite, cursor,
    enums::Enums,
    input,
    root::{STAGES, one_or_many},
    step, sync,
};
use crate::{
    definition::{
        Action, ActionResult, ActionType, Annotations, Effect, Example, FieldMapping, HttpMethod, SchemaType, Step,
        ValidationRule, ValueTemplate,
    },
    diagnostic::code,
    field_mapping::field_mappings,
    syntax::{Mapping, NodeValue, Reader},
};

pub(crate) const KEYS: [&str; 33] = [
    "actionId",
    "label",
    "description",
    "details",
    "searchPhrases",
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

/// Whether an action is asynchronous.
const EXECUTION_MODES: [(&str, bool); 2] = [("sync", false), ("async", true)];
const SCHEMA_TYPES: [(&str, SchemaType); 2] = [("native", SchemaType::Native), ("unified", SchemaType::Unified)];
pub(crate) const EFFECTS: [(&str, Effect); 5] = [
    ("read", Effect::Read),
    ("write", Effect::Write),
    ("delete", Effect::Delete),
    ("search", Effect::Search),
    ("execute", Effect::Execute),
];

/// The maximum length of an action's id, in bytes.
const MAX_ID_BYTES: usize = 96;

/// The parts of an action in the file that are checked once the whole connector is read.
pub(super) struct ActionSpans<'n> {
    pub(super) id: Reader<'n>,
    pub(super) scopes: Vec<(String, Reader<'n>)>,
    pub(super) steps: Vec<Reader<'n>>,
    pub(super) result: Option<Reader<'n>>,
    pub(super) rules: Vec<Reader<'n>>,
    pub(super) inputs: Option<Reader<'n>>,
    /// Whether every input could be read; if not, an unknown input is not an error.
    pub(super) inputs_known: bool,
    /// Whether every step could be read; if not, an unknown step is not an error.
    pub(super) steps_known: bool,
}

/// The actions inside of other parts of the file (a refresh, a test, an event). They do not belong to the connector's
/// own actions, but their references are checked like all others.
pub(super) struct Nested<'n, 's> {
    context: ActionContext<'n, 's>,
    pub(super) found: Vec<(Arc<Action>, ActionSpans<'n>)>,
}

/// What all actions of a connector have in common.
#[derive(Clone, Copy)]
pub(super) struct ActionContext<'n, 's> {
    /// The connector's key.
    pub(super) connector: &'s str,
    pub(super) enums: &'s Enums<'n>,
}

impl<'n, 's> Nested<'n, 's> {
    pub(super) const fn new(context: ActionContext<'n, 's>) -> Self {
        Self { context, found: Vec::new() }
    }

    /// Reads a nested action; `id` is its id unless the file has one.
    pub(super) fn read(&mut self, reader: Reader<'n>, id: &str) -> Option<Arc<Action>> {
        let (action, spans) = read_as(reader, self.context, Some(id))?;
        let action = Arc::new(action);
        self.found.push((Arc::clone(&action), spans));
        Some(action)
    }
}

/// Reads an action of the connector.
pub(super) fn read<'n>(reader: Reader<'n>, context: ActionContext<'n, '_>) -> Option<(Action, ActionSpans<'n>)> {
    read_as(reader, context, None)
}

/// Reads an action; `nested` is the default id of a nested one. Everything is read before an error ends it, so that
/// every mistake is reported at once.
fn read_as<'n>(
    reader: Reader<'n>,
    context: ActionContext<'n, '_>,
    nested: Option<&str>,
) -> Option<(Action, ActionSpans<'n>)> {
    let mapping = reader.mapping("an action", &KEYS)?;
    let Identity { place, id, label } = read_identity(&mapping, nested);
    mapping.not_run(&["authRequirements", "entrypointUrl", "dataSync"]);
    let description = mapping.text("description").unwrap_or_default();
    if description.is_empty() && nested.is_none() {
        reader.warning(code::MISSING_TEXT, "the action has no description; agents need it to choose an action");
    }
    let fields = mapping.get("fieldConfigs").map(|fields| field_mappings(&fields)).unwrap_or_default();
    let composite_ids = mapping.get("compositeIdentifiers").and_then(composite::read);
    let data_sync = mapping.get("dataSync").and_then(sync::read);
    let examples = mapping.items("examples").into_iter().filter_map(example).collect();
    let entrypoint = read_entrypoint(&mapping);
    let (steps, step_spans) = read_steps(&mapping, &fields);
    let scopes = mapping.names("requiredScopes");
    let kind = mapping.get("actionType").map_or(Some(ActionType::Custom), |kind| kind.choice(&TYPES));
    let mut inputs = input::inputs(&mapping, context.enums);
    let (rules, rule_spans) = rules(&mapping);
    let result = mapping.get("result");
    let result_template = result.and_then(|result| ValueTemplate::read(&result));
    let (inputs_known, steps_known) =
        (is_read_whole(&mapping, "inputs", inputs.len()), is_read_whole(&mapping, "steps", steps.len()));
    let cursor = mapping.get("cursor").and_then(|place| cursor::read(place, &steps, &mut inputs));
    let id = id?;
    let choice = |key, choices: &[(&str, bool)]| mapping.get(key).and_then(|value| value.choice(choices));
    let action = Action {
        public_id: format!("{}_{id}", context.connector),
        id,
        label: label?,
        description,
        details: mapping.text("details"),
        search_phrases: mapping.texts("searchPhrases"),
        categories: mapping.texts("categories"),
        kind: kind?,
        schema_type: mapping
            .get("schemaType")
            .and_then(|kind| kind.choice(&SCHEMA_TYPES))
            .unwrap_or(SchemaType::Native),
        tags: mapping.texts("tags"),
        annotations: mapping.get("annotations").and_then(annotations).unwrap_or_default(),
        release_stage: mapping.get("releaseStage").and_then(|stage| stage.choice(&STAGES)),
        resources: one_or_many(&mapping, "resources"),
        required_scopes: scopes.iter().map(|(name, _)| name.clone()).collect(),
        inputs,
        rules,
        steps,
        result: result_template.map_or(ActionResult::LastStep, ActionResult::Template),
        schema: mapping.text("schema"),
        effects: mapping.items("effects").iter().filter_map(|effect| effect.choice(&EFFECTS)).collect(),
        is_async: choice("executionMode", &EXECUTION_MODES).unwrap_or(false),
        requires_manual_setup: mapping.flag("requiresManualSetup", false),
        prerequisites: mapping.texts("prerequisiteActions"),
        provider_events: mapping.texts("providerEvents"),
        auth_requirements: mapping.get("authRequirements").map(read_auth_requirements).unwrap_or_default(),
        entrypoint,
        cursor,
        composite_ids,
        fields,
        examples,
        data_sync,
        responses: mapping.get("responses").map(|responses| responses.node.to_json()),
    };
    let spans = ActionSpans {
        id: place?,
        scopes,
        steps: step_spans,
        result,
        rules: rule_spans,
        inputs: mapping.get("inputs"),
        inputs_known,
        steps_known,
    };
    Some((action, spans))
}

/// An action's id and label, and where its id is.
struct Identity<'n> {
    place: Option<Reader<'n>>,
    id: Option<String>,
    label: Option<String>,
}

/// Reads the id and the label. An action of the connector needs both; a nested one has defaults.
fn read_identity<'n>(mapping: &Mapping<'n>, nested: Option<&str>) -> Identity<'n> {
    let Some(default) = nested else {
        let place = mapping.require("actionId");
        let id = place.and_then(|place| action_id(&place));
        return Identity { place, id, label: mapping.require("label").and_then(|label| label.text()) };
    };
    let place = mapping.get("actionId");
    let id = place.map_or_else(|| Some(default.to_owned()), |place| action_id(&place));
    let label = mapping.text("label").or_else(|| id.clone());
    Identity { place: Some(place.unwrap_or(mapping.reader)), id, label }
}

fn read_entrypoint(mapping: &Mapping<'_>) -> Option<(String, HttpMethod)> {
    let method = mapping.get("entrypointHttpMethod").and_then(|method| method.choice(&HttpMethod::ALL));
    mapping.text("entrypointUrl").map(|url| (url, method.unwrap_or(HttpMethod::Get)))
}

fn read_steps<'n>(mapping: &Mapping<'n>, fields: &[FieldMapping]) -> (Vec<Step>, Vec<Reader<'n>>) {
    let Some(place) = mapping.require("steps") else { return (Vec::new(), Vec::new()) };
    let items = place.items().collect::<Vec<_>>();
    if items.is_empty() {
        place.error(code::INVALID, "an action needs at least one step");
    }
    let read = items.into_iter().filter_map(|item| Some((step::read(item)?, item)));
    let (mut steps, spans): (Vec<_>, Vec<_>) = read.unzip();
    for step in &mut steps {
        step.depends_on = step.dependencies(fields);
    }
    (steps, spans)
}

fn read_auth_requirements(reader: Reader<'_>) -> Vec<(String, Vec<String>)> {
    let scopes = |(method, place): (&str, Reader<'_>)| {
        (method.to_owned(), place.names().into_iter().map(|(name, _)| name).collect())
    };
    reader.entries("`authRequirements`").map(scopes).collect()
}

/// Returns true if `read` is the number of items of a key's list.
fn is_read_whole(mapping: &Mapping<'_>, key: &str, read: usize) -> bool {
    match mapping.get(key).map(|list| &list.node.value) {
        Some(NodeValue::List(items)) => items.len() == read,
        other => other.is_none(),
    }
}

fn example(reader: Reader<'_>) -> Option<Example> {
    let mapping = reader.mapping("an example", &["exampleDescription", "input", "output"])?;
    let json = |key| mapping.get(key).map(|value| value.node.to_json()).unwrap_or_default();
    Some(Example { description: mapping.text("exampleDescription"), input: json("input"), output: json("output") })
}

fn action_id(place: &Reader<'_>) -> Option<String> {
    let id = place.text()?;
    let is_valid = !id.is_empty()
        && id.len() <= MAX_ID_BYTES
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_valid {
        place.error_with_hint(
            code::INVALID,
            format!("`{id}` is not a valid action id"),
            "use lower-case letters, digits and `_`",
        );
    }
    is_valid.then_some(id)
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
