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
    import::{ImportOptions, ImportProgress, Imported, Note, Selection, Topic, import},
    load, render,
};

use super::stdout;

/// The first line of each file that an import writes contains this.
const IMPORT_MARKER: &str = "mported from ";
/// The largest number of places that the summary shows for one topic.
const MAX_SHOWN_PLACES: usize = 6;
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
    let options = ImportOptions {
        key: args.key.clone(),
        title: args.title.clone(),
        base_url: args.base_url.clone(),
        selection: Selection {
            tags: args.tags.clone(),
            paths: args.paths.clone(),
            operations: args.operations.clone(),
        },
        source,
    };
    let mut line = ProgressLine::new(text.len());
    let imported = import(&text, &options, &mut |progress| line.show(progress));
    line.clear();
    let imported = imported.with_context(|| format!("cannot import {}", args.file.display()))?;
    check(&imported)?;
    let folder = args.dir.join(&imported.key);
    write(&folder, &imported, args.force)?;
    let place = folder.display();
    eprint!("{}", summary(&imported, &place.to_string(), args.all));
    stdout::print_line(&format!(
        "{place}\n\nNext:\n  patchbay connector validate {place}\n  patchbay connector list {place}"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<String> {
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
            let line = format!("    {}{colon}{}", note.place, note.detail);
            // A description must not be able to send control sequences to the terminal.
            text.extend(line.chars().filter(|c| !c.is_control()));
            text.push('\n');
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
