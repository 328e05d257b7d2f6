//! Steps and the parameters of their functions.

use super::{action::value, auth};
use crate::{
    definition::{
        Arg, ArgLocation, ArrayFormat, Cursor, CustomError, DownloadFile, HttpMethod, NextKeyIn, Page, PageLocation,
        PageMode, PaginatedRequest, Request, ResponseSpec, Step, StepFunction,
    },
    diagnostic::code,
    nearest::nearest,
    syntax::{Mapping, Reader},
};

const KEYS: [&str; 11] = [
    "stepId",
    "description",
    "stepFunction",
    "condition",
    "onConditionError",
    "ignoreError",
    "async",
    "successCriteria",
    "iterator",
    "stepFunctions",
    "label",
];
const REQUEST: [&str; 13] = [
    "baseUrl",
    "url",
    "method",
    "authorization",
    "args",
    "response",
    "customErrors",
    "encodeQueryParams",
    "cacheTTL",
    "certificates",
    "saml",
    "description",
    "context",
];
const METHODS: [(&str, HttpMethod); 5] = [
    ("get", HttpMethod::Get),
    ("post", HttpMethod::Post),
    ("put", HttpMethod::Put),
    ("patch", HttpMethod::Patch),
    ("delete", HttpMethod::Delete),
];
/// Functions of the format that this version does not run yet.
const LATER: [&str; 12] = [
    "soap_request",
    "soap_paginated_request",
    "group_data",
    "map_fields",
    "typecast",
    "upload_file",
    "upload_binary",
    "emit_event",
    "sign_jwt",
    "mcp_request",
    "code_execution_lambda",
    "browser_use",
];
const RUN: [&str; 4] = ["request", "paginated_request", "download_file", "static_values"];

pub(super) fn read(reader: Reader<'_>) -> Option<Step> {
    let mapping = reader.mapping("a step", &KEYS)?;
    for key in ["iterator", "stepFunctions", "async", "successCriteria", "onConditionError"] {
        super::root::unsupported(&mapping, key, "this part of a step is not supported yet");
    }
    let id = mapping.require("stepId").and_then(|id| id.text());
    let function = mapping.require("stepFunction").and_then(function);
    Some(Step {
        id: id?,
        description: mapping.text("description"),
        condition: mapping.template("condition"),
        ignore_error: mapping.flag("ignoreError", false),
        function: function?,
    })
}

fn function(reader: Reader<'_>) -> Option<StepFunction> {
    let mapping = reader.mapping("a step function", &["functionName", "version", "parameters"])?;
    let name_place = mapping.require("functionName")?;
    let name = name_place.text()?;
    if LATER.contains(&name.as_str()) {
        name_place.error(code::UNSUPPORTED, format!("the step function `{name}` is not supported yet"));
        return None;
    }
    let parameters = mapping.require("parameters")?;
    match name.as_str() {
        "request" => request(&parameters.mapping("`parameters`", &REQUEST)?).map(StepFunction::Request),
        "paginated_request" => {
            let known = [&REQUEST[..], &["iterator", "cursor"]].concat();
            paginated(&parameters.mapping("`parameters`", &known)?).map(StepFunction::PaginatedRequest)
        }
        "download_file" => {
            let known =
                [&REQUEST[..], &["responseMode", "responseType", "encoding", "maxRedirects", "followRedirects"]]
                    .concat();
            let mapping = parameters.mapping("`parameters`", &known)?;
            let as_text =
                mapping.get("encoding").and_then(|encoding| encoding.choice(&[("base64", false), ("utf8", true)]));
            Some(StepFunction::DownloadFile(DownloadFile {
                request: request(&mapping)?,
                as_text: as_text.unwrap_or(false),
            }))
        }
        "static_values" => {
            let mapping = parameters.mapping("`parameters`", &["values"])?;
            value(&mapping.require("values")?).map(StepFunction::StaticValues)
        }
        _ => {
            let near = nearest(&name, RUN.into_iter().chain(LATER)).map_or_else(|| RUN.join(", "), str::to_owned);
            name_place.error_with_hint(
                code::UNKNOWN_VALUE,
                format!("there is no step function `{name}`"),
                format!("did you mean: {near}?"),
            );
            None
        }
    }
}

fn request(mapping: &Mapping<'_>) -> Option<Request> {
    for key in ["certificates", "saml"] {
        super::root::unsupported(mapping, key, "this way to authenticate is not supported yet");
    }
    let url = mapping.require("url").and_then(|url| url.template());
    let method = mapping.get("method").map_or(Some(HttpMethod::Get), |method| method.choice(&METHODS));
    let response = mapping.get("response").map(response).unwrap_or_default();
    // Everything is read before anything is given up, so that every mistake is seen.
    let base_url = mapping.template("baseUrl");
    let authorization = mapping.get("authorization").and_then(auth::authorization);
    let args = mapping.items("args").iter().filter_map(arg).collect();
    let custom_errors = mapping.items("customErrors").into_iter().filter_map(custom_error).collect();
    Some(Request { base_url, url: url?, method: method?, authorization, args, response, custom_errors })
}

fn response(reader: Reader<'_>) -> ResponseSpec {
    const KEYS: [&str; 11] = [
        "collection",
        "indexField",
        "dataKey",
        "nextKey",
        "nextKeyIn",
        "fileNameKey",
        "contentTypeKey",
        "contentType",
        "contentIsBase64",
        "urlKey",
        "forwardAuth",
    ];
    let Some(mapping) = reader.mapping("`response`", &KEYS) else { return ResponseSpec::default() };
    ResponseSpec {
        collection: mapping.get("collection").and_then(|value| value.boolean()),
        index_field: mapping.text("indexField"),
        data_key: mapping.text("dataKey"),
    }
}

fn paginated(mapping: &Mapping<'_>) -> Option<PaginatedRequest> {
    const KEYS: [&str; 6] = ["key", "in", "condition", "mode", "startPage", "maxPage"];
    let iterator = mapping.require("iterator")?.mapping("`iterator`", &KEYS)?;
    let response = mapping.get("response").and_then(|response| {
        response.mapping("`response`", &["collection", "indexField", "dataKey", "nextKey", "nextKeyIn"])
    });
    let modes = [("cursor", PageMode::Cursor), ("offset", PageMode::Offset), ("page", PageMode::Page)];
    let places = [("query", PageLocation::Query), ("body", PageLocation::Body)];
    let next_in = [("headers", NextKeyIn::Headers), ("data", NextKeyIn::Data)];
    let cursor = mapping.get("cursor").and_then(|cursor| cursor.mapping("`cursor`", &["token", "position"]));
    let start = iterator.get("startPage").and_then(|start| start.whole()).unwrap_or(1);
    Some(PaginatedRequest {
        page: Page {
            key: iterator.require("key")?.text()?,
            location: iterator.get("in").and_then(|place| place.choice(&places)).unwrap_or(PageLocation::Query),
            mode: iterator.get("mode").and_then(|mode| mode.choice(&modes)).unwrap_or(PageMode::Cursor),
            start: i64::try_from(start).unwrap_or(1),
            max_pages: iterator.get("maxPage").and_then(|pages| pages.whole()),
            condition: iterator.template("condition"),
            next_key: response.and_then(|response| response.text("nextKey")),
            next_key_in: response
                .and_then(|response| response.get("nextKeyIn"))
                .and_then(|place| place.choice(&next_in))
                .unwrap_or(NextKeyIn::Data),
        },
        cursor: cursor.map(|cursor| Cursor { token: cursor.template("token"), position: cursor.template("position") }),
        request: request(mapping)?,
    })
}

fn custom_error(reader: Reader<'_>) -> Option<CustomError> {
    let mapping = reader.mapping("a custom error", &["receivedStatus", "targetStatus", "message", "condition"])?;
    let status = |key| {
        let place = mapping.require(key)?;
        let status = place.whole()?;
        let fits = (100..=599).contains(&status);
        if !fits {
            place.error(code::INVALID, format!("{status} is no HTTP status"));
        }
        fits.then(|| u16::try_from(status).ok()).flatten()
    };
    let (received, target) = (status("receivedStatus"), status("targetStatus"));
    Some(CustomError {
        received_status: received?,
        target_status: target?,
        message: mapping.template("message"),
        condition: mapping.template("condition"),
    })
}

fn arg(reader: &Reader<'_>) -> Option<Arg> {
    let mapping =
        reader.mapping("an argument", &["name", "value", "in", "condition", "spread", "inline", "arrayFormat"])?;
    let places = [("body", ArgLocation::Body), ("query", ArgLocation::Query), ("headers", ArgLocation::Headers)];
    let formats = [
        ("indexed", ArrayFormat::Indexed),
        ("repeat", ArrayFormat::Repeat),
        ("brackets", ArrayFormat::Brackets),
        ("comma", ArrayFormat::Comma),
        ("stringify", ArrayFormat::Stringify),
    ];
    let name = mapping.require("name").and_then(|name| name.template());
    let value = mapping.require("value").and_then(|place| value(&place));
    let location = mapping.require("in").and_then(|place| place.choice(&places));
    Some(Arg {
        name: name?,
        value: value?,
        location: location?,
        condition: mapping.template("condition"),
        spread: mapping.flag("spread", false),
        inline: mapping.flag("inline", false),
        array_format: mapping.get("arrayFormat").and_then(|format| format.choice(&formats)).unwrap_or_default(),
    })
}

/// An argument of an authorization: a header or a query parameter.
pub(super) fn credential_arg(reader: &Reader<'_>) -> Option<Arg> {
    let arg = arg(reader)?;
    if arg.location == ArgLocation::Body {
        reader
            .error(code::INVALID, "an authorization's argument is a header or a query parameter, not part of the body");
        return None;
    }
    Some(arg)
}
