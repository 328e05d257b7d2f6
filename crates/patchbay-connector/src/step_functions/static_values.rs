//! `static_values`: values without a request.

use serde_json::{Value, json};

use super::{FunctionVersion, StepFunctionType};
use crate::{
    expr::{Template, ValueTemplate},
    json_schema::object,
    syntax::Reader,
};

const KEYS: [&str; 1] = ["values"];

/// The function `static_values`.
pub(super) struct StaticValuesFunction;

impl StepFunctionType for StaticValuesFunction {
    type Parameters = ValueTemplate;
    const NAME: &'static str = "static_values";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<ValueTemplate> {
        let mapping = parameters.parameters(&KEYS)?;
        ValueTemplate::read(&mapping.require("values")?)
    }

    fn templates<'a>(values: &'a ValueTemplate, found: &mut Vec<&'a Template>) {
        values.templates(&mut |template| found.push(template));
    }

    fn schema() -> Value {
        object(&KEYS, &KEYS, &[("values", json!(true))])
    }
}
