//! `mcp_request`: a call of a tool of an MCP server, or the list of its tools.

use serde_json::{Value, json};

use super::{FunctionVersion, StepFunctionType};
use crate::{
    authorization::{self, Authorization},
    diagnostic::code,
    expr::{Template, ValueTemplate},
    json_schema::{choice, list, object, reference, whole},
    syntax::Reader,
};

const KEYS: [&str; 7] = ["baseUrl", "url", "method", "toolName", "timeout", "authorization", "args"];
const ARG_KEYS: [&str; 3] = ["name", "value", "condition"];
/// Whether the tools are listed.
const METHODS: [(&str, bool); 2] = [("tools/call", false), ("tools/list", true)];

/// A request to an MCP server.
#[derive(Debug)]
pub struct McpRequest {
    /// Replaces the connector's base URL.
    pub base_url: Option<Template>,
    /// The server's URL, whole or under the base URL.
    pub url: Option<Template>,
    /// Whether the tools are listed instead of one being called.
    pub list: bool,
    /// The tool.
    pub tool: Option<Template>,
    /// Timeout in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Replaces the authentication method's authorization.
    pub authorization: Option<Authorization>,
    /// The tool's arguments.
    pub args: Vec<ToolArg>,
}

/// An argument of a tool.
#[derive(Debug)]
pub struct ToolArg {
    /// The name.
    pub name: Template,
    /// The value.
    pub value: ValueTemplate,
    /// If present, the argument is passed only when this is true.
    pub condition: Option<Template>,
}

/// The function `mcp_request`.
pub(super) struct McpRequestFunction;

impl StepFunctionType for McpRequestFunction {
    type Parameters = McpRequest;
    const NAME: &'static str = "mcp_request";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<McpRequest> {
        let mapping = parameters.parameters(&KEYS)?;
        let list = mapping.get("method").map_or(Some(false), |method| method.choice(&METHODS))?;
        if !list && mapping.get("toolName").is_none() {
            parameters.error(code::MISSING_KEY, "`toolName` is missing; `tools/call` needs it");
        }
        Some(McpRequest {
            base_url: mapping.template("baseUrl"),
            url: mapping.template("url"),
            list,
            tool: mapping.template("toolName"),
            timeout_ms: mapping.get("timeout").and_then(|timeout| timeout.whole()),
            authorization: mapping.get("authorization").and_then(authorization::read),
            args: mapping.items("args").into_iter().filter_map(read_arg).collect(),
        })
    }

    fn templates<'a>(call: &'a McpRequest, found: &mut Vec<&'a Template>) {
        found.extend(call.base_url.iter().chain(&call.url).chain(&call.tool));
        if let Some(authorization) = &call.authorization {
            authorization.templates(found);
        }
        for arg in &call.args {
            found.push(&arg.name);
            found.extend(&arg.condition);
            arg.value.templates(&mut |template| found.push(template));
        }
    }

    fn schema() -> Value {
        let arg = object(&ARG_KEYS, &["name", "value"], &[("value", json!(true))]);
        let mut schema = object(
            &KEYS,
            &[],
            &[
                ("method", choice(&METHODS)),
                ("timeout", whole()),
                ("authorization", reference("authorization")),
                ("args", list(&arg)),
            ],
        );
        schema["anyOf"] = json!([
            { "required": ["toolName"] },
            { "required": ["method"], "properties": { "method": { "const": "tools/list" } } },
        ]);
        schema
    }
}

fn read_arg(place: Reader<'_>) -> Option<ToolArg> {
    let arg = place.mapping("an argument", &ARG_KEYS)?;
    let (name, content) = (arg.require("name"), arg.require("value"));
    Some(ToolArg {
        name: name?.template()?,
        value: ValueTemplate::read(&content?)?,
        condition: arg.template("condition"),
    })
}
