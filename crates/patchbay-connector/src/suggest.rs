//! "Did you mean": finds the known name that is most similar to a misspelled one.

/// The most characters of a name that are looked at. Names are short; a hostile one must not cost a square of its length.
const MAX_LENGTH: usize = 64;
/// The most names that are looked through. A hint is a courtesy, and a hostile file has a wrong name in every line.
const MAX_CANDIDATES: usize = 500;

/// The known name closest to `name`, when it is close enough to be a slip.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    let name = letters(name);
    let scored = known
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter_map(|candidate| within(&name, &letters(candidate), allowed).map(|distance| (distance, candidate)));
    scored.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) from one text to the other, case ignored.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (letters(left), letters(right));
    let most = left.len().max(right.len());
    within(&left, &right, most).unwrap_or(most)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().take(MAX_LENGTH).flat_map(char::to_lowercase).collect()
}

/// The distance, when it is at most so much; else no more is worked out than shows that.
fn within(left: &[char], right: &[char], most: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    let far = most + 1;
    // The row before the last, the last one, the one that is made.
    let mut before = vec![far; right.len() + 1];
    let mut last = (0..=right.len()).collect::<Vec<_>>();
    for (i, a) in left.iter().enumerate() {
        // Beyond this band every value is too far.
        let (from, to) = (i.saturating_sub(most), (i + 1 + most).min(right.len()));
        let mut row = vec![far; right.len() + 1];
        if from == 0 {
            row[0] = i + 1;
        }
        for (j, b) in right.iter().enumerate().take(to).skip(from) {
            let mut best = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        if row.iter().all(|value| *value > most) {
            return None;
        }
        (before, last) = (last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["description", "details", "label", "inputs"];
        assert_eq!(nearest("desciption", known), Some("description"));
        assert_eq!(nearest("lable", known), Some("label"));
        assert_eq!(nearest("Inputs", known), Some("inputs"));
        assert_eq!(nearest("zebra", known), None);
    }

    #[test]
    fn distances_are_told_from_end_to_end() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("abcd", "xbcy", 2), ("list_items", "get_item", 4)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    proptest! {
        #[test]
        fn a_band_gives_what_the_whole_gives(left in "[abc]{0,9}", right in "[abc]{0,9}", most in 0_usize..5) {
            let whole = distance(&left, &right);
            let found = within(&letters(&left), &letters(&right), most);
            prop_assert_eq!(found, Some(whole).filter(|whole| *whole <= most));
        }
    }
}
