//! Converts names to words and texts to sentences.

use crate::yaml::is_printable;

/// The maximum length of a description, in characters.
pub(super) const MAX_DESCRIPTION_CHARS: usize = 400;
/// The maximum length of details, in characters.
pub(super) const MAX_DETAILS_CHARS: usize = 4000;

/// Returns the words of a name, in lower case: `listPetsByID` is list, pets, by, id.
pub(super) fn words(name: &str) -> Vec<String> {
    // Terms with a capital letter inside.
    let name = name.replace("OAuth", "Oauth").replace("OpenID", "Openid");
    let characters = name.chars().take(400).collect::<Vec<_>>();
    let (mut words, mut word) = (Vec::new(), String::new());
    for (place, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = place.checked_sub(1).map(|place| characters[place]);
        let after = characters.get(place + 1);
        let starts = character.is_ascii_uppercase()
            && (before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                // The last of several capitals begins a word: HTTPServer.
                || before.is_some_and(|c| c.is_ascii_uppercase()) && after.is_some_and(char::is_ascii_lowercase));
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(character.to_ascii_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Returns a name in lower case with underscores, up to a length; empty if it has no letter or digit.
pub(super) fn snake(name: &str, most: usize) -> String {
    joined(&words(name), most)
}

/// Joins words with underscores, as many as fit.
pub(super) fn joined(words: &[String], most: usize) -> String {
    let mut text = String::new();
    for word in words {
        let room = most.saturating_sub(text.len() + usize::from(!text.is_empty()));
        if text.is_empty() {
            text.extend(word.chars().take(most));
        } else if word.len() <= room {
            text.push('_');
            text.push_str(word);
        } else {
            break;
        }
    }
    text
}

/// Returns a name for people: `page_size` is "Page size".
pub(super) fn heading(name: &str) -> String {
    capitalized(&words(name).join(" "))
}

/// Returns the text with a capital first letter.
pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Returns a text as one line, cut at a word.
pub(super) fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    // Text beyond the possible length is not read.
    let head = text.chars().take(most * 4 + 64).collect::<String>();
    for word in without_tags(&head).split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
    {
        if line.chars().count() + word.chars().count() + 1 > most {
            if line.is_empty() {
                line.extend(word.chars().take(most));
            }
            line.push('…');
            return line;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Returns the first paragraph of a text as one line.
pub(super) fn description(text: &str) -> String {
    let first = text.trim().split("\n\n").next().unwrap_or_default();
    sentence(&line(first, MAX_DESCRIPTION_CHARS))
}

/// Returns the text with a final period.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…', ':']) { text.to_owned() } else { format!("{text}.") }
}

/// Returns the lines of a text, up to a length, without characters that a block of YAML does not permit.
pub(super) fn details(text: &str) -> Vec<String> {
    let mut left = MAX_DETAILS_CHARS;
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines() {
        let plain = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| is_printable(*c));
        let line = plain.take(left).collect::<String>().trim_end().to_owned();
        let used = line.chars().count() + 1;
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line);
        }
        left = left.saturating_sub(used);
        if left == 0 {
            lines.push("…".to_owned());
            break;
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Removes HTML tags; a single `<` is not changed.
fn without_tags(text: &str) -> String {
    const TAGS: [&str; 16] =
        ["p", "/p", "br", "br/", "br /", "b", "/b", "i", "/i", "ul", "/ul", "li", "/li", "code", "/code", "/a"];
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let end = after.find('>').filter(|end| {
            let tag = after[..*end].to_ascii_lowercase();
            TAGS.contains(&tag.as_str()) || tag.starts_with("a href")
        });
        match end {
            Some(end) => {
                out.push(' ');
                rest = &after[end + 1..];
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns the singular of a regular plural: `policies` is `policy`.
pub(super) fn singular(word: &str) -> String {
    const INVARIABLE: [&str; 12] = [
        "status", "news", "series", "address", "access", "sms", "dns", "https", "aws", "analysis", "business",
        "process",
    ];
    if INVARIABLE.contains(&word)
        || word.len() < 4
        || word.ends_with("ss")
        || word.ends_with("us")
        || word.ends_with("is")
    {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        for (name, expected) in [
            ("listPetsByID", "list_pets_by_id"),
            ("repos/list-for-org", "repos_list_for_org"),
            ("HTTPServer2Go", "http_server2_go"),
            ("drive.files.list", "drive_files_list"),
            ("x__y--z", "x_y_z"),
            ("été", "t"),
        ] {
            assert_eq!(snake(name, 80), expected, "{name}");
        }
        assert_eq!(snake("one two three", 8), "one_two");
        assert_eq!(snake("abcdefghij", 4), "abcd");
        assert_eq!(heading("page_size"), "Page size");
    }

    #[test]
    fn texts_are_cut_at_words_without_markup() {
        assert_eq!(line("a <b>b</b>\n\tc < d", 40), "a b c < d");
        assert_eq!(line("one two three", 8), "one two…");
        assert_eq!(description("First\nline\n\nSecond."), "First line.");
        assert_eq!(details("a  \n\n\n\tb\u{0}\n"), ["a", "", " b"]);
    }

    #[test]
    fn plurals_become_singular() {
        for (many, one) in [
            ("policies", "policy"),
            ("boxes", "box"),
            ("files", "file"),
            ("status", "status"),
            ("addresses", "address"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
