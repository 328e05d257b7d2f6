//! A disk that fills while the server runs: writes are rejected with a clear message, stored data is kept, reads
//! still work, and writes work again when there is space.
//!
//! The disk is a small memory file system that only this test's server sees. It needs a kernel that lets
//! users create namespaces; otherwise, the test prints that it is skipped.

use std::{fs, process::Command};

use serde_json::json;

use crate::support::{Provider, Server, binary, canary, link_body};

/// The size of the disk. The database and its log initially use about a quarter of it.
const DISK_BYTES: usize = 4 * 1024 * 1024;

fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("SKIPPED: this machine does not let users create mount namespaces (`unshare --user --mount`)");
    }
    can
}

#[test]
fn a_full_disk_rejects_writes_and_loses_nothing() {
    if !can_mount() {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    let disk = outside.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let provider = Provider::start();
    // A file uses half of the disk until the test frees it.
    let script = format!(
        "mount -t tmpfs -o size={DISK_BYTES} tmpfs '{disk}' && head -c {half} /dev/zero > '{disk}/filler' || exit 1\n\
         (timeout 120 sh -c 'until [ -e \"{room}\" ]; do sleep 0.05; done'; rm -f '{disk}/filler'; touch '{room}.made') >/dev/null 2>&1 &\n\
         exec \"$@\"",
        disk = disk.display(),
        half = DISK_BYTES / 2,
        room = outside.path().join("room").display(),
    );
    let data_dir = disk.join("data");
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("PATCHBAY_API_KEY", canary::API_KEY);
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(binary().get_program()).args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
    for upstream in provider.upstreams() {
        command.args(["--upstream", &upstream]);
    }
    let server = Server::spawn(command, &data_dir);
    let token = server.session(json!({}));
    let integration = server.integration(&token);
    let linked = server.hub(&token).post("/hub/accounts", &link_body(&integration));
    assert_eq!(linked.status, 200, "{linked}");
    let account = linked.text("/id");

    let large = json!({ "origin_owner_id": "x", "origin_owner_name": "X", "metadata": { "note": "x".repeat(15_000) } });
    let mut metadata = json!({});
    for attempt in 0.. {
        let refused =
            (0..1_000).map(|_| server.api().post("/connect_sessions", &large)).find(|answer| answer.status != 201);
        let refused = refused.expect("the disk never became full");
        assert_eq!((refused.status, refused.code()), (503, "StorageUnavailableError".to_owned()), "{refused}");
        let wanted = json!({ "note": format!("{attempt}{}", "y".repeat(16_000)) });
        let change = server.api().patch(&format!("/accounts/{account}"), &json!({ "metadata": wanted }));
        if change.status == 503 {
            break;
        }
        // SQLite moved pages from its log to the database in the meantime, which made room in the log.
        assert!(change.status == 200 && attempt < 20, "{} in attempt {attempt}", change.status);
        metadata = wanted;
    }

    let ready = server.anonymous().get("/readyz");
    assert_eq!((ready.status, ready.code()), (503, "StorageUnavailableError".to_owned()), "{ready}");
    assert!(ready.body.contains("the disk is full"), "{ready}");
    server.logged("bytes are free in");

    // Stored data can be read and used.
    assert_eq!(server.anonymous().get("/healthz").status, 200);
    let read = server.api().get(&format!("/accounts/{account}"));
    assert_eq!((read.status, &read.json()["metadata"]), (200, &metadata), "nothing is half-written: {read}");
    let run = json!({ "action": "spotdraft_list_contract_types" });
    assert_eq!(server.api().header("x-account-id", &account).post("/actions/rpc", &run).status, 200);

    fs::write(outside.path().join("room"), "").unwrap();
    let made = outside.path().join("room.made");
    while !made.exists() {
        std::thread::yield_now();
    }
    assert_eq!(server.api().post("/connect_sessions", &large).status, 201);
    // It recovers by itself: a result is used again for at most three seconds.
    server.ready_again();
    let change = server.api().patch(&format!("/accounts/{account}"), &json!({ "label": "there is room again" }));
    assert_eq!(change.status, 200, "{change}");
}

/// Starts a server on a disk with `free` bytes that must not start, and returns its standard error.
fn refused_on(outside: &std::path::Path, existing: Option<&std::path::Path>, free: usize) -> String {
    let disk = outside.join("disk");
    fs::create_dir_all(&disk).unwrap();
    let copy =
        existing.map_or_else(String::new, |from| format!("cp -a '{}' '{}/data' && ", from.display(), disk.display()));
    let script = format!(
        "mount -t tmpfs -o size={DISK_BYTES} tmpfs '{disk}' && {copy}\
         used=$(du -s --block-size=1 '{disk}' | cut -f1) && head -c $(({DISK_BYTES} - used - {free})) /dev/zero > '{disk}/filler' \
         || exit 77\nexec timeout 60 \"$@\"",
        disk = disk.display(),
    );
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("PATCHBAY_API_KEY", canary::API_KEY);
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command.arg(binary().get_program()).args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(disk.join("data"));
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{free}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

#[test]
fn a_start_on_a_full_disk_says_that_it_is_full() {
    if !can_mount() {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    let existing = outside.path().join("existing");
    Server::start_in(&existing, &Provider::start(), &[]).terminate();
    for (data, free) in
        [(None, 0), (None, 8_192), (None, 40_000), (None, 100_000), (Some(&*existing), 0), (Some(&*existing), 20_000)]
    {
        let message = refused_on(outside.path(), data, free);
        let line = message.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{message}"));
        assert!(line.contains("disk is full"), "{free}: {line}");
    }
}
