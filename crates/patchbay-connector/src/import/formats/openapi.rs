//! Reads OpenAPI 3.0 and 3.1.

use serde_json::Value;

use super::{common, security};
use crate::import::{
    model::{
        Api, ApiBody, ApiOperation, ApiParameter, ApiResponse, ApiServer, BodyMedia, ParameterLocation, ParameterStyle,
    },
    refs::ApiDocument,
    review_notes::{ReviewNotes, Topic},
    schema::merge,
};

pub(super) fn read<'d>(document: ApiDocument<'d>, version: &str, notes: &ReviewNotes) -> Api<'d> {
    let root = document.root;
    let info = root.get("info").unwrap_or(&Value::Null);
    let short = version.split('.').take(2).collect::<Vec<_>>().join(".");
    let usual = servers(root);
    let operations = common::operations(document, notes, |path, item, method, described| {
        let mut operation = common::operation(path, method, described);
        let place = operation.place();
        for param in common::parameters(document, item, described, &place, notes) {
            match page_members(document, param) {
                Some(members) => operation.params.extend(members),
                None => operation.params.extend(parameter(document, param, &place, notes)),
            }
        }
        common::split_query(&mut operation);
        operation.body = described.get("requestBody").and_then(|body| request_body(document, body, &operation, notes));
        operation.answer = answer(document, described);
        operation.security = described.get("security").map(security::requirements);
        let servers = [described, item].into_iter().find_map(|holder| servers(holder).into_iter().next());
        let is_usual = |server: &ApiServer<'_>| usual.first().is_some_and(|usual| usual.url == server.url);
        operation.server = servers.map(|server| if is_usual(&server) { server.url } else { with_defaults(server) });
        operation
    });
    let components = root.get("components").unwrap_or(&Value::Null);
    Api {
        document,
        format: format!("OpenAPI {short}"),
        title: common::text(info, "title"),
        description: common::text(info, "description"),
        docs: common::docs(root),
        servers: usual,
        schemes: security::schemes(document, components, "securitySchemes"),
        security: root.get("security").map(security::requirements).unwrap_or_default(),
        operations,
    }
}

fn servers(holder: &Value) -> Vec<ApiServer<'_>> {
    let server = |server| ApiServer {
        url: common::text(server, "url"),
        variables: common::members(server, "variables").collect(),
    };
    common::items(holder, "servers").iter().map(server).collect()
}

/// Returns the URL of a server with the defaults of its variables.
fn with_defaults(server: ApiServer<'_>) -> String {
    server.variables.iter().fold(server.url, |url, (name, about)| match about.get("default").map(common::spelled) {
        Some(default) => url.replace(&format!("{{{name}}}"), &default),
        None => url,
    })
}

fn parameter<'d>(
    document: ApiDocument<'d>,
    param: &'d Value,
    place: &str,
    notes: &ReviewNotes,
) -> Option<ApiParameter<'d>> {
    let location = common::location(param, place, notes)?;
    // A parameter with a media type is written in it; in practice it is always JSON.
    let content = common::members(param, "content").next();
    let schema = content.map_or_else(|| param.get("schema"), |(_, media)| media.get("schema"));
    let style = if content.is_some() { ParameterStyle::Json } else { style(param) };
    if let Some(matrix @ ("matrix" | "label")) = param.get("style").and_then(Value::as_str) {
        let name = common::text(param, "name");
        notes.add(
            Topic::Parameter,
            place,
            format!("`{name}` has the style `{matrix}`, which is not supported; it is sent as a plain value"),
        );
    }
    let own = common::text(param, "description");
    let of_schema =
        || schema.and_then(|schema| document.resolved(schema)).map(|schema| common::text(schema, "description"));
    Some(ApiParameter {
        name: common::text(param, "name"),
        location,
        required: common::flag(param, "required") || location == crate::import::model::ParameterLocation::Path,
        description: if own.is_empty() { of_schema().unwrap_or_default() } else { own },
        schema: schema.unwrap_or(common::ANYTHING),
        style,
    })
}

/// Returns the members of a `page` that is an object, each as a parameter: pagination sets one of them and keeps the others.
fn page_members<'d>(document: ApiDocument<'d>, param: &'d Value) -> Option<Vec<ApiParameter<'d>>> {
    let name = common::text(param, "name");
    let is_page = ["page", "pagination", "paging"].contains(&name.to_ascii_lowercase().as_str());
    if !is_page || param.get("in").and_then(Value::as_str) != Some("query") {
        return None;
    }
    let is_deep = param.get("style").and_then(Value::as_str) == Some("deepObject");
    if !is_deep && param.get("explode").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let object = merge(document, param.get("schema")?);
    let is_flat = |schema: &Value| {
        let merged = merge(document, schema);
        merged.properties.is_empty() && merged.items.is_none() && !merged.open
    };
    if object.properties.is_empty() || !object.properties.iter().all(|(_, schema)| is_flat(schema)) {
        return None;
    }
    let member = |(member, schema): &(&'d str, &'d Value)| ApiParameter {
        name: if is_deep { format!("{name}[{member}]") } else { (*member).to_owned() },
        location: ParameterLocation::Query,
        required: common::flag(param, "required") && object.required.contains(member),
        description: merge(document, schema).description.to_owned(),
        schema,
        style: ParameterStyle::Repeat,
    };
    Some(object.properties.iter().map(member).collect())
}

/// Returns the style of a parameter, or of a field of a form.
fn style(holder: &Value) -> ParameterStyle {
    let explode = holder.get("explode").and_then(Value::as_bool);
    match holder.get("style").and_then(Value::as_str) {
        Some("deepObject") => ParameterStyle::Deep,
        Some("spaceDelimited") if explode != Some(true) => ParameterStyle::Space,
        Some("pipeDelimited") if explode != Some(true) => ParameterStyle::Pipe,
        _ if explode == Some(false) => ParameterStyle::Comma,
        _ => ParameterStyle::Repeat,
    }
}

fn request_body<'d>(
    document: ApiDocument<'d>,
    body: &'d Value,
    operation: &ApiOperation<'d>,
    notes: &ReviewNotes,
) -> Option<ApiBody<'d>> {
    let Some(body) = document.resolved(body) else {
        notes.add(Topic::Reference, operation.place(), "the `$ref` of the body is not in this file");
        return None;
    };
    let mut offered = common::members(body, "content").map(|(name, media)| (media_of(name), media)).collect::<Vec<_>>();
    offered.sort_by_key(|(media, _)| rank(media));
    let (media, described) = offered.into_iter().next()?;
    let is_binary = described.get("schema").is_some_and(|schema| {
        let merged = merge(document, schema);
        merged.format == Some("binary") || (merged.is_file && merged.properties.is_empty())
    });
    let media = match media {
        // A body that is a file, whatever its media type is called.
        BodyMedia::Json if is_binary => BodyMedia::Binary("application/octet-stream".to_owned()),
        BodyMedia::OtherJson(name) | BodyMedia::Text(name) if is_binary => BodyMedia::Binary(name),
        other => other,
    };
    let is_file = |(_, encoding): &(&str, &Value)| {
        let media = encoding.get("contentType").and_then(Value::as_str);
        media.is_some_and(|media| media.split(',').all(common::is_file))
    };
    let styles = common::members(described, "encoding").map(|(name, encoding)| {
        let is_json = encoding.get("contentType").and_then(Value::as_str).is_some_and(common::is_json);
        (name, if is_json { ParameterStyle::Json } else { style(encoding) })
    });
    Some(ApiBody {
        media,
        styles: styles.collect(),
        files: common::members(described, "encoding").filter(is_file).map(|(name, _)| name).collect(),
        schema: described.get("schema"),
        required: body.get("required").and_then(Value::as_bool),
        description: common::text(body, "description"),
        fields: Vec::new(),
    })
}

/// Returns how a media type is sent.
pub(super) fn media_of(name: &str) -> BodyMedia {
    let bare = common::bare(name);
    match bare.as_str() {
        "application/json" | "text/json" | "*/*" | "" => BodyMedia::Json,
        "application/x-www-form-urlencoded" => BodyMedia::Form,
        text if text.starts_with("multipart/") => BodyMedia::Multipart,
        text if text.ends_with("+json") => BodyMedia::OtherJson(bare),
        text if text.starts_with("text/")
            || text.ends_with("xml")
            || text.ends_with("yaml")
            || text.ends_with("graphql") =>
        {
            BodyMedia::Text(bare)
        }
        "application/x-ndjson" | "application/jsonl" => BodyMedia::Text(bare),
        text if text.contains('*') => BodyMedia::Binary("application/octet-stream".to_owned()),
        _ => BodyMedia::Binary(bare),
    }
}

/// Returns the preference among several media types; the simplest one has the lowest value.
const fn rank(media: &BodyMedia) -> u8 {
    match media {
        BodyMedia::Json => 0,
        BodyMedia::OtherJson(_) => 1,
        BodyMedia::Form => 2,
        BodyMedia::Multipart => 3,
        BodyMedia::Binary(_) => 4,
        BodyMedia::Text(_) => 5,
    }
}

fn answer<'d>(document: ApiDocument<'d>, described: &'d Value) -> ApiResponse<'d> {
    let Some(answer) = common::success(document, described) else { return ApiResponse::default() };
    let content = common::members(answer, "content").collect::<Vec<_>>();
    let json = content.iter().find(|(media, _)| common::is_json(media));
    let binary_text = |media: &Value| {
        media.get("schema").is_some_and(|schema| schema.get("format").and_then(Value::as_str) == Some("binary"))
    };
    let files = |(media, described): &(&str, &Value)| common::is_file(media) || binary_text(described);
    let plain = content.iter().any(|(media, _)| common::bare(media) == "application/json");
    ApiResponse {
        accept: json.map(|(media, _)| (*media).to_owned()).filter(|media| !plain && common::is_vendor_json(media)),
        schema: json.and_then(|(_, media)| media.get("schema")),
        is_file: (json.is_none() && content.iter().any(files)) || json.is_some_and(|(_, media)| binary_text(media)),
        has_link: common::has_link(answer),
    }
}
