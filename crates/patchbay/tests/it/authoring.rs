//! `patchbay connector …` and `patchbay expr`, from an empty folder to an action that runs.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::Output,
    thread,
};

use serde_json::{Value, json};

use crate::support::binary;

const SECRET: &str = "canary-authoring-91c2";

/// Runs a command in a folder. Returns exit code, standard output and standard error.
pub(crate) fn patchbay(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = binary().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(stdout), text(stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    (status.code().unwrap(), stdout, stderr)
}

pub(crate) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns a folder with a new connector `acme`.
fn acme(auth: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["connector", "new", "acme", "--base-url", "https://api.acme.example/v1", "--auth", auth];
    let (code, out, error) = patchbay(folder.path(), &arguments);
    assert_eq!(code, 0, "{out}{error}");
    folder
}

/// Starts a provider that returns the next of `answers` for each request. Returns its upstream setting and the received requests.
fn provider(answers: Vec<(u16, Value)>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let body = body.to_string();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            asked.push(String::from_utf8(request).unwrap());
        }
        asked
    });
    (format!("https://api.acme.example=http://{address}"), served)
}

#[test]
fn a_new_connector_is_valid_tested_formatted_and_documented() {
    for auth in ["api-key", "bearer", "basic"] {
        let folder = acme(auth);
        let run = |arguments: &[&str]| patchbay(folder.path(), arguments);
        // `validate` warns of the texts that the author has to replace.
        let (code, text, _) = run(&["connector", "validate", "acme"]);
        let warnings = if auth == "basic" { 2 } else { 3 };
        assert!(code == 0 && text.ends_with(&format!("1 connector: 0 errors, {warnings} warnings\n")), "{text}");
        assert!(text.contains("acme.connector.yaml:9:17") && text.contains("what the provider is used for"), "{text}");
        for name in ["acme/acme.connector.yaml", "acme/acme.items.partial.yaml"] {
            let path = folder.path().join(name);
            let text = fs::read_to_string(&path).unwrap();
            let header = text.lines().nth(1).unwrap();
            assert!(header.starts_with("# yaml-language-server: $schema=https://"), "{header}");
            let text = text.replace("What Acme is used for, in one sentence.", "Items, and where they are.");
            let text = text.replace("from the provider's settings", "under Settings, API");
            fs::write(&path, text.replace(": an example to replace.", ".")).unwrap();
        }
        assert_eq!(run(&["connector", "validate", "acme"]).1, "1 connector: no problems found\n");
        let tested = "acme: 1 case, 0 failed; 1 of 1 actions covered\n";
        assert_eq!(run(&["connector", "test", "acme"]), (0, tested.to_owned(), String::new()), "{auth}");
        assert_eq!(run(&["connector", "fmt", "--check", "."]), (0, String::new(), String::new()));
        let (code, docs, _) = run(&["connector", "docs", "acme/acme.connector.yaml"]);
        assert!(
            code == 0 && docs.starts_with("# Acme\n") && docs.contains("### List items (`acme_list_items`)"),
            "{docs}"
        );
        assert_eq!(run(&["connector", "list", "acme"]).1, "list_items\tlist\tList items\n");
        let (code, _, error) = run(&["connector", "new", "acme", "--base-url", "https://x.example", "--auth", auth]);
        assert!(code == 1 && error.contains("exists already"), "{error}");
    }
}

#[test]
fn problems_are_printed_as_text_json_and_sarif() {
    let folder = acme("api-key");
    let path = folder.path().join("acme/acme.items.partial.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("actionType:", "actionTyp:");
    fs::write(&path, text).unwrap();
    let validate = |format: &str| patchbay(folder.path(), &["connector", "validate", "acme", "--format", format]);
    let (code, text, _) = validate("text");
    assert_eq!(code, 1);
    assert!(text.contains("acme.items.partial.yaml:7:3") && text.contains("did you mean `actionType`?"), "{text}");
    let report = json_of(&validate("json").1);
    assert_eq!((&report["errors"], &report["diagnostics"][0]["code"]), (&json!(1), &json!("PB0002")));
    let sarif = json_of(&validate("sarif").1);
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!((&sarif["version"], &result["level"]), (&json!("2.1.0"), &json!("error")));
    assert_eq!(place["artifactLocation"]["uri"], "acme/acme.items.partial.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&json!(7), &json!(3)));
}

#[test]
fn a_failing_case_shows_the_difference() {
    let folder = acme("bearer");
    let path = folder.path().join("acme/tests/items.test.yaml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("cursor=two", "cursor=three")).unwrap();
    let (code, out, _) = patchbay(folder.path(), &["connector", "test", "acme"]);
    assert_eq!(code, 1);
    assert!(out.contains("expected https://api.acme.example/v1/items?search=a%20b&cursor=three"), "{out}");
    assert!(out.ends_with("acme: 1 case, 1 failed; 1 of 1 actions covered\n"), "{out}");
    fs::remove_file(&path).unwrap();
    let (code, out, _) = patchbay(folder.path(), &["connector", "test", "acme", "--require-coverage"]);
    assert!(code == 1 && out.contains("without a case: list_items"), "{out}");
}

#[test]
fn fmt_formats_files_and_keeps_comments() {
    let folder = acme("basic");
    let path = folder.path().join("acme/acme.connector.yaml");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, before.replace("releaseStage: preview\n", "releaseStage: preview   \n\n\n")).unwrap();
    let check = ["connector", "fmt", "--check", "acme"];
    let (code, out, _) = patchbay(folder.path(), &check);
    assert_eq!((code, out.as_str()), (1, "acme/acme.connector.yaml\n"));
    assert_eq!(patchbay(folder.path(), &["connector", "fmt", "acme"]).0, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(patchbay(folder.path(), &check).0, 0);
}

#[test]
fn an_action_runs_from_the_terminal_and_its_secret_is_not_printed() {
    let folder = acme("api-key");
    let write = |name: &str, value: Value| fs::write(folder.path().join(name), value.to_string()).unwrap();
    write("credentials.json", json!({ "apiKey": SECRET }));
    write("params.json", json!({ "query": { "search": "x" } }));
    let answers = vec![
        (200, json!({ "items": [{ "id": 1, "note": SECRET }], "next_cursor": "two" })),
        (200, json!({ "items": [{ "id": 2 }] })),
    ];
    let (upstream, served) = provider(answers);
    let run = |upstream: &str, more: &[&str]| {
        let mut arguments = vec!["connector", "run", "--connector", "acme", "--action", "list_items"];
        arguments.extend(["--credentials", "credentials.json", "--upstream", upstream]);
        arguments.extend(more);
        patchbay(folder.path(), &arguments)
    };
    let (code, out, error) = run(&upstream, &["--params", "params.json", "--debug"]);
    assert_eq!(code, 0, "{out}{error}");
    let asked = served.join().unwrap();
    assert!(asked[0].starts_with("GET /v1/items?search=x HTTP/1.1") && asked[0].contains(SECRET), "{asked:?}");
    assert!(asked[1].starts_with("GET /v1/items?search=x&cursor=two "), "{asked:?}");
    assert_eq!(json_of(&out), json!({ "data": [{ "id": 1, "note": "[redacted]" }, { "id": 2 }], "next": null }));
    assert!(error.contains("> GET https://api.acme.example/v1/items?search=x\n") && error.contains("< 200"), "{error}");
    assert!(!out.contains(SECRET) && !error.contains(SECRET), "{out}{error}");

    let (upstream, served) = provider(vec![(403, json!({ "message": format!("no right for {SECRET}") }))]);
    let (code, out, error) = run(&upstream, &[]);
    served.join().unwrap();
    let body = json_of(&out);
    assert_eq!((code, &body["statusCode"], &body["errorCode"]), (1, &json!(403), &json!("ProviderError")));
    assert!(!out.contains(SECRET) && !error.contains(SECRET), "{out}{error}");

    write("params.json", json!({ "query": { "serch": "x" } }));
    let (code, out, _) = run(&upstream, &["--params", "params.json"]);
    assert_eq!((code, &json_of(&out)["problems"][0]["code"]), (1, &json!("unknown_field")), "{out}");

    fs::write(folder.path().join("credentials.json"), format!("{{\"apiKey\": \"{SECRET}\" oops")).unwrap();
    let (code, out, error) = run(&upstream, &[]);
    assert!(code == 1 && out.is_empty() && !error.contains(SECRET) && error.contains("credentials.json:1:"), "{error}");
}

#[test]
fn private_addresses_are_rejected_unless_allowed() {
    let folder = acme("api-key");
    let path = folder.path().join("acme/acme.connector.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("https://api.acme.example/v1", "https://127.0.0.1:9/v1");
    fs::write(&path, text).unwrap();
    fs::write(folder.path().join("c.json"), json!({ "apiKey": SECRET }).to_string()).unwrap();
    let arguments = ["connector", "run", "--connector", "acme", "--action", "list_items", "--credentials", "c.json"];
    let (code, out, _) = patchbay(folder.path(), &arguments);
    assert!(code == 1 && out.contains("127.0.0.1"), "{out}");
    let (code, _, error) = patchbay(folder.path(), &[&arguments[..], &["--egress-allow", "nonsense"]].concat());
    assert!(code == 1 && error.contains("`nonsense` is not a network"), "{error}");
}

#[test]
fn expressions_are_evaluated_one_or_many() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.json"), r#"{"inputs":{"a":[1,2]}}"#).unwrap();
    let lines = "{\"expr\":\"$.inputs.a[1]\"}\n\n{\"expr\":\"{{inputs.b}}\"}\n{\"expr\":\"{{1 +}}\"}\n";
    fs::write(folder.path().join("many.jsonl"), lines).unwrap();
    let (code, out, _) = patchbay(folder.path(), &["expr", "{{inputs.a[0] + 1}}", "--context", "c.json"]);
    assert_eq!((code, json_of(&out)), (0, json!(2)));
    let (code, out, error) = patchbay(folder.path(), &["connector", "expr", "{{1 +}}"]);
    assert!(code == 2 && out.is_empty() && error.starts_with("error: "), "{error}");
    let (code, out, _) = patchbay(folder.path(), &["expr", "--jsonl", "many.jsonl", "--context", "c.json"]);
    let answers = out.lines().map(json_of).collect::<Vec<_>>();
    assert_eq!((code, answers.len()), (0, 3));
    assert_eq!(answers[0], json!({ "expr": "$.inputs.a[1]", "result": 2 }));
    assert_eq!(answers[1], json!({ "expr": "{{inputs.b}}", "undefined": true }));
    assert!(answers[2]["error"].is_string());
    // The clock is that of the machine unless the context has a moment; an undefined result is not the same as null.
    let (code, out, error) = patchbay(folder.path(), &["expr", "{{now()}}"]);
    assert!(code == 0 && out.starts_with("\"20") && error.is_empty(), "{out}{error}");
    fs::write(folder.path().join("c.json"), r#"{"context":{"now":"2026-01-31T10:00:00Z"}}"#).unwrap();
    let (_, out, _) = patchbay(folder.path(), &["expr", "{{now()}}", "--context", "c.json"]);
    assert_eq!(json_of(&out), "2026-01-31T10:00:00Z");
    let (code, out, error) = patchbay(folder.path(), &["expr", "{{inputs.none}}"]);
    assert!(code == 0 && out == "null\n" && error.contains("the result is undefined"), "{out}{error}");
}

#[test]
fn misplaced_inputs_and_misspelt_fields_are_reported_before_a_request() {
    let folder = acme("api-key");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("c.json", "{\"apiKey\": \"secret-of-the-account\"}");
    let run = |params: &str, credentials: &str| {
        let flags = ["--action", "list_items", "--credentials", credentials, "--params", params];
        patchbay(folder.path(), &[&["connector", "run", "--connector", "acme"], &flags[..]].concat())
    };
    for (params, message) in [
        ("{\"search\": \"a\"}", "`search` belongs under `query`"),
        ("{\"serch\": \"a\"}", "`serch` is not a group; put inputs under `path`, `query`, `headers` or `body`"),
        ("{\"query\": [1]}", "`query` must be an object"),
    ] {
        write("p.json", params);
        let (code, out, error) = run("p.json", "c.json");
        assert!(code == 1 && out.is_empty() && error.contains(message), "{params}: {error}");
    }
    write("p.json", "{}");
    write("c.json", "{\"apiKye\": \"secret-of-the-account\"}");
    let (code, _, error) = run("p.json", "c.json");
    assert!(code == 1 && error.contains("no field `apiKye`; did you mean `apiKey`?"), "{error}");
    assert!(!error.contains("secret-of-the-account"), "{error}");
}

const DESCRIPTION: &str = r#"{
  "openapi": "3.0.3", "info": { "title": "Acme API" }, "servers": [{ "url": "https://api.acme.example/v1" }],
  "paths": {
    "/items": { "get": { "operationId": "listItems", "tags": ["Items"], "parameters": [{ "name": "cursor", "in": "query", "schema": { "type": "string" } }],
      "responses": { "200": { "description": "ok", "content": { "application/json": { "schema": { "type": "object",
        "properties": { "items": { "type": "array", "items": {} }, "next_cursor": { "type": "string" } } } } } } } } },
    "/notes": { "post": { "operationId": "addNote", "tags": ["Notes"], "responses": {},
      "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object", "required": ["text"], "properties": { "text": { "type": "string" } } } } } } } }
  },
  "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "x-api-key" } } }
}"#;

#[test]
fn an_imported_connector_runs() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("acme.json", DESCRIPTION);
    write("credentials.json", &json!({ "key": SECRET }).to_string());
    let import = |more: &[&str]| patchbay(folder.path(), &[&["connector", "import", "acme.json"], more].concat());
    let (code, out, error) = import(&[]);
    assert!(code == 0 && out.starts_with("./acme\n") && out.contains("connector validate ./acme"), "{out}{error}");
    assert!(error.starts_with("./acme: 2 actions from 2 operations (OpenAPI 3.0), in 3 files\n"), "{error}");
    assert!(error.contains("  pagination guessed; test it (1)\n    GET /items: `cursor` with mode cursor"), "{error}");
    assert_eq!(patchbay(folder.path(), &["connector", "validate", "acme", "--deny-warnings"]).0, 0);
    assert_eq!(patchbay(folder.path(), &["connector", "fmt", "--check", "acme"]).0, 0);

    let (upstream, served) = provider(vec![(200, json!({ "items": [{ "id": 1 }], "next_cursor": "two" }))]);
    let run =
        ["connector", "run", "--connector", "acme", "--action", "list_items", "--credentials", "credentials.json"];
    let (code, out, error) = patchbay(folder.path(), &[&run[..], &["--upstream", &upstream]].concat());
    assert_eq!((code, json_of(&out)), (0, json!({ "data": [{ "id": 1 }], "next": "two" })), "{error}");
    assert!(served.join().unwrap()[0].contains(SECRET));
}

#[test]
fn an_import_with_an_overlay_shows_what_changes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join("acme").join(name)).unwrap();
    let import = |more: &[&str]| patchbay(folder.path(), &[&["connector", "import", "acme.json"], more].concat());
    write("acme.json", DESCRIPTION);
    assert_eq!(import(&["--facts-only"]).0, 0);
    write(
        "acme/import.yaml",
        "factsOnly: true\nactions:\n  addNote: { id: write_note }\n  GET /gone: { omit: true }\n",
    );
    let (code, _, error) = import(&["--key", "acme", "--overlay"]);
    assert!(
        code == 0 && error.contains("+ write_note\n") && error.contains("Changes to the earlier import (2):"),
        "{error}"
    );
    assert!(error.contains("GET /gone: the description has no such operation"), "{error}");
    assert!(read("acme.notes.partial.yaml").contains("actionId: write_note"));
    let (_, _, error) = import(&["--key", "acme", "--overlay"]);
    assert!(error.contains("Changes to the earlier import (0):"), "{error}");
    write("acme/import.yaml", "actoins: {}\n");
    let (code, _, error) = import(&["--key", "acme", "--overlay"]);
    assert!(code == 1 && error.contains("the key `actoins` is unknown; did you mean `actions`?"), "{error}");
}

#[cfg(unix)]
#[test]
fn an_import_reads_files_beside_the_description_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("api");
    fs::create_dir_all(inner.join("ops")).unwrap();
    let write = |name: &str, text: &str| fs::write(inner.join(name), text).unwrap();
    let operation = "operationId: OPERATION\nresponses: {}\n";
    write("ops/near.yml", &operation.replace("OPERATION", "near"));
    fs::write(folder.path().join("above.yml"), operation.replace("OPERATION", "above")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("above.yml"), inner.join("linked.yml")).unwrap();
    let paths =
        ["ops/near.yml", "../above.yml", "linked.yml"].map(|file| format!("  /{file}: {{get: {{$ref: '{file}'}}}}\n"));
    write(
        "acme.yaml",
        &format!(
            "openapi: 3.0.0\ninfo: {{title: Acme}}\nservers: [{{url: 'https://x.example'}}]\npaths:\n{}",
            paths.concat()
        ),
    );
    let (code, _, error) = patchbay(&inner, &["connector", "import", "acme.yaml"]);
    assert!(code == 0 && error.starts_with("./acme: 1 actions from 1 operations"), "{error}");
    for file in ["../above.yml", "linked.yml"] {
        assert!(error.contains(&format!("its `$ref` `{file}` is not in this file or beside it")), "{error}");
    }
}

#[test]
fn an_import_replaces_only_files_that_an_import_wrote() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.json"), DESCRIPTION).unwrap();
    let import = |more: &[&str]| patchbay(folder.path(), &[&["connector", "import", "acme.json"], more].concat());
    let path = |name: &str| folder.path().join("acme").join(name);
    assert_eq!(import(&["--tag", "items"]).0, 0);
    assert!(path("acme.items.partial.yaml").exists() && !path("acme.notes.partial.yaml").exists());
    let (code, _, error) = import(&[]);
    assert!(code == 1 && error.contains("exists already") && error.contains("--force"), "{error}");
    fs::create_dir_all(path("tests")).unwrap();
    fs::write(path("tests/own.test.yaml"), "connector: acme\ncases: []\n").unwrap();
    assert_eq!(import(&["--force", "--operation", "addNote"]).0, 0);
    // Files of the earlier import that this one does not write are removed; other files are kept.
    assert!(!path("acme.items.partial.yaml").exists() && path("tests/own.test.yaml").exists());
    fs::write(path("acme.notes.partial.yaml"), "# Mine.\n[]\n").unwrap();
    let (code, _, error) = import(&["--force"]);
    assert!(code == 1 && error.contains("acme.notes.partial.yaml was not written by an import"), "{error}");
    let (code, out, error) = import(&["--key", "Nine!"]);
    assert!(code == 1 && out.is_empty() && error.contains("`Nine!` is not a valid connector key"), "{error}");
    fs::write(folder.path().join("no.json"), "{}").unwrap();
    let (code, _, error) = patchbay(folder.path(), &["connector", "import", "no.json"]);
    assert!(code == 1 && error.contains("not a supported API description"), "{error}");
}

#[test]
fn a_recorded_case_contains_no_secrets_and_passes() {
    let folder = acme("api-key");
    let write = |name: &str, value: Value| fs::write(folder.path().join(name), value.to_string()).unwrap();
    write("credentials.json", json!({ "apiKey": SECRET }));
    write("params.json", json!({ "query": { "search": format!("x {SECRET}") } }));
    let answers = vec![
        (
            200,
            json!({ "items": [{ "id": 1, "note": SECRET, "access_token": "made-by-the-provider" }], "next_cursor": "two" }),
        ),
        (200, json!({ "items": [{ "id": 2 }] })),
    ];
    let record = |upstream: &str, more: &[&str]| {
        let flags = ["--connector", "acme", "--action", "list_items", "--credentials", "credentials.json"];
        let more = [&["--params", "params.json", "--upstream", upstream], more].concat();
        patchbay(folder.path(), &[&["connector", "record", "found-items"], &flags[..], &more].concat())
    };
    let (upstream, served) = provider(answers.clone());
    let (code, out, error) = record(&upstream, &[]);
    assert_eq!((code, out.as_str()), (0, "acme/tests/found-items.test.yaml\n"), "{error}");
    assert_eq!(served.join().unwrap().len(), 2);
    let text = fs::read_to_string(folder.path().join("acme/tests/found-items.test.yaml")).unwrap();
    assert!(!text.contains(SECRET) && !error.contains(SECRET) && !text.contains("made-by-the-provider"), "{text}");
    assert!(text.contains("name: \"found items\"") && text.contains("cursor=two"), "{text}");
    // The header with the key is compared, so that a wrong name is found offline.
    assert!(text.contains("x-api-key: recorded-secret"), "{text}");
    let main = folder.path().join("acme/acme.connector.yaml");
    let right = fs::read_to_string(&main).unwrap();
    fs::write(&main, right.replace("name: x-api-key", "name: x-key")).unwrap();
    let (code, out, _) = patchbay(folder.path(), &["connector", "test", "acme"]);
    assert!(code == 1 && out.contains("case `found items`:\n  - header x-api-key is missing"), "{out}");
    fs::write(&main, right).unwrap();
    let (code, out, _) = patchbay(folder.path(), &["connector", "test", "acme", "--coverage"]);
    assert_eq!((code, out.as_str()), (0, "acme: 2 cases, 0 failed; 1 of 1 actions covered\n    2 list_items\n"));
    // The provider receives no request if the file cannot be written.
    let (code, _, error) = record(&upstream, &[]);
    assert!(code == 1 && error.contains("exists already"), "{error}");

    let (upstream, served) = provider(vec![(403, json!({ "message": format!("no right for {SECRET}") }))]);
    let (code, _, error) = record(&upstream, &["--output", "refused.test.yaml"]);
    served.join().unwrap();
    assert!(code == 0 && error.contains("the case expects this error") && !error.contains(SECRET), "{error}");
    let text = fs::read_to_string(folder.path().join("refused.test.yaml")).unwrap();
    assert!(text.contains("status: 403") && !text.contains(SECRET), "{text}");
    let (code, _, error) =
        patchbay(folder.path(), &["connector", "record", "../x", "--connector", "acme", "--action", "list_items"]);
    assert!(code == 1 && error.contains("not a valid case name"), "{error}");
}

#[test]
fn connectors_actions_and_the_schema_are_shown() {
    let folder = acme("api-key");
    let run = |arguments: &[&str]| patchbay(folder.path(), arguments);
    let (code, text, _) = run(&["connector", "show", "acme"]);
    assert!(code == 0 && text.contains("account: apiKey (required, secret)") && text.contains("list_items"), "{text}");
    let (code, text, _) = run(&["connector", "show", "acme", "acme_list_items"]);
    assert!(code == 0 && text.contains("search (query, string)") && text.contains("\nSteps\n  list  "), "{text}");
    let shown = json_of(&run(&["connector", "show", "acme", "list_items", "--json"]).1);
    assert_eq!(shown["publicId"], "acme_list_items");
    assert_eq!(shown["inputSchema"]["properties"]["query"]["properties"]["search"]["type"], "string");
    assert_eq!(json_of(&run(&["connector", "show", "acme", "--json"]).1)["actions"][0]["id"], "list_items");
    let (code, _, error) = run(&["connector", "show", "acme", "list_item"]);
    assert!(code == 1 && error.contains("did you mean `list_items`?"), "{error}");
    let schema = json_of(&run(&["connector", "schema"]).1);
    let committed = include_str!("../../../../schema/connector.schema.json");
    assert_eq!(schema, json_of(committed));
    assert_eq!(run(&["connector", "schema", "--compact"]).1.lines().count(), 1);
}
