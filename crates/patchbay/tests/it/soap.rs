//! A SOAP provider through the real server: calls, pages, faults, and responses that are not SOAP.

use patchbay_simulator::{Fault, FaultFilter, PlannedFault, SoapServer};
use serde_json::{Value, json};

use crate::support::{ApiResponse, FixtureProvider, Server, canary};

/// The SOAP service in the test's process, and a server with a linked account.
struct SoapBed {
    soap: SoapServer,
    server: Server,
    account: String,
    _provider: FixtureProvider,
}

impl SoapBed {
    fn start(method: &str) -> Self {
        Self::with_arguments(method, &[])
    }

    fn with_arguments(method: &str, arguments: &[&str]) -> Self {
        let soap = SoapServer::new("integration@acme", canary::CLIENT_SECRET);
        let fixture = FixtureProvider::start("soap", soap.router());
        let server = fixture.server(&[("https://soap.example.com", "")], arguments);
        let profile = json!({ "connector_key": "soap", "authentication_config_key": method, "default": true });
        let answer = server.api().post("/auth_configs", &profile);
        assert_eq!(answer.status, 201, "{answer}");
        let profile = answer.text("/id");
        let answer = link(&server, &profile, canary::CLIENT_SECRET);
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        Self { soap, server, account, _provider: fixture }
    }

    fn run(&self, action: &str, inputs: Value) -> ApiResponse {
        let mut body = inputs;
        body["action"] = json!(format!("soap_{action}"));
        self.server.api().header("x-account-id", &self.account).post("/actions/rpc", &body)
    }

    fn get(&self, id: &str) -> ApiResponse {
        self.run("get_employee", json!({ "path": { "id": id } }))
    }

    fn plan(&self, times: u32, fault: Fault) {
        self.soap.plan(PlannedFault { matching: FaultFilter::default(), times, fault });
    }

    /// Returns the outcome of a call whose response has this form.
    fn under(&self, status: u16, content_type: &str, body: &str) -> ApiResponse {
        self.plan(1, Fault::Text { status, content_type: content_type.to_owned(), body: body.to_owned() });
        self.get("001")
    }
}

fn link(server: &Server, profile: &str, password: &str) -> ApiResponse {
    let token = server.session(json!({ "provider": "soap" }));
    let credentials = json!({ "user": "integration@acme", "password": password });
    server.hub(&token).post("/hub/accounts", &json!({ "integration_id": profile, "credentials": credentials }))
}

#[test]
fn pages_are_one_list() {
    for method in ["user", "digest"] {
        let bed = SoapBed::start(method);
        let answer = bed.run("list_employees", json!({}));
        assert_eq!(answer.status, 200, "{answer}");
        let names = answer.json()["data"].as_array().unwrap().iter().map(|one| one["Name"].clone()).collect::<Vec<_>>();
        assert_eq!(names, ["Ada & Co", "Grace", "Edsger", "Barbara", "Donald"]);
        let answer = bed.run("list_employees", json!({ "query": { "department": "R&D" } }));
        let first = json!({ "@_ref": "001", "Id": "001", "Name": "Ada & Co", "Department": "R&D" });
        assert_eq!(answer.json()["data"].as_array().unwrap().len(), 3, "{answer}");
        assert_eq!(answer.json()["data"][0], first);
    }
}

#[test]
fn both_soap_versions_and_every_form_of_envelope_are_supported() {
    let bed = SoapBed::start("user");
    assert_eq!(bed.get("003").text("/data/Name"), "Edsger");
    let newer = bed.run("get_employee_newer", json!({ "path": { "id": "003" } }));
    assert_eq!(newer.text("/data/Employee/Name"), "Edsger");
    // Markup in a name is escaped.
    let name = "</pay:Name><pay:Department>\"x\" & <![CDATA[y]]>";
    for (action, id) in [
        ("add_employee", "006"),
        ("add_employee_by_object", "007"),
        ("add_employee_by_text", "008"),
        ("add_employee_by_bare_text", "009"),
        ("add_employee_with_header", "0010"),
    ] {
        let mut body = json!({ "name": name });
        if action == "add_employee" {
            body["department"] = json!("New");
        }
        let answer = bed.run(action, json!({ "body": body }));
        assert_eq!((answer.status, answer.json()["data"].clone()), (200, json!(id)), "{action}: {answer}");
        assert_eq!(bed.get(id).text("/data/Name"), name);
    }
}

#[test]
fn soap_faults_become_errors_with_their_message() {
    let bed = SoapBed::start("user");
    let unknown = bed.get("999");
    assert_eq!((unknown.status, unknown.text("/message").as_str()), (404, "nobody has the id 999"), "{unknown}");
    let newer = bed.run("get_employee_newer", json!({ "path": { "id": "999" } }));
    assert_eq!(newer.status, 400, "a mistake of the caller's comes with status 500, too: {newer}");
    assert!(newer.text("/message").ends_with("returned a SOAP fault: employee 999 does not exist"), "{newer}");
    let server = bed.get("broken");
    assert_eq!((server.status, server.code().as_str()), (500, "ProviderError"), "{server}");
    // A fault with the status 200 is an error.
    insta::assert_snapshot!(bed.run("add_employee", json!({ "body": {} })).snapshot());
    // The test client panics if a response contains the password.
    let echo = bed.get("echo");
    assert!(echo.body.contains("you came with the password [redacted]"), "{echo}");
}

#[test]
fn a_wrong_password_links_nothing() {
    let bed = SoapBed::start("user");
    let profile = bed.server.api().get("/auth_configs?connector_key=soap");
    let id = profile.json().as_array().map_or_else(|| profile.text("/data/0/id"), |_| profile.text("/0/id"));
    let refused = link(&bed.server, &id, "wrong");
    assert!(refused.body.contains("invalid username or password"), "{refused}");
    assert!((400..500).contains(&refused.status), "{refused}");
}

#[test]
fn responses_without_an_envelope_are_distinguished() {
    let bed = SoapBed::with_arguments("user", &["--response-limit-mib", "1"]);
    let envelope = |inner: &str| {
        format!("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{inner}</s:Body></s:Envelope>")
    };
    let bomb = format!(
        "<!DOCTYPE b [<!ENTITY a 'ha'>{}]>{}",
        (0..20).map(|n| format!("<!ENTITY a{n} '&a;&a;&a;'>")).collect::<String>(),
        envelope("&a19;")
    );
    let file = format!("<!DOCTYPE b [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{}", envelope("<a>&x;</a>"));
    for (status, kind, body, expected, says) in [
        (200, "text/html", "<h1>Maintenance</h1>".to_owned(), 502, "an HTML page"),
        (504, "text/html", "<h1>Maintenance</h1>".to_owned(), 504, "responded with 504"),
        (500, "text/xml", String::new(), 500, "responded with 500"),
        (200, "text/xml", "<a/>".to_owned(), 502, "not a SOAP envelope"),
        (200, "text/xml", envelope("<a>"), 502, "not valid"),
        (200, "text/xml", bomb, 502, "document type"),
        (200, "text/xml", file, 502, "document type"),
        (200, "text/xml", envelope(&"<a>".repeat(50_000)), 502, "deeper than"),
        (200, "text/xml", envelope(&" ".repeat(1 << 20)), 502, "larger than"),
        (200, "multipart/related; boundary=x", "--x".to_owned(), 502, "a multipart message"),
    ] {
        let answer = bed.under(status, kind, &body);
        assert_eq!(answer.status, expected, "{kind} {says}: {answer}");
        assert!(answer.body.contains(says), "{says}: {answer}");
        assert!(!answer.body.contains("root:"), "{answer}");
    }
    // After a lost connection, the request is retried on another one.
    bed.plan(2, Fault::TruncatedBody);
    assert_eq!(bed.get("001").code(), "ProviderConnectionError");
}

#[test]
fn a_rate_limited_read_is_retried_and_a_write_is_not() {
    let bed = SoapBed::start("user");
    bed.plan(2, Fault::RateLimited { retry_after: 0 });
    assert_eq!(bed.get("001").status, 200);
    // A write is not retried.
    bed.plan(1, Fault::RateLimited { retry_after: 7 });
    let answer = bed.run("add_employee", json!({ "body": { "name": "a", "department": "b" } }));
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")), "{answer}");
    assert!(!bed.soap.calls().contains(&"AddEmployee".to_owned()));
}

#[test]
fn endless_pages_are_limited_and_can_be_continued() {
    let bed = SoapBed::start("user");
    let first = bed.run("get_history", json!({}));
    assert_eq!(first.json()["data"], json!(["0", "1", "2"]), "{first}");
    assert_eq!(first.json()["next"], json!("3"));
    let second = bed.run("get_history", json!({ "query": { "after": "3" } }));
    assert_eq!(second.json()["data"], json!(["3", "4", "5"]), "{second}");
}
