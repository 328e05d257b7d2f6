//! Runs the commands of `docs/quickstart.md` against a sandbox.

use std::process::Command;

use crate::support::{Server, binary, canary};

/// Returns the fenced blocks of a language, in order.
pub fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        match &mut current {
            None if line.trim() == format!("```{language}") => current = Some(String::new()),
            Some(_) if line.trim() == "```" => blocks.extend(current.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None => {}
        }
    }
    blocks
}

#[test]
fn the_quickstart_links_an_account_and_runs_its_actions() {
    walk_through(&[]);
}

/// Runs the walk-through on a server with these arguments.
pub fn walk_through(arguments: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let mut command = binary();
    command.env("PATCHBAY_API_KEY", canary::API_KEY);
    command.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir).args(arguments);
    let server = Server::spawn(command, &data_dir);

    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/quickstart.md")).unwrap();
    let blocks = blocks(&page, "sh");
    assert_eq!(blocks.len(), 6, "the walk-through has six steps");
    let script = format!("set -euo pipefail\n{}", blocks.join("\n"));
    let done = Command::new("bash")
        .args(["-c", &script])
        .env("PATCHBAY", &server.base)
        .env("KEY", canary::API_KEY)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}\n{}", server.log());
    for part in [r#""key":"clientId""#, r#""status":"active""#, r#""contract_status""#, r#""next":"2""#, "Mutual NDA"] {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
    canary::assert_absent(out.as_bytes(), "the quickstart's output");
}
