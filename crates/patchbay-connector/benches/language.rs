//! The cost of the connector language: loading connectors, evaluating expressions, memory per action.
//!
//! `cargo bench -p patchbay-connector --bench language` prints a table. Rounds alternate between the subject and its
//! baseline, and the result is the median of the rounds' ratios, so that noise of other processes affects both.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use minijinja::{Environment, value::Serde};
use patchbay_connector::{
    Connector, SourceFile,
    expr::{Bindings, Template},
    load,
};
use serde_json::{Value, json};

/// The number of connectors to load.
const CONNECTORS: usize = 1000;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(300);

fn main() {
    let folders = built_in();
    let names = folders.keys().cloned().collect::<Vec<_>>();
    println!("|                                                    |   measured |");
    println!("|----------------------------------------------------|-----------:|");
    loading(&folders, &names);
    expressions();
}

/// Returns the connectors of the repository, by folder.
fn built_in() -> BTreeMap<String, Vec<SourceFile>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
    let mut folders = BTreeMap::new();
    for folder in fs::read_dir(&root).expect("the connectors are there").flatten() {
        let Ok(entries) = fs::read_dir(folder.path()) else { continue };
        let paths = entries.flatten().map(|entry| entry.path());
        let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        let files = yaml.map(|path| SourceFile {
            name: path.display().to_string(),
            text: fs::read_to_string(&path).expect("a connector's file is text"),
        });
        let files = files.collect::<Vec<_>>();
        if !files.is_empty() {
            folders.insert(folder.file_name().to_string_lossy().into_owned(), files);
        }
    }
    folders
}

fn loading(folders: &BTreeMap<String, Vec<SourceFile>>, names: &[String]) {
    let one = |number: usize| &folders[&names[number % names.len()]];
    let bytes = (0..CONNECTORS).flat_map(one).map(|file| file.text.len()).sum::<usize>();
    // Runs once before, so that one-time initialization is not counted.
    names.iter().for_each(|name| _ = black_box(load(&folders[name])));
    let before = resident();
    let began = Instant::now();
    let loaded = (0..CONNECTORS).filter_map(|number| load(one(number)).connector).collect::<Vec<Connector>>();
    let took = began.elapsed();
    let after = resident();
    assert_eq!(loaded.len(), CONNECTORS, "every connector loads");
    let actions = loaded.iter().map(|connector| connector.actions.len()).sum::<usize>();
    row("Connectors read and compiled", &CONNECTORS.to_string());
    row("Actions in them", &actions.to_string());
    row("Time for all", &format!("{:.0} ms", took.as_secs_f64() * 1000.0));
    row("Time for an action", &format!("{:.1} µs", took.as_secs_f64() * 1e6 / float(actions)));
    row("Text read in a second", &format!("{:.1} MB", float(bytes) / 1e6 / took.as_secs_f64()));
    match (before, after) {
        (Some(before), Some(after)) => {
            let each = float(after.saturating_sub(before)) / float(actions);
            row("Memory for a loaded action", &format!("{each:.0} bytes"));
        }
        _ => row("Memory for a loaded action", "unknown"),
    }
    drop(black_box(loaded));
}

/// Compares each expression with an equal one of minijinja, and a path with a JSON Pointer of `serde_json`.
fn expressions() {
    let context = json!({
        "inputs": { "id": "c-1", "n": 25, "tags": ["x", "y"], "from": { "day": "2026-06-15" } },
        "credentials": { "region": "eu" },
        "steps": { "call": { "output": { "data": { "items": [{ "id": 1 }, { "id": 2 }], "next": "two" } } } },
    });
    let roots =
        context.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    let bindings = Bindings { roots: &roots };
    let cases = [
        (
            "Interpolation",
            "/contracts/${inputs.id}/days/${inputs.from.day}",
            "/contracts/{{ inputs.id }}/days/{{ inputs.from.day }}",
        ),
        (
            "Condition",
            "{{inputs.n > 10 && credentials.region == 'eu'}}",
            "{{ inputs.n > 10 and credentials.region == 'eu' }}",
        ),
        ("Function", "{{join(inputs.tags, '-')}}", "{{ inputs.tags|join('-') }}"),
    ];
    for (name, ours, theirs) in cases {
        let template = Template::parse(ours).expect("the expression parses");
        let mut environment = Environment::new();
        environment.add_template("t", theirs).expect("the baseline parses");
        let baseline = environment.get_template("t").expect("the baseline is there");
        let theirs = minijinja::Value::from(Serde(&context));
        let (here, there) =
            (template.eval(&bindings).expect("it runs"), baseline.render(theirs.clone()).expect("it runs"));
        let here = here.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        assert_eq!(here.as_deref().map(str::to_lowercase), Some(there.to_lowercase()), "both mean the same");
        compare(
            &format!("{name}: evaluations in a second"),
            "of minijinja",
            || _ = black_box(template.eval(&bindings)),
            || _ = black_box(baseline.render(theirs.clone())),
        );
    }
    let path = Template::parse("$.steps.call.output.data.items[1].id").expect("the path parses");
    let pointer = |value: &Value| value.pointer("/steps/call/output/data/items/1/id").cloned();
    assert_eq!(path.eval(&bindings).expect("it runs"), pointer(&context));
    compare(
        "Path: evaluations in a second",
        "of serde_json's pointer",
        || _ = black_box(path.eval(&bindings)),
        || _ = black_box(pointer(black_box(&context))),
    );
}

fn compare(name: &str, of: &str, mut subject: impl FnMut(), mut baseline: impl FnMut()) {
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ours, theirs) = (rate(&mut subject), rate(&mut baseline));
        rates.push(ours);
        ratios.push(ours / theirs);
    }
    row(name, &format!("{:.0}", median(rates)));
    row(&format!("  {of}"), &format!("{:.2}", median(ratios)));
}

/// Returns the runs per second.
fn rate(run: &mut impl FnMut()) -> f64 {
    let began = Instant::now();
    let mut count = 0_usize;
    while began.elapsed() < ROUND {
        (0..200).for_each(|_| run());
        count += 200;
    }
    float(count) / began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Returns the resident memory of the process in bytes, on Linux.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}

fn row(name: &str, value: &str) {
    let mut line = String::new();
    let _ = write!(line, "| {name:<50} | {value:>10} |");
    println!("{line}");
}
