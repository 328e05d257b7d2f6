//! `mcp_request`: a tool of an MCP server is called, or its tools are listed.
//!
//! A tool's data are its structured content; where it has none, its text: as JSON where it is an object or a list,
//! else as it is. Content that is more than one text (images, links, resources) is given as the list that it is.

use patchbay_connector::{
    definition::McpRequest,
    expr::{Bindings, Escape},
};
use serde_json::{Map, Value};
use tokio::time::Duration;

use crate::{
    Error, ErrorCode,
    context::Run,
    protocols::mcp::{client::McpClient, errors::tool_failed},
    response::output::{OutputParts, StepOutput},
};

/// What an answer means that is none yet.
const INPUT_REQUIRED: &str = "input_required";

pub(super) async fn run(run: &Run<'_>, call: &McpRequest, parts: OutputParts) -> Result<StepOutput, Error> {
    let timeout = call.timeout_ms.map(Duration::from_millis);
    let (base, url) = (call.base_url.as_ref(), call.url.as_ref());
    let mut client = McpClient::new(run, base, url, call.authorization.as_ref(), timeout)?;
    if call.list {
        let tools = Value::Array(client.list_tools().await?);
        let raw = parts.raw.then(|| Value::Object(Map::from_iter([("tools".to_owned(), tools.clone())])));
        return Ok(StepOutput { data: tools, raw, status: Some(200), ..StepOutput::default() });
    }
    let tool = tool(run, call)?;
    let result = client.call_tool(&tool, arguments(run, call)?).await?;
    let title = &run.ctx.connector.title;
    if result.get("resultType").and_then(Value::as_str) == Some(INPUT_REQUIRED) {
        let message = format!(
            "{title}: the tool `{tool}` asks for input that only a person can give; use {title} itself for this, or \
             give it all that it needs at once"
        );
        return Err(Error::new(ErrorCode::ToolInputRequired, message));
    }
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        return Err(tool_failed(title, &tool, &error_text(&result), &result, client.url()));
    }
    let raw = parts.raw.then(|| result.clone());
    Ok(StepOutput { data: data(result), raw, status: Some(200), ..StepOutput::default() })
}

fn tool(run: &Run<'_>, call: &McpRequest) -> Result<String, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let name = call.tool.as_ref().map(|tool| tool.eval_text(&bindings, Escape::None)).transpose();
    let name = name.map_err(|error| run.expression_error(&error))?.flatten();
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        let message = format!("`{}` names no tool to call; its `toolName` comes out empty", run.action.id);
        Error::new(ErrorCode::Validation, message)
    })
}

/// The tool's arguments. What is missing is left out.
fn arguments(run: &Run<'_>, call: &McpRequest) -> Result<Map<String, Value>, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let mut arguments = Map::new();
    for arg in &call.args {
        let value = || {
            if let Some(condition) = &arg.condition
                && !condition.is_truthy(&bindings)?
            {
                return Ok(None);
            }
            let name = arg.name.eval_text(&bindings, Escape::None)?;
            Ok(name.zip(arg.value.eval(&bindings)?))
        };
        arguments.extend(value().map_err(|error| run.expression_error(&error))?);
    }
    Ok(arguments)
}

/// What a tool found.
fn data(mut result: Value) -> Value {
    match result.get_mut("structuredContent").map(Value::take) {
        Some(structured) if !structured.is_null() => return structured,
        _ => {}
    }
    let Some(Value::Array(mut content)) = result.get_mut("content").map(Value::take) else { return Value::Null };
    let text = match content.as_slice() {
        [] => return Value::Null,
        [only] if is_text(only) => only.get("text").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    match text {
        Some(text) => match serde_json::from_str(&text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => Value::String(text),
        },
        None => Value::Array(std::mem::take(&mut content)),
    }
}

fn is_text(content: &Value) -> bool {
    content.get("type").and_then(Value::as_str) == Some("text")
}

/// What a tool says of its failure.
fn error_text(result: &Value) -> String {
    let content = result.get("content").and_then(Value::as_array).into_iter().flatten();
    content.filter(|one| is_text(one)).filter_map(|one| one.get("text")?.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_are_what_the_tool_structured_or_said() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        for (result, found) in [
            (json!({ "structuredContent": { "a": 1 }, "content": [text("{\"a\":1}")] }), json!({ "a": 1 })),
            (json!({ "structuredContent": null, "content": [text("[1, 2]")] }), json!([1, 2])),
            (json!({ "content": [text("Done.")] }), json!("Done.")),
            (json!({ "content": [text("12")] }), json!("12")),
            (json!({ "content": [text("a"), text("b")] }), json!([text("a"), text("b")])),
            (json!({ "content": [{ "type": "image", "data": "aGk=" }] }), json!([{ "type": "image", "data": "aGk=" }])),
            (json!({ "content": [] }), Value::Null),
            (json!({}), Value::Null),
        ] {
            assert_eq!(data(result.clone()), found, "{result}");
        }
    }
}
