//! Connectors that a project pushes, and the reload of the connectors directory, on a running server.

use std::{fs, path::Path, process::Output, thread};

use serde_json::{Value, json};

use crate::support::{
    Client, Provider, Server, binary, link_body,
    pushing::{push, pushing_project, small_connector},
};

/// Returns the built-in SpotDraft connector with another version.
fn spotdraft(version: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // Neither the folder of its cases nor its evidence.
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        json!({
            "name": path.file_name().unwrap().to_str().unwrap(),
            "text": text.replace("\n  version: 1.0.0", &format!("\n  version: {version}")),
        })
    });
    json!({ "files": files.collect::<Vec<_>>() })
}

/// A server with two projects, and an API key of each that may push.
struct PushBed {
    server: Server,
    ours: Client,
    theirs: Client,
    key: String,
    _provider: Provider,
    _directory: tempfile::TempDir,
}

impl PushBed {
    fn new(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let (key, theirs) = (pushing_project(&data_dir, "Ours"), pushing_project(&data_dir, "Theirs"));
        let provider = Provider::start();
        let server = Server::start_in(&data_dir, &provider, arguments);
        let (ours, theirs) = (server.with_key(&key), server.with_key(&theirs));
        Self { server, ours, theirs, key, _provider: provider, _directory: directory }
    }
}

/// Links an account of SpotDraft through the project's own profile.
fn link(server: &Server, api: &Client) -> String {
    let session = api.post(
        "/connect_sessions",
        &json!({ "origin_owner_id": "customer-1", "origin_owner_name": "Acme", "provider": "spotdraft" }),
    );
    let hub = server.hub(&session.text("/token"));
    let integration = hub.get("/hub/connectors").text("/integrations/0/integration_id");
    let linked = hub.post("/hub/accounts", &link_body(&integration));
    assert_eq!(linked.status, 200, "{linked}");
    linked.text("/id")
}

#[test]
fn a_push_is_repeated_with_its_idempotency_key() {
    let bed = PushBed::new(&[]);
    let keyed = bed.ours.clone().header("idempotency-key", "push");
    let first = push(&keyed, small_connector("acme", "1.0.0", "Acme"));
    assert_eq!(first.status, 201, "{first}");
    let second = push(&keyed, small_connector("acme", "1.0.0", "Acme"));
    assert_eq!((second.status, &second.body), (201, &first.body));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(push(&keyed, small_connector("acme", "1.0.1", "Acme")).code(), "IdempotencyKeyReusedError");
    // Files with an error change nothing: the key is free for the corrected ones.
    let other = bed.ours.clone().header("idempotency-key", "corrected");
    assert_eq!(push(&other, "Patchbay: 1.0.0".to_owned()).code(), "ConnectorInvalidError");
    assert_eq!(push(&other, small_connector("acme", "1.0.1", "Acme")).status, 201);
}

#[test]
fn a_pushed_connector_with_an_active_link_is_rejected() {
    let bed = PushBed::new(&[]);
    let file = small_connector("acme", "1.0.0", "Acme");
    let with_icon = |file: &str, icon: &str| {
        file.replace("For tests of pushing.", &format!("For tests of pushing., assets: {{icon: '{icon}'}}"))
    };
    let with_link = |file: &str, link: &str| {
        file.replace("label: Key\n", &format!("label: Key\n      support: {{link: '{link}'}}\n"))
    };
    for active in
        ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,<script>alert(1)</script>", "//evil.test"]
    {
        for changed in [with_icon(&file, active), with_link(&file, active)] {
            let answer = push(&bed.ours, changed);
            assert_eq!((answer.status, answer.code()), (400, "ConnectorInvalidError".to_owned()), "{active}: {answer}");
            assert!(answer.body.contains("PB0107"), "{active}: {answer}");
        }
    }
    let remote = with_link(&with_icon(&file, "https://cdn.test/icon.png"), "http://docs.test/");
    let answer = push(&bed.ours, remote);
    assert_eq!(answer.status, 201, "{answer}");
    assert!(answer.body.contains("embed the image"), "{answer}");
    let shown = bed.ours.get("/connectors/meta/acme");
    assert!(!shown.body.contains("cdn.test") && !shown.body.contains("docs.test"), "{shown}");
    assert!(shown.body.contains("data:image/svg+xml;base64,"), "{shown}");
}

#[test]
fn a_connector_is_pushed_listed_pinned_and_deleted() {
    let bed = PushBed::new(&[]);
    let api = &bed.ours;
    let first = push(api, small_connector("acme", "1.0.0", "Acme"));
    insta::assert_snapshot!("pushed", first.snapshot());
    assert_eq!(push(api, small_connector("acme", "1.0.0", "Acme")).status, 200);
    let other = push(api, small_connector("acme", "1.0.0", "Another"));
    assert_eq!((other.status, other.code()), (409, "ConnectorVersionExistsError".to_owned()));
    assert_eq!(push(api, small_connector("acme", "1.1.0", "Acme")).status, 201);
    assert_eq!(push(api, small_connector("acme", "2.0.0-rc.1", "Acme")).status, 201);
    insta::assert_snapshot!("pushed_connector", api.get("/connectors/acme").snapshot());
    insta::assert_snapshot!("pushed_list", api.get("/connectors?owner=custom").snapshot());
    insta::assert_snapshot!("pushed_version", api.get("/connectors/acme/versions/1.0.x").snapshot());

    let made = api.post("/auth_configs", &json!({ "connector_key": "acme", "connector_pinned_version": "1.0.0" }));
    assert_eq!((made.status, made.text("/connector_owner")), (201, "custom".to_owned()), "{made}");
    assert_eq!(made.text("/connector_version"), "1.0.0");
    let profile = format!("/auth_configs/{}", made.text("/id"));
    for (pin, runs) in [(json!(null), "1.1.0"), (json!("1.0.x"), "1.0.0"), (json!("2.0.0-rc.1"), "2.0.0-rc.1")] {
        let changed = api.patch(&profile, &json!({ "connector_pinned_version": pin }));
        assert_eq!((changed.status, changed.text("/connector_version").as_str()), (200, runs), "{changed}");
    }
    let wrong = api.patch(&profile, &json!({ "connector_pinned_version": "^1.0.0" }));
    assert_eq!((wrong.status, wrong.code()), (400, "ValidationError".to_owned()));
    let pinned = api.delete("/connectors/acme/versions/2.0.0-rc.1");
    assert_eq!((pinned.status, pinned.code()), (409, "ConnectorVersionPinnedError".to_owned()));
    assert!(pinned.body.contains("connector_pinned_version"), "{pinned}");
    assert_eq!(api.delete("/connectors/acme/versions/1.0.0").status, 200);
    assert_eq!(api.get("/connectors/acme/versions/1.0.0").status, 404);
}

#[test]
fn a_rejected_push_reports_lines_and_changes_nothing() {
    let bed = PushBed::new(&[]);
    let api = &bed.ours;
    push(api, small_connector("acme", "1.0.0", "Acme"));
    let bad = small_connector("acme", "1.1.0", "Acme")
        .replace("$.steps.things", "$.steps.thing")
        .replace("label: Key", "lable: Key");
    let refused = push(api, bad);
    insta::assert_snapshot!("push_refused", refused.snapshot());
    assert_eq!(api.get("/connectors/acme").json()["versions"].as_array().unwrap().len(), 1);
    for (body, kind, status, code) in [
        ("{\"files\": []}".to_owned(), "application/json", 400, "ValidationError"),
        (
            "{\"files\": [{\"name\": \"../a.yaml\", \"text\": \"\"}]}".to_owned(),
            "application/json",
            400,
            "ValidationError",
        ),
        ("{\"fils\": []}".to_owned(), "application/json", 400, "ValidationError"),
        ("{".to_owned(), "application/json", 400, "MalformedJsonError"),
        (String::new(), "application/yaml", 400, "ConnectorInvalidError"),
        ("a: &a [*a, *a]".to_owned(), "text/yaml", 400, "ConnectorInvalidError"),
        ("x".to_owned(), "application/octet-stream", 415, "UnsupportedMediaTypeError"),
        (small_connector("meta", "1.0.0", "Meta"), "application/yaml", 400, "ValidationError"),
        (format!("# {}\n", "x".repeat(3 * 1024 * 1024)), "application/yaml", 400, "ValidationError"),
    ] {
        let answer = api.clone().header("content-type", kind).send("POST", "/connectors", Some(body));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer}");
    }
}

#[test]
fn an_override_runs_only_in_its_project() {
    let bed = PushBed::new(&[]);
    let (account, theirs) = (link(&bed.server, &bed.ours), link(&bed.server, &bed.theirs));
    let run = |api: &Client, account: &str| {
        let api = api.clone().header("x-account-id", account);
        api.post("/actions/rpc", &json!({ "action": "spotdraft_list_contracts" })).status
    };
    let version = |api: &Client| {
        let profiles = api.get("/auth_configs?connector_key=spotdraft");
        (profiles.text("/data/0/connector_version"), profiles.text("/data/0/connector_owner"))
    };
    let pushed = bed.ours.post("/connectors", &spotdraft("9.1.0"));
    assert_eq!((pushed.status, pushed.json()["overrides"].clone()), (201, json!(true)), "{pushed}");
    assert_eq!(version(&bed.ours), ("9.1.0".to_owned(), "custom".to_owned()));
    assert_eq!(version(&bed.theirs), ("1.0.0".to_owned(), "patchbay".to_owned()));
    assert_eq!((run(&bed.ours, &account), run(&bed.theirs, &theirs)), (200, 200));
    let listed = bed.ours.get("/actions?filter[connectors]=spotdraft");
    assert_eq!(listed.text("/data/0/version"), "9.1.0");
    assert_eq!(bed.ours.get("/connectors/meta/spotdraft").text("/version"), "9.1.0");
    let built_in = bed.ours.get("/connectors/spotdraft/versions/1.0.0");
    assert_eq!(built_in.json()["files"].as_array().unwrap().len(), 14, "{built_in}");
    // Deleting the override restores the built-in connector for the account.
    assert_eq!(bed.ours.delete("/connectors/spotdraft/versions/9.1.0").status, 200);
    assert_eq!(version(&bed.ours), ("1.0.0".to_owned(), "patchbay".to_owned()));
    assert_eq!(run(&bed.ours, &account), 200);
}

#[test]
fn another_project_cannot_see_or_change_a_connector() {
    let bed = PushBed::new(&[]);
    push(&bed.ours, small_connector("acme", "1.0.0", "Acme"));
    let stranger = &bed.theirs;
    for path in [
        "/connectors/acme",
        "/connectors/acme/versions/1.0.0",
        "/connectors/acme/versions/latest",
        "/connectors/meta/acme",
    ] {
        assert_eq!(stranger.get(path).status, 404, "{path}");
    }
    assert_eq!(stranger.delete("/connectors/acme/versions/1.0.0").status, 404);
    for path in ["/connectors?page_size=100", "/connectors/meta", "/actions?page_size=100", "/docs/connectors"] {
        assert!(!stranger.get(path).body.contains("acme"), "{path}");
        assert!(bed.ours.get(path).body.contains("acme"), "{path}");
    }
    let refused = stranger.post("/auth_configs", &json!({ "connector_key": "acme" }));
    assert_eq!(refused.status, 400, "{refused}");
    // The guide is visible only to those who may see the connector.
    assert_eq!(bed.server.anonymous().get("/docs/connectors/acme/guides/custom").status, 404);
    assert_eq!(stranger.get("/docs/connectors/acme/guides/custom").status, 404);
    assert_eq!(bed.ours.get("/docs/connectors/acme/guides/custom").status, 200);
    assert!(!bed.server.anonymous().get("/llms.txt").body.contains("acme"));
    assert!(bed.ours.get("/llms.txt").body.contains("acme"));
    // An equal key and version in another project is another connector.
    assert_eq!(push(stranger, small_connector("acme", "1.0.0", "Theirs")).status, 201);
    assert_eq!(bed.ours.get("/connectors/acme").text("/title"), "Acme");
}

#[test]
fn concurrent_pushes_of_a_version_store_one() {
    let bed = PushBed::new(&[]);
    let statuses = thread::scope(|scope| {
        let pushing = (0..6).map(|number| {
            let api = &bed.ours;
            scope.spawn(move || push(api, small_connector("acme", "1.0.0", &format!("Acme {number}"))).status)
        });
        pushing.collect::<Vec<_>>().into_iter().map(|handle| handle.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
}

#[test]
fn pushed_connectors_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let key = pushing_project(&data_dir, "Ours");
    let provider = Provider::start();
    let account = {
        let mut server = Server::start_in(&data_dir, &provider, &[]);
        let api = server.with_key(&key);
        assert_eq!(api.post("/connectors", &spotdraft("9.1.0")).status, 201);
        assert_eq!(api.post("/connectors", &spotdraft("9.2.0")).status, 201);
        let account = link(&server, &api);
        let profile = api.get("/auth_configs?connector_key=spotdraft").text("/data/0/id");
        let pin = json!({ "connector_pinned_version": "9.1.x" });
        assert_eq!(api.patch(&format!("/auth_configs/{profile}"), &pin).status, 200);
        server.kill();
        account
    };
    let server = Server::start_in(&data_dir, &provider, &[]);
    let api = server.with_key(&key).header("x-account-id", &account);
    let ran = api.post("/actions/rpc", &json!({ "action": "spotdraft_list_contracts" }));
    assert_eq!(ran.status, 200, "{ran}");
    assert_eq!(api.get("/auth_configs?connector_key=spotdraft").text("/data/0/connector_version"), "9.1.0");
    assert_eq!(api.get("/connectors/spotdraft").text("/latest_version"), "9.2.0");
}

#[test]
fn the_directory_is_reloaded_by_signal_and_by_request() {
    let folder = tempfile::tempdir().unwrap();
    let put = |key: &str, text: &str| {
        fs::create_dir_all(folder.path().join(key)).unwrap();
        fs::write(folder.path().join(format!("{key}/{key}.connector.yaml")), text).unwrap();
    };
    put("acme", &small_connector("acme", "1.0.0", "Acme"));
    let bed = PushBed::new(&["--connectors", folder.path().to_str().unwrap()]);
    let api = &bed.ours;
    assert_eq!(api.get("/connectors/acme").text("/latest_version"), "1.0.0");
    // Every project has a profile for the connector.
    assert_eq!(bed.theirs.get("/auth_configs?connector_key=acme").json()["total"], 1);

    put("acme", &small_connector("acme", "1.1.0", "Acme"));
    put("beta", &small_connector("beta", "1.0.0", "Beta"));
    let reloaded = api.post("/connectors/reload", &json!({}));
    let expected =
        json!({ "added": ["beta"], "changed": ["acme"], "removed": [], "refused": [], "kept": [], "report": "" });
    assert_eq!((reloaded.status, reloaded.json()), (200, expected));
    assert_eq!(api.get("/connectors/acme").text("/latest_version"), "1.1.0");
    assert_eq!(bed.theirs.get("/auth_configs?connector_key=beta").json()["total"], 1);

    // An invalid connector is reported and keeps its last version; the valid one is reloaded.
    put("acme", "Patchbay: 1.0.0\n");
    put("beta", &small_connector("beta", "1.2.0", "Beta"));
    bed.server.signal("-HUP");
    let log = bed.server.logged("reloaded the connectors");
    assert!(log.contains("its last valid version stays in use"), "{log}");
    assert_eq!(api.get("/connectors/acme").text("/latest_version"), "1.1.0");
    assert_eq!(api.get("/connectors/beta").text("/latest_version"), "1.2.0");
    let again = api.post("/connectors/reload", &json!({})).json();
    assert_eq!(
        (again["refused"].as_array().unwrap().len(), again["kept"].as_array().unwrap().len()),
        (1, 1),
        "{again}"
    );
    assert!(again["report"].as_str().unwrap().contains("acme.connector.yaml"), "{again}");

    fs::remove_dir_all(folder.path().join("beta")).unwrap();
    put("acme", &small_connector("acme", "1.3.0", "Acme"));
    let last = api.post("/connectors/reload", &json!({})).json();
    assert_eq!((last["removed"].clone(), last["changed"].clone()), (json!(["beta"]), json!(["acme"])));
    fs::remove_dir_all(folder.path()).unwrap();
    let gone = api.post("/connectors/reload", &json!({}));
    assert_eq!((gone.status, gone.code()), (409, "ConnectorSourceError".to_owned()));
    assert_eq!(api.get("/connectors/acme").text("/latest_version"), "1.3.0");
}

impl PushBed {
    /// Runs a command against the server in a folder. Returns exit code, standard output and standard error.
    fn run(&self, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
        let mut command = binary();
        command.env("PATCHBAY_URL", &self.server.base).env("PATCHBAY_API_KEY", &self.key);
        let Output { status, stdout, stderr } =
            command.current_dir(folder).arg("connector").args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!stdout.contains(&self.key) && !stderr.contains(&self.key), "the key is shown: {stdout}{stderr}");
        (status.code().unwrap(), stdout, stderr)
    }
}

#[test]
fn connectors_are_pushed_and_pulled_from_the_command_line() {
    let bed = PushBed::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| bed.run(folder.path(), arguments);
    let (code, out, error) = run(&["new", "acme", "--base-url", "https://api.acme.example/v1", "--auth", "bearer"]);
    assert_eq!(code, 0, "{out}{error}");
    let pushed = run(&["push", "acme"]);
    assert_eq!((pushed.0, pushed.1.as_str()), (0, "pushed acme 1.0.0\n"), "{}", pushed.2);
    assert_eq!(run(&["push", "acme"]).1, "acme 1.0.0 exists already on the server, with equal files\n");

    let main = folder.path().join("acme/acme.connector.yaml");
    let written = fs::read_to_string(&main).unwrap();
    fs::write(&main, written.replace("key: acme", "key: acme # changed")).unwrap();
    let (code, out, _) = run(&["push", "acme"]);
    assert!(code == 1 && out.contains("ConnectorVersionExistsError") && out.contains("raise `info.version`"), "{out}");
    fs::write(&main, written.replace("authentication:", "authentification:")).unwrap();
    let (code, out, _) = run(&["push", "acme"]);
    assert!(code == 1 && out.contains("error[PB0002]") && out.contains("--> acme/acme.connector.yaml:"), "{out}");
    let (code, out, _) = run(&["push", "acme", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["refused"][0]["errorCode"].as_str()), (1, Some("ConnectorInvalidError")), "{report}");
    assert_eq!(report["pushed"], json!([]));
    fs::write(&main, written.replace("version: 1.0.0", "version: 1.1.0-rc.1")).unwrap();
    assert_eq!(
        run(&["push", "acme"]).1,
        "pushed acme 1.1.0-rc.1 (not the latest version: only version pins select it)\n"
    );

    let there = run(&["pull", "acme"]);
    assert!(there.0 == 1 && there.2.contains("--force"), "{}", there.2);
    assert_eq!(run(&["pull", "acme@1.0.0", "--force"]).1, "acme 1.0.0: 2 files in acme\n");
    assert_eq!(fs::read_to_string(&main).unwrap(), written);
    let (code, out, error) = run(&["pull", "acme@1.x.x", "--merged", "--json"]);
    assert_eq!(code, 0, "{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        report,
        json!({ "key": "acme", "version": "1.0.0", "owner": "custom", "files": ["acme.connector.yaml"] })
    );
    assert_eq!(run(&["validate", "acme.connector.yaml"]).0, 0);

    // A built-in connector is pulled, and pushed as its override.
    assert_eq!(run(&["pull", "spotdraft", "--output", "ours"]).0, 0);
    let ours = folder.path().join("ours/spotdraft.connector.yaml");
    let text = fs::read_to_string(&ours).unwrap().replace("\n  version: 1.0.0", "\n  version: 1.0.1");
    fs::write(&ours, text).unwrap();
    let pushed = run(&["push", "ours"]);
    assert_eq!(pushed.1, "pushed spotdraft 1.0.1; it replaces the built-in connector\n", "{}", pushed.2);
    assert_eq!(run(&["reload"]).1, "no changes\n");
}

#[test]
fn the_command_line_explains_failures() {
    let bed = PushBed::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| bed.run(folder.path(), arguments);
    for (arguments, words) in [
        (&["pull", "nothing"][..], "ConnectorVersionNotFoundError"),
        (&["pull", "spotdraft@7.0.0"], "ConnectorVersionNotFoundError"),
        (&["pull", "spotdraft@^1.0.0"], "a version pin is latest"),
        (&["pull", "../api_keys"], "ConnectorVersionNotFoundError"),
        (&["push", "nowhere"], "nowhere"),
        (&["pull", "spotdraft", "--api-key", "v1.local.no-such-key"], "UnauthorizedError"),
        (&["pull", "spotdraft", "--api-key", ""], "PATCHBAY_API_KEY"),
        (&["pull", "spotdraft", "--url", "ftp://x"], "write the server's URL"),
        (&["pull", "spotdraft", "--url", "http://127.0.0.1:9"], "cannot be reached"),
    ] {
        let (code, out, error) = run(arguments);
        assert!(code == 1 && error.contains(words) && out.is_empty(), "{arguments:?}: {code} {out}{error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    }
    assert_eq!(run(&["push"]).0, 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
