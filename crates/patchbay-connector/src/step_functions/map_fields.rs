//! `map_fields`: the fields of records, mapped.

use serde_json::Value;

use super::{DependencyScan, FunctionVersion, StepContext, StepFunctionType};
use crate::{
    expr::Template,
    field_mapping::{FieldMapping, field_mappings},
    json_schema::{list, map_of, object, reference, text},
    syntax::Reader,
};

const KEYS: [&str; 3] = ["fields", "dataSource", "externalSources"];

/// The fields of a source, mapped or only converted to their types.
#[derive(Debug)]
pub struct MapFields {
    /// The version of the function; the current one is "2".
    pub version: FunctionVersion,
    /// The fields; `None` uses the action's `fieldConfigs`.
    pub fields: Option<Vec<FieldMapping>>,
    /// The records; `None` uses the output of the step before.
    pub source: Option<Template>,
    /// Further sources, by alias.
    pub external_sources: Vec<(String, Template)>,
}

/// The function `map_fields`.
pub(super) struct MapFieldsFunction;

impl StepFunctionType for MapFieldsFunction {
    type Parameters = MapFields;
    const NAME: &'static str = "map_fields";
    const IS_VERSIONED: bool = true;

    fn read(parameters: Reader<'_>, version: FunctionVersion) -> Option<MapFields> {
        let mapping = parameters.parameters(&KEYS)?;
        Some(MapFields {
            version,
            fields: mapping.get("fields").map(|fields| field_mappings(&fields)),
            source: mapping.template("dataSource"),
            external_sources: mapping.named_templates("externalSources"),
        })
    }

    /// Adds the expressions of the sources; those of the fields refer to the record.
    fn templates<'a>(map: &'a MapFields, found: &mut Vec<&'a Template>) {
        found.extend(&map.source);
        found.extend(map.external_sources.iter().map(|(_, source)| source));
    }

    /// Adds the expressions of the fields. Without a source, it reads the output of any step before it.
    fn dependencies<'a>(map: &'a MapFields, action_fields: &'a [FieldMapping], found: &mut DependencyScan<'a>) {
        found.any |= map.source.is_none();
        for field in map.fields.as_deref().unwrap_or(action_fields) {
            field.templates(&mut found.templates);
        }
    }

    /// Reports scopes of the fields that the connector does not define.
    fn check(map: &MapFields, context: &StepContext<'_, '_>) {
        for field in map.fields.iter().flatten() {
            field.check_scopes(context.place, context.scopes);
        }
    }

    fn schema() -> Value {
        object(&KEYS, &[], &[("fields", list(&reference("fieldMapping"))), ("externalSources", map_of(&text()))])
    }
}
