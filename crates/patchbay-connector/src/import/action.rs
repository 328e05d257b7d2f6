//! Generates an action from an operation.

use std::collections::HashMap;

use super::{
    args,
    body::{BodyBuilder, BodyEncoding},
    error_messages::custom_errors,
    group::{GeneratedAction, Probe},
    inputs::ActionInputs,
    model::{
        Api, ApiMethod, ApiOperation, ApiParameter, KeyLocation, ParameterLocation, ParameterStyle, SecurityScheme,
    },
    names,
    overlay::{ActionChoice, Overlay, PagingChoice},
    pagination::{self, DetectedPagination, ListShape},
    review_notes::{ReviewNotes, Topic},
    schema::{InputShape, SchemaReader, ShapeType},
    scopes::Scopes,
    servers::ConnectorBaseUrl,
    shared_headers::{self, SharedHeaders},
    text::{capitalized, description, details, line, sentence},
    words,
};
use crate::{
    definition::InputLocation,
    yaml::{Map, Yaml},
};

/// The maximum length of a path, in bytes; the limit of expressions is a little higher.
const MAX_PATH_BYTES: usize = 3000;
/// The maximum length of a label, in characters.
const MAX_LABEL_CHARS: usize = 60;

/// The number of operations up to which a tag groups them even if most operations have it.
const MAX_GROUP: usize = 60;

/// What all actions of a connector have in common.
pub(super) struct ImportContext<'a, 'd> {
    pub(super) api: &'a Api<'d>,
    /// The connector's title.
    pub(super) title: &'a str,
    pub(super) server: &'a ConnectorBaseUrl,
    pub(super) scopes: &'a Scopes,
    pub(super) notes: &'a ReviewNotes,
    pub(super) headers: &'a SharedHeaders,
    pub(super) overlay: &'a Overlay,
    /// The tag that most operations have, see [`common_tag`].
    pub(super) common_tag: Option<&'a str>,
    /// The parameters, in lower case, that the authorization sends already.
    pub(super) repeated_credentials: &'a [String],
}

/// Returns the action; `None` if no step function can send the request, which is noted.
pub(super) fn action(
    context: &ImportContext<'_, '_>,
    operation: &ApiOperation<'_>,
    id: &str,
) -> Option<GeneratedAction> {
    let note = |topic, detail: String| context.notes.add(topic, operation.place(), detail);
    if operation.path.len() > MAX_PATH_BYTES {
        note(Topic::LeftOut, "its path is too long".to_owned());
        return None;
    }
    let choice = context.overlay.of(operation);
    let mut inputs = ActionInputs::of(
        words::thing(operation),
        choice,
        [context.overlay.omitted.as_slice(), context.repeated_credentials].concat(),
    );
    let mut arguments: Vec<Yaml> = Vec::new();
    let mut reader = SchemaReader::new(context.api.document, context.notes, operation.place());
    let listing = pagination::listing(context.api.document, operation);
    let is_list = listing.is_list && (operation.method == ApiMethod::Get || pagination::is_query(operation));
    let paged = pages(context, operation, choice, &listing, is_list);
    let own_base = own_base_url(context, operation);
    let url = url(context, operation, &mut reader, &mut inputs, own_base.is_some());
    let mut page_input = None;
    for param in &operation.params {
        let is_page =
            paged.as_ref().is_some_and(|paged| param.location == ParameterLocation::Query && param.name == paged.key);
        let name = parameter(context, operation, param, &mut reader, &mut inputs, &mut arguments, is_page);
        if is_page {
            page_input = name;
        }
    }
    arguments.extend(context.headers.everywhere().cloned().map(Yaml::from));
    let has_accept = operation.params.iter().any(|param| param.name.eq_ignore_ascii_case("accept"));
    if let Some(media) = operation.answer.accept.as_deref().filter(|_| !has_accept) {
        arguments.extend(args::fixed("Accept", &media.into(), "headers").map(Yaml::from));
    }
    if let Some(paged) = paged.as_ref().filter(|paged| page_input.is_none() && !paged.is_in_body) {
        let about = "The position of the page, from `next` of the previous call.".to_owned();
        let shape = InputShape { description: about, ..InputShape::of(ShapeType::String) };
        page_input = Some(inputs.add(&paged.key, InputLocation::Query, &shape, false));
    }
    if let Some((name, count)) = inputs.add_filters() {
        let detail = format!("`{name}` sets {count} filter parameters, whose inputs are hidden");
        note(Topic::Parameter, detail);
    }
    let encoding = match body(context, operation, &mut reader, &mut inputs, &mut arguments) {
        Ok(encoding) => encoding,
        Err(reason) => {
            note(Topic::LeftOut, reason);
            return None;
        }
    };
    if let Some(paged) = paged.as_ref().filter(|paged| paged.is_in_body) {
        page_input = inputs.members.iter().find(|(member, _)| *member == paged.key).map(|(_, input)| input.clone());
    }
    if inputs.undescribed > 0 && !context.api.document.facts_only {
        note(Topic::Description, format!("{} inputs without a description", inputs.undescribed));
    }
    let mut parameters = Map::new().with_some("baseUrl", own_base);
    parameters.set("url", url);
    parameters.set("method", operation.method.as_str());
    if !arguments.is_empty() {
        parameters.set("args", arguments);
    }
    let errors = custom_errors(context.api.document, context.title, operation);
    if !errors.is_empty() {
        parameters.set("customErrors", errors);
    }
    let function = function(context, operation, encoding, paged.as_ref().zip(page_input.as_deref()), &mut parameters);
    let step = Map::new()
        .with("stepId", "call")
        .with("description", sentence(&label(operation, id)))
        .with("stepFunction", Map::new().with("functionName", function).with("parameters", parameters));
    let result = result(context, operation, function, is_list.then_some(&listing));
    let is_probe = operation.method == ApiMethod::Get
        && !inputs.any_required
        && function != "download_file"
        && !operation.deprecated;
    let probe = if is_probe { Probe::of(context.api, operation, id) } else { None };
    let mut map = head(context, operation, id, is_list, choice);
    let rules = std::mem::take(&mut inputs.rules);
    let inputs = inputs.into_list();
    if !inputs.is_empty() {
        map.set("inputs", inputs);
    }
    if !rules.is_empty() {
        map.set("validationRules", rules);
    }
    let map = map.with("steps", vec![Yaml::from(step)]).with("result", result);
    Some(GeneratedAction { group: group(context, operation), action: map.into(), probe })
}

/// Returns the pagination of a list: a person's decision, otherwise a guess.
fn pages(
    context: &ImportContext<'_, '_>,
    operation: &ApiOperation<'_>,
    choice: Option<&ActionChoice>,
    listing: &ListShape,
    is_list: bool,
) -> Option<DetectedPagination> {
    match choice.and_then(|choice| choice.paging.as_ref()) {
        None if is_list && !operation.answer.is_file => pagination::guess(context.api.document, operation, listing),
        None | Some(PagingChoice::Off) => None,
        Some(PagingChoice::On { key, mode, start, next, is_in_headers, data }) => {
            let next = next.clone().map(|next| (next, *is_in_headers));
            let data = data.clone().or_else(|| listing.data_key.clone());
            Some(DetectedPagination::chosen(key, mode, *start, next, data))
        }
    }
}

/// Adds the request body.
///
/// # Errors
/// The reason, if no step function can send it.
fn body<'d, 'n>(
    context: &ImportContext<'n, 'd>,
    operation: &ApiOperation<'d>,
    reader: &mut SchemaReader<'d, 'n>,
    inputs: &mut ActionInputs,
    arguments: &mut Vec<Yaml>,
) -> Result<BodyEncoding, String> {
    let Some(body) = &operation.body else { return Ok(BodyEncoding::Args) };
    let place = operation.place();
    let mut builder = BodyBuilder { reader, inputs, args: arguments, notes: context.notes, place: place.clone() };
    let encoding = builder.body(body)?;
    if operation.method == ApiMethod::Get {
        context.notes.add(Topic::Body, place, "a GET with a body; many servers ignore it");
    }
    Ok(encoding)
}

/// Returns the base URL of the operation, if it differs from the connector's.
fn own_base_url(context: &ImportContext<'_, '_>, operation: &ApiOperation<'_>) -> Option<String> {
    let base = operation.server.as_deref()?.trim_end_matches('/');
    if base == context.server.described {
        return None;
    }
    let literal = args::literal(base).filter(|base| base.starts_with("https://") && !base.contains(['{', '}']));
    if literal.is_none() {
        let detail = format!("the server `{}` of the operation is ignored", line(base, 120));
        context.notes.add(Topic::BaseUrl, operation.place(), detail);
    }
    literal
}

/// Returns the result; `listing` is the shape of a list response.
fn result(
    context: &ImportContext<'_, '_>,
    operation: &ApiOperation<'_>,
    function: &str,
    listing: Option<&ListShape>,
) -> Map {
    let data = || Map::new().with("data", "$.steps.call.output.data");
    match function {
        "download_file" => Map::new().with(
            "data",
            Map::new()
                .with("content", "$.steps.call.output.data")
                .with("file_name", "$.steps.call.output.fileMetadata.fileName")
                .with("content_type", "$.steps.call.output.fileMetadata.contentType"),
        ),
        "paginated_request" => data().with("next", "$.steps.call.output.next"),
        "request" if listing.is_some() => {
            let by_record = listing.and_then(|listing| pagination::by_last_record(operation, listing));
            if by_record.is_some() {
                let detail = "`starting_after` with the last record's id";
                context.notes.add(Topic::PaginationGuessed, operation.place(), detail);
            } else if pagination::looks_paged(operation) {
                context.notes.add(Topic::PaginationUnknown, operation.place(), "");
            }
            by_record.unwrap_or_else(data)
        }
        _ => data(),
    }
}

/// Returns the part of an action above its inputs.
fn head(
    context: &ImportContext<'_, '_>,
    operation: &ApiOperation<'_>,
    id: &str,
    is_list: bool,
    choice: Option<&ActionChoice>,
) -> Map {
    let label = choice.and_then(|choice| choice.label.clone()).unwrap_or_else(|| label(operation, id));
    let mut about = description(&operation.description);
    if says_nothing(&about) {
        about.clear();
    }
    let summary = sentence(&line(&operation.summary, 300));
    let description_text = match (about.is_empty(), summary.is_empty()) {
        (false, _) => about,
        (true, false) => summary,
        (true, true) => {
            if !context.api.document.facts_only {
                context.notes.add(Topic::Description, operation.place(), "the action has no description");
            }
            words::action(operation, id)
        }
    };
    let lines = details(&operation.description);
    let is_long = operation.description.trim().chars().count() > description_text.chars().count() + 8;
    let own_words = choice.and_then(|choice| choice.description.as_deref()).map(sentence);
    let is_long = is_long && own_words.is_none();
    let description_text = own_words.unwrap_or(description_text);
    let mut map = Map::new().with("actionId", id).with("label", label).with("description", description_text);
    if is_long && !lines.is_empty() {
        map.set("details", Yaml::Lines(lines));
    }
    let category = choice.and_then(|choice| choice.category.clone());
    map.set("categories", vec![category.unwrap_or_else(|| super::group::slug(&group(context, operation)))]);
    map.set("actionType", kind(operation, id, is_list));
    if operation.deprecated {
        context.notes.add(Topic::Deprecated, operation.place(), "");
        map.set("releaseStage", "deprecated");
    }
    if let Some(docs) = &operation.docs {
        map.set("resources", docs.as_str());
    }
    map.set("annotations", annotations(operation.method));
    let scopes = choice.and_then(|choice| choice.scopes.clone());
    let scopes = scopes.unwrap_or_else(|| context.scopes.required(context.api, operation));
    if !scopes.is_empty() {
        map.set("requiredScopes", scopes);
    }
    map
}

/// Returns true if the first sentence of a description does not say what the operation does: it names a scope, a
/// permission, a limit or a stage.
fn says_nothing(about: &str) -> bool {
    const STARTS: [&str; 17] = [
        "required scope",
        "requires scope",
        "requires the scope",
        "scope",
        "oauth scope",
        "required permission",
        "permission",
        "requires permission",
        "rate limit",
        "note",
        "warning",
        "deprecated",
        "beta",
        "important",
        "this endpoint requires",
        "this endpoint is rate limited",
        "see ",
    ];
    let text = about.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    STARTS.iter().any(|start| text.starts_with(start))
}

/// Returns the annotations that follow from the method (RFC 9110 section 9.2).
fn annotations(method: ApiMethod) -> Map {
    let (reads, destroys, repeats) = match method {
        ApiMethod::Get => (true, false, true),
        ApiMethod::Put => (false, false, true),
        ApiMethod::Delete => (false, true, true),
        ApiMethod::Post | ApiMethod::Patch => (false, false, false),
    };
    Map::flow().with("readOnlyHint", reads).with("destructiveHint", destroys).with("idempotentHint", repeats)
}

fn kind(operation: &ApiOperation<'_>, id: &str, is_list: bool) -> &'static str {
    let does = id.split('_').next().unwrap_or_default();
    match operation.method {
        _ if is_list => "list",
        ApiMethod::Get => "get",
        ApiMethod::Post if matches!(does, "create" | "add" | "insert" | "upload" | "invite" | "import") => "create",
        ApiMethod::Post if does == "update" => "update",
        ApiMethod::Post if does == "delete" => "delete",
        ApiMethod::Post => "custom",
        ApiMethod::Put | ApiMethod::Patch => "update",
        ApiMethod::Delete => "delete",
    }
}

fn label(operation: &ApiOperation<'_>, id: &str) -> String {
    let summary = line(operation.summary.trim().trim_end_matches('.'), MAX_LABEL_CHARS + 1);
    let fits = !summary.is_empty() && !summary.ends_with('…') && summary.chars().count() <= MAX_LABEL_CHARS;
    if fits { capitalized(&summary) } else { words::label(id) }
}

/// Returns the first tag of most operations of a large API, which does not group them.
pub(super) fn common_tag<'a>(api: &'a Api<'_>) -> Option<&'a str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for tag in api.operations.iter().filter_map(|operation| operation.tags.first()) {
        *counts.entry(tag).or_default() += 1;
    }
    let is_common = |count: usize| count > MAX_GROUP && count * 10 > api.operations.len() * 6;
    counts.into_iter().find(|(_, count)| is_common(*count)).map(|(tag, _)| tag)
}

/// Returns the group of an action: its first tag, unless most operations have it, otherwise the first literal segment of
/// its path.
fn group(context: &ImportContext<'_, '_>, operation: &ApiOperation<'_>) -> String {
    let is_group =
        |tag: &&String| tag.chars().any(|c| c.is_ascii_alphanumeric()) && context.common_tag != Some(tag.as_str());
    if let Some(tag) = operation.tags.first().filter(is_group) {
        return tag.clone();
    }
    let is_thing = |segment: &&str| {
        !segment.is_empty()
            && !segment.contains('{')
            && !names::is_version(segment)
            && !matches!(*segment, "api" | "rest" | "public" | "apis")
    };
    operation.path.split('/').find(is_thing).unwrap_or("actions").to_owned()
}

/// Returns the path with its inputs, which are added.
fn url<'d>(
    context: &ImportContext<'_, 'd>,
    operation: &ApiOperation<'d>,
    reader: &mut SchemaReader<'d, '_>,
    inputs: &mut ActionInputs,
    has_own_base: bool,
) -> String {
    let path = operation.path.split('#').next().unwrap_or_default();
    let mut url = if has_own_base { String::new() } else { context.server.path_prefix.clone() };
    let mut known: Vec<(String, String)> = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inside, after)) = after.split_once('}') else { break };
        url.push_str(&literal_path(before));
        rest = after;
        // The operators of RFC 6570. Query parameters within the path are added as parameters.
        if inside.starts_with('+') {
            let note = format!("`{inside}` can contain slashes, which are encoded");
            context.notes.add(Topic::Parameter, operation.place(), note);
        }
        let name = inside.trim_start_matches('+').split(['*', ':', '=']).next().unwrap_or_default();
        if name.is_empty() || name.starts_with(['?', '&', '/', '#', ';', '.']) {
            continue;
        }
        let input = match known.iter().find(|(known, _)| known == name) {
            Some((_, input)) => input.clone(),
            None => {
                let param = operation
                    .params
                    .iter()
                    .find(|param| param.location == ParameterLocation::Path && param.name == name);
                let shape = match param {
                    Some(param) => with_description(reader.shape(param.schema, name), &param.description),
                    None => {
                        context.notes.add(
                            Topic::Parameter,
                            operation.place(),
                            format!("the path parameter `{name}` is not described"),
                        );
                        InputShape::of(ShapeType::String)
                    }
                };
                // The id in `/parcels/{id}/label` is that of a parcel.
                let own = std::mem::replace(&mut inputs.thing, words::noun_before(&url));
                let input = inputs.add(name, InputLocation::Path, &InputShape { nullable: false, ..shape }, true);
                inputs.thing = own;
                known.push((name.to_owned(), input.clone()));
                input
            }
        };
        url.push_str("${inputs.");
        url.push_str(&input);
        url.push('}');
    }
    url.push_str(&literal_path(rest));
    if url.starts_with('/') { url } else { format!("/{url}") }
}

/// Returns a literal part of a path, escaped for expressions.
fn literal_path(part: &str) -> String {
    let mut out = String::new();
    for character in part.chars() {
        match character {
            '{' | '}' => {}
            '$' => out.push_str("%24"),
            ' ' => out.push_str("%20"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

fn with_description(mut shape: InputShape, about: &str) -> InputShape {
    if !about.is_empty() {
        about.clone_into(&mut shape.description);
    }
    shape
}

/// Adds a parameter of the query or the headers; returns the name of its input.
fn parameter<'d>(
    context: &ImportContext<'_, 'd>,
    operation: &ApiOperation<'d>,
    param: &ApiParameter<'d>,
    reader: &mut SchemaReader<'d, '_>,
    inputs: &mut ActionInputs,
    arguments: &mut Vec<Yaml>,
    is_page: bool,
) -> Option<String> {
    let (place, location) = match param.location {
        ParameterLocation::Path => return None,
        ParameterLocation::Query => (InputLocation::Query, KeyLocation::Query),
        ParameterLocation::Header => (InputLocation::Headers, KeyLocation::Header),
    };
    // The authorization sends an API key.
    let is_key = |scheme: &SecurityScheme| match scheme {
        SecurityScheme::Key { name, place, .. } => *place == location && name.eq_ignore_ascii_case(&param.name),
        _ => false,
    };
    if context.api.schemes.iter().any(|(_, scheme)| is_key(scheme)) {
        return None;
    }
    let is_header = param.location == ParameterLocation::Header;
    if is_header && let Some(argument) = context.headers.argument(&param.name) {
        arguments.extend(argument.iter().cloned().map(Yaml::from));
        return None;
    }
    if is_header && param.name.eq_ignore_ascii_case("accept") {
        let value = shared_headers::fixed_value(context.api.document, param.schema);
        arguments.extend(value.and_then(|value| args::fixed("Accept", &value, "headers")).map(Yaml::from));
        return None;
    }
    if context.repeated_credentials.contains(&param.name.to_ascii_lowercase()) {
        return None;
    }
    if is_header && !super::auth::is_header(&param.name) {
        let note = format!("`{}` is not a valid name of a header; it is omitted", line(&param.name, 80));
        context.notes.add(Topic::Parameter, operation.place(), note);
        return None;
    }
    let shape = with_description(reader.shape(param.schema, &param.name), &param.description);
    let shape = InputShape { nullable: false, ..shape };
    if param.style == ParameterStyle::Comma && shape.is_object() {
        let note = format!("`{0}` is an object in one value; it is sent as `{0}[member]=value`", line(&param.name, 80));
        context.notes.add(Topic::Parameter, operation.place(), note);
    }
    if args::literal(&param.name).is_none() || param.name.is_empty() {
        let note = format!("the name of `{}` cannot be expressed; it is omitted", line(&param.name, 80));
        context.notes.add(Topic::Parameter, operation.place(), note);
        return None;
    }
    if let (true, false, [only]) = (param.required, shape.array, shape.values.as_slice())
        && let Some(arg) = args::fixed(&param.name, only, place.as_str())
    {
        arguments.push(arg.into());
        return None;
    }
    let default = shape.default.as_ref().filter(|_| param.required && !shape.array && !is_page);
    let has_default = default.is_some_and(|default| args::with_default("x", default).is_some());
    let input = inputs.add(&param.name, place, &shape, param.required && !has_default && !is_page);
    if is_page {
        return Some(input);
    }
    if place == InputLocation::Query && !param.required {
        inputs.filters.add(&param.name, &input);
    }
    let fallback = default.and_then(|default| args::with_default(&input, default));
    let arg = match (fallback, param.location) {
        (Some(value), _) => args::literal(&param.name)
            .map(|name| Map::flow().with("name", name).with("value", value).with("in", place.as_str())),
        (None, ParameterLocation::Query) => args::list(&param.name, &input, place.as_str(), param.style, &shape),
        (None, _) => args::from_input(&param.name, &input, place.as_str()),
    };
    if param.style == ParameterStyle::Repeat && shape.kind == ShapeType::Object && shape.array {
        context.notes.add(
            Topic::Parameter,
            operation.place(),
            format!("`{}` is a list of objects in the query; check how it is written", param.name),
        );
    }
    arguments.extend(arg.map(Yaml::from));
    Some(input)
}

/// Returns the name of the step function, and adds the parameters that a plain request does not have.
fn function(
    context: &ImportContext<'_, '_>,
    operation: &ApiOperation<'_>,
    sent: BodyEncoding,
    paged: Option<(&DetectedPagination, &str)>,
    parameters: &mut Map,
) -> &'static str {
    match sent {
        BodyEncoding::Upload(file) => {
            parameters.set("file", file);
            return "upload_file";
        }
        BodyEncoding::Binary(content) => {
            parameters.set("binaryContent", content);
            return "upload_binary";
        }
        BodyEncoding::Args => {}
    }
    if operation.answer.is_file {
        return "download_file";
    }
    if let Some((paging, input)) = paged {
        if paging.is_chosen {
            paging.write(parameters, input);
            return "paginated_request";
        }
        context.notes.add(Topic::PaginationGuessed, operation.place(), paging.summary());
        paging.write(parameters, input);
        return "paginated_request";
    }
    "request"
}
