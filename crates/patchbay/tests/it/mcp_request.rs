//! Tools of MCP servers through the real server: both eras, sessions, streams, and servers on a bad day.

use patchbay_simulator::{Fault, Matching, McpEra, McpRules, McpServer, Planned};
use serde_json::{Value, json};

use crate::support::{Answer, Server, Stand, canary};

/// A simulated MCP server, and the product's server with one account at it.
struct Quay {
    mcp: McpServer,
    server: Server,
    account: String,
    _stand: Stand,
}

impl Quay {
    fn start(rules: McpRules, arguments: &[&str]) -> Self {
        let mcp = McpServer::new(rules, None);
        let stand = Stand::start("quay", mcp.router());
        let server = stand.server(&[("https://quay.example.com", "")], arguments);
        let token = server.session(json!({ "provider": "quay" }));
        let integration =
            server.hub(&token).get("/hub/connectors?provider=quay").text("/integrations/0/integration_id");
        let body = json!({ "integration_id": integration, "credentials": { "apiKey": canary::CLIENT_SECRET } });
        let answer = server.hub(&token).post("/hub/accounts", &body);
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        Self { mcp, server, account, _stand: stand }
    }

    fn run(&self, action: &str, inputs: Value) -> Answer {
        let mut body = inputs;
        body["action"] = json!(format!("quay_{action}"));
        self.server.api().header("x-account-id", &self.account).post("/actions/rpc", &body)
    }

    fn issue(&self) -> Answer {
        self.run("get_issue", json!({ "path": { "id": "Q-1" } }))
    }

    fn fault(&self, times: u32, fault: Fault) {
        self.mcp.plan(Planned { matching: Matching::default(), times, fault });
    }
}

fn legacy() -> McpRules {
    McpRules { era: McpEra::Legacy, ..McpRules::default() }
}

#[test]
fn a_tool_of_a_server_without_sessions_is_one_request() {
    let quay = Quay::start(McpRules::default(), &[]);
    let before = quay.mcp.heard().len();
    let answer = quay.run("create_issue", json!({ "body": { "title": "Scrub the deck" } }));
    assert_eq!(answer.json()["data"], json!({ "id": "Q-3", "title": "Scrub the deck", "team": null }), "{answer}");
    assert_eq!(quay.mcp.heard().split_off(before), ["tools/call"]);
    let tools = quay.run("list_tools", json!({})).json();
    let names = tools["data"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["get_issue", "create_issue", "list_issues", "ask_captain"]);
}

#[test]
fn a_session_is_opened_once_for_an_account_and_again_when_it_is_lost() {
    let quay = Quay::start(legacy(), &[]);
    // Linking tried the credentials in a session of its own, which it ended.
    assert_eq!((quay.mcp.opened_sessions(), quay.mcp.open_sessions()), (1, 0));
    for _ in 0..3 {
        assert_eq!(quay.issue().json()["data"]["title"], "Mend the crane");
    }
    assert_eq!((quay.mcp.opened_sessions(), quay.mcp.open_sessions()), (2, 1));
    quay.mcp.lose_sessions();
    assert_eq!(quay.issue().json()["data"]["title"], "Mend the crane");
    assert_eq!(quay.mcp.opened_sessions(), 3);
    // The other kind of server at the same address, and back.
    quay.mcp.change(|rules| rules.has_sessions = false);
    assert_eq!(quay.issue().json()["data"]["title"], "Mend the crane");
}

#[test]
fn a_stream_is_read_no_further_than_its_answer() {
    for era in [McpEra::Modern, McpEra::Legacy] {
        let rules = McpRules { era, streams: true, stays_open: true, ..McpRules::default() };
        let quay = Quay::start(rules, &["--call-budget-seconds", "20"]);
        assert_eq!(quay.issue().json()["data"]["title"], "Mend the crane", "{era:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_taken_up_where_it_can_be() {
    let quay = Quay::start(McpRules { streams: true, resumes: true, ..legacy() }, &[]);
    quay.mcp.change(|rules| rules.cuts = 1);
    let answer = quay.run("create_issue", json!({ "body": { "title": "Once" } }));
    assert_eq!(answer.json()["data"]["id"], "Q-3", "{answer}");
    assert!(quay.mcp.heard().contains(&"GET".to_owned()));
    // Where it cannot be, it is told, and nothing is sent twice.
    quay.mcp.change(|rules| (rules.cuts, rules.resumes) = (1, false));
    let answer = quay.run("create_issue", json!({ "body": { "title": "Twice?" } }));
    assert_eq!((answer.status, answer.text("/errorCode").as_str()), (502, "ProviderConnectionError"), "{answer}");
    let issues = quay.run("list_issues", json!({})).json();
    let twice = issues["data"].as_array().unwrap().iter().filter(|issue| issue["title"] == "Twice?").count();
    assert_eq!(twice, 1, "{issues}");
}

#[test]
fn what_a_tool_wants_in_headers_is_learnt_once() {
    let quay = Quay::start(McpRules { marks_parameters: true, ..McpRules::default() }, &[]);
    let listed = |quay: &Quay| quay.mcp.heard().iter().filter(|method| *method == "tools/list").count();
    for team in ["yard", "dock", "yard"] {
        let answer = quay.run("list_issues", json!({ "query": { "team": team } }));
        assert_eq!(answer.json()["data"][0]["team"], team, "{answer}");
    }
    // Three pages, once.
    assert_eq!(listed(&quay), 3);
}

#[test]
fn a_server_on_a_bad_day_is_told_from_an_account_that_is_refused() {
    let quay = Quay::start(McpRules::default(), &[]);
    let failing = |fault: Fault| {
        quay.fault(8, fault);
        let answer = quay.run("create_issue", json!({ "body": { "title": "x" } }));
        // What was planned and not used up must not meet the next call.
        while quay.issue().status != 200 {}
        (answer.status, answer.text("/errorCode"))
    };
    let status = |status| Fault::Status { status, body: Value::Null, headers: serde_json::Map::new() };
    assert_eq!(failing(status(401)), (401, "AccountInvalidCredentialsError".to_owned()));
    assert_eq!(failing(status(500)), (500, "ProviderError".to_owned()));
    assert_eq!(failing(Fault::Html), (502, "ProviderInvalidResponseError".to_owned()));
    assert_eq!(failing(Fault::TruncatedBody), (502, "ProviderConnectionError".to_owned()));
    let missing = quay.run("get_issue", json!({ "path": { "id": "Q-9" } }));
    assert_eq!(missing.status, 422, "{missing}");
    assert_eq!(missing.text("/message"), "Quay: the tool `get_issue` failed: There is no issue \"Q-9\"");
    let refused = quay.run("create_issue", json!({}));
    assert_eq!((refused.status, refused.text("/errorCode").as_str()), (400, "ProviderError"), "{refused}");
    let asks = quay.run("ask_captain", json!({}));
    assert_eq!((asks.status, asks.text("/errorCode").as_str()), (501, "ToolInputRequiredError"), "{asks}");
}

#[test]
fn tools_without_end_are_not_read_without_end() {
    let quay = Quay::start(McpRules { lists_without_end: true, ..McpRules::default() }, &[]);
    let before = quay.mcp.heard().len();
    let answer = quay.run("list_tools", json!({}));
    assert_eq!((answer.status, answer.text("/errorCode").as_str()), (502, "ProviderInvalidResponseError"), "{answer}");
    assert_eq!(quay.mcp.heard().len() - before, 100);
}
