//! The tools of a request in its mode: what is listed, and what a name stands for.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use super::{
    names::{fingerprint, tool_name},
    request::{ParamStyle, ToolMode},
    schema::described,
    tools::{Tool, tools_of},
    view::View,
};

/// The largest page of a list, in bytes. Some hosts read only the first page.
const MAX_PAGE_BYTES: usize = 1024 * 1024;
/// The most results of a search.
pub(super) const MAX_TOP: u64 = 50;
/// The results of a search that names no number.
pub(super) const DEFAULT_TOP: u64 = 5;
/// The most tools that are described at once.
pub(super) const MAX_DESCRIBED: usize = 10;

/// What a tool's name stands for.
pub(super) enum Target<'a> {
    /// An action.
    Action(&'a Tool),
    /// The search of a connector's actions.
    SearchOf(&'a ConnectorTools),
    /// The run of a connector's action.
    ExecuteOf(&'a ConnectorTools),
    /// The search of everything.
    Search,
    /// The definitions of tools.
    Describe,
    /// The run of an action that changes nothing.
    Read,
    /// The run of any action.
    Execute,
}

/// The two tools of a connector.
pub(super) struct ConnectorTools {
    /// The connector's key.
    pub(super) key: String,
    title: String,
    search: String,
    execute: String,
}

/// The tools of a request.
pub(super) struct ToolSet {
    pub(super) mode: ToolMode,
    pub(super) style: ParamStyle,
    /// A tool for each action, in every mode.
    pub(super) tools: Vec<Tool>,
    by_name: HashMap<String, usize>,
    by_action: HashMap<String, Vec<usize>>,
    connectors: Vec<ConnectorTools>,
    /// The definitions that are listed, as JSON lists.
    pub(super) pages: Vec<Arc<str>>,
    /// Changes with what is listed.
    pub(super) version: String,
}

impl ToolSet {
    /// Makes the tools of a view.
    pub(super) fn new(view: &View, mode: ToolMode, style: ParamStyle) -> Self {
        let tools = tools_of(view);
        let by_name = tools.iter().enumerate().map(|(at, tool)| (tool.name.clone(), at)).collect();
        let mut by_action = HashMap::<String, Vec<usize>>::new();
        for (at, tool) in tools.iter().enumerate() {
            by_action.entry(tool.action.public_id.clone()).or_default().push(at);
        }
        let connectors = connectors_of(&tools);
        let pages = match mode {
            ToolMode::Individual => pages(tools.iter().map(|tool| tool.definition(style).to_string())),
            ToolMode::SearchExecute => {
                pages(connectors.iter().flat_map(ConnectorTools::definitions).map(|tool| tool.to_string()))
            }
            ToolMode::Meta => pages(meta_definitions(&connectors).iter().map(Value::to_string)),
        };
        let version = fingerprint(&pages.concat());
        Self { mode, style, tools, by_name, by_action, connectors, pages, version }
    }

    /// Returns what a listed name stands for.
    pub(super) fn target(&self, name: &str) -> Option<Target<'_>> {
        match self.mode {
            ToolMode::Individual => self.tool(name).map(Target::Action),
            ToolMode::SearchExecute => self.connectors.iter().find_map(|connector| {
                if connector.search == name {
                    Some(Target::SearchOf(connector))
                } else {
                    (connector.execute == name).then_some(Target::ExecuteOf(connector))
                }
            }),
            ToolMode::Meta => Some(match name {
                "tool_search" => Target::Search,
                "tool_describe" => Target::Describe,
                "tool_read" => Target::Read,
                "tool_execute" => Target::Execute,
                _ => return None,
            }),
        }
    }

    /// Returns the tool with a name.
    pub(super) fn tool(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).and_then(|at| self.tools.get(*at))
    }

    /// Returns the tools of an action, by its public id.
    pub(super) fn of_action(&self, id: &str) -> impl Iterator<Item = &Tool> {
        self.by_action.get(id).into_iter().flatten().filter_map(|at| self.tools.get(*at))
    }

    /// Returns the keys of the connectors that have tools.
    pub(super) fn connector_keys(&self) -> impl Iterator<Item = &str> {
        self.connectors.iter().map(|connector| connector.key.as_str())
    }

    /// Returns the bytes of the definitions.
    pub(super) fn bytes(&self) -> usize {
        self.pages.iter().map(|page| page.len()).sum()
    }
}

/// Writes definitions as lists of at most [`MAX_PAGE_BYTES`]. There is always one.
fn pages(definitions: impl Iterator<Item = String>) -> Vec<Arc<str>> {
    let mut pages = Vec::new();
    let mut page = String::from("[");
    for definition in definitions {
        if page.len() > 1 {
            if page.len() + definition.len() + 2 > MAX_PAGE_BYTES {
                page.push(']');
                pages.push(Arc::from(std::mem::replace(&mut page, String::from("["))));
            } else {
                page.push(',');
            }
        }
        page.push_str(&definition);
    }
    page.push(']');
    pages.push(Arc::from(page));
    pages
}

fn connectors_of(tools: &[Tool]) -> Vec<ConnectorTools> {
    // Tools are in the order of their connectors.
    let groups = tools.chunk_by(|a, b| a.connector.key == b.connector.key);
    let connectors = groups.filter_map(|tools| {
        let connector = &tools.first()?.connector;
        Some(ConnectorTools {
            key: connector.key.clone(),
            title: connector.title.clone(),
            search: tool_name(&format!("{}_search_actions", connector.key), None),
            execute: tool_name(&format!("{}_execute_action", connector.key), None),
        })
    });
    connectors.collect()
}

impl ConnectorTools {
    fn definitions(&self) -> [Value; 2] {
        let title = &self.title;
        let search = json!({
            "name": self.search,
            "title": described(&format!("Find actions of {title}")),
            "description": described(&format!(
                "Finds actions of {title} by what they should do, and returns their ids, descriptions and parameters. Run one \
                 with {}.",
                self.execute
            )),
            "inputSchema": search_schema(false),
            "annotations": { "title": described(&format!("Find actions of {title}")), "readOnlyHint": true },
        });
        let execute = json!({
            "name": self.execute,
            "title": described(&format!("Run an action of {title}")),
            "description": described(&format!("Runs an action of {title} that {} found.", self.search)),
            "inputSchema": run_schema("action_id", "The id of the action."),
            "annotations": {
                "title": described(&format!("Run an action of {title}")), "destructiveHint": true, "openWorldHint": true,
            },
        });
        [search, execute]
    }
}

fn search_schema(with_connector: bool) -> Value {
    let mut properties = json!({
        "query": { "type": "string", "description": "What the action should do, such as \"send a message\"." },
    });
    if with_connector {
        properties["connector"] = json!({ "type": "string", "description": "Only actions of this connector." });
    }
    properties["top_k"] = json!({
        "type": "integer", "minimum": 1, "maximum": MAX_TOP,
        "description": format!("The most results; {DEFAULT_TOP} if absent."),
    });
    json!({ "type": "object", "properties": properties, "required": ["query"], "additionalProperties": false })
}

fn run_schema(id: &str, description: &str) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert(id.to_owned(), json!({ "type": "string", "description": description }));
    properties.insert(
        "arguments".to_owned(),
        json!({ "type": "object", "description": "Its arguments, by the names of the search's `parameters`; a dot is an object." }),
    );
    properties.insert(
        "account_id".to_owned(),
        json!({ "type": "string", "description": "The account to act with, if the search names several." }),
    );
    json!({ "type": "object", "properties": properties, "required": [id], "additionalProperties": false })
}

/// Returns the definitions of the four tools for everything. They have at most 1,500 tokens, whatever can be called.
fn meta_definitions(connectors: &[ConnectorTools]) -> [Value; 4] {
    let mut known = String::new();
    for connector in connectors {
        // The names of a few connectors help a model; hundreds would cost more than they help.
        if known.len() + connector.key.len() > 400 {
            known.push_str(", …");
            break;
        }
        let _ = write!(known, "{}{}", if known.is_empty() { "" } else { ", " }, connector.key);
    }
    let known = if known.is_empty() { "none yet".to_owned() } else { known };
    let run = run_schema("name", "The name of the tool.");
    [
        json!({
            "name": "tool_search",
            "title": "Find tools",
            "description": format!(
                "Finds tools by what they should do, the best first, with their parameters and accounts. Search before you \
                 say that something cannot be done. Connectors: {known}."
            ),
            "inputSchema": search_schema(true),
            "annotations": { "title": "Find tools", "readOnlyHint": true },
        }),
        json!({
            "name": "tool_describe",
            "title": "Describe tools",
            "description": "Returns the whole definitions of tools that tool_search found: descriptions and input schemas.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "names": {
                        "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": MAX_DESCRIBED,
                        "description": "The names of the tools.",
                    },
                },
                "required": ["names"],
                "additionalProperties": false,
            },
            "annotations": { "title": "Describe tools", "readOnlyHint": true },
        }),
        json!({
            "name": "tool_read",
            "title": "Read with a tool",
            "description": "Runs a tool that changes nothing (`read_only` in the results of tool_search).",
            "inputSchema": run,
            "annotations": { "title": "Read with a tool", "readOnlyHint": true, "openWorldHint": true },
        }),
        json!({
            "name": "tool_execute",
            "title": "Run a tool",
            "description": "Runs any tool that tool_search found, also one that changes or deletes something.",
            "inputSchema": run,
            "annotations": { "title": "Run a tool", "destructiveHint": true, "openWorldHint": true },
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::portable_problems;

    fn connectors(count: usize) -> Vec<ConnectorTools> {
        let name = |number| format!("connector_{number}");
        let make = |number| ConnectorTools {
            key: name(number),
            title: "T".repeat(2_000),
            search: tool_name(&format!("{}_search_actions", name(number)), None),
            execute: tool_name(&format!("{}_execute_action", name(number)), None),
        };
        (0..count).map(make).collect()
    }

    #[test]
    fn four_tools_stay_small_whatever_the_catalogue() {
        for count in [0, 1, 5_000] {
            let definitions = meta_definitions(&connectors(count));
            let bytes = serde_json::to_string(&definitions).unwrap().len();
            assert!(bytes <= 1_500 * 4, "{count} connectors: {bytes} bytes");
            for definition in &definitions {
                assert_eq!(portable_problems(definition), [""; 0]);
            }
        }
        for definition in connectors(2).iter().flat_map(ConnectorTools::definitions) {
            assert_eq!(portable_problems(&definition), [""; 0]);
        }
    }

    #[test]
    fn lists_are_paged_by_size() {
        let definition = |number: usize| format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(300_000));
        let made = pages((0..8).map(definition));
        assert!(made.len() > 2 && made.iter().all(|page| page.len() <= MAX_PAGE_BYTES));
        let read = made.iter().flat_map(|page| serde_json::from_str::<Vec<Value>>(page).unwrap());
        assert!(read.map(|tool| tool["n"].as_u64().unwrap()).eq(0..8));
        assert_eq!(pages(std::iter::empty()), [Arc::from("[]")]);
        // A definition that is too large for a page has one of its own.
        assert_eq!(pages([definition(1), "x".repeat(MAX_PAGE_BYTES), definition(2)].into_iter()).len(), 3);
    }
}
