//! Opens the tools of a request, and calls them.

use std::{collections::HashSet, sync::Arc};

use patchbay_model::{AccountId, ApiScope};
use patchbay_runtime::leave;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::{
    answers::{ToolAnswer, ToolRefused},
    arguments::Arguments,
    cache::ToolCache,
    compact::parameters,
    files::{describe, read, take},
    links::{Links, needs_person},
    names::fingerprint,
    request::{AgentRequest, ToolMode},
    schema::shortened,
    search::{ToolQuery, ToolSearch, rounded, shown},
    tools::{Tool, account_name, is_read_only, one_line},
    toolset::{DEFAULT_TOP, MAX_DESCRIBED, MAX_TOP, Target, ToolSet},
    view::{View, Views},
};
use crate::{
    Actions, Caller, EngineParts, Error, ErrorCode, RunReply, RunRequest, Sessions, accounts::store::CachedAccounts,
    action_search::ActionSearch, connector_catalog::ConnectorCatalog, profiles::Profiles,
};

/// The most accounts that the instructions name.
const MAX_SHOWN_ACCOUNTS: usize = 20;
/// The most unknown arguments that an answer names.
const MAX_UNKNOWN: usize = 20;
/// The longest part of a caller's name that an answer repeats, in characters.
const MAX_NAME_CHARS: usize = 100;

/// The tools of agents.
pub struct Agents {
    views: Views,
    search: Arc<ActionSearch>,
    actions: Arc<Actions>,
    links: Links,
    cache: ToolCache,
}

/// The tools of a request.
pub struct AgentTools {
    view: Arc<View>,
    set: Arc<ToolSet>,
    project: String,
}

/// A page of a list of tools.
#[derive(Clone, Debug)]
pub struct ToolPage {
    /// The definitions, as a JSON list.
    pub tools: Arc<str>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl AgentTools {
    /// Returns a page of the list, the first one without a cursor; none for a cursor of another list.
    pub fn page(&self, cursor: Option<&str>) -> Option<ToolPage> {
        let at = match cursor {
            None => 0,
            Some(cursor) => (1..self.set.pages.len()).find(|at| self.cursor(*at) == cursor)?,
        };
        let tools = self.set.pages.get(at)?.clone();
        let next = (at + 1 < self.set.pages.len()).then(|| self.cursor(at + 1));
        Some(ToolPage { tools, next })
    }

    /// A cursor belongs to the project and to what is listed.
    fn cursor(&self, page: usize) -> String {
        format!("c{page}-{}", fingerprint(&format!("{} {} {page}", self.project, self.set.version)))
    }

    /// Returns a text that changes with what is listed.
    pub fn version(&self) -> &str {
        &self.set.version
    }

    /// Returns the number of tools that are listed, and their size as JSON in bytes.
    pub fn size(&self) -> (usize, usize) {
        let listed = match self.set.mode {
            ToolMode::Individual => self.set.tools.len(),
            ToolMode::SearchExecute => 2 * self.set.connector_keys().count(),
            ToolMode::Meta => 4,
        };
        (listed, self.set.bytes())
    }

    /// Returns the names of the actions' tools, by which they are listed or found, with the public ID of each action.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set.tools.iter().map(|tool| (tool.name.as_str(), tool.action.public_id.as_str()))
    }

    /// Returns what a model should know of the accounts: which there are, and which of them cannot be called.
    pub fn instructions(&self) -> String {
        let mut lines =
            vec!["The tools act at providers, with the linked accounts of a person or a company.".to_owned()];
        for account in self.view.accounts.iter().take(MAX_SHOWN_ACCOUNTS) {
            let title = account.connector.as_ref().map_or(&account.account.connector, |connector| &connector.title);
            let (id, name) = (&account.account.id, account_name(account));
            lines.push(match account.trouble() {
                None => format!("- {title}: account {id} ({name})."),
                Some(trouble) => format!("- {title}: account {id} ({name}) cannot be used: {trouble}."),
            });
        }
        let more = self.view.accounts.len().saturating_sub(MAX_SHOWN_ACCOUNTS);
        if more > 0 {
            lines.push(format!("- and {more} more."));
        }
        if self.view.accounts.is_empty() {
            lines.push("No account is linked yet. A search for tools returns links that connect one.".to_owned());
        }
        lines.join("\n")
    }

    /// Returns the ids of the accounts that cannot be called.
    fn troubled(&self) -> HashSet<&str> {
        let troubled = self.view.accounts.iter().filter(|account| account.trouble().is_some());
        troubled.map(|account| account.account.id.as_str()).collect()
    }
}

impl Agents {
    pub(crate) fn new(
        parts: &EngineParts,
        accounts: Arc<CachedAccounts>,
        profiles: Arc<Profiles>,
        connectors: Arc<ConnectorCatalog>,
        search: Arc<ActionSearch>,
        sessions: Arc<Sessions>,
        actions: Arc<Actions>,
    ) -> Self {
        let views = Views { storage: parts.storage.clone(), accounts, profiles, connectors };
        Self { views, search, actions, links: Links::new(sessions, parts.clock.clone()), cache: ToolCache::default() }
    }

    /// Returns the tools of a request: what is listed, found and called is the same, in every mode.
    ///
    /// Accounts that the project does not have are left out, if it has others of the request. An account that cannot be used
    /// keeps its tools; a call says what to do.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller cannot run actions; 400 `ValidationError` without an account or with too many; 404
    /// `AccountNotFoundError` if the project has none of the accounts; 503 `StorageUnavailableError`.
    pub async fn open(&self, caller: &Caller, request: &AgentRequest) -> Result<AgentTools, Error> {
        caller.require(ApiScope::ActionsExecute)?;
        let view = Arc::new(self.views.open(caller, &request.accounts, &request.filter).await?);
        let set = match self.cache.get(&caller.project_id, request, &view) {
            Some(set) => set,
            None => {
                let (made_of, mode, style) = (view.clone(), request.mode, request.style);
                // Hundreds of schemas take longer than a thread that answers should be away.
                let made = spawn_blocking(move || Arc::new(ToolSet::new(&made_of, mode, style))).await;
                let set = made.map_err(|_| Error::new(ErrorCode::Internal, "the tools were not made"))?;
                self.cache.keep(&caller.project_id, request, view.clone(), set.clone());
                set
            }
        };
        Ok(AgentTools { view, set, project: caller.project_id.to_string() })
    }

    /// Calls a tool. To drop the returned future is to cancel the call at the provider.
    ///
    /// # Errors
    ///
    /// [`ToolRefused`] for a name that is not listed. Everything else is an answer: wrong arguments, errors of the provider, and
    /// accounts that a person must reconnect.
    pub async fn call(
        &self,
        caller: &Caller,
        tools: &AgentTools,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<ToolAnswer, ToolRefused> {
        let target = tools.set.target(name).ok_or_else(|| ToolRefused::new(name))?;
        Ok(match target {
            Target::Action(tool) => self.call_listed(caller, tools, tool, arguments).await,
            Target::SearchOf(connector) => self.search(caller, tools, Some(&connector.key), &arguments).await,
            Target::Search => self.search(caller, tools, None, &arguments).await,
            Target::Describe => described_tools(tools, &arguments),
            Target::ExecuteOf(connector) => {
                let wanted = Wanted { argument: "action_id", connector: Some(&connector.key), read_only: false };
                self.execute(caller, tools, wanted, arguments).await
            }
            Target::Read => {
                let wanted = Wanted { argument: "name", connector: None, read_only: true };
                self.execute(caller, tools, wanted, arguments).await
            }
            Target::Execute => {
                let wanted = Wanted { argument: "name", connector: None, read_only: false };
                self.execute(caller, tools, wanted, arguments).await
            }
        })
    }

    /// Calls the tool of an action.
    async fn call_listed(
        &self,
        caller: &Caller,
        tools: &AgentTools,
        tool: &Tool,
        mut given: Map<String, Value>,
    ) -> ToolAnswer {
        let arguments = tool.arguments(tools.set.style);
        let account = tool.account_argument(&arguments).and_then(|name| given.remove(name));
        match account_of(&[tool], account.as_ref().and_then(Value::as_str)) {
            Ok((tool, account)) => self.run(caller, tools, tool, &account, &arguments, given).await,
            Err(answer) => answer,
        }
    }

    /// Runs an action that the arguments name.
    async fn execute(
        &self,
        caller: &Caller,
        tools: &AgentTools,
        wanted: Wanted<'_>,
        mut given: Map<String, Value>,
    ) -> ToolAnswer {
        let name = given.remove(wanted.argument).or_else(|| given.remove("tool_name"));
        let Some(Value::String(name)) = name else {
            return ToolAnswer::failed(format!("`{}` is required: a name that the search returned", wanted.argument));
        };
        let named = tools.set.tool(&name).into_iter();
        let mut candidates = named.chain(tools.set.of_action(&name)).collect::<Vec<_>>();
        candidates.dedup_by(|a, b| std::ptr::eq(*a, *b));
        candidates.retain(|tool| wanted.connector.is_none_or(|key| tool.connector.key == key));
        if candidates.is_empty() {
            return ToolAnswer::failed(ToolRefused::new(&name).to_string());
        }
        if wanted.read_only && candidates.iter().any(|tool| !is_read_only(&tool.action)) {
            return ToolAnswer::failed(format!(
                "`{name}` may change something, so tool_read does not run it; use tool_execute"
            ));
        }
        let account = given.remove("account_id");
        let (tool, account) = match account_of(&candidates, account.as_ref().and_then(Value::as_str)) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let inner = given.remove("arguments").or_else(|| given.remove("parameters"));
        let inputs = match inner {
            None | Some(Value::Null) => given,
            Some(Value::Object(members)) => members,
            // Some models write objects as text.
            Some(Value::String(text)) if serde_json::from_str::<Map<_, _>>(&text).is_ok() => {
                serde_json::from_str(&text).unwrap_or_default()
            }
            Some(_) => return ToolAnswer::failed("`arguments` must be an object".to_owned()),
        };
        self.run(caller, tools, tool, &account, &tool.arguments(tools.set.style), inputs).await
    }

    async fn run(
        &self,
        caller: &Caller,
        tools: &AgentTools,
        tool: &Tool,
        account: &AccountId,
        arguments: &Arguments,
        given: Map<String, Value>,
    ) -> ToolAnswer {
        let inputs = match arguments.split(&tool.action, given) {
            Ok(inputs) => inputs,
            Err(unknown) => {
                let unknown = named(&unknown);
                let known = parameters(&arguments.schema, tools.set.style);
                let known = if known.is_empty() { "no arguments".to_owned() } else { known };
                return ToolAnswer::failed(format!("unknown arguments: {unknown}; the tool takes {known}"));
            }
        };
        let request = RunRequest {
            account_id: account.clone(),
            profile_id: None,
            action: tool.action.public_id.clone(),
            path: inputs.path,
            query: inputs.query,
            headers: inputs.headers,
            body: inputs.body,
            debug: false,
            dry_run: false,
            memory: None,
        };
        // Boxed: a run of an action is large, and what calls it would be too.
        let answer = Box::pin(self.answer(caller, tool, account, request)).await;
        match answer {
            Ok(answer) => answer,
            Err(error) => {
                let known = tools.view.accounts.iter().find(|known| known.account.id == *account);
                let link = match known.filter(|_| needs_person(&error)) {
                    Some(known) => self.links.reconnect(caller, &known.account).await,
                    None => None,
                };
                ToolAnswer::of_error(&error, Some(arguments), link.as_ref().map(patchbay_vault::Secret::expose))
            }
        }
    }

    async fn answer(
        &self,
        caller: &Caller,
        tool: &Tool,
        account: &AccountId,
        request: RunRequest,
    ) -> Result<ToolAnswer, Error> {
        match self.actions.run_streaming(caller, request, None).await? {
            RunReply::Value(outcome) => {
                if outcome.memory.is_some() {
                    leave().await?;
                }
                let mut result = outcome.result;
                let file = take(&tool.action, &mut result, outcome.call_id.as_str(), account.as_str());
                Ok(ToolAnswer::of_result(result, file))
            }
            RunReply::File(found) => {
                let found = *found;
                let action = &tool.action.public_id;
                let call = found.outcome.call_id.to_string();
                let file = read(&found.metadata, found.content, &call, account.as_str(), action).await?;
                let mut result = Value::Object(found.outcome.result);
                describe(&mut result, &found.placeholder, &file);
                let Value::Object(result) = result else { return Ok(ToolAnswer::of_result(Map::new(), Some(file))) };
                Ok(ToolAnswer::of_result(result, Some(file)))
            }
        }
    }

    /// Answers a search, for everything or for a connector.
    async fn search(
        &self,
        caller: &Caller,
        tools: &AgentTools,
        only: Option<&str>,
        arguments: &Map<String, Value>,
    ) -> ToolAnswer {
        let text = arguments.get("query").and_then(Value::as_str).unwrap_or_default();
        if text.trim().is_empty() {
            return ToolAnswer::failed("`query` is required: what the action should do, such as \"send a message\"");
        }
        let connector =
            only.or_else(|| arguments.get("connector").and_then(Value::as_str).filter(|key| !key.is_empty()));
        let top = match arguments.get("top_k") {
            None | Some(Value::Null) => DEFAULT_TOP,
            Some(given) => match given.as_u64().filter(|top| (1..=MAX_TOP).contains(top)) {
                Some(top) => top,
                None => return ToolAnswer::failed(format!("`top_k` must be a whole number from 1 to {MAX_TOP}")),
            },
        };
        let query = ToolQuery { text, connector, top: usize::try_from(top).unwrap_or(usize::MAX) };
        let search = ToolSearch { search: &self.search, profiles: &self.views.profiles, links: &self.links };
        let found = match search.find(caller, &tools.set, &query).await {
            Ok(found) => found,
            Err(error) => return ToolAnswer::of_error(&error, None, None),
        };
        let troubled = tools.troubled();
        let result = if only.is_some() {
            let actions = found.iter().map(|(tool, score)| {
                let arguments = tool.arguments(tools.set.style);
                json!({
                    "action_id": tool.action.public_id,
                    "description": one_line(&tool.action),
                    "similarity": rounded(*score),
                    "parameters": parameters(&arguments.schema, tools.set.style),
                    "account_ids": tool.accounts.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
                })
            });
            let actions = actions.collect::<Vec<_>>();
            json!({ "total": actions.len(), "query": text, "actions": actions })
        } else {
            let mut all =
                found.iter().map(|(tool, score)| shown(tool, *score, &tools.set, &troubled)).collect::<Vec<_>>();
            match search.offers(caller, &tools.view, &tools.set, &query).await {
                Ok(offers) => all.extend(offers),
                Err(error) => return ToolAnswer::of_error(&error, None, None),
            }
            json!({ "total": all.len(), "query": text, "tools": all })
        };
        let Value::Object(result) = result else { return ToolAnswer::default() };
        ToolAnswer::of_result(result, None)
    }
}

/// What a tool that runs others may run.
struct Wanted<'a> {
    /// The argument with the name.
    argument: &'static str,
    /// Only actions of this connector.
    connector: Option<&'a str>,
    /// Only actions that change nothing.
    read_only: bool,
}

/// Returns the tool and the account of a call: the one that is named, or the only one there is.
fn account_of<'a>(candidates: &[&'a Tool], named: Option<&str>) -> Result<(&'a Tool, AccountId), ToolAnswer> {
    let all = candidates.iter().flat_map(|tool| tool.accounts.iter().map(|account| (*tool, account)));
    let all = all.collect::<Vec<_>>();
    let named = named.map(str::trim).filter(|id| !id.is_empty());
    let found = match (named, all.as_slice()) {
        (Some(id), _) => all.iter().find(|(_, (account, _))| account.as_str() == id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    if let Some((tool, (account, _))) = found {
        return Ok((*tool, account.clone()));
    }
    let shown = all.iter().map(|(_, (id, name))| format!("{id} ({name})")).collect::<Vec<_>>().join(", ");
    Err(ToolAnswer::failed(match named {
        Some(_) => format!("this account is not one of the tool's; its accounts are: {shown}"),
        None => format!("`account_id` is required, because several accounts have this tool: {shown}"),
    }))
}

/// Returns the names of unknown arguments for a message: the first ones, shortened, because a caller chooses their number and length.
fn named(names: &[String]) -> String {
    let mut shown = names.iter().take(MAX_UNKNOWN).map(|name| format!("`{}`", short(name))).collect::<Vec<_>>();
    let more = names.len() - shown.len();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

/// Returns a name that a caller chose, for a message.
fn short(name: &str) -> String {
    shortened(&name.chars().filter(|c| !c.is_control()).collect::<String>(), MAX_NAME_CHARS)
}

/// Returns the definitions of the tools that the arguments name.
fn described_tools(tools: &AgentTools, arguments: &Map<String, Value>) -> ToolAnswer {
    let names = match arguments.get("names") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => Vec::new(),
    };
    if names.is_empty() || names.len() > MAX_DESCRIBED {
        return ToolAnswer::failed(format!("`names` must be a list of 1 to {MAX_DESCRIBED} names of tools"));
    }
    let described = names.into_iter().map(|name| {
        let found = tools.set.tool(name).or_else(|| tools.set.of_action(name).next());
        match found {
            Some(tool) => tool.definition(tools.set.style),
            None => json!({ "name": short(name), "error": ToolRefused::new(name).to_string() }),
        }
    });
    let described = described.collect::<Vec<_>>();
    let result = Map::from_iter([("tools".to_owned(), described.into())]);
    ToolAnswer::of_result(result, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_names_is_repeated_in_short() {
        let names = |count: usize, length: usize| vec!["x".repeat(length); count];
        assert_eq!(named(&["a".to_owned(), "b\n".to_owned()]), "`a`, `b`");
        assert!(named(&names(1, 3_000_000)).chars().count() < 110);
        let many = named(&names(50_000, 100));
        assert!(many.len() < 2_500 && many.ends_with("and 49980 more"), "{many}");
    }
}
