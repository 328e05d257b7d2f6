//! The built web pages: embedded in the binary, or in a folder during development.

use std::{
    borrow::Cow,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use patchbay_server::WebAssets;
use rust_embed::RustEmbed;

/// The content of `web/dist` when this binary was built. Empty if it was built without Node.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[include = "*/*"]
struct EmbeddedFiles;

struct EmbeddedAssets;

impl WebAssets for EmbeddedAssets {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        EmbeddedFiles::get(path).map(|file| file.data)
    }
}

struct FolderAssets(PathBuf);

impl WebAssets for FolderAssets {
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        let path = Path::new(path);
        let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
        is_below.then(|| std::fs::read(self.0.join(path)).ok().map(Cow::Owned)).flatten()
    }
}

/// Returns the pages of a folder, or the embedded ones without a folder.
pub fn assets(folder: Option<&Path>) -> Arc<dyn WebAssets> {
    match folder {
        Some(folder) => Arc::new(FolderAssets(folder.to_owned())),
        None => Arc::new(EmbeddedAssets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_only_files_below_it() {
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
