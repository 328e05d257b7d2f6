//! `patchbay connector import` on published API descriptions. A script downloads them from package registries, never
//! from the providers; a description that cannot be downloaded is reported and skipped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::binary;

/// An expected import: file, selection, key, minimal number of actions, some of their ids.
type PublishedApi = (&'static str, &'static [&'static str], &'static str, usize, &'static [&'static str]);

const PUBLISHED: [PublishedApi; 5] = [
    (
        "github.json",
        &[],
        "github_octokit_extension",
        1200,
        &["list_repos_for_org", "create_release", "get_user_authenticated"],
    ),
    ("kubernetes.json", &["--path", "/api/v1"], "kubernetes", 220, &["list_core_v1_namespaced_pod"]),
    (
        "drive.v3.json",
        &[],
        "google_drive",
        50,
        &["list_files", "upload_file", "download_file_content", "create_permission"],
    ),
    ("gmail.v1.json", &[], "gmail", 70, &["list_messages", "send_message", "get_profile"]),
    ("calendar.v3.json", &[], "calendar", 35, &["list_events", "create_event", "delete_event"]),
];

fn documents() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published-apis");
    let script = Command::new("bash").arg(root.join("tools/published-apis")).arg(&folder).output();
    match script {
        Ok(Output { status, .. }) if status.success() => {}
        Ok(Output { stderr, .. }) => eprintln!("{}", String::from_utf8_lossy(&stderr)),
        Err(error) => eprintln!("tools/published-apis cannot run: {error}"),
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = binary().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn published_api_descriptions_import_as_valid_formatted_connectors() {
    let documents = documents();
    let folder = tempfile::tempdir().unwrap();
    for (file, part, key, least, some) in PUBLISHED {
        let path = documents.join(file);
        if !path.exists() {
            eprintln!("SKIPPED: {file}, because it could not be downloaded");
            continue;
        }
        let (code, out, error) = run(folder.path(), &[&["connector", "import", path.to_str().unwrap()], part].concat());
        assert_eq!(code, 0, "{file}: {out}{error}");
        assert!(!error.contains('\r'), "no progress where nobody watches");
        assert!(folder.path().join(key).is_dir(), "{file}: {out}");
        let (code, found, _) = run(folder.path(), &["connector", "validate", key]);
        assert_eq!((code, found.as_str()), (0, "1 connector: no problems found\n"), "{file}");
        assert_eq!(
            run(folder.path(), &["connector", "fmt", "--check", key]),
            (0, String::new(), String::new()),
            "{file}"
        );
        let (_, listed, _) = run(folder.path(), &["connector", "list", key]);
        let ids = listed.lines().filter_map(|line| line.split('\t').next()).collect::<Vec<_>>();
        assert!(ids.len() >= least, "{file}: {} actions", ids.len());
        let missing = some.iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>();
        assert!(missing.is_empty(), "{file}: {missing:?} are not among {}", ids.join(" "));
        fs::remove_dir_all(folder.path().join(key)).unwrap();
    }
}
