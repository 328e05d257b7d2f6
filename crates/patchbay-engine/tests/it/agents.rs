//! The tools of agents: what is listed is what is found and what can be called, one broken account hides nothing, and every
//! definition is one that every host accepts.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::Request, http::StatusCode, response::IntoResponse};
use patchbay_connector::{Connector, SourceFile, load, render};
use patchbay_engine::{
    AccountPatch, AccountSelection, ActionSearchQuery, AgentRequest, AgentTools, ErrorCode, NewSession, ParamStyle,
    ProfilePatch, RevocationQuery, ToolAnswer, ToolFilter, ToolMode,
};
use patchbay_model::{AccountId, AccountStatus, ApiScope, EnabledActions};
use serde_json::{Map, Value, json};

use crate::support::{HttpProvider, Provider, TestBed, run_request, session_for};

/// The actions of the connector, each with what it does.
const ACTIONS: [(&str, &str); 8] = [
    ("list_parrots", "Lists parrots"),
    ("get_parrot", "Reads a parrot"),
    ("create_parrot", "Adds a parrot"),
    ("delete_parrot", "Removes a parrot"),
    ("list_cages", "Lists cages"),
    ("clean_cage", "Cleans a cage"),
    ("feed_parrot", "Feeds a parrot with seeds"),
    ("teach_word", "Teaches a parrot a word"),
];

fn zoo() -> Connector {
    let actions = ACTIONS.map(|(id, text)| {
        let read_only = id.starts_with("list") || id.starts_with("get");
        format!(
            r"
  - actionId: {id}
    label: {text}
    description: {text}.
    categories: [documents]
    actionType: custom
    annotations: {{readOnlyHint: {read_only}}}
    inputs:
      - {{name: id, type: string, in: query, required: false, description: Id.}}
    steps:
      - stepId: ask
        description: Ask.
        stepFunction:
          functionName: request
          parameters: {{url: /{id}, method: get, args: [{{name: id, value: $.inputs.id, in: query}}]}}
"
        )
    });
    let text = format!(
        r"
Patchbay: 1.0.0
info: {{title: Zoo, key: zoo, version: 1.0.0, description: For tests.}}
categories: [documents]
baseUrl: https://zoo.example.com
authentication:
  - key:
      type: custom
      label: Key
      configFields: [{{key: key, label: Key, type: password, required: true, secret: true}}]
      authorization: {{type: bearer, token: '${{credentials.key}}'}}
      environments: [{{key: production, name: Production}}]
actions:{}
",
        actions.concat()
    );
    let files = [SourceFile { name: "zoo.connector.yaml".to_owned(), text }];
    let loaded = load(&files);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)))
}

/// A provider that answers with the key of the caller and the path; `?id=` selects other answers.
fn provider() -> HttpProvider {
    HttpProvider::new(|request: Request| async move {
        let key = request.headers()["authorization"].to_str().unwrap().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        if query.contains("id=broken") {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": "the parrot is asleep" }))).into_response();
        }
        if query.contains("id=many") {
            let parrots = (0..3_000).map(|id| json!({ "id": id, "name": "x".repeat(200) })).collect::<Vec<_>>();
            return Json(Value::from(parrots)).into_response();
        }
        Json(json!({ "key": key, "path": request.uri().path() })).into_response()
    })
}

async fn bed() -> TestBed<HttpProvider> {
    let bed = TestBed::builder().connectors([zoo()]).account(&[("key", "canary-one")]);
    bed.provider("https://zoo.example.com", provider()).start().await
}

fn request(accounts: &[&AccountId], mode: ToolMode) -> AgentRequest {
    AgentRequest {
        accounts: AccountSelection::Ids(accounts.iter().map(|id| (*id).clone()).collect()),
        mode,
        style: ParamStyle::Nested,
        filter: ToolFilter::default(),
    }
}

fn arguments(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("{value}") };
    members
}

/// Returns the definitions on all pages.
fn listed(tools: &AgentTools) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = tools.page(cursor.as_deref()).unwrap();
        all.extend(serde_json::from_str::<Vec<Value>>(&page.tools).unwrap());
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

fn names(tools: &AgentTools) -> BTreeSet<String> {
    listed(tools).iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn text(answer: &ToolAnswer) -> &str {
    answer.content[0]["text"].as_str().unwrap()
}

impl<P: Provider> TestBed<P> {
    async fn tools(&self, request: &AgentRequest) -> AgentTools {
        self.engine.agents.open(&self.caller, request).await.unwrap()
    }

    async fn call(&self, tools: &AgentTools, name: &str, given: Value) -> ToolAnswer {
        Box::pin(self.engine.agents.call(&self.caller, tools, name, arguments(given))).await.unwrap()
    }

    /// Returns true if the tool is listed as callable: neither refused nor answered with the refusal's sentence.
    async fn can_call(&self, tools: &AgentTools, name: &str) -> bool {
        let called = Box::pin(self.engine.agents.call(&self.caller, tools, name, Map::new())).await;
        called.is_ok_and(|answer| !answer.is_error)
    }
}

#[test]
fn what_is_listed_is_what_is_found_and_called() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bed = runtime.block_on(bed());
    let profile = runtime.block_on(bed.default_profile());
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: 40,
        failure_persistence: None,
        ..Default::default()
    });
    let subset = proptest::collection::btree_set(0..ACTIONS.len(), 0..=ACTIONS.len());
    let outcome = runner.run(&subset, |subset| {
        runtime.block_on(async {
            let id = |at: &usize| format!("zoo_{}", ACTIONS[*at].0);
            let enabled = subset.iter().map(id).collect::<BTreeSet<_>>();
            let patch =
                ProfilePatch { enabled_actions: Some(EnabledActions::Only(enabled.clone())), ..Default::default() };
            bed.patch_profile(&profile.id, patch).await.unwrap();
            check_sets(&bed, &enabled).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

async fn check_sets(bed: &TestBed<HttpProvider>, enabled: &BTreeSet<String>) {
    let individual = bed.tools(&request(&[bed.account()], ToolMode::Individual)).await;
    assert_eq!(names(&individual), *enabled);
    let meta = bed.tools(&request(&[bed.account()], ToolMode::Meta)).await;
    let pair = bed.tools(&request(&[bed.account()], ToolMode::SearchExecute)).await;
    for (action, _) in ACTIONS {
        let id = format!("zoo_{action}");
        let is_enabled = enabled.contains(&id);
        assert_eq!(bed.can_call(&individual, &id).await, is_enabled, "{id}");
        let found = bed.call(&meta, "tool_search", json!({ "query": id, "top_k": 50 })).await.structured.unwrap();
        let is_found = found["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == id);
        assert_eq!(is_found, is_enabled, "{id}: {found:?}");
        let called = bed.call(&meta, "tool_execute", json!({ "name": id, "arguments": {} })).await;
        assert_eq!(!called.is_error, is_enabled, "{id}: {called:?}");
        let described = bed.call(&meta, "tool_describe", json!({ "names": [id] })).await.structured.unwrap();
        assert_eq!(described["tools"][0].get("inputSchema").is_some(), is_enabled, "{id}");
        // The other surfaces decide the same.
        let run = bed.run_request(run_request(bed.account(), &id, &json!({}))).await;
        assert_eq!(run.is_ok(), is_enabled, "{id}");
        let query = ActionSearchQuery { text: id.clone(), connector: None, top: 50, min_score: 0.0 };
        let searched = bed.engine.action_search.search(&bed.caller, &query).await.unwrap();
        assert_eq!(searched.iter().any(|found| found.action.public_id == id), is_enabled, "{id}");
        if !enabled.is_empty() {
            let called = bed.call(&pair, "zoo_execute_action", json!({ "action_id": id })).await;
            assert_eq!(!called.is_error, is_enabled, "{id}: {called:?}");
        }
    }
}

#[tokio::test]
async fn unknown_and_forbidden_tools_are_refused_with_the_same_words() {
    let bed = bed().await;
    let profile = bed.default_profile().await;
    let only = EnabledActions::Only(BTreeSet::from(["zoo_list_parrots".to_owned()]));
    bed.patch_profile(&profile.id, ProfilePatch { enabled_actions: Some(only), ..Default::default() }).await.unwrap();
    let tools = bed.tools(&request(&[bed.account()], ToolMode::Individual)).await;
    let refusal = async |name: &str| {
        let refused = bed.engine.agents.call(&bed.caller, &tools, name, Map::new()).await.unwrap_err();
        refused.to_string().replace(name, "NAME")
    };
    assert_eq!(refusal("zoo_feed_parrot").await, refusal("nobody_knows_it").await);
    assert_eq!(refusal("tool_execute").await, refusal("nobody_knows_it").await);
    // A filter narrows what can be called, too.
    let filter = ToolFilter { actions: Some(vec!["*_cage*".to_owned()]), connectors: None };
    let narrowed = AgentRequest { filter, ..request(&[bed.account()], ToolMode::Individual) };
    let tools = bed.tools(&narrowed).await;
    assert_eq!(names(&tools), BTreeSet::new());
    assert!(!bed.can_call(&tools, "zoo_list_parrots").await);
}

#[tokio::test]
async fn a_change_of_the_profile_is_seen_by_the_next_request() {
    let bed = bed().await;
    let profile = bed.default_profile().await;
    let request = request(&[bed.account()], ToolMode::Individual);
    let before = bed.tools(&request).await;
    assert_eq!(names(&before).len(), ACTIONS.len());
    let again = bed.tools(&request).await;
    assert!(
        std::sync::Arc::ptr_eq(&before.page(None).unwrap().tools, &again.page(None).unwrap().tools),
        "it is cached"
    );
    let only = EnabledActions::Only(BTreeSet::from(["zoo_get_parrot".to_owned()]));
    bed.patch_profile(&profile.id, ProfilePatch { enabled_actions: Some(only), ..Default::default() }).await.unwrap();
    let after = bed.tools(&request).await;
    assert_eq!(names(&after), BTreeSet::from(["zoo_get_parrot".to_owned()]));
    assert_ne!(before.version(), after.version());
    // A disabled profile allows nothing, and the instructions say why.
    bed.patch_profile(&profile.id, ProfilePatch { active: Some(false), ..Default::default() }).await.unwrap();
    let disabled = bed.tools(&request).await;
    assert_eq!(names(&disabled), BTreeSet::new());
    assert!(disabled.instructions().contains("its connector profile is disabled"), "{}", disabled.instructions());
}

#[tokio::test]
async fn one_dead_account_of_three_hides_nothing() {
    let bed = bed().await;
    let session = |owner: &str| NewSession { connector: Some("zoo".into()), ..session_for(owner) };
    let profile = bed.default_profile().await;
    let second = bed.link_with(session("second"), &profile, &[("key", "canary-two")]).await.unwrap();
    let third = bed.link_with(session("third"), &profile, &[("key", "canary-three")]).await.unwrap();
    let suspended = AccountPatch { status: Some(AccountStatus::Suspended), ..AccountPatch::default() };
    bed.patch_account(&third.id, suspended).await.unwrap();
    let unknown = AccountId::new("nobody");
    let accounts = [bed.account(), &second.id, &third.id, &unknown];
    let tools = bed.tools(&request(&accounts, ToolMode::Individual)).await;
    let definitions = listed(&tools);
    assert_eq!(definitions.len(), ACTIONS.len(), "accounts of one connector share its tools");
    let account = &definitions[0]["inputSchema"]["properties"]["account_id"];
    assert_eq!(account["enum"].as_array().unwrap().len(), 3);
    assert_eq!(definitions[0]["inputSchema"]["required"][0], "account_id");
    for (id, canary) in [(bed.account(), "canary-one"), (&second.id, "canary-two")] {
        let answer = bed.call(&tools, "zoo_list_parrots", json!({ "account_id": id.as_str() })).await;
        // The provider echoes the key, and the result does not contain it.
        assert!(!answer.is_error && !text(&answer).contains(canary), "{answer:?}");
    }
    let dead = bed.call(&tools, "zoo_list_parrots", json!({ "account_id": third.id.as_str() })).await;
    assert!(dead.is_error && dead.structured.is_none() && text(&dead).contains("suspended"), "{dead:?}");
    let without = bed.call(&tools, "zoo_list_parrots", json!({})).await;
    assert!(without.is_error && text(&without).contains(second.id.as_str()), "{without:?}");
    let foreign = bed.call(&tools, "zoo_list_parrots", json!({ "account_id": "nobody" })).await;
    assert!(foreign.is_error, "{foreign:?}");
    assert!(tools.instructions().contains("it is suspended"), "{}", tools.instructions());
    // None of the accounts of another project, and none at all.
    let stranger = bed.stranger().await;
    let theirs = bed.engine.agents.open(&stranger, &request(&accounts, ToolMode::Individual)).await;
    assert_eq!(theirs.err().unwrap().code, ErrorCode::AccountNotFound);
    let nobody = bed.engine.agents.open(&bed.caller, &request(&[], ToolMode::Meta)).await;
    assert_eq!(nobody.err().unwrap().code, ErrorCode::Validation);
    // All accounts of an owner.
    let owner =
        AgentRequest { accounts: AccountSelection::Owner("second".into()), ..request(&[], ToolMode::Individual) };
    let tools = bed.tools(&owner).await;
    assert!(bed.can_call(&tools, "zoo_list_parrots").await);
}

#[tokio::test]
async fn failures_are_answers_that_say_what_to_do() {
    let bed = bed().await;
    let tools = bed.tools(&request(&[bed.account()], ToolMode::Individual)).await;
    let broken = bed.call(&tools, "zoo_get_parrot", json!({ "query": { "id": "broken" } })).await;
    assert!(broken.is_error && text(&broken).contains("the parrot is asleep"), "{broken:?}");
    let wrong = bed.call(&tools, "zoo_get_parrot", json!({ "query": { "id": ["x"] } })).await;
    assert!(wrong.is_error && text(&wrong).contains("query.id"), "{wrong:?}");
    let unknown = bed.call(&tools, "zoo_get_parrot", json!({ "colour": "green" })).await;
    assert!(unknown.is_error && text(&unknown).contains("`colour`; the tool takes query.id"), "{unknown:?}");
    let many = bed.call(&tools, "zoo_list_parrots", json!({ "query": { "id": "many" } })).await;
    let structured = many.structured.clone().unwrap();
    assert_eq!(structured["_truncated"]["total"], 3_000);
    assert_eq!(serde_json::from_str::<Value>(text(&many)).unwrap(), Value::Object(structured));
    assert!(text(&many).len() <= 100_000 && many.content[1]["text"].as_str().unwrap().contains("smaller page"));
    // An account that must be reconnected comes with a link, which stays the same while it is not used.
    let caller = &bed.caller;
    let all = RevocationQuery { connector: Some("zoo".to_owned()), ..RevocationQuery::default() };
    bed.engine.revocations.revoke(caller, all).await.unwrap();
    let tools = bed.tools(&request(&[bed.account()], ToolMode::Individual)).await;
    assert_eq!(names(&tools).len(), ACTIONS.len());
    let revoked = bed.call(&tools, "zoo_list_parrots", json!({})).await;
    assert!(revoked.is_error && text(&revoked).contains("can reconnect it here: http"), "{revoked:?}");
    let again = bed.call(&tools, "zoo_list_parrots", json!({})).await;
    assert_eq!(text(&again), text(&revoked));
    // A key that cannot create connect sessions gets no link from a tool.
    let mut weak = (**caller).clone();
    weak.scopes.remove(&ApiScope::PlatformWrite);
    let answer = bed.engine.agents.call(&weak, &tools, "zoo_list_parrots", Map::new()).await.unwrap();
    assert!(answer.is_error && !text(&answer).contains("http"), "{answer:?}");
    weak.scopes.remove(&ApiScope::ActionsExecute);
    let refused = bed.engine.agents.open(&weak, &request(&[bed.account()], ToolMode::Meta)).await;
    assert_eq!(refused.err().unwrap().code, ErrorCode::MissingScope);
}

#[tokio::test]
async fn four_tools_find_describe_read_and_run() {
    let bed = bed().await;
    let tools = bed.tools(&request(&[bed.account()], ToolMode::Meta)).await;
    let expected = ["tool_describe", "tool_execute", "tool_read", "tool_search"].map(str::to_owned);
    assert_eq!(names(&tools), BTreeSet::from(expected));
    assert!(tools.size().1 <= 1_500 * 4, "{:?}", tools.size());
    let found = bed.call(&tools, "tool_search", json!({ "query": "teach a word", "top_k": 1 })).await;
    let found = found.structured.unwrap();
    let best = &found["tools"][0];
    assert_eq!((&best["name"], &best["parameters"]), (&json!("zoo_teach_word"), &json!("query.id: string")));
    assert_eq!((&best["connected"], &best["read_only"]), (&json!(true), &json!(false)));
    let run = async |tool: &str, name: &str| bed.call(&tools, tool, json!({ "name": name })).await;
    assert!(!run("tool_read", "zoo_list_cages").await.is_error);
    let refused = run("tool_read", "zoo_clean_cage").await;
    assert!(refused.is_error && text(&refused).contains("tool_execute"), "{refused:?}");
    assert!(!run("tool_execute", "zoo_clean_cage").await.is_error);
    assert_eq!(
        text(&run("tool_read", "nope").await).replace("nope", ""),
        text(&run("tool_execute", "nope").await).replace("nope", "")
    );
    for (tool, given) in [
        ("tool_search", json!({})),
        ("tool_search", json!({ "query": "a", "top_k": 51 })),
        ("tool_describe", json!({ "names": [] })),
        ("tool_execute", json!({ "name": "zoo_list_cages", "arguments": 5 })),
        ("tool_execute", json!({})),
    ] {
        assert!(bed.call(&tools, tool, given.clone()).await.is_error, "{tool} {given}");
    }
    // Arguments as the results of the search name them.
    let dotted = json!({ "name": "zoo_get_parrot", "arguments": { "query.id": "broken" } });
    assert!(text(&bed.call(&tools, "tool_execute", dotted).await).contains("asleep"));
}

#[tokio::test]
async fn an_owner_without_accounts_gets_a_link() {
    let bed = bed().await;
    let request = AgentRequest { accounts: AccountSelection::Owner("new".into()), ..request(&[], ToolMode::Meta) };
    let tools = bed.tools(&request).await;
    let found = bed.call(&tools, "tool_search", json!({ "query": "feed the parrot" })).await.structured.unwrap();
    let best = &found["tools"][0];
    assert_eq!((&best["name"], &best["connected"]), (&json!("zoo_feed_parrot"), &json!(false)), "{found:?}");
    assert!(best["auth_link"].as_str().is_some_and(|link| link.starts_with("http")), "{found:?}");
    assert!(bed.call(&tools, "tool_execute", json!({ "name": "zoo_feed_parrot" })).await.is_error);
}

#[tokio::test]
async fn each_account_answers_for_itself_while_fifty_run() {
    let echo = HttpProvider::new(|request: Request| async move {
        let key = request.headers()["authorization"].to_str().unwrap().bytes().map(u64::from).sum::<u64>();
        Json(json!({ "sum": key })).into_response()
    });
    let bed = TestBed::builder().connectors([zoo()]).account(&[("key", "first-key")]);
    let bed = bed.provider("https://zoo.example.com", echo).start().await;
    let profile = bed.default_profile().await;
    let mut sums = BTreeMap::new();
    for number in 0..50_u32 {
        let session = NewSession { connector: Some("zoo".into()), ..session_for(&format!("owner-{number}")) };
        let key = format!("key-{}", "z".repeat(number as usize));
        let account = bed.link_with(session, &profile, &[("key", &key)]).await.unwrap();
        let sum = format!("Bearer {key}").bytes().map(u64::from).sum::<u64>();
        sums.insert(account.id.clone(), sum);
    }
    let ids = sums.keys().collect::<Vec<_>>();
    let tools = bed.tools(&request(&ids, ToolMode::Individual)).await;
    let calls = sums.iter().map(async |(id, sum)| {
        let answer = bed.call(&tools, "zoo_list_parrots", json!({ "account_id": id.as_str() })).await;
        assert_eq!(answer.structured.unwrap()["data"]["sum"], *sum, "{id}");
    });
    futures_util::future::join_all(calls).await;
}
