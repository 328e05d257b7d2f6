use std::{fs, io::Cursor, path::Path};

use serde_json::{Value, json};
use url::Url;

use super::*;

const MAIN: &str = "\
Patchbay: 1.0.0
info: { title: CRM, key: crm, version: 1.0.0, description: Sound. }
baseUrl: https://api.example.com
authentication:
  - custom:
      type: custom
      label: API Key
      configFields:
        - { key: apiKey, label: API Key, type: password, required: true, secret: true }
      authorization: { type: bearer, token: $.credentials.apiKey }
actions:
  - $ref: crm.items
";
const PARTIAL: &str = "\
- actionId: get_item
  label: Get an item
  description: Gets an 😀 item.
  steps:
    - stepId: fetch
      description: Fetches 😀.
      stepFunction: { functionName: request, parameters: { url: /item, method: get } }
  result: { '😀': 1, data: $.steps.fetch.output.data }
";

/// Returns the messages that the server writes for these, and whether it was shut down.
fn exchange(messages: &[Value]) -> (Vec<Value>, bool) {
    let mut input = Vec::new();
    messages.iter().for_each(|message| frames::write(&mut input, message).unwrap());
    let mut output = Vec::new();
    let is_clean = serve(&mut Cursor::new(input), &mut output).unwrap();
    let mut output = Cursor::new(output);
    let mut answers = Vec::new();
    while let Some(answer) = frames::read(&mut output).unwrap() {
        answers.push(answer);
    }
    (answers, is_clean)
}

fn request(id: i64, method: &str, params: Value) -> Value {
    let mut message = notification(method, params);
    message["id"] = Value::from(id);
    message
}

fn notification(method: &str, params: Value) -> Value {
    let mut message = json!({ "jsonrpc": "2.0", "method": method });
    message["params"] = params;
    message
}

fn connector() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("crm.connector.yaml"), MAIN).unwrap();
    fs::write(folder.path().join("crm.items.partial.yaml"), PARTIAL).unwrap();
    folder
}

fn uri(folder: &Path, name: &str) -> String {
    Url::from_file_path(folder.join(name)).unwrap().to_string()
}

/// Returns the diagnostics that were published last for a file.
fn published(answers: &[Value], uri: &str) -> Vec<Value> {
    let of_file = answers.iter().rev().find(|answer| answer.pointer("/params/uri").is_some_and(|one| one == uri));
    of_file.unwrap()["params"]["diagnostics"].as_array().unwrap().clone()
}

#[test]
fn an_editor_is_told_of_mistakes_that_are_not_saved() {
    let folder = connector();
    let (main, partial) = (uri(folder.path(), "crm.connector.yaml"), uri(folder.path(), "crm.items.partial.yaml"));
    let wrong = PARTIAL.replace("$.steps.fetch.output.data", "$.steps.fetsh.output.data");
    let open =
        |text: &str| json!({ "textDocument": { "uri": partial, "languageId": "yaml", "version": 1, "text": text } });
    let change =
        |text: &str| json!({ "textDocument": { "uri": partial, "version": 2 }, "contentChanges": [{ "text": text }] });
    let (answers, is_clean) = exchange(&[
        request(1, "initialize", json!({ "capabilities": {} })),
        notification("initialized", json!({})),
        notification("textDocument/didOpen", open(&wrong)),
    ]);
    assert!(!is_clean);
    assert_eq!((&answers[0]["id"], &answers[0]["result"]["capabilities"]["hoverProvider"]), (&json!(1), &json!(true)));
    assert_eq!(published(&answers, &main), [] as [Value; 0]);
    let found = published(&answers, &partial);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["message"], "unknown earlier step `fetsh`\nhelp: did you mean `fetch`?");
    assert_eq!((&found[0]["code"], &found[0]["severity"]), (&json!("PB0104"), &json!(1)));
    // Columns count UTF-16 code units, of which the emoji has two.
    let range = json!({ "start": { "line": 7, "character": 35 }, "end": { "line": 7, "character": 40 } });
    assert_eq!(found[0]["range"], range);

    let (answers, is_clean) = exchange(&[
        request(
            1,
            "initialize",
            json!({ "capabilities": { "general": { "positionEncodings": ["utf-8", "utf-32"] } } }),
        ),
        notification("textDocument/didOpen", open(&wrong)),
        notification("textDocument/didChange", change(PARTIAL)),
        notification("textDocument/didClose", json!({ "textDocument": { "uri": partial } })),
        json!({ "jsonrpc": "2.0", "id": "last", "method": "shutdown" }),
        notification("exit", Value::Null),
        request(9, "initialize", json!({})),
    ]);
    assert!(is_clean);
    assert_eq!(published(&answers, &partial), [] as [Value; 0]);
    let first = answers.iter().find(|answer| answer.pointer("/params/diagnostics/0").is_some()).unwrap();
    assert_eq!(first["params"]["diagnostics"][0]["range"]["start"], json!({ "line": 7, "character": 34 }));
    assert_eq!(answers.last().unwrap()["id"], "last", "nothing is answered after `exit`");
}

#[test]
fn an_editor_completes_describes_and_goes_to_names() {
    let folder = connector();
    let partial = uri(folder.path(), "crm.items.partial.yaml");
    let text = PARTIAL.replace("$.steps.fetch.output.data", "$.steps.fe");
    let at = |line: usize, character: usize| json!({ "textDocument": { "uri": partial }, "position": { "line": line, "character": character } });
    let (answers, _) = exchange(&[
        request(1, "initialize", json!({})),
        notification("textDocument/didOpen", json!({ "textDocument": { "uri": partial, "text": text } })),
        request(2, "textDocument/completion", at(7, 37)),
        notification(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": partial }, "contentChanges": [{ "text": PARTIAL }] }),
        ),
        request(3, "textDocument/hover", at(7, 37)),
        request(4, "textDocument/definition", at(7, 37)),
        request(5, "textDocument/hover", at(400, 4_000)),
        request(
            6,
            "textDocument/completion",
            json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": 0, "character": 0 } }),
        ),
        request(7, "textDocument/rename", json!({})),
    ]);
    let result = |id: i64| answers.iter().find(|answer| answer["id"] == id).unwrap();
    let range = json!({ "start": { "line": 7, "character": 35 }, "end": { "line": 7, "character": 37 } });
    let completion = json!([{
        "label": "fetch", "kind": 6, "detail": "request: Fetches 😀.", "textEdit": { "range": range, "newText": "fetch" },
    }]);
    assert_eq!(result(2)["result"], completion);
    assert_eq!(result(3)["result"]["contents"]["value"], "step `fetch`\n\nrequest: Fetches 😀.");
    let declared = json!({ "start": { "line": 4, "character": 14 }, "end": { "line": 4, "character": 19 } });
    assert_eq!(result(4)["result"], json!({ "uri": partial, "range": declared }));
    assert_eq!((&result(5)["result"], &result(6)["result"]), (&Value::Null, &Value::Null));
    assert_eq!(result(7)["error"]["code"], -32601);
}

#[test]
fn messages_are_read_within_limits() {
    let read = |text: &str| frames::read(&mut Cursor::new(text.as_bytes().to_vec())).map_err(|error| error.to_string());
    assert_eq!(read(""), Ok(None));
    assert_eq!(read("content-length: 4\r\nContent-Type: x\r\n\r\nnull"), Ok(Some(Value::Null)));
    for (text, expected) in [
        ("Content-Length: 9\r\n\r\nnull", "the input ended within a message"),
        ("Content-Length: 4\r\n", "the input ended"),
        ("Content-Length: x\r\n\r\n", "`x` is not a length"),
        ("Content-Length: 99999999\r\n\r\n", "the maximum is 16777216"),
        ("\r\n", "has no `Content-Length`"),
        ("Content-Length: 2\r\n\r\n{]", "is not JSON"),
    ] {
        assert!(read(text).is_err_and(|error| error.contains(expected)), "{text}");
    }
    assert!(read(&"a: b\r\n".repeat(20)).is_err_and(|error| error.contains("more than 16 header lines")));
    assert!(read(&"a".repeat(2_000)).is_err_and(|error| error.contains("longer than 1024 bytes")));
}
