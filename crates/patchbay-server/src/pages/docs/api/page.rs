//! The page of an operation.

use std::fmt::Write as _;

use patchbay_docs::{Page, Section};
use serde_json::{Value, json};

use super::{
    INDEX, codes,
    operation::{Operation, media},
};
use crate::pages::docs::{
    samples::json_block,
    schema::{example, facts_markdown, read, write_members},
    text::{code, description_of, sentence},
    writer::Writer,
};

/// Returns the page of an operation.
pub(super) fn page(operation: Operation<'_>, order: u32) -> Page {
    let mut writer = Writer::default();
    let route = format!("{} {}", operation.method.to_uppercase(), operation.path);
    let (first, rest) = (code(&route), operation.description());
    writer.markdown(&format!("{first}\n\n{rest}\n\n{}", access(operation)));
    writer.markdown("## Example");
    writer.markdown(&operation.call().to_markdown());
    write_parameters(&mut writer, operation);
    write_request(&mut writer, operation);
    write_responses(&mut writer, operation);
    write_errors(&mut writer, operation);
    let title = operation.title();
    Page {
        path: operation.page_path(),
        description: description_of(operation.summary()),
        nav_title: Some(title.clone()),
        title,
        section: Section::Api,
        order,
        redirects: Vec::new(),
        body: writer.into_body(),
    }
}

/// Returns who can call it.
fn access(operation: Operation<'_>) -> String {
    let names = operation.credentials();
    let mut ways = Vec::new();
    for name in &names {
        match *name {
            "key" => ways.push(match operation.scope() {
                Some(scope) => {
                    format!("an API key with the scope [{}](/docs/api/scopes#{})", code(scope), scope.replace(':', "-"))
                }
                None => "an API key".to_owned(),
            }),
            "session" => ways.push("the token of a connect session in `x-hub-session-token`".to_owned()),
            "browser" => ways.push("a browser that is logged in to the dashboard".to_owned()),
            _ => {}
        }
    }
    if names.contains(&"") || ways.is_empty() {
        return format!("**Authentication:** none is needed. {}", more_ways(&ways)).trim().to_owned();
    }
    format!("**Authentication:** {}. [How to send it]({INDEX}#authentication).", ways.join(", or "))
}

fn more_ways(ways: &[String]) -> String {
    if ways.is_empty() {
        String::new()
    } else {
        format!("The response is about {}, if there is one.", ways.join(" or "))
    }
}

fn write_parameters(writer: &mut Writer, operation: Operation<'_>) {
    for (place, title) in
        [("path", "Parameters in the path"), ("query", "Parameters in the query"), ("header", "Headers")]
    {
        let parameters = operation.parameters(place);
        if parameters.is_empty() {
            continue;
        }
        writer.markdown(&format!("## {title}"));
        write_members(writer, &read(operation.document, &as_schema(&parameters)));
    }
}

/// Returns parameters as the schema of an object.
fn as_schema(parameters: &[&Value]) -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        let mut schema = parameter["schema"].clone();
        for keyword in ["description", "example", "deprecated"] {
            if !parameter[keyword].is_null() {
                schema[keyword] = parameter[keyword].clone();
            }
        }
        if let Value::Array(items) = &schema["example"] {
            schema["example"] = json!(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","));
        }
        if parameter["required"] == true {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn write_request(writer: &mut Writer, operation: Operation<'_>) {
    let bodies = operation.bodies();
    if bodies.is_empty() {
        return;
    }
    writer.markdown("## Body of the request");
    for (kind, schema) in &bodies {
        let optional = if operation.requires_body() { "" } else { " It can be absent." };
        write_value(writer, operation.document, schema, &format!("As {}.{optional}", code(kind)));
    }
}

/// Writes what a value consists of.
fn write_value(writer: &mut Writer, document: &Value, schema: &Value, introduction: &str) {
    let shape = read(document, schema);
    let mut text = introduction.to_owned();
    for part in [sentence(&shape.description), facts_markdown(&shape.facts)] {
        if !part.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(text, " {part}");
        }
    }
    writer.markdown(text.trim());
    write_members(writer, &shape);
}

fn write_responses(writer: &mut Writer, operation: Operation<'_>) {
    writer.markdown("## Response");
    for response in operation.responses().iter().filter(|response| response.status.starts_with(['2', '3'])) {
        let description = response.value["description"].as_str().unwrap_or_default();
        writer.markdown(&format!("**{}** {}", response.status, sentence(description)));
        let headers = response.value["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, header)| {
            format!("- {}: {}", code(name), sentence(header["description"].as_str().unwrap_or_default()))
        });
        let headers = headers.collect::<Vec<_>>();
        if !headers.is_empty() {
            writer.markdown(&format!("Headers:\n\n{}", headers.join("\n")));
        }
        for (kind, schema) in media(response.value) {
            write_value(writer, operation.document, schema, &format!("As {}.", code(kind)));
            let example = example(operation.document, schema);
            if kind == "application/json" && !example.is_null() {
                writer.markdown(&json_block(&example));
            }
        }
    }
}

fn write_errors(writer: &mut Writer, operation: Operation<'_>) {
    let codes = codes::of(operation).into_iter().map(|error| {
        let place = operation.response(codes::status(error, operation));
        (error, place.map(|response| response.status))
    });
    let codes = codes.collect::<Vec<_>>();
    let mut text = String::from("## Errors\n\n");
    let responses = operation.responses();
    let errors = responses.iter().filter(|response| response.status.starts_with(['4', '5']));
    let mut any = false;
    for response in errors {
        any = true;
        let description = response.value["description"].as_str().unwrap_or_default();
        // Writing to a String does not fail.
        let _ = writeln!(text, "- **{}** {}", response.status, sentence(description));
        for (error, _) in codes.iter().filter(|(_, place)| *place == Some(response.status)) {
            let _ = writeln!(text, "  - [`{error}`](/docs/errors#{error}): {}", error.doc().0);
        }
    }
    if any {
        let _ = write!(
            text,
            "\n[How errors look]({INDEX}#errors), and [the errors of any request]({INDEX}#errors-of-any-request)."
        );
        writer.markdown(&text);
    }
}
