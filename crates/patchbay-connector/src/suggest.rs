//! "Did you mean": finds the known name that is most similar to a misspelled one.

/// The maximum number of characters of a name that are compared. Names are short, and the cost is quadratic.
const MAX_NAME_CHARS: usize = 64;
/// The maximum number of names that are compared. A hostile file may have a misspelled name in every line.
const MAX_CANDIDATES: usize = 500;

/// Returns the known name that is most similar to `name`; `None` if none is similar enough for a misspelling.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    let name = letters(name);
    let scored = known
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter_map(|candidate| within(&name, &letters(candidate), allowed).map(|distance| (distance, candidate)));
    scored.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Returns the number of edits (insert, delete, replace, swap) between two strings; ignores case.
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (letters(left), letters(right));
    let most = left.len().max(right.len());
    within(&left, &right, most).unwrap_or(most)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().take(MAX_NAME_CHARS).flat_map(char::to_lowercase).collect()
}

/// Returns the distance if it is at most `most`; stops early otherwise.
fn within(left: &[char], right: &[char], most: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    let far = most + 1;
    // The row before the previous one, the previous one, and the current one.
    let mut before = vec![far; right.len() + 1];
    let mut last = (0..=right.len()).collect::<Vec<_>>();
    for (i, a) in left.iter().enumerate() {
        // Outside of this band every distance is too large.
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
    fn only_similar_names_are_suggested() {
        let known = ["description", "details", "label", "inputs"];
        assert_eq!(nearest("desciption", known), Some("description"));
        assert_eq!(nearest("lable", known), Some("label"));
        assert_eq!(nearest("Inputs", known), Some("inputs"));
        assert_eq!(nearest("zebra", known), None);
    }

    #[test]
    fn the_distance_is_symmetric() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("abcd", "xbcy", 2), ("list_items", "get_item", 4)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    proptest! {
        #[test]
        fn the_bounded_distance_equals_the_full_one(left in "[abc]{0,9}", right in "[abc]{0,9}", most in 0_usize..5) {
            let whole = distance(&left, &right);
            let found = within(&letters(&left), &letters(&right), most);
            prop_assert_eq!(found, Some(whole).filter(|whole| *whole <= most));
        }
    }
}
