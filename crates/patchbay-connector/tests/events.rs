//! An `events` block is read whole, and one without a proof of the sender does not load.

use patchbay_connector::{
    Severity, SourceFile,
    definition::{ContentPiece, Verification},
    load,
};

const MAIN: &str = "\
Patchbay: 1.0.0
info: { title: CRM, key: crm, version: 1.0.0, description: Sound. }
authentication:
  - custom:
      type: custom
      label: API Key
      authorization: { type: none }
      setupFields:
        - { key: signingSecret, label: Secret, type: password, required: true, secret: true }
actions:
  - actionId: list_items
    label: List items
    description: Lists items.
    steps:
      - stepId: fetch
        description: Fetches.
        stepFunction: { functionName: static_values, parameters: { values: [] } }
";

const EVENTS: &str = "\
events:
  verification:
    - scheme: hmac
      algorithm: sha256
      secret: $.credentials.signingSecret
      content: [{ pick: t }, '.', body]
      signature: { header: X-Signature, separator: ',', key: v1, many: true, encoding: hex }
      timestamp: { pick: t, format: seconds, tolerance: 300 }
    - { scheme: token, header: X-Token, equals: $.subscription.token }
    - scheme: jwt
      header: Authorization
      jwks: https://example.com/keys
      algorithms: [RS256]
      audience: $.url
  capture: { when: present(body.token), field: kept, value: $.body.token }
  handshakes:
    - when: body.type == 'validation'
      verified: true
      respond: { body: { hash: '{{hmac(body.token, credentials.signingSecret)}}' }, headers: { X-Echo: $.body.token } }
  acknowledge: { status: 202 }
  dedupe: $.body.id
  polling:
    - { action: list_items, every: 15m, id: $.item.id, changed: $.item.at, cursor: $.result.next, type: item }
  actions:
    - actionId: made
      label: Made
      description: An item was made.
      actionType: event
      steps:
        - stepId: emit
          description: Emits.
          stepFunction: { functionName: emit_event, parameters: { event: { eventType: made, data: {} } } }
  router:
    rules:
      - when: body.type == 'made'
        then: { action: made, input: { id: $.body.id } }
";

/// Returns the errors as `LINE:COLUMN CODE MESSAGE`, with the hints.
fn errors(text: &str) -> Vec<(String, Option<String>)> {
    let files = [SourceFile { name: "crm.connector.yaml".to_owned(), text: text.to_owned() }];
    let found = load(&files).diagnostics.into_iter().filter(|found| found.severity == Severity::Error);
    found.map(|one| (format!("{} {} {}", one.span.start, one.code, one.message), one.hint)).collect()
}

#[test]
fn a_sound_block_is_read() {
    let files = [SourceFile { name: "crm.connector.yaml".to_owned(), text: format!("{MAIN}{EVENTS}") }];
    let loaded = load(&files);
    assert_eq!(loaded.diagnostics, []);
    let events = loaded.connector.unwrap().events.unwrap();
    let schemes = events.verification.iter().map(Verification::scheme).collect::<Vec<_>>();
    assert_eq!(schemes, ["hmac", "token", "jwt"]);
    let Verification::Hmac(hmac) = &events.verification[0] else { panic!() };
    let expected = [ContentPiece::Pick("t".to_owned()), ContentPiece::Text(".".to_owned()), ContentPiece::Body];
    assert_eq!(hmac.content, expected);
    assert_eq!((events.acknowledge.status, events.polling[0].every.as_secs()), (202, 900));
    assert!(events.receives());
}

/// Without a proof, a connector that handles events does not load, and one that only polls does.
#[test]
fn events_without_a_verification_do_not_load() {
    let start = EVENTS.find("  verification:").unwrap();
    let end = EVENTS.find("  capture:").unwrap();
    let without = format!("{}{}", &EVENTS[..start], &EVENTS[end..]);
    for header in ["Patchbay", "StackOne"] {
        let main = MAIN.replace("Patchbay", header);
        let found = errors(&format!("{main}{without}"));
        assert_eq!(found.len(), 1, "{found:?}");
        let (message, hint) = &found[0];
        assert!(
            message.ends_with(
                "PB0108 the connector handles events, but declares no `verification`; anyone could send them"
            )
        );
        assert!(hint.as_ref().unwrap().contains("`scheme: none` with a `reason`"));
        let empty = errors(&format!("{main}{}", without.replace("events:\n", "events:\n  verification: []\n")));
        assert!(empty[0].0.contains("PB0108"), "{empty:?}");
        let none =
            without.replace("events:\n", "events:\n  verification: [{ scheme: none, reason: It signs nothing. }]\n");
        assert_eq!(errors(&format!("{main}{none}")), []);
    }
    let polling = "events:\n  polling:\n    - { action: list_items, every: 1h, id: $.item.id, type: item }\n";
    assert_eq!(errors(&format!("{MAIN}{polling}")), []);
}
