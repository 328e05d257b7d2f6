//! `typecast`: the fields of records, converted to their types.

use serde_json::Value;

use super::{DependencyScan, FunctionVersion, MapFields, StepContext, StepFunctionType, map_fields::MapFieldsFunction};
use crate::{
    expr::Template,
    field_mapping::{FieldMapping, typed_fields},
    json_schema::{list, object, reference},
    syntax::Reader,
};

const KEYS: [&str; 2] = ["fields", "dataSource"];

/// The function `typecast`.
pub(super) struct TypecastFunction;

impl StepFunctionType for TypecastFunction {
    type Parameters = MapFields;
    const NAME: &'static str = "typecast";
    const IS_VERSIONED: bool = true;

    fn read(parameters: Reader<'_>, version: FunctionVersion) -> Option<MapFields> {
        let mapping = parameters.parameters(&KEYS)?;
        Some(MapFields {
            version,
            fields: mapping.get("fields").map(|fields| typed_fields(&fields)),
            source: Some(mapping.require("dataSource")?.template()?),
            external_sources: Vec::new(),
        })
    }

    fn templates<'a>(cast: &'a MapFields, found: &mut Vec<&'a Template>) {
        MapFieldsFunction::templates(cast, found);
    }

    fn dependencies<'a>(cast: &'a MapFields, action_fields: &'a [FieldMapping], found: &mut DependencyScan<'a>) {
        MapFieldsFunction::dependencies(cast, action_fields, found);
    }

    fn check(cast: &MapFields, context: &StepContext<'_, '_>) {
        MapFieldsFunction::check(cast, context);
    }

    fn schema() -> Value {
        object(&KEYS, &["dataSource"], &[("fields", list(&reference("typecastField")))])
    }
}
