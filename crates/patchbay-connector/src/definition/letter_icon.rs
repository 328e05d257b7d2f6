//! The default logo of a connector: the first letter of its title. Hubs show a broken image without a URL.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Background colors, dark enough for white text (WCAG 2.2, contrast ratio of at least 4.5).
const COLORS: [&str; 6] = ["#1f6f8b", "#7a4fb5", "#a3423c", "#2f7d4f", "#8a5a00", "#4054b2"];

/// Returns the title's first letter on a color that depends on the title, as a `data:` URL of an SVG image.
pub(crate) fn letter_icon(title: &str) -> String {
    let letter = title.chars().find(|letter| letter.is_alphanumeric());
    let letter = letter.map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect());
    let sum = title.bytes().fold(0_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9973);
    let color = COLORS.get(sum % COLORS.len()).unwrap_or(&COLORS[0]);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"7\" \
         fill=\"{color}\"/><text x=\"16\" y=\"22\" font-family=\"sans-serif\" font-size=\"17\" font-weight=\"700\" \
         text-anchor=\"middle\" fill=\"#fff\">{letter}</text></svg>"
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(title: &str) -> String {
        let icon = letter_icon(title);
        let encoded = icon.strip_prefix("data:image/svg+xml;base64,").unwrap();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    }

    #[test]
    fn the_icon_shows_the_first_letter_without_markup() {
        assert!(svg("anchor").contains(">A</text>"));
        assert!(svg("  <script> & \"7\"").contains(">S</text>"));
        assert!(svg("éclair").contains(">É</text>"));
        assert!(svg("…").contains(">?</text>"));
        assert!(svg("").contains(">?</text>"));
        assert_eq!(letter_icon("Anchor"), letter_icon("Anchor"));
        let colors: std::collections::BTreeSet<_> = ["Anchor", "Acorn", "Apple", "Arrow"].map(svg).into();
        assert!(colors.len() > 1, "{colors:?}");
    }
}
