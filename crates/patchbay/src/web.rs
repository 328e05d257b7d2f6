//! The built screens: those in the binary, or a folder for who works on them.

use std::{
    borrow::Cow,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use patchbay_server::WebAssets;
use rust_embed::RustEmbed;

/// `web/dist`, as it was when this binary was built; empty without Node.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[include = "*/*"]
struct BuiltIn;

struct Embedded;

impl WebAssets for Embedded {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        BuiltIn::get(path).map(|file| file.data)
    }
}

struct Folder(PathBuf);

impl WebAssets for Folder {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let path = Path::new(path);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
        is_below.then(|| std::fs::read(self.0.join(path)).ok().map(Cow::Owned)).flatten()
    }
}

/// The screens of a folder, or those of the binary.
pub fn assets(folder: Option<&Path>) -> Arc<dyn WebAssets> {
    match folder {
        Some(folder) => Arc::new(Folder(folder.to_owned())),
        None => Arc::new(Embedded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_what_is_below_it_alone() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("secret"), "x").unwrap();
        std::fs::create_dir_all(directory.path().join("dist/hub")).unwrap();
        std::fs::write(directory.path().join("dist/hub/index.html"), "hub").unwrap();
        let assets = assets(Some(&directory.path().join("dist")));
        assert_eq!(assets.get("hub/index.html").as_deref(), Some(&b"hub"[..]));
        for outside in ["../secret", "hub/../../secret", "/etc/passwd", "hub", ""] {
            assert!(assets.get(outside).is_none(), "{outside}");
        }
    }
}
