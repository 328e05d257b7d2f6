//! Rebuilds the binary when the web pages or the connectors change, and writes down the keys and release stages of the built-in
//! connectors, so that a start reads none of their files.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

const CONNECTORS: &str = "../../connectors";

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo names the folder of what a build script writes in the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed={CONNECTORS}");
    let mut table = String::from("const HEADERS: &[(&str, ReleaseStage)] = &[\n");
    let mut folders = fs::read_dir(CONNECTORS)?.collect::<Result<Vec<_>, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    for folder in folders {
        let key = folder.file_name().into_string().map_err(|name| format!("{} is not a key", name.display()))?;
        let main = folder.path().join(format!("{key}.connector.yaml"));
        if main.is_file() {
            writeln!(table, "    ({key:?}, ReleaseStage::{}),", stage(&main)?)?;
        }
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("built_in_connectors.rs"), table)?;
    Ok(())
}

/// Returns the name of the release stage of a main file. A test compares it with that of the compiled connector.
fn stage(main: &Path) -> Result<&'static str, Box<dyn Error>> {
    let text = fs::read_to_string(main)?;
    let line = text.lines().find_map(|line| line.strip_prefix("releaseStage:"));
    match line.map_or("ga", |stage| stage.split('#').next().unwrap_or_default().trim()) {
        "preview" => Ok("Preview"),
        "beta" => Ok("Beta"),
        "ga" => Ok("Ga"),
        "deprecated" => Ok("Deprecated"),
        "internal" => Ok("Internal"),
        other => Err(format!("{}: {other} is not a release stage", main.display()).into()),
    }
}
