//! The texts that `patchbay connector new` writes for the author to replace.

use patchbay_connector::{
    Diagnostic, Severity, SourceFile,
    diagnostic::{Position, Span, code},
};

/// A text of a template: its beginning, its end, and what the author writes in its place.
const PLACEHOLDERS: [(&str, &str, &str); 4] = [
    ("What ", " is used for, in one sentence.", "say in one sentence what the provider is used for"),
    ("Copy the key ", "from the provider's settings.", "say where the customer finds the key"),
    ("Copy the token ", "from the provider's settings.", "say where the customer finds the token"),
    ("# The items of ", ": an example to replace.", "replace the example action, and this comment"),
];

/// Returns a warning for each text of a template that is still in the files.
pub fn find(files: &[SourceFile]) -> Vec<Diagnostic> {
    files.iter().flat_map(in_file).collect()
}

fn in_file(file: &SourceFile) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (line, text) in file.text.lines().enumerate() {
        for (begin, end, hint) in PLACEHOLDERS {
            let Some(start) = text.find(begin) else { continue };
            let Some(length) = text[start..].find(end).map(|place| place + end.len()) else { continue };
            let column = |bytes: usize| text[..bytes].chars().count() + 1;
            let at = |bytes: usize| Position { line: line + 1, column: column(bytes) };
            found.push(Diagnostic {
                code: code::MISSING_TEXT,
                severity: Severity::Warning,
                message: "this is the text that `new` wrote as a placeholder".to_owned(),
                file: file.name.clone(),
                span: Span { start: at(start), end: at(start + length) },
                earlier: None,
                hint: Some(hint.to_owned()),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_one_of_a_template_and_is_found_where_it_is() {
        let templates = [
            include_str!("templates/main.yaml"),
            include_str!("templates/items.yaml"),
            super::super::new::API_KEY,
            super::super::new::BEARER,
        ];
        let files = templates.map(|text| SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() });
        assert_eq!(files.iter().map(|file| in_file(file).len()).collect::<Vec<_>>(), [1, 1, 1, 1]);
        let text = "a: 1\nü: \"What Acme is used for, in one sentence.\"\n".to_owned();
        let found = find(&[SourceFile { name: "a.yaml".to_owned(), text }]);
        let place = Span { start: Position { line: 2, column: 5 }, end: Position { line: 2, column: 44 } };
        assert_eq!(found.iter().map(|one| one.span).collect::<Vec<_>>(), [place]);
        let text = "description: What Acme ships, and where.\n".to_owned();
        assert_eq!(find(&[SourceFile { name: "a.yaml".to_owned(), text }]), []);
    }
}
