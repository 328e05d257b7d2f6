//! The files of the repository's `docs/`, in the binary.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../docs"]
#[include = "*.md"]
#[include = "images/*"]
struct Files;

/// Returns the paths below `docs/` and the texts of all Markdown files.
pub(crate) fn markdown_files() -> impl Iterator<Item = (String, String)> {
    let files = Files::iter().filter(|file| file.ends_with(".md"));
    files.filter_map(|file| {
        let content = Files::get(&file)?;
        Some((file.into_owned(), String::from_utf8_lossy(&content.data).into_owned()))
    })
}

/// Returns a picture of `docs/images`.
pub fn image(name: &str) -> Option<Cow<'static, [u8]>> {
    Files::get(&format!("images/{name}")).map(|file| file.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_by_their_names() {
        assert!(image("hub-form.png").is_some_and(|bytes| bytes.starts_with(b"\x89PNG")));
        assert!(image("../index.md").is_none() && image("missing.png").is_none());
    }
}
