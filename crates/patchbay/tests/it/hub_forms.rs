//! Forms that the stock Hub shows: hidden fields, conditions, and patterns of stored secrets.

use serde_json::{Value, json};

use crate::support::{ApiResponse, pushing::PushingServer};

/// The pattern of a placeholder, as it is sent.
const PLACEHOLDER: &str = "__secretvalue:**redacted**";

const CONNECTOR: &str = r#"
Patchbay: 1.0.0
info: {title: Quay, key: quay, version: 1.0.0, description: d}
categories: [crm]
baseUrl: https://quay.example.com
authentication:
  - custom:
      type: custom
      label: Key
      configFields:
        - {key: apiKey, label: API key, type: password, required: true, validation: {pattern: 'sk_[a-z]+'}}
        - {key: pin, label: PIN, type: number, secret: true}
        - {key: region, label: Region, type: select, secret: false, required: true, value: us, options: [{value: us}, {value: eu}]}
        - {key: tenant, label: Tenant, type: text, secret: false, required: true, condition: "{{credentials.region == 'eu'}}"}
        - {key: channel, label: Channel, type: text, secret: false, display: false, value: hub}
      authorization: {type: bearer, token: $.credentials.apiKey}
actions:
  - actionId: list
    label: List
    description: Lists.
    categories: [x]
    actionType: list
    steps:
      - stepId: get
        description: d
        stepFunction:
          functionName: request
          parameters: {url: /x, method: get}
"#;

struct Quay {
    bed: PushingServer,
    profile: String,
}

impl Quay {
    fn new() -> Self {
        let bed = PushingServer::start();
        let files = json!({ "files": [{ "name": "quay.connector.yaml", "text": CONNECTOR }] });
        let pushed = bed.api.post("/connectors", &files);
        assert_eq!(pushed.status, 201, "{pushed}");
        let made = bed.api.post("/auth_configs", &json!({ "connector_key": "quay", "name": "Quay" }));
        assert_eq!(made.status, 201, "{made}");
        Self { profile: made.text("/id"), bed }
    }

    fn link(&self, owner: &str, credentials: &Value) -> ApiResponse {
        let session = self.session(&json!({ "origin_owner_id": owner }));
        let body = json!({ "integration_id": self.profile, "credentials": credentials });
        self.bed.server.hub(&session).post("/hub/accounts", &body)
    }

    fn session(&self, changes: &Value) -> String {
        let mut body = json!({ "origin_owner_id": "a", "origin_owner_name": "A" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let made = self.bed.api.post("/connect_sessions", &body);
        assert_eq!(made.status, 201, "{made}");
        made.text("/token")
    }
}

/// Returns the field of a form.
fn field(form: &ApiResponse, key: &str) -> Value {
    let fields = form.json()["config"]["configFields"].clone();
    let found = fields.as_array().unwrap().iter().find(|field| field["key"] == key).cloned();
    found.unwrap_or_else(|| panic!("no field {key}: {form}"))
}

/// Returns true if the stock Hub accepts a value: it searches for the pattern as a regular expression.
fn accepts(field: &Value, value: &str) -> bool {
    let pattern = &field["validation"]["pattern"];
    assert!(pattern.is_string(), "{field}");
    jsonschema::draft202012::is_valid(&json!({ "pattern": pattern }), &json!(value))
}

#[test]
fn hidden_fields_and_conditions_reach_the_hub() {
    let quay = Quay::new();
    let form = quay.bed.server.hub(&quay.session(&json!({}))).get(&format!("/hub/connectors/{}", quay.profile));
    assert_eq!(form.status, 200, "{form}");
    let channel = field(&form, "channel");
    assert_eq!((&channel["display"], &channel["value"]), (&json!(false), &json!("hub")), "{channel}");
    assert_eq!(field(&form, "region").get("display"), None);
    let tenant = field(&form, "tenant");
    // The stock Hub shows the field and must not require it.
    assert_eq!(tenant["required"], json!(false), "{tenant}");
    assert_eq!(tenant["condition"], json!("{{credentials.region == 'eu'}}"), "{tenant}");
    let catalog = quay.bed.api.get("/connectors/meta/quay");
    assert!(catalog.body.contains("\"display\":false"), "{catalog}");
}

#[test]
fn a_condition_decides_whether_a_value_is_required() {
    let quay = Quay::new();
    let linked = quay.link("us", &json!({ "apiKey": "sk_a" }));
    assert_eq!(linked.status, 200, "{linked}");
    let account = quay.bed.api.get(&format!("/accounts/{}", linked.text("/id"))).json();
    assert_eq!(
        account["setup_information"],
        json!({ "channel": "hub", "region": "us" }),
        "hidden fields have their default"
    );
    let missing = quay.link("eu", &json!({ "apiKey": "sk_a", "region": "eu" }));
    assert_eq!((missing.status, missing.text("/problems/0/path")), (400, "credentials.tenant".to_owned()), "{missing}");
    let linked = quay.link("eu", &json!({ "apiKey": "sk_a", "region": "eu", "tenant": "t1" }));
    assert_eq!(linked.status, 200, "{linked}");
    // In an edit the stored values count.
    let account = linked.text("/id");
    let session = quay.session(&json!({ "account_id": account }));
    let hub = quay.bed.server.hub(&session);
    let patch =
        |credentials: Value| hub.patch(&format!("/hub/accounts/{account}"), &json!({ "credentials": credentials }));
    assert_eq!(patch(json!({ "region": "us" })).status, 200);
    assert_eq!(patch(json!({ "region": "eu" })).status, 200);
}

#[test]
fn the_pattern_of_a_stored_secret_matches_its_placeholder() {
    let quay = Quay::new();
    let linked = quay.link("a", &json!({ "apiKey": "sk_a", "pin": "123" }));
    assert_eq!(linked.status, 200, "{linked}");
    let account = linked.text("/id");
    let session = quay.session(&json!({ "account_id": account }));
    let hub = quay.bed.server.hub(&session);
    let stored = hub.get(&format!("/hub/accounts/{account}"));
    assert_eq!((stored.text("/secrets/apiKey"), stored.text("/secrets/pin")), (PLACEHOLDER.into(), PLACEHOLDER.into()));
    let form = hub.get(&format!("/hub/connectors/{}", quay.profile));
    for key in ["apiKey", "pin"] {
        let field = field(&form, key);
        assert!(accepts(&field, PLACEHOLDER) && accepts(&field, &format!("{PLACEHOLDER}1234")), "{field}");
        // The stock Hub has a rule of its own for numbers, which a placeholder does not pass.
        assert_ne!(field["type"], json!("number"), "{field}");
    }
    assert!(accepts(&field(&form, "apiKey"), "sk_abc") && !accepts(&field(&form, "apiKey"), "pk_1"));
    assert!(accepts(&field(&form, "pin"), "42") && !accepts(&field(&form, "pin"), "x"));
    let patch = |credentials: Value| {
        hub.patch(
            &format!("/hub/accounts/{account}"),
            &json!({ "integration_id": quay.profile, "credentials": credentials }),
        )
    };
    let kept = patch(json!({ "apiKey": PLACEHOLDER, "pin": PLACEHOLDER, "region": "eu", "tenant": "t1" }));
    assert_eq!(kept.status, 200, "{kept}");
    let wrong = patch(json!({ "apiKey": "pk_1" }));
    assert_eq!((wrong.status, wrong.text("/problems/0/code")), (400, "pattern".to_owned()), "{wrong}");
    // A new account has nothing that the placeholder could stand for.
    let new = quay.link("b", &json!({ "apiKey": PLACEHOLDER }));
    assert_eq!((new.status, new.text("/problems/0/code")), (400, "required".to_owned()), "{new}");
}

#[test]
fn a_hidden_field_that_is_required_needs_a_value() {
    let quay = Quay::new();
    let text = CONNECTOR.replace("display: false, value: hub", "display: false, required: true");
    let pushed =
        quay.bed.api.post("/connectors", &json!({ "files": [{ "name": "quay.connector.yaml", "text": text }] }));
    assert_eq!(pushed.status, 400, "{pushed}");
    assert!(pushed.body.contains("give it a `value`"), "{pushed}");
}
