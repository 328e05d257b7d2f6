//! `tools/run-postgres`, and the commands of its page; the files for containers beside it.

use std::{fs, path::Path, process::Command};

use crate::{
    load_balancers::{accepts, assert_settings},
    quickstart::blocks,
    support::{
        Server, binary, canary,
        haproxy::{free_port, system_program},
    },
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Returns the processes whose command line names a directory.
fn processes(directory: &Path) -> Vec<String> {
    let directory = directory.display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&directory) {
            found.push(line);
        }
    }
    found
}

#[test]
fn one_command_starts_two_servers_and_ends_them() {
    let directory = tempfile::tempdir().unwrap();
    let fleet = directory.path().join("fleet");
    let start = || {
        let mut command = Command::new(Path::new(ROOT).join("tools/run-postgres"));
        command.arg(binary().get_program()).arg(format!("127.0.0.1:{}", free_port())).arg(&fleet);
        command.env("PATCHBAY_API_KEY", canary::API_KEY);
        Server::spawn(command, &fleet.join("one"))
    };
    let mut running = start();
    let log = running.logged("TWO=http://");
    let address =
        |name: &str| log.split(&format!("{name}=")).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();

    let page = fs::read_to_string(Path::new(ROOT).join("docs/operate/two-servers.md")).unwrap();
    let commands = blocks(&page, "sh");
    assert_eq!(commands.len(), 5, "the page has five steps");
    let mut script = Command::new("bash");
    script.args(["-c", &format!("set -euo pipefail\n{}", commands.join("\n"))]);
    script.env("PATCHBAY", &running.base).env("KEY", canary::API_KEY);
    let done = script.env("ONE", address("ONE")).env("TWO", address("TWO")).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}\n{}", running.log());
    for part in [r#""contract_status""#, r#""leader":true"#, "Suspended"] {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
    assert!(processes(&fleet).len() > 4, "{:#?}", processes(&fleet));
    assert_eq!(running.terminate(), Some(0));
    assert_eq!(processes(&fleet), Vec::<String>::new());

    // The next start finds what was stored.
    let mut again = start();
    let accounts = again.api().get("/accounts");
    assert_eq!(accounts.json().as_array().map(Vec::len), Some(1), "{accounts}");
    assert_eq!(again.terminate(), Some(0));
    assert_eq!(processes(&fleet), Vec::<String>::new());
}

#[test]
fn the_files_for_containers_are_valid_and_name_settings_that_exist() {
    let deploy = Path::new(ROOT).join("deploy");
    let compose = fs::read_to_string(deploy.join("compose.yaml")).unwrap();
    assert_settings(&compose);
    let script = "import sys, yaml; services = yaml.safe_load(open(sys.argv[1]))['services']; \
                  print(sorted(services)); \
                  assert services['two']['environment']['PATCHBAY_DATABASE_URL'].startswith('postgres://'); \
                  names = set(services); \
                  assert all(set(service.get('depends_on', [])) <= names for service in services.values())";
    let mut python = Command::new("python3");
    if python.args(["-c", "import yaml"]).status().is_ok_and(|status| status.success()) {
        accepts(Command::new("python3").args(["-c", script]).arg(deploy.join("compose.yaml")));
    } else {
        eprintln!("SKIPPED: this machine has no YAML parser for Python (python3-yaml)");
    }
    // The names of the servers resolve only beside them.
    accepts(system_program("haproxy").arg("-c").arg("-f").arg(deploy.join("haproxy.cfg")));
}
