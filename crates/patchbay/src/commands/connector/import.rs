//! `patchbay connector import`: creates a connector from an API description.
//!
//! `patchbay_connector::import` converts the description; this module reads and writes files and prints the summary.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::{
    Severity, SourceFile,
    import::{
        DescriptionFiles, ImportOptions, ImportProgress, Imported, Note, Overlay, Selection, Topic, difference,
        import_with_files,
    },
    load, render,
};

use super::{schema::with_editor_header, stdout};

/// The first line of each file that an import writes contains this.
const IMPORT_MARKER: &str = "mported from ";
/// The largest number of places that the summary shows for one topic.
const MAX_SHOWN_PLACES: usize = 6;
/// The largest number of changes that are shown.
const MAX_SHOWN_CHANGES: usize = 200;
/// Descriptions of at least this size, in bytes, get a progress line.
const PROGRESS_MIN_BYTES: usize = 512 * 1024;
/// The largest description that is read, in bytes.
const MAX_DESCRIPTION_BYTES: u64 = 64 * 1024 * 1024;

#[derive(ClapArgs)]
pub struct Args {
    /// The description: OpenAPI 3.0 or 3.1, Swagger 2 (JSON or YAML), or Google discovery; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The connector's key [default: derived from the title]
    #[arg(long)]
    key: Option<String>,
    /// The connector's display name [default: the description's title]
    #[arg(long)]
    title: Option<String>,
    /// The provider's base URL [default: the description's first server]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Only operations with this tag, or in this resource of a discovery document; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only operations at or below this path; `*` matches anything; repeatable
    #[arg(long = "path", value_name = "PATTERN")]
    paths: Vec<String>,
    /// Only this operation, by its id or as "GET /path"; repeatable
    #[arg(long = "operation", value_name = "ID")]
    operations: Vec<String>,
    /// Take no sentence of the description: labels and descriptions get words from the structure and a phrasebook
    #[arg(long)]
    facts_only: bool,
    /// Import again with the decisions of this file, by default `import.yaml` beside the connector's files, and show what
    /// changes; existing files of an import are overwritten
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "import.yaml")]
    overlay: Option<PathBuf>,
    /// The folder in which to create the connector's folder
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Overwrite an earlier import; files that no import wrote are kept
    #[arg(long)]
    force: bool,
    /// List every place in the summary, not only the first few of each kind
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = read(&args.file)?;
    let source = match args.file.file_name() {
        Some(name) if args.file != Path::new("-") => name.to_string_lossy().into_owned(),
        _ => "standard input".to_owned(),
    };
    let overlay = overlay(args)?;
    let options = ImportOptions {
        overlay: overlay.clone().unwrap_or_default(),
        key: args.key.clone(),
        title: args.title.clone(),
        base_url: args.base_url.clone(),
        facts_only: args.facts_only,
        selection: Selection {
            tags: args.tags.clone(),
            paths: args.paths.clone(),
            operations: args.operations.clone(),
        },
        source,
    };
    let mut line = ProgressLine::new(text.len());
    let imported = import_with_files(&text, &options, &beside(&args.file), &mut |progress| line.show(progress));
    line.clear();
    let mut imported = imported.with_context(|| format!("cannot import {}", args.file.display()))?;
    for file in &mut imported.files {
        file.text = with_editor_header(&file.text);
    }
    check(&imported)?;
    let folder = args.dir.join(&imported.key);
    let changes = if overlay.is_some() { changes(&folder, &imported)? } else { None };
    write(&folder, &imported, args.force || overlay.is_some())?;
    let place = folder.display();
    eprint!("{}{}", summary(&imported, &place.to_string(), args.all), changes.unwrap_or_default());
    stdout::print_line(&format!(
        "{place}\n\nNext:\n  patchbay connector validate {place}\n  patchbay connector list {place}\n  \
         patchbay connector prove {place} --against {}\n  \
         patchbay connector run --connector {place} --action ACTION --credentials credentials.json\n  \
         patchbay connector record CASE --connector {place} --action ACTION --credentials credentials.json\n\
         credentials.json has the account's fields: {}\n\
         No action has a recorded case yet: `record` writes one, `test` repeats it.",
        args.file.display(),
        fields_of(&imported)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the overlay: that of the connector's folder, otherwise that of `--dir`, otherwise the one at the path itself.
fn overlay(args: &Args) -> anyhow::Result<Option<Overlay>> {
    let Some(wanted) = &args.overlay else { return Ok(None) };
    let folders = args.key.iter().map(|key| args.dir.join(key)).chain([args.dir.clone()]);
    let mut paths = folders.map(|folder| folder.join(wanted));
    let path = paths.find(|path| path.is_file()).unwrap_or_else(|| wanted.clone());
    let text = read(&path)?;
    let overlay = Overlay::read(&text).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(overlay))
}

/// Returns what callers of the connector notice, compared with the files of an earlier import; `None` without files.
fn changes(folder: &Path, imported: &Imported) -> anyhow::Result<Option<String>> {
    if !folder.exists() {
        return Ok(None);
    }
    let (Some(before), Some(after)) =
        (load(&crate::connectors::yaml_files(folder)?).connector, load(&imported.files).connector)
    else {
        return Ok(None);
    };
    let lines = difference(&before, &after);
    let mut text = format!("Changes to the earlier import ({}):\n", lines.len());
    for line in lines.iter().take(MAX_SHOWN_CHANGES) {
        stdout::add_line(&mut text, line);
    }
    if lines.len() > MAX_SHOWN_CHANGES {
        let _ = writeln!(text, "and {} more", lines.len() - MAX_SHOWN_CHANGES);
    }
    Ok(Some(text))
}

/// The folder of the description, whose files it may refer to; `None` for standard input.
struct FilesBeside(Option<PathBuf>);

fn beside(description: &Path) -> FilesBeside {
    let folder = description.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let folder = folder.filter(|_| description != Path::new("-"));
    FilesBeside(folder.and_then(|folder| folder.canonicalize().ok()))
}

impl DescriptionFiles for FilesBeside {
    fn text(&self, path: &str) -> Option<String> {
        let folder = self.0.as_ref()?;
        // A symbolic link must not lead out of the folder.
        let file = folder.join(path).canonicalize().ok().filter(|file| file.starts_with(folder) && file.is_file())?;
        read(&file).ok()
    }
}

/// Reads the text of a description, within a limit.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    let mut bytes = Vec::new();
    let mut take =
        |reader: &mut dyn std::io::Read| reader.take(MAX_DESCRIPTION_BYTES + 1).read_to_end(&mut bytes).map(|_| ());
    if path == Path::new("-") {
        take(&mut std::io::stdin().lock()).context("cannot read standard input")?;
    } else {
        let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?;
        take(&mut file).with_context(|| format!("cannot read {name}"))?;
    }
    if bytes.len() as u64 > MAX_DESCRIPTION_BYTES {
        bail!("{name} is larger than {} MiB", MAX_DESCRIPTION_BYTES / 1024 / 1024);
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8 text"))
}

/// Returns the account's fields of the first method, as the JSON of a credentials file.
fn fields_of(imported: &Imported) -> String {
    let connector = load(&imported.files).connector;
    let method = connector.as_ref().and_then(|connector| connector.authentication.first());
    let fields = method.into_iter().flat_map(|method| method.setup_fields.iter().chain(&method.config_fields));
    let fields = fields.filter(|field| field.is_shown).map(|field| format!("\"{}\": \"…\"", field.key));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// Checks that the generated connector is valid. If not, that is a bug in the import, and nothing is written.
fn check(imported: &Imported) -> anyhow::Result<()> {
    let mut found = load(&imported.files).diagnostics;
    found.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if found.is_empty() {
        return Ok(());
    }
    found.truncate(5);
    bail!(
        "the import generated an invalid connector; nothing was written. This is a bug in Patchbay: please report it\n{}",
        render(&found, &imported.files).trim()
    )
}

/// Writes the files. Existing files are replaced only with `force`, and only if an import wrote them.
fn write(folder: &Path, imported: &Imported, force: bool) -> anyhow::Result<()> {
    let place = folder.display();
    if folder.exists() && !force {
        bail!("{place} exists already; choose another --key or --dir, or overwrite it with --force");
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {place}"))?;
    let earlier = crate::connectors::yaml_files(folder)?;
    let is_imported = |file: &SourceFile| {
        file.text.lines().next().is_some_and(|line| line.starts_with("# ") && line.contains(IMPORT_MARKER))
    };
    let name_of = |file: &SourceFile| Path::new(&file.name).file_name().map(|name| name.to_string_lossy().into_owned());
    for file in &earlier {
        let name = name_of(file).unwrap_or_default();
        if imported.files.iter().any(|new| new.name == name) && !is_imported(file) {
            bail!("{} was not written by an import, or its first line was changed; move it away first", file.name);
        }
    }
    // Partials of an earlier import with other groups would be loaded too.
    for file in earlier.iter().filter(|file| is_imported(file)) {
        let is_new = name_of(file).is_some_and(|name| imported.files.iter().any(|new| new.name == name));
        if !is_new {
            std::fs::remove_file(&file.name).with_context(|| format!("cannot remove {}", file.name))?;
        }
    }
    for file in &imported.files {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Returns the summary of the import, with the notes that need a review by topic.
fn summary(imported: &Imported, place: &str, all: bool) -> String {
    let Imported { format, operations, actions, files, .. } = imported;
    let mut text =
        format!("{place}: {actions} actions from {operations} operations ({format}), in {} files\n", files.len());
    let mut by_topic: BTreeMap<Topic, Vec<&Note>> = BTreeMap::new();
    for note in &imported.notes {
        by_topic.entry(note.topic).or_default().push(note);
    }
    if by_topic.is_empty() {
        return text;
    }
    text.push_str("Review before use:\n");
    for (topic, notes) in by_topic {
        let _ = writeln!(text, "  {} ({})", topic.title(), notes.len());
        let shown = if all { notes.len() } else { MAX_SHOWN_PLACES };
        for note in notes.iter().take(shown) {
            let colon = if note.detail.is_empty() { "" } else { ": " };
            stdout::add_line(&mut text, &format!("    {}{colon}{}", note.place, note.detail));
        }
        if notes.len() > shown {
            let _ = writeln!(text, "    and {} more; --all shows them", notes.len() - shown);
        }
    }
    text
}

/// A progress line on a terminal.
struct ProgressLine {
    is_shown: bool,
    last: usize,
}

impl ProgressLine {
    fn new(size: usize) -> Self {
        Self { is_shown: size >= PROGRESS_MIN_BYTES && std::io::stderr().is_terminal(), last: usize::MAX }
    }

    fn show(&mut self, progress: ImportProgress) {
        if !self.is_shown {
            return;
        }
        let text = match progress {
            ImportProgress::Reading => "reading".to_owned(),
            ImportProgress::Operations(done, total) => {
                let percent = done * 100 / total.max(1);
                if percent == self.last {
                    return;
                }
                self.last = percent;
                format!("{done} of {total} operations")
            }
        };
        eprint!("\r\u{1b}[K{text}");
        // Failing to show progress is not an error.
        _ = std::io::stderr().flush();
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\u{1b}[K");
        }
    }
}
