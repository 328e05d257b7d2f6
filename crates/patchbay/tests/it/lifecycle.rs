//! Start, shutdown, and problems with the data directory.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use serde_json::json;

use crate::support::{
    LinkedServer, Provider, Server, binary, canary,
    database::{block_on, postgres_server},
    offline,
};

/// Runs a server that must not start, and returns its standard error.
fn refused(data_dir: &Path, arguments: &[&str]) -> String {
    let output: Output = binary()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("panicked"), "{message}");
    message.replace(&data_dir.display().to_string(), "DATA")
}

fn error_line(message: &str) -> String {
    let line = message.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{message}"));
    line.to_owned()
}

#[test]
fn the_first_start_prints_its_secrets_once() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let start = || {
        let mut command = binary();
        command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
        Server::spawn(command, &data_dir)
    };
    let mut server = start();
    // The last lines of the first start's banner.
    let log = server.logged("/dashboard?login_token=");
    let key =
        log.split_whitespace().find(|word| word.starts_with("v1.local.")).unwrap_or_else(|| panic!("{log}")).to_owned();
    assert!(log.contains("sandbox-client-secret"), "{log}");
    assert_eq!(server.with_key(&key).get("/accounts").status, 200);
    assert_eq!(fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    let files = ["keyring.json", "patchbay.db"];
    let is_file = |file: &&str| *file == "keyring.json" || postgres_server().is_none();
    for file in files.into_iter().filter(is_file) {
        assert_eq!(fs::metadata(data_dir.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert_eq!(server.terminate(), Some(0));
    drop(server);

    let mut again = start();
    assert_eq!(again.with_key(&key).get("/accounts").status, 200);
    assert_eq!(again.terminate(), Some(0));
    assert!(!again.log().contains("v1.local.") && !again.log().contains("login_token"), "{}", again.log());
}

#[test]
fn health_and_readiness_are_reported() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    assert_eq!(server.anonymous().get("/healthz").status, 200);
    assert_eq!(server.anonymous().get("/readyz").status, 200);
}

#[test]
fn a_second_server_on_a_data_directory_is_rejected() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let message = error_line(&refused(&server.data_dir, &[]));
    let expected = format!("another Patchbay (process {}) already uses the data directory DATA", server.pid());
    assert!(message.contains(&expected), "{message}");
}

#[test]
fn accounts_survive_a_restart() {
    let mut linked = LinkedServer::new();
    let data_dir = linked.server.data_dir.clone();
    assert_eq!(linked.server.terminate(), Some(0));
    let server = Server::start_in(&data_dir, &linked.provider, &[]);
    let answer = server
        .api()
        .header("x-account-id", &linked.account)
        .post("/actions/rpc", &serde_json::json!({ "action": "spotdraft_list_contract_types" }));
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn a_call_that_the_end_of_the_grace_period_cuts_is_recorded() {
    let mut linked = LinkedServer::with_arguments(&["--shutdown-grace-seconds", "1"]);
    let data_dir = linked.server.data_dir.clone();
    linked.provider.fault(1, json!({ "kind": "delay", "millis": 50_000 }));
    linked.provider.forget_requests();
    let (api, provider) = (linked.api(), &linked.provider);
    std::thread::scope(|scope| {
        let call = scope.spawn(move || {
            let run = json!({ "action": "spotdraft_list_contract_types" });
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| api.post("/actions/rpc", &run).status))
        });
        while provider.requests().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(linked.server.terminate(), Some(0));
        assert!(call.join().unwrap().is_err(), "the connection closed without a response");
    });
    let query = "SELECT r.status || ' ' || n.name || ' ' || t.action FROM log_runs_1 r JOIN log_names n ON n.id = r.error \
                 JOIN log_targets t ON t.id = r.target ORDER BY r.started DESC LIMIT 1";
    let record = crate::support::database::select_log(&data_dir, query);
    assert_eq!(record, "503 ServerStoppedError spotdraft_list_contract_types");
}

#[test]
fn a_missing_key_ring_is_a_one_line_error() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    fs::remove_file(linked.server.data_dir.join("keyring.json")).unwrap();
    insta::assert_snapshot!(error_line(&refused(&linked.server.data_dir, &[])));
}

#[test]
fn a_wrong_key_ring_is_a_one_line_error() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let other = tempfile::tempdir().unwrap();
    let provider = Provider::start();
    let mut stranger = Server::start_in(&other.path().join("data"), &provider, &[]);
    stranger.terminate();
    let ring = linked.server.data_dir.join("keyring.json");
    fs::copy(other.path().join("data/keyring.json"), &ring).unwrap();
    insta::assert_snapshot!(error_line(&refused(&linked.server.data_dir, &[])));
}

/// Runs a command on the files, which must fail, and returns its error line.
fn refused_offline(data_dir: &Path, arguments: &[&str]) -> String {
    let output = binary().args(arguments).arg("--data-dir").arg(data_dir).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    error_line(&String::from_utf8(output.stderr).unwrap().replace(&data_dir.display().to_string(), "DATA"))
}

/// Returns the names and contents of a directory's files, without the lock file.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
    };
    let mut files = fs::read_dir(directory).unwrap().map(read).collect::<Vec<_>>();
    files.retain(|(name, _)| name != "patchbay.lock");
    files.sort();
    files
}

#[test]
fn a_lost_database_beside_its_key_ring_is_not_a_first_start() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let database = data_dir.join("patchbay.db");
    let backup = fs::read(&database).unwrap();
    let commands: [&[&str]; 6] = [
        &["project", "list"],
        &["project", "create", "New"],
        &["api-key", "create", "--project", "default-10001", "--name", "x"],
        &["login-link"],
        &["keyring", "status"],
        &["keyring", "rotate"],
    ];
    for (what, lose) in [
        ("missing", (|path: &Path| fs::remove_file(path).unwrap()) as fn(&Path)),
        ("empty", |path| fs::write(path, "").unwrap()),
    ] {
        fs::write(&database, &backup).unwrap();
        lose(&database);
        // A log that was left behind is kept for the repair.
        fs::write(data_dir.join("patchbay.db-wal"), "left behind").unwrap();
        let before = contents(&data_dir);
        let expected = format!(
            "error: the key ring DATA/keyring.json has sealed a database, but DATA/patchbay.db is {what}. Restore the \
             database from your backup. To start without its accounts, choose another --data-dir, or move the key ring \
             away (nothing was changed)"
        );
        assert_eq!(error_line(&refused(&data_dir, &[])), expected);
        for command in commands {
            assert_eq!(refused_offline(&data_dir, command), expected, "{command:?}");
        }
        assert_eq!(contents(&data_dir), before);
        fs::remove_file(data_dir.join("patchbay.db-wal")).unwrap();
    }
    fs::write(&database, &backup).unwrap();
    let server = Server::start_in(&data_dir, &linked.provider, &[]);
    assert_eq!(server.api().get(&format!("/accounts/{}", linked.account)).status, 200);
}

#[test]
fn a_database_that_lost_its_data_beside_its_key_ring_is_not_a_first_start() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let ring = fs::read_to_string(data_dir.join("keyring.json")).unwrap();
    assert!(ring.contains("\"in_use\": true"));
    // A database that another start just created, for example by an older version or on another disk.
    let other = tempfile::tempdir().unwrap();
    let fresh = other.path().join("data");
    fs::create_dir(&fresh).unwrap();
    block_on(async {
        let path = fresh.join("patchbay.db");
        patchbay_storage::sqlite::SqliteStorage::open(&path).await.unwrap().close().await;
    });
    fs::copy(fresh.join("patchbay.db"), data_dir.join("patchbay.db")).unwrap();
    let message = error_line(&refused(&data_dir, &[]));
    assert!(message.contains("contains nothing that it sealed") && message.contains("from your backup"), "{message}");
    assert!(refused_offline(&data_dir, &["keyring", "rotate"]).contains("contains nothing that it sealed"));
}

#[test]
fn a_key_ring_of_an_earlier_version_is_marked_at_the_start() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let data_dir = linked.server.data_dir.clone();
    let ring = data_dir.join("keyring.json");
    let marked = fs::read_to_string(&ring).unwrap();
    fs::write(&ring, marked.replace("  \"in_use\": true,\n", "")).unwrap();
    assert!(!fs::read_to_string(&ring).unwrap().contains("in_use"));
    let mut server = Server::start_in(&data_dir, &linked.provider, &[]);
    assert_eq!(server.api().get(&format!("/accounts/{}", linked.account)).status, 200);
    server.terminate();
    assert_eq!(fs::read_to_string(&ring).unwrap(), marked);
}

#[test]
fn a_key_ring_without_a_database_that_it_sealed_begins_one() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let provider = Provider::start();
    Server::start_in(&data_dir, &provider, &[]).terminate();
    // The operator moves the ring away on purpose and keeps an emptied database.
    fs::remove_file(data_dir.join("keyring.json")).unwrap();
    fs::write(data_dir.join("patchbay.db"), "").unwrap();
    let server = Server::start_in(&data_dir, &provider, &[]);
    assert_eq!(server.api().get("/accounts").status, 200);
}

#[test]
fn a_first_start_that_could_not_show_its_secrets_is_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = binary();
    command.args(["serve", "--log", "off", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    let output = command.stdout(std::process::Stdio::piped()).stderr(writer).spawn().unwrap().wait_with_output();
    let output = output.unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "nobody could read the secrets: {output:?}");

    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    let mut server = Server::spawn(command, &data_dir);
    let log = server.logged("/dashboard?login_token=");
    let key = log.split_whitespace().find(|word| word.starts_with("v1.local.")).unwrap().to_owned();
    assert_eq!(server.with_key(&key).get("/accounts").status, 200);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_removed_lock_file_admits_no_second_server() {
    let linked = LinkedServer::new();
    let data_dir = &linked.server.data_dir;
    let account = format!("/accounts/{}", linked.account);
    for lock in ["patchbay.lock", "control.sock"] {
        fs::remove_file(data_dir.join(lock)).unwrap();
        let message = error_line(&refused(data_dir, &[]));
        assert!(message.contains("another Patchbay already uses the database DATA/patchbay.db"), "{message}");
        let message = refused_offline(data_dir, &["project", "create", "Second"]);
        assert!(message.contains("another Patchbay already uses the database"), "{message}");
    }
    // The server is unharmed, and holds SQLite's own locks.
    let change = linked.server.api().patch(&account, &serde_json::json!({ "label": "still here" }));
    assert_eq!(change.status, 200, "{change}");
}

#[test]
fn a_readable_key_ring_is_rejected_with_instructions() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    let ring = linked.server.data_dir.join("keyring.json");
    fs::set_permissions(&ring, fs::Permissions::from_mode(0o644)).unwrap();
    insta::assert_snapshot!(error_line(&refused(&linked.server.data_dir, &[])));
}

#[test]
fn a_damaged_database_is_reported() {
    let mut linked = LinkedServer::new();
    linked.server.terminate();
    fs::write(linked.server.data_dir.join("patchbay.db"), "not a database at all".repeat(500)).unwrap();
    let message = error_line(&refused(&linked.server.data_dir, &[]));
    assert!(message.contains("restore it from a backup"), "{message}");
}

#[test]
fn a_used_port_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = binary().args(["serve", "--listen", &address, "--data-dir"]).arg(directory.path()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is another program using the port?"), "{message}");
}

#[test]
fn an_invalid_connector_is_reported_and_the_others_work() {
    let connectors = tempfile::tempdir().unwrap();
    let bad = connectors.path().join("broken");
    fs::create_dir(&bad).unwrap();
    fs::write(bad.join("broken.connector.yaml"), "Patchbay: 1.0.0\ninfo:\n  titel: Broken\n").unwrap();
    let provider = Provider::start();
    let server = Server::start(&provider, &["--connectors", connectors.path().to_str().unwrap()]);
    let log = server.logged("did you mean `title`?");
    assert!(log.contains("error[PB0002]"), "{log}");
    let answer = server.api().get("/connectors/meta");
    assert!(answer.body.contains("spotdraft") && !answer.body.contains("broken"), "{answer}");
}

#[test]
fn an_invalid_configuration_is_rejected_before_files_are_created() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let file = directory.path().join("patchbay.yaml");
    fs::write(&file, "listne: 127.0.0.1:1\n").unwrap();
    let message = refused(&data_dir, &["--config", file.to_str().unwrap()]);
    assert!(message.contains("patchbay.yaml:1:1") && message.contains("did you mean `listen`?"), "{message}");
    assert!(!data_dir.exists());
}

#[test]
fn projects_and_api_keys_are_created_offline() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| offline(directory.path(), arguments);
    let project = run(&["project", "create", "Staging area"]);
    assert_eq!(project, "staging-area-10001");
    assert!(run(&["project", "list"]).contains("Staging area"));
    let key = run(&["api-key", "create", "--project", &project, "--name", "ci", "--scopes", "actions:execute"]);
    assert!(key.starts_with("v1.local."));
    assert!(run(&["api-key", "list", "--project", &project]).contains("ci\tactions:execute\tenabled"));
    let unknown = binary().args(["api-key", "list", "--project", "nope", "--data-dir"]).arg(directory.path()).output();
    let unknown = unknown.unwrap();
    assert_eq!((unknown.status.code(), unknown.stdout.as_slice()), (Some(1), b"".as_slice()));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nope"), "{unknown:?}");
    canary::assert_absent(key.as_bytes(), "a fresh key");
}

#[test]
fn a_data_directory_without_permissions_is_reported() {
    // No user can create a directory here, not even root.
    let message = error_line(&refused(Path::new("/proc/patchbay-data"), &[]));
    assert!(message.contains("cannot create") && message.contains("--data-dir"), "{message}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let message = error_line(&refused(&file, &[]));
    assert!(message.contains("cannot create"), "{message}");
    let message = error_line(&refused(Path::new("/sys"), &[]));
    assert!(message.contains("cannot write to") && message.contains("owner and permissions"), "{message}");
}

#[test]
fn colliding_public_action_ids_are_reported_at_the_start() {
    let provider = Provider::start();
    let connectors = tempfile::tempdir().unwrap();
    for (key, action) in [("quay", "side_list"), ("quay_side", "list")] {
        let text = format!(
            "Patchbay: 1.0.0\ninfo: {{title: Quay, key: {key}, version: 1.0.0, description: d}}\ncategories: [crm]\n\
             baseUrl: https://quay.example.com\nauthentication:\n  - custom: {{type: custom, label: Key}}\n\
             actions:\n  - actionId: {action}\n    label: List\n    description: Lists.\n    categories: [x]\n    \
             actionType: list\n    steps:\n      - stepId: get\n        description: d\n        stepFunction:\n          \
             functionName: request\n          parameters: {{url: /x, method: get}}\n"
        );
        let folder = connectors.path().join(key);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(format!("{key}.connector.yaml")), text).unwrap();
    }
    let server = Server::start(&provider, &["--connectors", connectors.path().to_str().unwrap()]);
    server.logged("the connectors quay, quay_side all have an action `quay_side_list`");
}
