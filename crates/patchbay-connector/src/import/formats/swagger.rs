//! Reads Swagger 2 (OpenAPI 2.0).

use serde_json::Value;

use super::{common, openapi, security};
use crate::import::{
    model::{Api, ApiBody, ApiFormField, ApiOperation, ApiParameter, ApiResponse, ApiServer, BodyMedia},
    refs::ApiDocument,
    review_notes::ReviewNotes,
};

pub(super) fn read<'d>(document: ApiDocument<'d>, notes: &ReviewNotes) -> Api<'d> {
    let root = document.root;
    let info = root.get("info").unwrap_or(&Value::Null);
    let operations = common::operations(document, notes, |path, item, method, described| {
        let mut operation = common::operation(path, method, described);
        let place = operation.place();
        let params = common::parameters(document, item, described, &place, notes);
        body(root, described, &params, &mut operation);
        for param in params {
            let is_body = matches!(param.get("in").and_then(Value::as_str), Some("body" | "formData"));
            if !is_body {
                operation.params.extend(parameter(param, &place, notes));
            }
        }
        common::split_query(&mut operation);
        operation.answer = answer(document, described);
        operation.security = described.get("security").map(security::requirements);
        operation
    });
    Api {
        document,
        format: "Swagger 2".to_owned(),
        title: common::text(info, "title"),
        description: common::text(info, "description"),
        docs: common::docs(root),
        servers: server(root).into_iter().collect(),
        schemes: security::schemes(document, root, "securityDefinitions"),
        security: root.get("security").map(security::requirements).unwrap_or_default(),
        operations,
    }
}

fn server(root: &Value) -> Option<ApiServer<'_>> {
    let (host, base) = (common::text(root, "host"), common::text(root, "basePath"));
    if host.is_empty() {
        return (!base.is_empty()).then(|| ApiServer { url: base, variables: Vec::new() });
    }
    let schemes = common::texts(root, "schemes");
    let is_plain = !schemes.is_empty() && !schemes.iter().any(|scheme| scheme == "https");
    let scheme = if is_plain { "http" } else { "https" };
    let slash = if base.is_empty() || base.starts_with('/') { "" } else { "/" };
    Some(ApiServer { url: format!("{scheme}://{host}{slash}{base}"), variables: Vec::new() })
}

fn parameter<'d>(param: &'d Value, place: &str, notes: &ReviewNotes) -> Option<ApiParameter<'d>> {
    let location = common::location(param, place, notes)?;
    Some(ApiParameter {
        name: common::text(param, "name"),
        location,
        required: common::flag(param, "required") || location == crate::import::model::ParameterLocation::Path,
        description: common::text(param, "description"),
        // The parameter itself is the schema.
        schema: param,
        style: common::collection_style(&common::text(param, "collectionFormat")),
    })
}

fn body<'d>(root: &'d Value, described: &'d Value, params: &[&'d Value], operation: &mut ApiOperation<'d>) {
    let consumes = if described.get("consumes").is_some() { described } else { root };
    let offered = common::texts(consumes, "consumes").iter().map(|name| openapi::media_of(name)).collect::<Vec<_>>();
    let of = |place: &str| {
        params
            .iter()
            .filter(|param| param.get("in").and_then(Value::as_str) == Some(place))
            .copied()
            .collect::<Vec<_>>()
    };
    if let Some(body) = of("body").first() {
        let is_json = |media: &&BodyMedia| matches!(media, BodyMedia::Json | BodyMedia::OtherJson(_));
        let media = offered.iter().find(is_json).or_else(|| offered.first()).cloned();
        // A body whose schema is an object is JSON, whatever other media types there are.
        let media =
            media.filter(|media| !matches!(media, BodyMedia::Form | BodyMedia::Multipart)).unwrap_or(BodyMedia::Json);
        operation.body = Some(ApiBody {
            media,
            schema: body.get("schema"),
            required: body.get("required").and_then(Value::as_bool),
            description: common::text(body, "description"),
            files: Vec::new(),
            styles: Vec::new(),
            fields: Vec::new(),
        });
        return;
    }
    let fields = of("formData");
    if fields.is_empty() {
        return;
    }
    let fields = fields
        .into_iter()
        .map(|field| ApiFormField {
            name: common::text(field, "name"),
            required: common::flag(field, "required"),
            schema: field,
            style: common::collection_style(&common::text(field, "collectionFormat")),
            is_file: field.get("type").and_then(Value::as_str) == Some("file"),
        })
        .collect::<Vec<_>>();
    let is_multipart = fields.iter().any(|field| field.is_file)
        || (offered.contains(&BodyMedia::Multipart) && !offered.contains(&BodyMedia::Form));
    operation.body = Some(ApiBody {
        media: if is_multipart { BodyMedia::Multipart } else { BodyMedia::Form },
        schema: None,
        required: None,
        description: String::new(),
        files: Vec::new(),
        styles: Vec::new(),
        fields,
    });
}

fn answer<'d>(document: ApiDocument<'d>, described: &'d Value) -> ApiResponse<'d> {
    let Some(answer) = common::success(document, described) else { return ApiResponse::default() };
    let schema = answer.get("schema");
    let produces = common::texts(described, "produces");
    let only_files = !produces.is_empty() && produces.iter().all(|media| common::is_file(media));
    let is_file = schema.is_some_and(|schema| schema.get("type").and_then(Value::as_str) == Some("file"));
    let accept = match produces.as_slice() {
        [only] => Some(only.clone()).filter(|only| common::is_vendor_json(only)),
        _ => None,
    };
    ApiResponse { schema, accept, is_file: is_file || only_files, has_link: common::has_link(answer) }
}
