//! Imports each API description of a folder, and prints what the import achieves. The descriptions belong to their
//! providers, so they are not a part of this repository.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
};

use patchbay_connector::{
    Severity,
    import::{ImportError, ImportOptions, Imported, Topic, import},
    load,
};

/// The page with the figures, which belong to 40 descriptions.
const GUIDE: &str = include_str!("../../../docs/build/import.md");
/// The folder with the descriptions.
const FOLDER: Option<&str> = option_env!("PATCHBAY_DESCRIPTIONS");

/// What the import of one description achieves.
#[derive(Debug, Default)]
struct Figures {
    valid: usize,
    operations: usize,
    actions: usize,
    /// Actions whose id ends with a number that only makes it unique.
    numbered: usize,
    lists: usize,
    /// Lists that return `next`.
    paged: usize,
    scoped: usize,
    /// Runs of eight words that labels and descriptions share with the description's text.
    shared_runs: usize,
    notes: BTreeMap<Topic, usize>,
}

impl Figures {
    fn of(made: &Imported) -> Self {
        let loaded = load(&made.files);
        let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        errors.take(3).for_each(|error| println!("{}: {}", made.key, error.message));
        let is_valid = loaded.diagnostics.iter().all(|found| found.severity != Severity::Error);
        let mut figures = Self { valid: usize::from(is_valid), operations: made.operations, ..Self::default() };
        for action in made.files.iter().skip(1).flat_map(|file| file.text.split("\n- actionId: ").skip(1)) {
            figures.actions += 1;
            let id = action.lines().next().unwrap_or_default();
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            figures.numbered += usize::from(id.rsplit_once('_').is_some_and(|(_, last)| is_number(last)));
            let is_list = action.contains("\n  actionType: list\n");
            figures.lists += usize::from(is_list);
            figures.paged += usize::from(is_list && action.contains("\n    next: "));
            figures.scoped += usize::from(action.contains("\n  requiredScopes:"));
        }
        for note in &made.notes {
            *figures.notes.entry(note.topic).or_default() += 1;
        }
        figures
    }

    fn add(&mut self, other: &Self) {
        let Self { valid, operations, actions, numbered, lists, paged, scoped, notes, shared_runs } = other;
        self.valid += valid;
        self.operations += operations;
        self.actions += actions;
        self.numbered += numbered;
        self.lists += lists;
        self.paged += paged;
        self.scoped += scoped;
        self.shared_runs += shared_runs;
        notes.iter().for_each(|(topic, count)| *self.notes.entry(*topic).or_default() += count);
    }
}

/// Returns the number of runs of eight words that a connector's words share with a text.
fn shared_runs(text: &str, made: &Imported) -> usize {
    let runs = |text: &str| {
        // Paths and ids are facts.
        let tokens = text.split_whitespace().filter(|token| !token.contains(['/', '_', '{']));
        let words = tokens.flat_map(|token| token.split(|c: char| !c.is_alphanumeric()));
        let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
        words.windows(8).map(|run| run.join(" ")).collect::<HashSet<_>>()
    };
    let theirs = runs(text);
    let lines = made.files.iter().flat_map(|file| file.text.lines());
    let own = lines.filter_map(|line| line.split_once("description: ").or_else(|| line.split_once("label: ")));
    // A default is a fact.
    let own = own.map(|(_, words)| words.split(" Default: ").next().unwrap_or_default());
    own.flat_map(runs).filter(|run| theirs.contains(run)).inspect(|run| println!("shared: {run}")).count()
}

/// Returns the figures of each description in a folder.
fn measured(folder: &Path, facts_only: bool) -> Vec<(String, Figures)> {
    let mut paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.sort();
    let figures = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let options = ImportOptions { source: name.clone(), facts_only, ..ImportOptions::default() };
        let made = import(&fs::read_to_string(path).unwrap(), &options, &mut |_| ());
        let made = match made {
            Ok(made) => made,
            // Every operation is in a file that the folder does not have.
            Err(ImportError::Nothing(reason)) => {
                println!("{name}: {reason}");
                return None;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let mut figures = Figures::of(&made);
        if facts_only {
            figures.shared_runs = shared_runs(&fs::read_to_string(path).unwrap(), &made);
        }
        Some((name.clone(), figures))
    };
    paths.iter().filter_map(|path| figures(path)).collect()
}

#[test]
#[ignore = "PATCHBAY_DESCRIPTIONS must name a folder with API descriptions"]
fn every_description_becomes_a_valid_connector() {
    let folder = FOLDER.unwrap_or_else(|| panic!("PATCHBAY_DESCRIPTIONS is not set"));
    for facts_only in [false, true] {
        let all = measured(Path::new(folder), facts_only);
        let mut total = Figures::default();
        for (name, figures) in &all {
            let Figures { valid, actions, operations, numbered, lists, paged, scoped, .. } = figures;
            println!(
                "{name:28} valid {valid} actions {actions:4} of {operations:4} numbered {numbered:3} lists {lists:3} \
                 with next {paged:3} scoped {scoped:4}",
            );
            total.add(figures);
        }
        println!("{} descriptions, facts only {facts_only}: {total:#?}", all.len());
        assert_eq!(total.valid, all.len(), "some connectors are not valid");
        let Figures { valid, actions, numbered, lists, paged, .. } = &total;
        let figures = if facts_only {
            vec![format!("{numbered} with `--facts-only`")]
        } else {
            vec![
                format!("{actions} operations"),
                format!("{valid} become a valid connector"),
                format!("{paged} of {lists} lists return `next`"),
                format!("{numbered} actions have a number"),
            ]
        };
        let words = GUIDE.split_whitespace().collect::<Vec<_>>().join(" ");
        figures.iter().for_each(|figure| assert!(words.contains(figure), "the guide does not say: {figure}"));
        assert_eq!(total.shared_runs, 0, "an import of facts takes no sentence");
    }
}
