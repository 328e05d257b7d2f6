//! `patchbay connector pull`: a connector's files from a server, also those of a built-in one.

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
    merge, out,
    server::{Server, refusal},
};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector's key, perhaps with a version or a pin: acme, acme@1.2.0, acme@1.x.x
    #[arg(value_name = "KEY[@VERSION]")]
    connector: String,
    /// Where to put it [default: a folder KEY; with --merged a file KEY.connector.yaml]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write one file, with the partials put in where the main file names them
    #[arg(long)]
    merged: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: Server,
}

/// A version as the server answers it.
#[derive(Deserialize)]
struct Pulled {
    key: String,
    version: String,
    owner: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    text: String,
}

/// Runs the command. Nothing that exists is touched without `--force`; nothing is written unless all can be.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (key, version) = args.connector.split_once('@').unwrap_or((&args.connector, "latest"));
    let path = ["connectors", key, "versions", version];
    let answer = args.server.with(async |remote| Ok(remote.send(http::Method::GET, &path, None).await?))?;
    if answer.status != 200 {
        if args.server.json {
            out::line(&format!("{:#}", answer.body))?;
        }
        bail!("{}", refusal(&answer));
    }
    let found: Pulled = serde_json::from_value(answer.body).context("the server's answer is not a connector")?;
    if found.key != key || found.files.is_empty() {
        bail!("the server has no files of {key} to give");
    }
    let place = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(if args.merged { format!("{key}.connector.yaml") } else { key.to_owned() }));
    let written = write(&place, args.merged, args.force, &found)?;
    if args.server.json {
        let files = written.iter().map(|path| Value::from(path.display().to_string())).collect::<Vec<_>>();
        let report = json!({ "key": found.key, "version": found.version, "owner": found.owner, "files": files });
        out::line(&format!("{report:#}"))?;
    } else {
        let noun = if written.len() == 1 { "file" } else { "files" };
        out::line(&format!("{} {}: {} {noun} in {}", found.key, found.version, written.len(), place.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one file or a folder of them, and gives their paths.
fn write(place: &Path, merged: bool, force: bool, found: &Pulled) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if merged {
        let parts = found.files.iter().map(|file| SourceFile { name: file.name.clone(), text: file.text.clone() });
        files.push((place.to_owned(), merge::merged(&parts.collect::<Vec<_>>())?));
    } else {
        for file in &found.files {
            // The server's word is not enough for where files are written.
            if !is_plain(&file.name) {
                bail!(
                    "the server names a file `{}`, which is no plain name; nothing was written",
                    file.name.escape_debug()
                );
            }
            files.push((place.join(&file.name), file.text.clone()));
        }
    }
    // What is there already, byte for byte, needs no force.
    let differs = |(path, text): &&(PathBuf, String)| {
        fs::read(path).map_or_else(|error| error.kind() != ErrorKind::NotFound, |there| there != text.as_bytes())
    };
    if !force && let Some((path, _)) = files.iter().find(differs) {
        bail!("{} exists already; nothing was written (--force replaces it)", path.display());
    }
    let folder = if merged { place.parent().filter(|parent| !parent.as_os_str().is_empty()) } else { Some(place) };
    if let Some(folder) = folder {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    for (path, text) in &files {
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
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

    fn version(files: &[(&str, &str)]) -> Pulled {
        let files = files.iter().map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() });
        Pulled { key: "acme".into(), version: "1.0.0".into(), owner: "custom".into(), files: files.collect() }
    }

    #[test]
    fn what_exists_is_replaced_by_force_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("acme");
        let first = version(&[("acme.connector.yaml", "one"), ("acme.items.partial.yaml", "items")]);
        assert_eq!(write(&place, false, false, &first).unwrap().len(), 2);
        // The same bytes are no loss.
        assert!(write(&place, false, false, &first).is_ok());
        let second = version(&[("acme.connector.yaml", "two"), ("acme.items.partial.yaml", "more")]);
        let error = write(&place, false, false, &second).unwrap_err().to_string();
        assert!(error.contains("--force"), "{error}");
        assert_eq!(fs::read_to_string(place.join("acme.items.partial.yaml")).unwrap(), "items");
        assert!(write(&place, false, true, &second).is_ok());
        assert_eq!(fs::read_to_string(place.join("acme.connector.yaml")).unwrap(), "two");
    }

    #[test]
    fn a_hostile_server_writes_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../evil.yaml", "/tmp/evil.yaml", ".evil.yaml", "a/b.yaml", "evil.sh", "..", "a\u{0}.yaml"] {
            let error = write(&folder.path().join("acme"), false, true, &version(&[(name, "x")])).unwrap_err();
            assert!(error.to_string().contains("no plain name"), "{name:?}: {error}");
        }
        assert!(!folder.path().join("acme").exists());
    }
}
