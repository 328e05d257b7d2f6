//! `strategy: aws4`: AWS Signature Version 4.

use serde_json::Value;

use super::{Signing, Strategy};
use crate::{authorization::SchemeParameters, expr::Template, json_schema::object, syntax::Mapping};

const KEYS: [&str; 3] = ["strategy", "service", "region"];

pub(super) const STRATEGY: Strategy = Strategy { name: "aws4", keys: &KEYS, read, schema };

/// AWS Signature Version 4.
#[derive(Debug)]
pub struct Aws4Signing {
    /// The service's name, such as `s3`.
    pub service: Template,
    /// The region; by default `credentials.region`.
    pub region: Option<Template>,
}

impl SchemeParameters for Aws4Signing {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.push(&self.service);
        found.extend(&self.region);
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Signing> {
    let service = mapping.require("service")?.template()?;
    Some(Signing::Aws4(Aws4Signing { service, region: mapping.template("region") }))
}

fn schema() -> Value {
    object(&KEYS, &["strategy", "service"], &[STRATEGY.strategy_schema()])
}
