//! Compares the body of a request with the bodies that its operation takes.

use serde_json::Value;

use super::{
    Contract, Finding, FindingKind, nested,
    sample::Direction,
    value::{Checker, listed},
};
use crate::import::model::{ApiFormField, ApiOperation, BodyMedia};

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// A body that an operation takes.
struct DescribedBody<'d> {
    media: String,
    schema: Option<&'d Value>,
}

/// The bodies that an operation takes.
struct DescribedBodies<'d> {
    all: Vec<DescribedBody<'d>>,
    is_required: bool,
}

impl DescribedBodies<'_> {
    /// Returns the described media type that a recorded body has; `None` if it is unclear.
    fn guess(&self, body: &[u8]) -> Option<String> {
        let of = |wanted: &dyn Fn(&str) -> bool| {
            self.all.iter().map(|known| known.media.as_str()).find(|media| wanted(media)).map(str::to_owned)
        };
        if serde_json::from_slice::<Value>(body).is_ok() {
            return of(&is_json).or_else(|| Some("application/json".to_owned()));
        }
        of(&|media| media == FORM).filter(|_| body.contains(&b'='))
    }
}

impl<'d> Contract<'d> {
    pub(super) fn check_body(
        &self,
        operation: &ApiOperation<'d>,
        content_type: Option<&str>,
        body: &[u8],
        findings: &mut Vec<Finding>,
    ) {
        let described = self.described_bodies(operation);
        let is_empty = body.is_empty() || (body == b"{}" && described.all.is_empty());
        if is_empty {
            if described.is_required {
                let message = "the description requires a body, and none is sent".to_owned();
                findings.push(Finding::new(FindingKind::Missing, "body", message));
            }
            return;
        }
        if described.all.is_empty() {
            let message = "a body is sent; the description has none".to_owned();
            findings.push(Finding::new(FindingKind::Body, "body", message));
            return;
        }
        let guessed = || described.guess(body);
        let Some(media) = content_type.map(bare).or_else(guessed) else { return };
        let Some(mine) = described.all.iter().find(|known| covers(&known.media, &media)) else {
            let known = described.all.iter().map(|known| known.media.as_str()).collect::<Vec<_>>();
            let message = format!("`{media}` is sent; the description has {}", listed(&known));
            findings.push(Finding::new(FindingKind::MediaType, "headers.content-type", message));
            return;
        };
        let fields = operation.body.as_ref().map(|body| body.fields.as_slice()).unwrap_or_default();
        if is_json(&media) {
            match (serde_json::from_slice::<Value>(body), mine.schema) {
                (Ok(value), Some(schema)) => {
                    findings.extend(Checker::new(self.api.document, Direction::Request).check(schema, &value, "body"));
                }
                (Err(error), _) => {
                    findings.push(Finding::new(FindingKind::Body, "body", format!("the body is not JSON: {error}")));
                }
                (Ok(_), None) => {}
            }
        } else if media == FORM {
            let pairs = url::form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned()));
            let value = Value::Object(nested::object(&pairs.collect::<Vec<_>>()));
            match mine.schema {
                Some(schema) => findings.extend(Checker::of_text(self.api.document).check(schema, &value, "body")),
                None => self.check_fields(fields, &value, findings),
            }
        } else if media.starts_with("multipart/") {
            let names = part_names(body);
            let value = Value::Object(names.into_iter().map(|name| (name, Value::Null)).collect());
            match mine.schema {
                Some(schema) => self.check_names(schema, &value, findings),
                None => self.check_fields(fields, &value, findings),
            }
        }
    }

    /// Compares the names of a multipart body, whose values are files or text.
    fn check_names(&self, described: &'d Value, value: &Value, findings: &mut Vec<Finding>) {
        let found = Checker::new(self.api.document, Direction::Request).check(described, value, "body");
        let about_names = |finding: &Finding| matches!(finding.kind, FindingKind::Member | FindingKind::Missing);
        findings.extend(found.into_iter().filter(about_names));
    }

    fn check_fields(&self, fields: &[ApiFormField<'d>], value: &Value, findings: &mut Vec<Finding>) {
        let Value::Object(members) = value else { return };
        for (name, value) in members {
            match fields.iter().find(|field| field.name == *name) {
                Some(field) if !field.is_file && !value.is_null() => {
                    let place = format!("body.{name}");
                    findings.extend(Checker::of_text(self.api.document).check(field.schema, value, &place));
                }
                Some(_) => {}
                None => {
                    let names = fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>();
                    let message = format!("the description has no field `{name}`; it has {}", listed(&names));
                    findings.push(Finding::new(FindingKind::Member, format!("body.{name}"), message));
                }
            }
        }
        for field in fields.iter().filter(|field| field.required && !members.contains_key(&field.name)) {
            findings.push(Finding::missing(format!("body.{}", field.name)));
        }
    }

    fn described_bodies(&self, operation: &ApiOperation<'d>) -> DescribedBodies<'d> {
        let of_openapi = operation.described.get("requestBody").and_then(|body| self.api.document.resolved(body));
        if let Some(body) = of_openapi {
            let content = body.get("content").and_then(Value::as_object).into_iter().flatten();
            let all = content.map(|(name, media)| DescribedBody { media: bare(name), schema: media.get("schema") });
            let is_required = body.get("required").and_then(Value::as_bool) == Some(true);
            return DescribedBodies { all: all.collect(), is_required };
        }
        let upload = operation.described.get("mediaUpload").is_some().then(|| "*/*".to_owned());
        let Some(body) = &operation.body else {
            let all = upload.map(|media| DescribedBody { media, schema: None }).into_iter().collect();
            return DescribedBodies { all, is_required: false };
        };
        let mut medias = match &body.media {
            BodyMedia::Json => vec!["application/json".to_owned()],
            BodyMedia::OtherJson(name) | BodyMedia::Binary(name) | BodyMedia::Text(name) => vec![name.clone()],
            BodyMedia::Form => vec![FORM.to_owned()],
            BodyMedia::Multipart => vec!["multipart/form-data".to_owned()],
        };
        // Swagger lists all of them for the operation or for the whole API.
        let root = self.api.document.root;
        let consumes = operation.described.get("consumes").or_else(|| root.get("consumes"));
        medias.extend(consumes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(bare));
        medias.extend(upload);
        let all = medias.into_iter().map(|media| DescribedBody { media, schema: body.schema }).collect();
        DescribedBodies { all, is_required: body.required == Some(true) }
    }
}

/// Returns a media type without parameters, in lower case.
pub(super) fn bare(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns true if the media type is JSON.
pub(super) fn is_json(media: &str) -> bool {
    matches!(media, "application/json" | "text/json") || media.ends_with("+json")
}

/// Returns true if the described media type, which can have a `*`, covers the one that is sent.
fn covers(described: &str, sent: &str) -> bool {
    if described == sent || described == "*/*" {
        return true;
    }
    described.strip_suffix("/*").is_some_and(|kind| sent.split('/').next() == Some(kind))
}

/// Returns the names of the parts of a multipart body (RFC 7578, section 4.2).
fn part_names(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let heads = text.lines().filter(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
    let name = |line: &str| {
        let rest = line.split(';').map(str::trim).find_map(|part| part.strip_prefix("name="))?;
        Some(rest.trim_matches('"').to_owned())
    };
    heads.filter_map(name).collect()
}
