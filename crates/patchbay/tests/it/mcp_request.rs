//! Tool calls at MCP servers through the real server: both protocol eras, sessions, streams and failures.

use patchbay_simulator::{Fault, FaultFilter, McpEra, McpRules, McpServer, PlannedFault};
use serde_json::{Value, json};

use crate::support::{ApiResponse, FixtureProvider, Server, canary};

/// A simulated MCP server, and a server with one linked account.
struct McpCallBed {
    mcp: McpServer,
    server: Server,
    account: String,
    _provider: FixtureProvider,
}

impl McpCallBed {
    fn start(rules: McpRules, arguments: &[&str]) -> Self {
        let mcp = McpServer::new(rules, None);
        let fixture = FixtureProvider::start("mcp", mcp.router());
        let server = fixture.server(&[("https://mcp.example.com", "")], arguments);
        let token = server.session(json!({ "provider": "mcp" }));
        let integration = server.hub(&token).get("/hub/connectors?provider=mcp").text("/integrations/0/integration_id");
        let body = json!({ "integration_id": integration, "credentials": { "apiKey": canary::CLIENT_SECRET } });
        let answer = server.hub(&token).post("/hub/accounts", &body);
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        Self { mcp, server, account, _provider: fixture }
    }

    fn run(&self, action: &str, inputs: Value) -> ApiResponse {
        let mut body = inputs;
        body["action"] = json!(format!("mcp_{action}"));
        self.server.api().header("x-account-id", &self.account).post("/actions/rpc", &body)
    }

    fn issue(&self) -> ApiResponse {
        self.run("get_issue", json!({ "path": { "id": "Q-1" } }))
    }

    fn fault(&self, times: u32, fault: Fault) {
        self.mcp.plan(PlannedFault { matching: FaultFilter::default(), times, fault });
    }
}

fn legacy() -> McpRules {
    McpRules { era: McpEra::Legacy, ..McpRules::default() }
}

#[test]
fn a_tool_call_without_sessions_is_one_request() {
    let bed = McpCallBed::start(McpRules::default(), &[]);
    let before = bed.mcp.received_methods().len();
    let answer = bed.run("create_issue", json!({ "body": { "title": "Scrub the deck" } }));
    assert_eq!(answer.json()["data"], json!({ "id": "Q-3", "title": "Scrub the deck", "team": null }), "{answer}");
    assert_eq!(bed.mcp.received_methods().split_off(before), ["tools/call"]);
    let tools = bed.run("list_tools", json!({})).json();
    let names = tools["data"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["get_issue", "create_issue", "list_issues", "ask_captain"]);
}

#[test]
fn an_account_has_one_session_which_is_reopened_when_lost() {
    let bed = McpCallBed::start(legacy(), &[]);
    // Linking verified the credentials in a separate session, which it closed.
    assert_eq!((bed.mcp.opened_sessions(), bed.mcp.open_sessions()), (1, 0));
    for _ in 0..3 {
        assert_eq!(bed.issue().json()["data"]["title"], "Repair the crane");
    }
    assert_eq!((bed.mcp.opened_sessions(), bed.mcp.open_sessions()), (2, 1));
    bed.mcp.lose_sessions();
    assert_eq!(bed.issue().json()["data"]["title"], "Repair the crane");
    assert_eq!(bed.mcp.opened_sessions(), 3);
    // The server at the URL changes its era, and changes back.
    bed.mcp.change(|rules| rules.has_sessions = false);
    assert_eq!(bed.issue().json()["data"]["title"], "Repair the crane");
}

#[test]
fn a_stream_is_read_only_up_to_its_response() {
    for era in [McpEra::Modern, McpEra::Legacy] {
        let rules = McpRules { era, streams: true, stays_open: true, ..McpRules::default() };
        let bed = McpCallBed::start(rules, &["--call-budget-seconds", "20"]);
        assert_eq!(bed.issue().json()["data"]["title"], "Repair the crane", "{era:?}");
    }
}

#[test]
fn an_interrupted_stream_is_resumed_if_possible() {
    let bed = McpCallBed::start(McpRules { streams: true, resumes: true, ..legacy() }, &[]);
    bed.mcp.change(|rules| rules.cuts = 1);
    let answer = bed.run("create_issue", json!({ "body": { "title": "Once" } }));
    assert_eq!(answer.json()["data"]["id"], "Q-3", "{answer}");
    assert!(bed.mcp.received_methods().contains(&"GET".to_owned()));
    // If the stream cannot be resumed, the call fails, and the request is not repeated.
    bed.mcp.change(|rules| (rules.cuts, rules.resumes) = (1, false));
    let answer = bed.run("create_issue", json!({ "body": { "title": "Twice?" } }));
    assert_eq!((answer.status, answer.text("/errorCode").as_str()), (502, "ProviderConnectionError"), "{answer}");
    let issues = bed.run("list_issues", json!({})).json();
    let twice = issues["data"].as_array().unwrap().iter().filter(|issue| issue["title"] == "Twice?").count();
    assert_eq!(twice, 1, "{issues}");
}

#[test]
fn a_tools_header_parameters_are_fetched_once() {
    let bed = McpCallBed::start(McpRules { marks_parameters: true, ..McpRules::default() }, &[]);
    let listed = |bed: &McpCallBed| bed.mcp.received_methods().iter().filter(|method| *method == "tools/list").count();
    for team in ["yard", "dock", "yard"] {
        let answer = bed.run("list_issues", json!({ "query": { "team": team } }));
        assert_eq!(answer.json()["data"][0]["team"], team, "{answer}");
    }
    // The three pages are fetched once.
    assert_eq!(listed(&bed), 3);
}

#[test]
fn server_failures_are_distinguished_from_rejected_accounts() {
    let bed = McpCallBed::start(McpRules::default(), &[]);
    let failing = |fault: Fault| {
        bed.fault(8, fault);
        let answer = bed.run("create_issue", json!({ "body": { "title": "x" } }));
        // An unused planned fault must not affect the next call.
        while bed.issue().status != 200 {}
        (answer.status, answer.text("/errorCode"))
    };
    let status = |status| Fault::Status { status, body: Value::Null, headers: serde_json::Map::new() };
    assert_eq!(failing(status(401)), (401, "AccountInvalidCredentialsError".to_owned()));
    assert_eq!(failing(status(500)), (500, "ProviderError".to_owned()));
    assert_eq!(failing(Fault::Html), (502, "ProviderInvalidResponseError".to_owned()));
    assert_eq!(failing(Fault::TruncatedBody), (502, "ProviderConnectionError".to_owned()));
    let missing = bed.run("get_issue", json!({ "path": { "id": "Q-9" } }));
    assert_eq!(missing.status, 422, "{missing}");
    assert_eq!(missing.text("/message"), "Quay: the tool `get_issue` failed: There is no issue \"Q-9\"");
    let refused = bed.run("create_issue", json!({}));
    assert_eq!((refused.status, refused.text("/errorCode").as_str()), (400, "ProviderError"), "{refused}");
    let asks = bed.run("ask_captain", json!({}));
    assert_eq!((asks.status, asks.text("/errorCode").as_str()), (501, "ToolInputRequiredError"), "{asks}");
}

#[test]
fn an_endless_tool_list_is_limited() {
    let bed = McpCallBed::start(McpRules { lists_without_end: true, ..McpRules::default() }, &[]);
    let before = bed.mcp.received_methods().len();
    let answer = bed.run("list_tools", json!({}));
    assert_eq!((answer.status, answer.text("/errorCode").as_str()), (502, "ProviderInvalidResponseError"), "{answer}");
    assert_eq!(bed.mcp.received_methods().len() - before, 100);
}
