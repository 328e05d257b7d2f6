//! `patchbay connector pull`: fetches a connector's files from a server, built-in connectors included.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::SourceFile;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    bundle,
    server::{ServerArgs, error_message},
    stdout,
};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector's key, optionally with a version or a pin: acme, acme@1.2.0, acme@1.x.x
    #[arg(value_name = "KEY[@VERSION]")]
    connector: String,
    /// The folder or file to write [default: a folder KEY; with --merged a file KEY.connector.yaml]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write one file, in which the partials replace their references
    #[arg(long)]
    merged: bool,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// A connector version in the server's response.
#[derive(Deserialize)]
struct PulledVersion {
    key: String,
    version: String,
    owner: String,
    files: Vec<PulledFile>,
}

#[derive(Deserialize)]
struct PulledFile {
    name: String,
    text: String,
}

/// Runs the command. Without `--force` it replaces no file; if one file cannot be replaced, it writes none.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (key, version) = args.connector.split_once('@').unwrap_or((&args.connector, "latest"));
    let path = ["connectors", key, "versions", version];
    let response = args.server.with(async |remote| Ok(remote.send(http::Method::GET, &path, None).await?))?;
    if response.status != 200 {
        if args.server.json {
            stdout::print_line(&format!("{:#}", response.body))?;
        }
        bail!("{}", error_message(&response));
    }
    let found: PulledVersion =
        serde_json::from_value(response.body).context("the server's response is not a connector")?;
    if found.key != key || found.files.is_empty() {
        bail!("the server has no files of {key}");
    }
    let place = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(if args.merged { format!("{key}.connector.yaml") } else { key.to_owned() }));
    let written = write(&place, args.merged, args.force, &found)?;
    if args.server.json {
        let files = written.iter().map(|path| Value::from(path.display().to_string())).collect::<Vec<_>>();
        let report = json!({ "key": found.key, "version": found.version, "owner": found.owner, "files": files });
        stdout::print_line(&format!("{report:#}"))?;
    } else {
        let noun = if written.len() == 1 { "file" } else { "files" };
        stdout::print_line(&format!(
            "{} {}: {} {noun} in {}",
            found.key,
            found.version,
            written.len(),
            place.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one file or a folder of files, and returns their paths.
fn write(place: &Path, merged: bool, force: bool, found: &PulledVersion) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if merged {
        let parts = found.files.iter().map(|file| SourceFile { name: file.name.clone(), text: file.text.clone() });
        files.push((place.to_owned(), bundle::bundle(&parts.collect::<Vec<_>>())?));
    } else {
        for file in &found.files {
            // The server's file names are untrusted: they must not select another folder.
            if !is_plain(&file.name) {
                bail!(
                    "the server's response contains the file name `{}`, which is not allowed; nothing was written",
                    file.name.escape_debug()
                );
            }
            files.push((place.join(&file.name), file.text.clone()));
        }
    }
    // A file with equal content needs no --force.
    let differs = |(path, text): &&(PathBuf, String)| {
        fs::read(path).map_or_else(|error| error.kind() != ErrorKind::NotFound, |existing| existing != text.as_bytes())
    };
    if !force && let Some((path, _)) = files.iter().find(differs) {
        bail!("{} exists already; nothing was written. Use --force to replace it", path.display());
    }
    let folder = if merged { place.parent().filter(|parent| !parent.as_os_str().is_empty()) } else { Some(place) };
    if let Some(folder) = folder {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    for (path, text) in &files {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn is_plain(name: &str) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending));
    is_yaml && !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(files: &[(&str, &str)]) -> PulledVersion {
        let files = files.iter().map(|(name, text)| PulledFile { name: (*name).to_owned(), text: (*text).to_owned() });
        PulledVersion { key: "acme".into(), version: "1.0.0".into(), owner: "custom".into(), files: files.collect() }
    }

    #[test]
    fn existing_files_are_replaced_only_with_force() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("acme");
        let first = version(&[("acme.connector.yaml", "one"), ("acme.items.partial.yaml", "items")]);
        assert_eq!(write(&place, false, false, &first).unwrap().len(), 2);
        // Equal content replaces nothing.
        assert!(write(&place, false, false, &first).is_ok());
        let second = version(&[("acme.connector.yaml", "two"), ("acme.items.partial.yaml", "more")]);
        let error = write(&place, false, false, &second).unwrap_err().to_string();
        assert!(error.contains("--force"), "{error}");
        assert_eq!(fs::read_to_string(place.join("acme.items.partial.yaml")).unwrap(), "items");
        assert!(write(&place, false, true, &second).is_ok());
        assert_eq!(fs::read_to_string(place.join("acme.connector.yaml")).unwrap(), "two");
    }

    #[test]
    fn a_hostile_server_cannot_write_to_other_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../evil.yaml", "/tmp/evil.yaml", ".evil.yaml", "a/b.yaml", "evil.sh", "..", "a\u{0}.yaml"] {
            let error = write(&folder.path().join("acme"), false, true, &version(&[(name, "x")])).unwrap_err();
            assert!(error.to_string().contains("which is not allowed"), "{name:?}: {error}");
        }
        assert!(!folder.path().join("acme").exists());
    }
}
