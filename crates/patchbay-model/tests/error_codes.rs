//! `docs/errors.md` is the reference that the code prints, and no source contains an error code as text.

use std::{fs, path::Path};

use patchbay_model::ErrorCode;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Calls `see` with the path and the text of each Rust file under `folder`.
fn each_source(folder: &Path, see: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_source(&path, see);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            see(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn docs_errors_md_is_the_printed_reference() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/errors.md")).unwrap();
    assert_eq!(page, ErrorCode::reference(), "run `make api`, which prints docs/errors.md");
}

#[test]
fn no_source_contains_an_error_code_as_text() {
    let mut found = Vec::new();
    for krate in ["patchbay-runtime", "patchbay-engine", "patchbay-server"] {
        each_source(&Path::new(ROOT).join("crates").join(krate).join("src"), &mut |path, text| {
            // Examples of the API's schema are documentation.
            let text = text.lines().filter(|line| !line.contains("example = ")).collect::<String>();
            let codes = ErrorCode::ALL.iter().filter(|code| text.contains(&format!("\"{code}\"")));
            found.extend(codes.map(|code| format!("{}: {code}", path.display())));
        });
    }
    assert!(found.is_empty(), "use `ErrorCode` in place of: {found:#?}");
}
