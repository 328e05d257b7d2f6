//! Reads the lines of a file by their indentation.

/// A key or the item of a list above a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ancestor<'t> {
    /// A key, with the number of its line and its column, both from 0.
    Key(&'t str, usize, usize),
    /// An item of a list.
    Item,
}

/// A line of block style: the columns of its `-`, and the column and text after them.
struct BlockLine<'t> {
    dashes: Vec<usize>,
    column: usize,
    text: &'t str,
}

impl<'t> BlockLine<'t> {
    fn read(line: &'t str) -> Self {
        let mut column = line.len() - line.trim_start_matches(' ').len();
        let mut text = &line[column..];
        let mut dashes = Vec::new();
        while let Some(rest) = text.strip_prefix("- ").or_else(|| text.strip_prefix('-').filter(|rest| rest.is_empty()))
        {
            dashes.push(column);
            let trimmed = rest.trim_start_matches(' ');
            column += text.len() - trimmed.len();
            text = trimmed;
        }
        Self { dashes, column, text }
    }

    /// Returns the key and the text after its colon.
    fn key(&self) -> Option<(&'t str, &'t str)> {
        let (key, rest) = self.text.split_once(':')?;
        let is_key = !key.is_empty() && !key.contains([' ', '{', '[', '#', '"', '\'']);
        (is_key && (rest.is_empty() || rest.starts_with(' '))).then_some((key, rest))
    }

    fn is_blank(&self) -> bool {
        self.dashes.is_empty() && (self.text.is_empty() || self.text.starts_with('#'))
    }
}

/// Returns what is above the content of a line, the nearest last, and the column of the content.
pub(super) fn ancestors<'t>(text: &'t str, line: usize, before: Option<&str>) -> (Vec<Ancestor<'t>>, usize) {
    let lines = text.lines().take(line).collect::<Vec<_>>();
    let own = lines.get(line.wrapping_sub(1)).copied().unwrap_or_default();
    let own = BlockLine::read(before.unwrap_or(own));
    let mut found = Vec::new();
    let (mut level, mut is_item) = (own.column, false);
    for dash in own.dashes.iter().rev() {
        found.push(Ancestor::Item);
        (level, is_item) = (*dash, true);
    }
    for (number, above) in lines.iter().enumerate().take(line.saturating_sub(1)).rev() {
        let above = BlockLine::read(above);
        if above.is_blank() {
            continue;
        }
        let is_parent = above.column < level || (is_item && above.column == level && above.dashes.is_empty());
        let is_sibling = !is_item && above.column == level;
        if is_parent && let Some((key, _)) = above.key() {
            found.push(Ancestor::Key(key, number, above.column));
            (level, is_item) = (above.column, false);
        } else if !is_sibling {
            continue;
        }
        for dash in above.dashes.iter().rev() {
            found.push(Ancestor::Item);
            (level, is_item) = (*dash, true);
        }
        if level == 0 && !is_item {
            break;
        }
    }
    found.reverse();
    (found, own.column)
}

/// Returns the value of a key beside the content at a column, such as the `functionName` beside `parameters`.
pub(super) fn sibling<'t>(text: &'t str, line: usize, column: usize, key: &str) -> Option<&'t str> {
    siblings(text, line, column).find(|(name, _)| *name == key).map(|(_, value)| unquoted(value))
}

/// Returns the keys and values beside the content at a column, without those of the line itself.
pub(super) fn siblings(text: &str, line: usize, column: usize) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(BlockLine::read).collect::<Vec<_>>();
    let mut beside = Vec::new();
    let mut read = |numbers: &mut dyn Iterator<Item = usize>, ends_after: bool| {
        for number in numbers {
            let one = &lines[number];
            if one.is_blank() {
                continue;
            }
            let is_start = one.dashes.last().is_some_and(|dash| *dash < column) && one.column == column;
            if one.column < column || (is_start && !ends_after) {
                break;
            }
            if one.column == column {
                beside.extend(one.key());
            }
            if is_start {
                break;
            }
        }
    };
    // A line that begins the item has no siblings above it.
    let begins = lines.get(line).is_some_and(|own| !own.dashes.is_empty());
    if !begins {
        read(&mut (0..line.min(lines.len())).rev(), true);
    }
    read(&mut (line + 1..lines.len()), false);
    beside.into_iter()
}

/// Returns the key that is typed at the end of a line.
pub(super) fn typed_key(before: &str) -> Option<&str> {
    let own = BlockLine::read(before);
    let is_key = own.text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    is_key.then_some(&before[before.len() - own.text.len()..])
}

/// Returns the key of a value that is typed at the end of a line, and the value.
pub(super) fn typed_value(before: &str) -> Option<(&str, &str)> {
    // Within braces, the last key counts.
    let start = before.rfind(['{', ',']).map_or(0, |at| at + 1);
    let (key, value) = before[start..].rsplit_once(": ")?;
    let key = key.trim_start_matches([' ', '-']);
    let value = value.trim_start_matches([' ', '"', '\'', '[']);
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '-'));
    (is_name(key) && is_name(value)).then_some((key, value))
}

/// Returns the key at a column, and its columns.
pub(super) fn key_at(line: &str, column: usize) -> Option<(&str, (usize, usize))> {
    let (word, from) = word_at(line, column)?;
    let end = from + word.len();
    line[end..].starts_with(':').then(|| (word, (line[..from].chars().count() + 1, line[..end].chars().count() + 1)))
}

/// Returns the value at a column, with its key.
pub(super) fn value_at(line: &str, column: usize) -> Option<(&str, &str)> {
    let (word, from) = word_at(line, column)?;
    let head = line[..from].trim_end_matches(['"', '\'', ' ', '[']);
    let list =
        head.rsplit_once('[').map_or(head, |(head, items)| if items.contains(']') { line } else { head.trim_end() });
    let (_, key) = list.strip_suffix(':')?.rsplit_once([' ', '{', ',']).unwrap_or(("", list.strip_suffix(':')?));
    Some((key, word))
}

fn word_at(line: &str, column: usize) -> Option<(&str, usize)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-');
    let at = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(at, _)| at);
    let end = line[at..].find(|c| !is_part(c)).map_or(line.len(), |length| at + length);
    let start = line[..at].char_indices().rev().take_while(|(_, c)| is_part(*c)).last().map_or(at, |(start, _)| start);
    (start < end).then(|| (&line[start..end], start))
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}
