//! Steps and the parameters of their functions.

use super::{action::value, authorization, function, unsupported};
use crate::{
    definition::{
        Arg, ArgLocation, ArrayFormat, Cursor, CustomError, DownloadFile, FileEncoding, FileSpec, FunctionVersion,
        HttpMethod, NextKeyIn, OnConditionError, PageLocation, PageMode, PaginatedRequest, Pagination, RequestSpec,
        ResponseSpec, Step, StepDependencies, StepFunction,
    },
    diagnostic::code,
    suggest::nearest,
    syntax::{Mapping, NodeValue, Reader},
};

pub(crate) const KEYS: [&str; 12] = [
    "stepId",
    "description",
    "stepFunction",
    "condition",
    "onConditionError",
    "ignoreError",
    "async",
    "successCriteria",
    "failureMessage",
    "iterator",
    "stepFunctions",
    "label",
];
pub(crate) const REQUEST: [&str; 13] = [
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
pub(crate) const METHODS: [(&str, HttpMethod); 5] = [
    ("get", HttpMethod::Get),
    ("post", HttpMethod::Post),
    ("put", HttpMethod::Put),
    ("patch", HttpMethod::Patch),
    ("delete", HttpMethod::Delete),
];
pub(crate) const NAMES: [&str; 14] = [
    "request",
    "paginated_request",
    "download_file",
    "static_values",
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
];
pub(crate) const RESPONSE: [&str; 11] = [
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
pub(crate) const DOWNLOAD: [&str; 5] = ["responseMode", "responseType", "encoding", "maxRedirects", "followRedirects"];

/// The most parts of a dotted key: each is an object within the one before.
const MAX_KEY_PARTS: usize = 48;

pub(super) fn read(reader: Reader<'_>) -> Option<Step> {
    let mapping = reader.mapping("a step", &KEYS)?;
    let id = mapping.require("stepId").and_then(|id| id.text());
    let more = mapping.items("stepFunctions").into_iter().map(function).collect::<Vec<_>>();
    let first = if more.is_empty() || mapping.get("stepFunction").is_some() {
        Some(mapping.require("stepFunction").and_then(function))
    } else {
        None
    };
    // Everything is read before anything is given up, so that every mistake is seen.
    let mut functions = first.into_iter().chain(more).collect::<Option<Vec<_>>>();
    let function = functions.as_mut().map(|functions| functions.remove(0));
    if mapping.get("description").is_none() {
        reader.warning(code::MISSING_TEXT, "the step has no description");
    }
    if let Some(message) = mapping.get("failureMessage").filter(|_| mapping.get("successCriteria").is_none()) {
        message.warning(code::UNUSED, "without `successCriteria` there is no failure to tell");
    }
    Some(Step {
        description: mapping.text("description"),
        condition: mapping.template("condition"),
        ignore_error: mapping.flag("ignoreError", false),
        on_condition_error: mapping.get("onConditionError").and_then(on_condition_error).unwrap_or_default(),
        is_async: mapping.flag("async", false),
        success_criteria: mapping.template("successCriteria"),
        failure_message: mapping.template("failureMessage"),
        iterator: mapping.template("iterator"),
        id: id?,
        function: function?,
        then: functions?,
        // Told once the action's fields are known, which its mappings read.
        depends_on: StepDependencies::Any,
    })
}

fn on_condition_error(reader: Reader<'_>) -> Option<OnConditionError> {
    match &reader.node.value {
        NodeValue::Bool(true) => Some(OnConditionError::Run),
        NodeValue::Bool(false) => Some(OnConditionError::Skip),
        _ => reader.choice(&[
            ("true", OnConditionError::Run),
            ("false", OnConditionError::Skip),
            ("break", OnConditionError::Break),
        ]),
    }
}

fn function(reader: Reader<'_>) -> Option<StepFunction> {
    let mapping = reader.mapping("a step function", &["functionName", "version", "parameters"])?;
    let name_place = mapping.require("functionName")?;
    let name = name_place.text()?;
    if let Some(reason) = unsupported::reason(&name) {
        name_place.error(code::UNSUPPORTED, format!("`{name}` is not run here: {reason}"));
        return None;
    }
    if !NAMES.contains(&name.as_str()) {
        let near = nearest(&name, NAMES.into_iter().chain(unsupported::names()));
        let hint =
            near.map_or_else(|| format!("there are: {}", NAMES.join(", ")), |near| format!("did you mean: {near}?"));
        name_place.error_with_hint(code::UNKNOWN_VALUE, format!("there is no step function `{name}`"), hint);
        return None;
    }
    let versions = [("1", FunctionVersion::V1), ("2", FunctionVersion::V2)];
    let version = mapping.get("version").map_or(Some(FunctionVersion::V1), |version| version.choice(&versions));
    if version == Some(FunctionVersion::V1) && matches!(name.as_str(), "map_fields" | "typecast") {
        name_place.warning(
            code::DEPRECATED,
            format!("`{name}` without `version: \"2\"` behaves as of old; say which is meant"),
        );
    }
    let parameters = mapping.require("parameters")?;
    match name.as_str() {
        "request" => request(&parameters.mapping("`parameters`", &REQUEST)?).map(StepFunction::Request),
        "paginated_request" => {
            let known = [&REQUEST[..], &["iterator", "cursor"]].concat();
            paginated(&parameters.mapping("`parameters`", &known)?).map(StepFunction::PaginatedRequest)
        }
        "download_file" => download(&parameters.mapping("`parameters`", &[&REQUEST[..], &DOWNLOAD].concat())?)
            .map(StepFunction::DownloadFile),
        "static_values" => {
            let mapping = parameters.mapping("`parameters`", &["values"])?;
            value(&mapping.require("values")?).map(StepFunction::StaticValues)
        }
        other => function::read(other, version?, parameters),
    }
}

fn download(mapping: &Mapping<'_>) -> Option<DownloadFile> {
    let encodings = [
        ("base64", FileEncoding::Base64),
        ("utf8", FileEncoding::Utf8),
        ("binary", FileEncoding::Raw),
        ("raw", FileEncoding::Raw),
        ("none", FileEncoding::Raw),
    ];
    let encoding = mapping.get("encoding").and_then(|encoding| encoding.choice(&encodings)).unwrap_or_default();
    let modes = [("buffer", false), ("stream", true)];
    // (text, JSON); `encoding` decides where it is there.
    let kinds =
        [("arraybuffer", (false, false)), ("blob", (false, false)), ("text", (true, false)), ("json", (false, true))];
    let kind = mapping.get("responseType").and_then(|kind| kind.choice(&kinds)).unwrap_or_default();
    let (is_text, is_json) = if mapping.get("encoding").is_none() { kind } else { (false, false) };
    let file =
        mapping.get("response").and_then(|place| place.mapping("`response`", &RESPONSE)).map(|response| FileSpec {
            name_key: response.text("fileNameKey"),
            content_type_key: response.text("contentTypeKey"),
            content_type: response.template("contentType"),
            is_base64: response.flag("contentIsBase64", false),
            url_key: response.text("urlKey"),
            forward_auth: response.flag("forwardAuth", false),
        });
    Some(DownloadFile {
        as_text: encoding == FileEncoding::Utf8 || is_text,
        as_json: is_json,
        encoding,
        stream: mapping.get("responseMode").and_then(|mode| mode.choice(&modes)).unwrap_or(false),
        max_redirects: mapping.get("maxRedirects").and_then(|count| count.whole()).unwrap_or(5),
        follow_redirects: mapping.flag("followRedirects", true),
        file: file.unwrap_or_default(),
        request: request(mapping)?,
    })
}

pub(super) fn request(mapping: &Mapping<'_>) -> Option<RequestSpec> {
    let url = mapping.require("url").and_then(|place| {
        let url = place.template()?;
        if url.lets_through("inputs") {
            let message = "an input that an expression puts into a URL is not encoded, and may change where it leads";
            place.warning_with_hint(
                code::INVALID,
                message,
                "write the URL as a text, such as /items/${inputs.id}, or use urlEncode(…)",
            );
        }
        Some(url)
    });
    let method = mapping.get("method").map_or_else(|| Some(default_method(mapping)), |method| method.choice(&METHODS));
    let response = mapping.get("response").map(response).unwrap_or_default();
    // Everything is read before anything is given up, so that every mistake is seen.
    let base_url = mapping.template("baseUrl");
    let authorization = mapping.get("authorization").and_then(authorization::read);
    let args = mapping.each("args", |place| arg(&place));
    let custom_errors = mapping.items("customErrors").into_iter().filter_map(custom_error).collect();
    let encode_query = mapping.flag("encodeQueryParams", true);
    let cache_ttl = mapping.get("cacheTTL").and_then(|seconds| seconds.whole()).unwrap_or(0);
    if let (Some(place), Some(method)) = (mapping.get("cacheTTL"), method)
        && method != HttpMethod::Get
    {
        place.warning(code::UNUSED, "only answers to `method: get` are kept; `cacheTTL` does nothing here");
    }
    let certificates = mapping.get("certificates").and_then(function::certificates);
    let saml = mapping.get("saml").and_then(function::saml);
    if let (Some(place), Some(HttpMethod::Get | HttpMethod::Delete)) = (mapping.get("saml"), method) {
        let hint = "add `method: post`; the assertion goes in the body";
        place.error_with_hint(code::INVALID, "`saml` is for the request that trades the assertion for a token", hint);
    }
    Some(RequestSpec {
        base_url,
        url: url?,
        method: method?,
        authorization,
        args,
        response,
        custom_errors,
        encode_query,
        cache_ttl,
        certificates,
        saml,
    })
}

/// What carries a file or an envelope is sent, what carries none is fetched.
fn default_method(mapping: &Mapping<'_>) -> HttpMethod {
    let sends = ["file", "binaryContent", "soapOperation", "envelope"].iter().any(|key| mapping.get(key).is_some());
    if sends { HttpMethod::Post } else { HttpMethod::Get }
}

fn response(reader: Reader<'_>) -> ResponseSpec {
    let Some(mapping) = reader.mapping("`response`", &RESPONSE) else { return ResponseSpec::default() };
    ResponseSpec {
        collection: mapping.get("collection").and_then(|value| value.boolean()),
        index_field: mapping.text("indexField"),
        data_key: mapping.text("dataKey"),
    }
}

fn paginated(mapping: &Mapping<'_>) -> Option<PaginatedRequest> {
    let (page, request) = (page(mapping), request(mapping));
    Some(PaginatedRequest { page: page?, cursor: cursor(mapping), request: request? })
}

pub(super) fn cursor(mapping: &Mapping<'_>) -> Option<Cursor> {
    let cursor = mapping.get("cursor").and_then(|cursor| cursor.mapping("`cursor`", &["token", "position"]))?;
    Some(Cursor { token: cursor.template("token"), position: cursor.template("position") })
}

pub(super) fn page(mapping: &Mapping<'_>) -> Option<Pagination> {
    const KEYS: [&str; 6] = ["key", "in", "condition", "mode", "startPage", "maxPage"];
    let iterator = mapping.require("iterator")?.mapping("`iterator`", &KEYS)?;
    let response = mapping.get("response").and_then(|response| response.mapping_unchecked());
    let modes = [("cursor", PageMode::Cursor), ("offset", PageMode::Offset), ("page", PageMode::Page)];
    let places = [("query", PageLocation::Query), ("body", PageLocation::Body)];
    let next_in = [("headers", NextKeyIn::Headers), ("data", NextKeyIn::Data)];
    if let Some(place) = iterator.get("key")
        && place.text().is_some_and(|key| key.split('.').count() > MAX_KEY_PARTS)
    {
        place.error(code::INVALID, format!("the key has more than {MAX_KEY_PARTS} parts"));
    }
    let start = iterator.get("startPage").and_then(|start| start.whole()).unwrap_or(1);
    Some(Pagination {
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
