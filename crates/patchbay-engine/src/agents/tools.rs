//! Actions as tools.

use std::{collections::HashMap, sync::Arc};

use patchbay_connector::{Connector, definition::Action};
use patchbay_model::AccountId;
use serde_json::{Map, Value, json};

use super::{
    arguments::Arguments,
    names::{fingerprint, tool_name},
    request::ParamStyle,
    schema::{described, portable, shortened},
    view::{AgentAccount, View},
};

/// The argument that selects one of several accounts.
const ACCOUNT_ARGUMENT: &str = "account_id";
/// Its name where an input of the action has that one.
const OTHER_ACCOUNT_ARGUMENT: &str = "patchbay_account_id";
/// The most characters of an account's name.
const MAX_ACCOUNT_NAME_CHARS: usize = 60;

/// An action as a tool, for one account or for several.
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) action: Arc<Action>,
    pub(super) connector: Arc<Connector>,
    /// The accounts that can call it, each with its name for a model.
    pub(super) accounts: Vec<(AccountId, String)>,
}

impl Tool {
    /// Returns how the tool takes its inputs.
    pub(super) fn arguments(&self, style: ParamStyle) -> Arguments {
        Arguments::new(&self.action, style)
    }

    /// Returns the name of the argument that selects the account; none if there is only one account.
    pub(super) fn account_argument(&self, arguments: &Arguments) -> Option<&'static str> {
        let is_taken = |name| arguments.schema.get("properties").is_some_and(|all| all.get(name).is_some());
        (self.accounts.len() > 1)
            .then(|| if is_taken(ACCOUNT_ARGUMENT) { OTHER_ACCOUNT_ARGUMENT } else { ACCOUNT_ARGUMENT })
    }

    /// Returns the definition for `tools/list`.
    pub(super) fn definition(&self, style: ParamStyle) -> Value {
        let arguments = self.arguments(style);
        let account = self.account_argument(&arguments);
        let mut input = arguments.schema;
        if let Some(name) = account {
            add_account(&mut input, name, &self.accounts);
        }
        let mut tool = json!({
            "name": self.name,
            "title": described(&self.action.label),
            "description": description(&self.action),
            "inputSchema": input,
        });
        if let Some(output) = output_schema(&self.action) {
            tool["outputSchema"] = output;
        }
        tool["annotations"] = annotations(&self.action);
        tool
    }
}

/// Adds the argument that selects the account, as the first one.
fn add_account(schema: &mut Map<String, Value>, name: &str, accounts: &[(AccountId, String)]) {
    let ids = accounts.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    let shown = accounts.iter().map(|(id, name)| format!("{id} is {name}")).collect::<Vec<_>>().join("; ");
    let account = json!({
        "type": "string", "enum": ids, "description": described(&format!("The account to act with: {shown}.")),
    });
    let mut properties = Map::from_iter([(name.to_owned(), account)]);
    if let Some(Value::Object(others)) = schema.remove("properties") {
        properties.extend(others);
    }
    let mut required = vec![json!(name)];
    if let Some(Value::Array(others)) = schema.remove("required") {
        required.extend(others);
    }
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), required.into());
}

/// Returns the description of a tool: what the action does, and what agents should know.
pub(super) fn description(action: &Action) -> String {
    let text = match action.details.as_deref().map(str::trim).filter(|details| !details.is_empty()) {
        Some(details) if details != action.description => format!("{}\n\n{details}", action.description),
        _ => action.description.clone(),
    };
    described(text.trim())
}

/// Returns the first sentence of a description, for lists.
pub(super) fn one_line(action: &Action) -> String {
    let line = action.description.lines().next().unwrap_or_default();
    shortened(line.trim(), 200)
}

/// Returns the hints of the connector. What it does not say is left out, so that hosts assume the worst.
pub(super) fn annotations(action: &Action) -> Value {
    let given = &action.annotations;
    let mut hints =
        Map::from_iter([("title".to_owned(), json!(described(given.title.as_deref().unwrap_or(&action.label))))]);
    let hint = [
        ("readOnlyHint", given.read_only),
        ("destructiveHint", given.destructive),
        ("idempotentHint", given.idempotent),
        // Every action asks a provider.
        ("openWorldHint", Some(given.open_world.unwrap_or(true))),
    ];
    hints.extend(hint.into_iter().filter_map(|(name, hint)| Some((name.to_owned(), json!(hint?)))));
    hints.into()
}

/// Returns true if the connector says that the action changes nothing.
pub(super) fn is_read_only(action: &Action) -> bool {
    action.annotations.read_only == Some(true)
}

/// Returns the schema of the result, if the connector declares one (`responses.success.schema`, an object).
///
/// It says which members there are, and demands nothing of them: a host throws a result away that breaks its schema, and
/// providers answer with null, or more, where their documents do not say so.
fn output_schema(action: &Action) -> Option<Value> {
    let declared = action.responses.as_ref()?.pointer("/success/schema")?;
    if declared["type"] != "object" {
        return None;
    }
    let (data, _) = portable(declared, 2);
    Some(json!({ "type": "object", "properties": { "data": undemanding(data) } }))
}

/// Removes from a schema everything that a value could break.
fn undemanding(schema: Value) -> Value {
    let Value::Object(schema) = schema else { return json!({}) };
    let mut kept = Map::new();
    for (key, value) in schema {
        match (key.as_str(), value) {
            ("description", value) => {
                kept.insert(key, value);
            }
            ("properties", Value::Object(properties)) => {
                let properties = properties.into_iter().map(|(name, schema)| (name, undemanding(schema)));
                kept.insert(key, properties.collect());
            }
            ("items", items) => {
                kept.insert(key, undemanding(items));
            }
            _ => {}
        }
    }
    kept.into()
}

/// Returns the tools of everything that can be called, by connector and action. Accounts of one connector share a tool if
/// its definition is the same for each; otherwise each account has its own, with a tag in its name.
pub(super) fn tools_of(view: &View) -> Vec<Tool> {
    let mut offers: Vec<(&AgentAccount, &Arc<Connector>, &Arc<Action>)> = Vec::new();
    for account in &view.accounts {
        if let Some(connector) = &account.connector {
            offers.extend(view.callable(account).map(|action| (account, connector, action)));
        }
    }
    // Stable: the accounts of an action stay in their order.
    offers.sort_by(|(_, a, first), (_, b, second)| (&a.key, &first.public_id).cmp(&(&b.key, &second.public_id)));
    let mut tools = Vec::new();
    for same in offers.chunk_by(|(_, a, first), (_, b, second)| a.key == b.key && first.public_id == second.public_id) {
        let Some((_, connector, action)) = same.first() else { continue };
        let accounts = same.iter().map(|(account, ..)| (account.account.id.clone(), account_name(account)));
        if same.iter().all(|(_, _, other)| is_same(action, other)) {
            tools.push(Tool {
                name: tool_name(&action.public_id, None),
                action: (*action).clone(),
                connector: (*connector).clone(),
                accounts: accounts.collect(),
            });
        } else {
            tools.extend(same.iter().zip(accounts).map(|((_, connector, action), account)| Tool {
                name: tool_name(&action.public_id, Some(&fingerprint(account.0.as_str()))),
                action: (*action).clone(),
                connector: (*connector).clone(),
                accounts: vec![account],
            }));
        }
    }
    keep_apart(&mut tools);
    tools
}

/// Gives tools of different connectors different names.
fn keep_apart(tools: &mut [Tool]) {
    let mut counts = HashMap::<String, usize>::new();
    for tool in &*tools {
        *counts.entry(tool.name.clone()).or_default() += 1;
    }
    for tool in tools.iter_mut().filter(|tool| counts.get(&tool.name).is_some_and(|count| *count > 1)) {
        let accounts = tool.accounts.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(",");
        let whole = format!("{} {} {accounts}", tool.connector.key, tool.action.public_id);
        tool.name = tool_name(&tool.action.public_id, Some(&fingerprint(&whole)));
    }
}

fn is_same(a: &Arc<Action>, b: &Arc<Action>) -> bool {
    Arc::ptr_eq(a, b)
        || (a.label == b.label
            && description(a) == description(b)
            && annotations(a) == annotations(b)
            && output_schema(a) == output_schema(b)
            && a.input_schema() == b.input_schema())
}

/// Returns the name of an account, without characters that could be read as more than a name.
pub(super) fn account_name(account: &AgentAccount) -> String {
    let name = account.shown_name().chars().filter(|c| !c.is_control()).collect::<String>();
    shortened(name.trim(), MAX_ACCOUNT_NAME_CHARS)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, path::Path};

    use patchbay_connector::{SourceFile, load};
    use patchbay_model::{Profile, ProjectId};

    use super::*;
    use crate::{
        agents::{ToolFilter, ToolMode, portable_problems, toolset::ToolSet},
        testing::{account, profile},
    };

    /// Loads the connectors in a folder.
    fn connectors_in(folder: &str) -> Vec<Arc<Connector>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        folders.retain(|path| path.is_dir());
        folders.sort();
        let connectors = folders.iter().filter_map(|folder| {
            let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
            let read = |path: std::path::PathBuf| SourceFile {
                name: path.display().to_string(),
                text: std::fs::read_to_string(&path).unwrap(),
            };
            load(&files.map(read).collect::<Vec<_>>()).connector.map(Arc::new)
        });
        connectors.collect()
    }

    fn agent_account(connector: &Arc<Connector>, id: &str) -> AgentAccount {
        let project = ProjectId::new("project");
        let profile = Profile { connector: connector.key.clone(), ..profile(&project) };
        let account = patchbay_model::Account { id: AccountId::new(id), ..account(&profile) };
        AgentAccount { account: Arc::new(account), profile: Arc::new(profile), connector: Some(connector.clone()) }
    }

    fn view(accounts: Vec<AgentAccount>) -> View {
        View { accounts, filter: ToolFilter::default(), owner: None }
    }

    #[test]
    fn every_action_of_every_connector_is_a_tool_that_every_host_accepts() {
        let mut connectors = connectors_in("../../connectors");
        assert!(connectors.len() >= 19, "{}", connectors.len());
        connectors.extend(connectors_in("tests/fixtures"));
        let actions = connectors.iter().map(|connector| connector.actions.len()).sum::<usize>();
        // One account of each, and two, which need the argument that selects one.
        for accounts in 1..=2 {
            let all = connectors.iter().flat_map(|connector| {
                let accounts = 0..accounts;
                accounts
                    .map(|number| agent_account(connector, &format!("{}-{number}", connector.key)))
                    .collect::<Vec<_>>()
            });
            let view = view(all.collect());
            for style in ParamStyle::ALL {
                let tools = tools_of(&view);
                assert_eq!(tools.len(), actions);
                let names = tools.iter().map(|tool| tool.name.as_str()).collect::<HashSet<_>>();
                assert_eq!(names.len(), actions);
                for tool in &tools {
                    let definition = tool.definition(style);
                    assert_eq!(portable_problems(&definition), [""; 0], "{definition}");
                    assert_eq!(
                        definition["inputSchema"]["properties"].get("account_id").is_some(),
                        accounts > 1 || takes_account(tool, style)
                    );
                }
            }
            for mode in ToolMode::ALL {
                let set = ToolSet::new(&view, mode, ParamStyle::Nested);
                for page in &set.pages {
                    for definition in serde_json::from_str::<Vec<Value>>(page).unwrap() {
                        assert_eq!(portable_problems(&definition), [""; 0], "{definition}");
                        assert!(set.target(definition["name"].as_str().unwrap()).is_some());
                    }
                }
                println!("{accounts} accounts of each connector, {}: {} tokens", mode.as_str(), set.bytes() / 4);
            }
        }
    }

    fn takes_account(tool: &Tool, style: ParamStyle) -> bool {
        tool.arguments(style).schema.get("properties").is_some_and(|all| all.get("account_id").is_some())
    }

    #[test]
    fn accounts_whose_tools_differ_get_a_tag() {
        let connectors = connectors_in("../../connectors");
        let slack = connectors.iter().find(|connector| connector.key == "slack").unwrap();
        let jira = connectors.iter().find(|connector| connector.key == "jira").unwrap();
        // The same key with other actions, as after a push of another version.
        let accounts = vec![agent_account(slack, "a"), agent_account(slack, "b"), agent_account(jira, "c")];
        let shared = tools_of(&view(accounts.clone()));
        assert!(shared.iter().all(|tool| tool.connector.key == "jira" || tool.accounts.len() == 2));
        let mut colliding = tools_of(&view(accounts));
        for tool in &mut colliding {
            tool.name = "same".to_owned();
        }
        keep_apart(&mut colliding);
        let names = colliding.iter().map(|tool| tool.name.clone()).collect::<HashSet<_>>();
        assert_eq!(names.len(), colliding.len());
    }

    #[test]
    fn a_declared_result_demands_nothing() {
        let demanding = json!({
            "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": { "id": { "type": "string", "description": "Id.", "enum": ["a"] },
                "list": { "type": "array", "items": { "type": "number" }, "minItems": 1 } },
        });
        let expected = json!({ "properties": { "id": { "description": "Id." }, "list": { "items": {} } } });
        assert_eq!(undemanding(demanding), expected);
    }
}
