//! Questions that newcomers ask find their page among the first three results. The questions are in `questions.tsv`, each
//! with the pages that answer it; a test of the server asks them, too, with all the pages that it makes itself.

use patchbay_docs::{
    Site,
    search::{Index, Query},
    written_pages,
};

#[test]
fn newcomers_find_their_page() {
    let index = Index::of(&Site::new(written_pages().unwrap()), []);
    let questions = include_str!("questions.tsv").lines().filter_map(|line| line.split_once('\t')).collect::<Vec<_>>();
    assert!(questions.len() >= 20);
    let mut failures = Vec::new();
    for (question, expected) in questions {
        let hits = index.search(&Query::new(question).unwrap()).hits;
        let found = hits.iter().take(3).map(|hit| hit.path.as_str()).collect::<Vec<_>>();
        if !found
            .iter()
            .any(|path| path.split('#').next().is_some_and(|page| expected.split(' ').any(|known| known == page)))
        {
            failures.push(format!("{question} -> {expected}: {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
