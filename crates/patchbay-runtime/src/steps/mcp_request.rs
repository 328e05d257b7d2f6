//! `mcp_request`: calls a tool of an MCP server, or lists its tools.
//!
//! The step's data is the result's `structuredContent`. Without it, a single text is the data: parsed if it is a JSON
//! object or list, otherwise as text. Other content (several texts, images, links, resources) is a list.

use patchbay_connector::{
    definition::McpRequest,
    expr::{Bindings, Escape},
    json_tree,
};
use patchbay_model::Reservation;
use serde_json::{Map, Value};
use tokio::time::Duration;

use crate::{
    Error, ErrorCode,
    busy::memory_spent,
    context::Run,
    protocols::mcp::{client::McpClient, errors::tool_failed},
    response::output::{OutputParts, StepOutput},
    run_memory::{ClaimError, claim_json},
};

/// The `resultType` of a result that asks for input.
const INPUT_REQUIRED: &str = "input_required";

/// Calls the tool, or lists the tools.
///
/// # Errors
///
/// 400 `ValidationError` without the name of a tool, 501 `ToolInputRequiredError`, 422 `ProviderError` if the tool reports
/// an error, otherwise the errors of [`McpClient`].
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
            "{title}: the tool `{tool}` asks for input that only a person can give; pass everything that it needs in \
             the call, or use {title} itself"
        );
        return Err(Error::new(ErrorCode::ToolInputRequired, message));
    }
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        return Err(tool_failed(title, &tool, &error_text(&result), &result, client.url(), run.redactor));
    }
    let raw = parts.raw.then(|| result.clone());
    let text = only_text(&result).unwrap_or_default();
    let memory = match claim_json(text.as_bytes(), text.len(), 1) {
        Err(ClaimError::Spent(spent)) => return Err(memory_spent(&format!("{title}'s response was not read"), spent)),
        // It stays a text.
        Err(ClaimError::Large(_)) => Reservation::default(),
        Ok(memory) => memory,
    };
    Ok(StepOutput { data: data(result), raw, status: Some(200), memory, ..StepOutput::default() })
}

/// Returns the name of the tool to call.
fn tool(run: &Run<'_>, call: &McpRequest) -> Result<String, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let name = call.tool.as_ref().map(|tool| tool.eval_text(&bindings, Escape::None)).transpose();
    let name = name.map_err(|error| run.expression_error(&error))?.flatten();
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        let message = format!("`{}` has no tool to call: `toolName` is empty", run.action.id);
        Error::new(ErrorCode::Validation, message)
    })
}

/// Returns the tool's arguments. Arguments without a value are omitted.
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

/// Returns the data of a tool's result.
fn data(mut result: Value) -> Value {
    match result.get_mut("structuredContent").map(Value::take) {
        Some(structured) if !structured.is_null() => return structured,
        _ => {}
    }
    let text = only_text(&result).map(str::to_owned);
    let Some(Value::Array(content)) = result.get_mut("content").map(Value::take) else { return Value::Null };
    match text {
        _ if content.is_empty() => Value::Null,
        Some(text) => match json_tree::from_slice(text.as_bytes()) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => Value::String(text),
        },
        None => Value::Array(content),
    }
}

/// Returns the text of a result that consists of one text.
fn only_text(result: &Value) -> Option<&str> {
    match result.get("content")?.as_array()?.as_slice() {
        [only] if is_text(only) => only.get("text")?.as_str(),
        _ => None,
    }
}

fn is_text(content: &Value) -> bool {
    content.get("type").and_then(Value::as_str) == Some("text")
}

/// Returns the text of a result that reports an error.
fn error_text(result: &Value) -> String {
    let content = result.get("content").and_then(Value::as_array).into_iter().flatten();
    content.filter(|one| is_text(one)).filter_map(|one| one.get("text")?.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_is_the_structured_content_or_the_text() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        for (result, expected) in [
            (json!({ "structuredContent": { "a": 1 }, "content": [text("{\"a\":1}")] }), json!({ "a": 1 })),
            (json!({ "structuredContent": null, "content": [text("[1, 2]")] }), json!([1, 2])),
            (json!({ "content": [text("Done.")] }), json!("Done.")),
            (json!({ "content": [text("12")] }), json!("12")),
            (json!({ "content": [text("a"), text("b")] }), json!([text("a"), text("b")])),
            (json!({ "content": [{ "type": "image", "data": "aGk=" }] }), json!([{ "type": "image", "data": "aGk=" }])),
            (json!({ "content": [] }), Value::Null),
            (json!({}), Value::Null),
        ] {
            assert_eq!(data(result.clone()), expected, "{result}");
        }
    }
}
