//! Pushes a version: limited in size, validated as a whole, then stored and put into use in one step.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{Connector, Diagnostic, Loaded, Severity, SourceFile};
use patchbay_model::{ApiScope, ConnectorFile, ConnectorVersion, FilesDigest};
use patchbay_runtime::{claim_bytes, memory_spent};
use patchbay_storage::AddVersion;

use super::Connectors;
use crate::{
    Caller, Error, ErrorCode, Problem,
    connector_catalog::{Origin, ProjectConnectors},
    row_seals::{check_files, digest, sealed},
    validation::invalid,
};

/// The maximum number of files of a version.
const MAX_FILES: usize = 200;
/// The maximum total size of a version's files.
const MAX_TOTAL_BYTES: usize = 2 * 1024 * 1024;
/// How many times their text the files take while they are validated.
const MEMORY_FACTOR: usize = 16;
/// The maximum length of a file name and of a version.
const MAX_NAME_CHARS: usize = 120;
const MAX_VERSION_CHARS: usize = 64;
/// The maximum number of versions of a project, of all its connectors.
const MAX_VERSIONS_PER_PROJECT: u32 = 500;
/// Keys that are paths of the API: `/connectors/meta`, `/connectors/reload`.
const RESERVED_KEYS: [&str; 2] = ["meta", "reload"];
/// The maximum number of problems that one message names by line.
const MAX_NAMED_PROBLEMS: usize = 3;

/// The result of a push.
#[derive(Clone, Debug)]
pub struct PushOutcome {
    /// The version as it is stored.
    pub version: ConnectorVersion,
    /// The connector.
    pub connector: Arc<Connector>,
    /// The warnings of the validation.
    pub warnings: Vec<Diagnostic>,
    /// False if the same version with the same files existed: nothing changed.
    pub created: bool,
    /// True if it replaces a connector of the instance with the same key.
    pub overrides: bool,
    /// True if `latest`, and a profile without a pin, now select it.
    pub is_latest: bool,
}

impl Connectors {
    /// Validates a connector's files and stores them as a version of the project, in use at once.
    ///
    /// # Errors
    ///
    /// 400 `ConnectorInvalidError` with all diagnostics if the files have errors; 409 `ConnectorVersionExistsError` if the
    /// version exists with other files; 409 `ConnectorLimitError` if the project has too many versions; 503
    /// `ServerBusyError` if the process has no memory left for the files. Nothing changes then.
    pub async fn push(&self, caller: &Caller, files: Vec<SourceFile>) -> Result<PushOutcome, Error> {
        caller.require(ApiScope::ConnectorsWrite)?;
        check_bounds(&files)?;
        let text_bytes = files.iter().map(|file| file.text.len()).sum::<usize>();
        let _memory = claim_bytes(text_bytes.saturating_mul(MEMORY_FACTOR))
            .map_err(|spent| memory_spent("the connector was not validated", spent))?;
        let Loaded { connector, diagnostics } = self.catalog.compile(files.clone()).await?;
        let Some(connector) = connector else { return Err(refused(diagnostics)) };
        check_identity(&connector)?;
        let version = ConnectorVersion {
            project_id: caller.project_id.clone(),
            key: connector.key.clone(),
            version: connector.version.to_string(),
            digest: FilesDigest([0; 32]),
            file_count: u32::try_from(files.len()).unwrap_or(u32::MAX),
            size_bytes: u64::try_from(text_bytes).unwrap_or(u64::MAX),
            created_at: self.clock.now(),
            seal: None,
        };
        let files = stored(&connector.key, files);
        let version = sealed(&self.vault, ConnectorVersion { digest: digest(&files), ..version });
        let connector = Arc::new(connector);
        let (storage, catalog, vault) = (self.storage.clone(), self.catalog.clone(), self.vault.clone());
        let (adding, compiled) = (version.clone(), connector.clone());
        let added = self
            .changes
            .run_to_completion(async move {
                let _catalog_lock = catalog.change_lock.write().await;
                catalog.refresh_before_change(&adding.project_id).await?;
                let mut added = storage.connectors().add(&adding, &files, MAX_VERSIONS_PER_PROJECT).await?;
                if let AddVersion::Same(found) | AddVersion::Taken(found) = &added {
                    let stored = storage.connectors().files(&found.project_id, &found.key, &found.version).await?;
                    // Nobody pushed the stored version: this push takes its place.
                    if check_files(&vault, found, &stored.unwrap_or_default()).is_err() {
                        storage.connectors().replace(&adding, &files).await?;
                        added = AddVersion::Added;
                    }
                }
                if added == AddVersion::Added {
                    let state = catalog.state();
                    let project = adding.project_id.clone();
                    let empty = Arc::new(ProjectConnectors::default());
                    let project_connectors = state.project_connectors(&project).unwrap_or(&empty);
                    let project_connectors =
                        project_connectors.without(&adding.key, &adding.version).with(adding, compiled);
                    catalog.replace_project(&project, project_connectors);
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
        let state = self.catalog.state();
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

/// Validates number, size and names of the files; otherwise 400 `ValidationError` with every problem.
fn check_bounds(files: &[SourceFile]) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut problem = |path: String, code, message: String| problems.push(Problem { path: path.into(), code, message });
    if files.is_empty() || files.len() > MAX_FILES {
        problem("files".to_owned(), "length", format!("a connector needs 1 to {MAX_FILES} files"));
    }
    let size = files.iter().map(|file| file.text.len()).sum::<usize>();
    if size > MAX_TOTAL_BYTES {
        let message = format!("the files have {size} bytes in total; the maximum is {MAX_TOTAL_BYTES}");
        problem("files".to_owned(), "size", message);
    }
    let mut seen = BTreeSet::new();
    for (index, file) in files.iter().enumerate().take(MAX_FILES) {
        let path = format!("files[{index}].name");
        if !is_plain(&file.name) {
            let message = format!(
                "a file name must end in .yaml and have at most {MAX_NAME_CHARS} letters, digits, `.`, `-` and `_`, without a folder"
            );
            problem(path, "pattern", message);
        } else if !seen.insert(&file.name) {
            problem(path, "duplicate", format!("there are two files `{}`", file.name));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

/// Validates a file name: a pull writes files with these names, so none may leave its folder.
fn is_plain(name: &str) -> bool {
    let ends_well = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    ends_well.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && name.len() <= MAX_NAME_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn check_identity(connector: &Connector) -> Result<(), Error> {
    let mut problems = Vec::new();
    let mut problem =
        |path: &str, message: String| problems.push(Problem { path: path.into(), code: "reserved", message });
    if RESERVED_KEYS.contains(&connector.key.as_str()) {
        problem("info.key", format!("`{}` is reserved by the API; use another key", connector.key));
    }
    if !connector.version.build.is_empty() {
        problem(
            "info.version",
            "build metadata does not distinguish versions; omit the `+` and what follows".to_owned(),
        );
    }
    if connector.version.to_string().len() > MAX_VERSION_CHARS {
        problem("info.version", format!("a version can have at most {MAX_VERSION_CHARS} characters"));
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

/// Returns the files to store: a single file gets the name that it would have in a folder.
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

/// Creates the 400 `ConnectorInvalidError` with every error by its place and all diagnostics.
fn refused(diagnostics: Vec<Diagnostic>) -> Error {
    let place = |found: &Diagnostic| format!("{}:{}:{}", found.file, found.span.start.line, found.span.start.column);
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let problems = errors.map(|found| Problem {
        path: place(found).into(),
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
    let message = format!("the connector has errors, so nothing changed: {named}{more}");
    Error::new(ErrorCode::ConnectorInvalid, message).with_problems(problems).with_diagnostics(diagnostics)
}

fn taken(found: &ConnectorVersion) -> Error {
    let message = format!(
        "{} {} exists, pushed {} with other files, and versions are immutable; raise `info.version` and push again",
        found.key,
        found.version,
        found.created_at.to_rfc3339()
    );
    Error::new(ErrorCode::ConnectorVersionExists, message)
}

fn too_many() -> Error {
    let message = format!(
        "the project has the maximum of {MAX_VERSIONS_PER_PROJECT} connector versions; delete versions that no profile is pinned to"
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
        let reported = problems.iter().map(|problem| (problem.path.to_string(), problem.code)).collect::<Vec<_>>();
        let expected = [("files", "size"), ("files[1].name", "duplicate"), ("files[2].name", "pattern")];
        assert_eq!(reported, expected.map(|(path, code)| (path.to_owned(), code)));
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
        // A single file has the same hash under every name.
        assert_eq!(of(&[("acme_v1.yaml", "1")]), of(&[("acme.connector.yaml", "1")]));
        assert!(both.to_string().starts_with("sha256:") && both.to_string().len() == 71);
    }
}
