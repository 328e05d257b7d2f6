//! The tools: a small issue tracker.

use serde_json::{Value, json};

use super::McpRules;

/// The number of tools on one page.
const PAGE_SIZE: usize = 2;

/// The issues of the tracker.
pub(super) struct Issues(Vec<Value>);

impl Default for Issues {
    fn default() -> Self {
        let issue = |id: &str, title: &str, team: &str| json!({ "id": id, "title": title, "team": team });
        Self(vec![issue("Q-1", "Repair the crane", "yard"), issue("Q-2", "Paint the hull", "dock")])
    }
}

impl Issues {
    /// Calls a tool. Returns its result, or the code and message of a JSON-RPC error.
    pub(super) fn call(&mut self, name: &Value, arguments: &Value) -> Result<Value, (i64, String)> {
        let argument = |key: &str| arguments[key].as_str();
        match name.as_str().unwrap_or_default() {
            "list_issues" => {
                let found = self.0.iter().filter(|issue| argument("team").is_none_or(|team| issue["team"] == team));
                Ok(structured(&json!({ "issues": found.collect::<Vec<_>>() })))
            }
            "get_issue" => match self.0.iter().find(|issue| issue["id"] == arguments["id"]) {
                Some(issue) => Ok(text_result(&issue.to_string(), false)),
                None => Ok(text_result(&format!("There is no issue {}", arguments["id"]), true)),
            },
            "create_issue" => {
                let Some(title) = argument("title") else {
                    return Err((-32602, "Invalid arguments for tool create_issue: title is required".to_owned()));
                };
                let issue =
                    json!({ "id": format!("Q-{}", self.0.len() + 1), "title": title, "team": arguments["team"] });
                self.0.push(issue.clone());
                Ok(structured(&issue))
            }
            "ask_captain" => Ok(json!({ "resultType": "input_required", "inputRequests": { "name": {
                "method": "elicitation/create", "params": { "message": "Who are you?" } } } })),
            other => Err((-32602, format!("Unknown tool: {other}"))),
        }
    }
}

fn structured(data: &Value) -> Value {
    json!({ "structuredContent": data, "content": [{ "type": "text", "text": data.to_string() }] })
}

fn text_result(text: &str, is_error: bool) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

/// Returns a page of tool definitions.
pub(super) fn page(rules: &McpRules, cursor: Option<&str>) -> Value {
    let from = cursor.and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or(0);
    if rules.lists_without_end {
        return json!({ "tools": [{ "name": format!("tool_{from}"), "inputSchema": { "type": "object" } }],
            "nextCursor": (from + 1).to_string() });
    }
    let all = definitions(rules.marks_parameters);
    let here = all.iter().skip(from).take(PAGE_SIZE).collect::<Vec<_>>();
    let mut page = json!({ "tools": here });
    if from + PAGE_SIZE < all.len() {
        page["nextCursor"] = json!((from + PAGE_SIZE).to_string());
    }
    page
}

fn definitions(marks_parameters: bool) -> Vec<Value> {
    let mut team = json!({ "type": "string", "description": "The team" });
    if marks_parameters {
        team["x-mcp-header"] = json!("Team");
    }
    let tool = |name: &str, description: &str, properties: Value, required: Value| {
        json!({ "name": name, "description": description,
            "inputSchema": { "type": "object", "properties": properties, "required": required } })
    };
    vec![
        tool("get_issue", "One issue", json!({ "id": { "type": "string" } }), json!(["id"])),
        tool("create_issue", "A new issue", json!({ "title": { "type": "string" }, "team": team }), json!(["title"])),
        tool("list_issues", "All issues", json!({ "team": team }), json!([])),
        tool("ask_captain", "Asks who one is", json!({}), json!([])),
        tool("broken", "Marked wrongly", json!({ "a": { "type": "array", "x-mcp-header": "A" } }), json!([])),
    ]
}
