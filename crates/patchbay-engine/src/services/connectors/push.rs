//! Pushing a version: bounded, checked whole, then stored and in use in one step.

use std::{collections::BTreeSet, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use patchbay_connector::{Connector, Diagnostic, Loaded, Severity, SourceFile};
use patchbay_model::{ApiScope, ConnectorFile, ConnectorVersion, FilesDigest};
use patchbay_storage::AddVersion;

use super::super::{Caller, Engine, invalid};
use crate::{
    Error, ErrorCode, Problem,
    connector_catalog::{Origin, ProjectConnectors, check},
};

/// The most files of a version.
const MAX_FILES: usize = 200;
/// The most bytes of a version's files together.
const MAX_TOTAL_BYTES: usize = 2 * 1024 * 1024;
/// The longest name of a file, and the longest version, in characters.
const MAX_NAME_CHARS: usize = 120;
const MAX_VERSION_CHARS: usize = 64;
/// The most versions of a project, of all its connectors together.
const MAX_VERSIONS_PER_PROJECT: u32 = 500;
/// Keys that the API's own paths have: `/connectors/meta`, `/connectors/reload`.
const RESERVED_KEYS: [&str; 2] = ["meta", "reload"];
/// The most problems that one answer names by line.
const MAX_NAMED_PROBLEMS: usize = 3;

/// What came of a push.
#[derive(Clone, Debug)]
pub struct PushOutcome {
    /// The version as it is stored.
    pub version: ConnectorVersion,
    /// The connector.
    pub connector: Arc<Connector>,
    /// What is unwise in it.
    pub warnings: Vec<Diagnostic>,
    /// False when the same version with the same files was there already: nothing was changed.
    pub created: bool,
    /// Whether it stands before a connector of the instance with the same key.
    pub overrides: bool,
    /// Whether it is what `latest`, and no pin, now lead to.
    pub is_latest: bool,
}

impl Engine {
    /// Checks a connector's files and makes them a version of the project's, in use at once. 400
    /// `ConnectorInvalidError` with all diagnostics when they have an error, 409 `ConnectorVersionExistsError` when the
    /// version is there with other files, 409 `ConnectorLimitError` when the project has too many; nothing is changed
    /// then.
    pub async fn push_connector(&self, caller: &Caller, files: Vec<SourceFile>) -> Result<PushOutcome, Error> {
        caller.require(ApiScope::ConnectorsWrite)?;
        check_bounds(&files)?;
        let Loaded { connector, diagnostics } = check(self, files.clone()).await?;
        let Some(connector) = connector else { return Err(refused(diagnostics)) };
        check_identity(&connector)?;
        let version = ConnectorVersion {
            project_id: caller.project_id.clone(),
            key: connector.key.clone(),
            version: connector.version.to_string(),
            digest: FilesDigest([0; 32]),
            file_count: u32::try_from(files.len()).unwrap_or(u32::MAX),
            size_bytes: files.iter().map(|file| u64::try_from(file.text.len()).unwrap_or(u64::MAX)).sum(),
            created_at: self.clock().now(),
        };
        let files = stored(&connector.key, files);
        let version = ConnectorVersion { digest: digest(&files), ..version };
        let connector = Arc::new(connector);
        let (engine, adding, compiled) = (self.clone(), version.clone(), connector.clone());
        let added = self
            .run_to_completion(async move {
                let _catalog_lock = engine.connector_catalog().change_lock.write().await;
                let added = engine.storage().connectors().add(&adding, &files, MAX_VERSIONS_PER_PROJECT).await?;
                if added == AddVersion::Added {
                    let state = engine.connector_catalog().state();
                    let project = adding.project_id.clone();
                    let empty = Arc::new(ProjectConnectors::default());
                    let project_connectors =
                        state.project_connectors(&project).unwrap_or(&empty).with(adding, compiled);
                    engine.connector_catalog().replace_project(&project, project_connectors);
                }
                Ok::<_, Error>(added)
            })
            .await?;
        let (version, created) = match added {
            AddVersion::Added => (version, true),
            AddVersion::Same(found) => (found, false),
            AddVersion::Taken(found) => return Err(taken(&found)),
            AddVersion::TooMany => return Err(too_many()),
        };
        let state = self.connector_catalog().state();
        let latest = state.resolve(&caller.project_id, &connector.key, None);
        Ok(PushOutcome {
            overrides: state.instance().get(&connector.key).is_some(),
            is_latest: latest
                .is_some_and(|latest| latest.origin() == Origin::Project && latest.version() == version.version),
            version,
            connector,
            warnings: diagnostics,
            created,
        })
    }
}

/// 400 with everything that is wrong with the files as files.
fn check_bounds(files: &[SourceFile]) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut problem = |path: String, code, message: String| problems.push(Problem { path, code, message });
    if files.is_empty() || files.len() > MAX_FILES {
        problem("files".to_owned(), "length", format!("a connector has from 1 to {MAX_FILES} files"));
    }
    let size = files.iter().map(|file| file.text.len()).sum::<usize>();
    if size > MAX_TOTAL_BYTES {
        let message = format!("the files have {size} bytes together; a connector has at most {MAX_TOTAL_BYTES}");
        problem("files".to_owned(), "size", message);
    }
    let mut seen = BTreeSet::new();
    for (index, file) in files.iter().enumerate().take(MAX_FILES) {
        let path = format!("files[{index}].name");
        if !is_plain(&file.name) {
            let message = format!(
                "a file's name ends in .yaml, has at most {MAX_NAME_CHARS} letters, digits, `.`, `-` and `_`, and names no folder"
            );
            problem(path, "pattern", message);
        } else if !seen.insert(&file.name) {
            problem(path, "duplicate", format!("there are two files `{}`", file.name));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

/// Names become files' names again when the version is pulled: none may lead out of its folder.
fn is_plain(name: &str) -> bool {
    let ends_well = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    ends_well.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && name.len() <= MAX_NAME_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn check_identity(connector: &Connector) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut problem =
        |path: &str, message: String| problems.push(Problem { path: path.to_owned(), code: "reserved", message });
    if RESERVED_KEYS.contains(&connector.key.as_str()) {
        problem("info.key", format!("`{}` is a name of the API's own; take another key", connector.key));
    }
    if !connector.version.build.is_empty() {
        problem(
            "info.version",
            "versions that differ in build metadata alone are one; leave out what follows the `+`".to_owned(),
        );
    }
    if connector.version.to_string().len() > MAX_VERSION_CHARS {
        problem("info.version", format!("a version has at most {MAX_VERSION_CHARS} characters"));
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

/// The files as they are kept: a lone one has the name that it would have in a folder, whatever it was pushed under.
fn stored(key: &str, files: Vec<SourceFile>) -> Vec<ConnectorFile> {
    let is_alone = files.len() == 1;
    let kept = files.into_iter().map(|SourceFile { name, text }| ConnectorFile {
        name: if is_alone { format!("{key}.connector.yaml") } else { name },
        text,
    });
    let mut kept = kept.collect::<Vec<_>>();
    kept.sort_by(|one, other| one.name.cmp(&other.name));
    kept
}

/// Of sorted files. Lengths stand before what they count: no text reads as two others.
fn digest(files: &[ConnectorFile]) -> FilesDigest {
    let mut context = Context::new(&SHA256);
    for part in files.iter().flat_map(|file| [&file.name, &file.text]) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    FilesDigest(bytes)
}

/// 400 with every error by its place, and all diagnostics.
fn refused(diagnostics: Vec<Diagnostic>) -> Error {
    let place = |found: &Diagnostic| format!("{}:{}:{}", found.file, found.span.start.line, found.span.start.column);
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let problems = errors.map(|found| Problem {
        path: place(found),
        code: found.code,
        message: match &found.hint {
            Some(hint) => format!("{} ({hint})", found.message),
            None => found.message.clone(),
        },
    });
    let problems = problems.collect::<Vec<_>>();
    let named =
        problems.iter().take(MAX_NAMED_PROBLEMS).map(|problem| format!("{}: {}", problem.path, problem.message));
    let named = named.collect::<Vec<_>>().join("; ");
    let more = problems.len().saturating_sub(MAX_NAMED_PROBLEMS);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let message = format!("the connector has errors, so that nothing was changed: {named}{more}");
    Error::new(ErrorCode::ConnectorInvalid, message).with_problems(problems).with_diagnostics(diagnostics)
}

fn taken(found: &ConnectorVersion) -> Error {
    let message = format!(
        "{} {} is there already, pushed {} with other files, and a version never changes; raise `info.version` and push again",
        found.key,
        found.version,
        found.created_at.to_rfc3339()
    );
    Error::new(ErrorCode::ConnectorVersionExists, message)
}

fn too_many() -> Error {
    let message = format!(
        "the project has {MAX_VERSIONS_PER_PROJECT} versions of connectors, as many as it may; delete some that no profile is pinned to"
    );
    Error::new(ErrorCode::ConnectorLimit, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn names_stay_in_their_folder() {
        for good in ["acme.connector.yaml", "acme.items.partial.yaml", "a.yml", "A-1_b.s1.partial.yaml"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in [
            "",
            ".yaml",
            "..yaml",
            "../a.yaml",
            "a/b.yaml",
            "a\\b.yaml",
            "a b.yaml",
            "a\0.yaml",
            "ä.yaml",
            "a.json",
            "a",
        ] {
            assert!(!is_plain(bad), "{bad:?}");
        }
        assert!(!is_plain(&format!("{}.yaml", "a".repeat(MAX_NAME_CHARS))));
    }

    #[test]
    fn every_bound_is_told_at_once() {
        let error =
            check_bounds(&[file("a.yaml", &"x".repeat(MAX_TOTAL_BYTES + 1)), file("a.yaml", ""), file("../b", "")]);
        let problems = error.unwrap_err().problems;
        let told = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect::<Vec<_>>();
        assert_eq!(told, [("files", "size"), ("files[1].name", "duplicate"), ("files[2].name", "pattern")]);
        assert_eq!(check_bounds(&[]).unwrap_err().problems[0].code, "length");
        let many = (0..=MAX_FILES).map(|number| file(&format!("{number}.yaml"), "")).collect::<Vec<_>>();
        assert_eq!(check_bounds(&many).unwrap_err().problems.len(), 1);
        assert!(check_bounds(&many[1..]).is_ok());
    }

    #[test]
    fn a_digest_is_of_names_and_texts_in_any_order() {
        let of = |files: &[(&str, &str)]| {
            digest(&stored("acme", files.iter().map(|(name, text)| file(name, text)).collect()))
        };
        let both = of(&[("a.yaml", "1"), ("b.yaml", "2")]);
        assert_eq!(both, of(&[("b.yaml", "2"), ("a.yaml", "1")]));
        for other in [
            [("a.yaml", "2"), ("b.yaml", "1")],
            [("a.yaml", "1b.yaml"), ("b.yaml", "")],
            [("a.yaml", "1"), ("c.yaml", "2")],
        ] {
            assert_ne!(both, of(&other), "{other:?}");
        }
        // A lone file is the same under every name.
        assert_eq!(of(&[("acme_v1.yaml", "1")]), of(&[("acme.connector.yaml", "1")]));
        assert!(both.to_string().starts_with("sha256:") && both.to_string().len() == 71);
    }
}
