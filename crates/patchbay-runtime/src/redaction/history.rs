//! The escapes that the threads of a search have read: lists that share their beginnings.
//!
//! A thread needs them for the position at which it begins, which moves when the thread falls back to a shorter prefix. Each
//! escape has a second pointer far back in its list (Myers, Inf. Process. Lett. 17, 1983), so that a position is
//! found in a logarithmic number of steps, however long the matched prefix is.

use super::steps::count;

/// The end of a list.
pub(super) const NONE: usize = usize::MAX;
/// The number of escapes after which those that no thread needs are removed.
const MAX_ESCAPES: usize = 4096;

/// An escape that a thread has read. All other symbols of the thread have one byte.
#[derive(Clone, Copy)]
struct Escape {
    /// The escape before it.
    before: usize,
    /// An escape further back; its own position if there is none.
    far: usize,
    depth: usize,
    /// Positions in all input, also in what was forgotten.
    start: usize,
    end: usize,
    /// The number of symbols that the thread had read before the escape, and after it.
    first: usize,
    last: usize,
}

/// All lists of a search. The positions that it takes and returns are offsets into the input that was not forgotten.
#[derive(Default)]
pub(super) struct Escapes {
    list: Vec<Escape>,
    /// The number of bytes that were forgotten.
    forgotten: usize,
    /// The number of escapes that were kept by the last collection.
    kept: usize,
}

impl Escapes {
    /// Adds an escape of `symbols` to the list that ends with `before`, whose thread has read `first` symbols. Returns the new
    /// list.
    pub(super) fn add(&mut self, before: usize, start: usize, end: usize, first: usize, symbols: usize) -> usize {
        let (start, end) = (start + self.forgotten, end + self.forgotten);
        self.push(Escape { before, far: NONE, depth: 0, start, end, first, last: first + symbols })
    }

    /// Adds an escape after the one before it.
    fn push(&mut self, escape: Escape) -> usize {
        let at = self.list.len();
        let before = escape.before;
        let (far, depth) = match self.list.get(before) {
            None => (at, 0),
            Some(parent) => {
                let far = self.list[parent.far];
                let further = self.list[far.far];
                let is_even = parent.depth - far.depth == far.depth - further.depth;
                (if is_even { far.far } else { before }, parent.depth + 1)
            }
        };
        self.list.push(Escape { far, depth, ..escape });
        at
    }

    /// Returns the position of the symbol after the first `cut` symbols of a thread, which has read `read` symbols up to
    /// `at`. If an escape means several symbols, its start is that of each.
    pub(super) fn position(&self, list: usize, at: usize, read: usize, cut: usize) -> usize {
        let is_after = |escape: &Escape| escape.last > cut;
        let Some(mut escape) = self.list.get(list).filter(|escape| is_after(escape)) else {
            return at.saturating_sub(read - cut);
        };
        loop {
            count(1);
            let far = &self.list[escape.far];
            escape = match self.list.get(escape.before) {
                Some(_) if is_after(far) && far.depth < escape.depth => far,
                Some(before) if is_after(before) => before,
                _ => break,
            };
        }
        // Literal bytes are before the escape.
        let literal = escape.first.saturating_sub(cut);
        escape.start.saturating_sub(literal + self.forgotten)
    }

    /// Returns true if it is time to [`collect`](Self::collect).
    pub(super) fn are_many(&self) -> bool {
        self.list.len() >= (self.kept * 2).max(MAX_ESCAPES)
    }

    /// Keeps the escapes of these lists that end after a position, and replaces the lists.
    pub(super) fn collect<'a>(&mut self, after: usize, lists: impl Iterator<Item = &'a mut usize>) {
        let after = after.saturating_add(self.forgotten);
        let mut moved = vec![NONE; self.list.len()];
        count(self.list.len());
        let lists = lists.collect::<Vec<_>>();
        for list in &lists {
            let mut at = **list;
            // What is before an escape that is marked is marked too.
            while let Some(escape) = self.list.get(at).filter(|escape| escape.end > after && moved[at] == NONE) {
                count(1);
                moved[at] = at;
                at = escape.before;
            }
        }
        let old = std::mem::take(&mut self.list);
        for (at, escape) in old.iter().enumerate() {
            if moved[at] != NONE {
                let before = moved.get(escape.before).copied().unwrap_or(NONE);
                moved[at] = self.push(Escape { before, ..*escape });
            }
        }
        for list in lists {
            *list = moved.get(*list).copied().unwrap_or(NONE);
        }
        self.kept = self.list.len();
    }

    /// Makes all positions offsets into the input without its first `end` bytes.
    pub(super) fn forget(&mut self, end: usize) {
        self.forgotten += end;
    }

    /// Removes all lists.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.kept = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_of_a_list_has_its_position() {
        // Symbols 0..3 literal at 0..3, then pairs of an escape of three bytes and a literal byte.
        let mut escapes = Escapes::default();
        let (mut list, mut at, mut read) = (NONE, 3, 3);
        let mut expected = vec![0, 1, 2];
        for _ in 0..200 {
            list = escapes.add(list, at, at + 3, read, 1);
            expected.extend([at, at + 3]);
            (at, read) = (at + 4, read + 2);
        }
        let check = |escapes: &Escapes, list: usize, from: usize| {
            for (cut, position) in expected.iter().enumerate().skip(from) {
                assert_eq!(escapes.position(list, at, read, cut), *position, "{cut}");
            }
            assert_eq!(escapes.position(list, at, read, read), at);
        };
        check(&escapes, list, 0);
        let other = escapes.add(list, at, at + 6, read, 2);
        assert_eq!(escapes.position(other, at + 6, read + 2, read), at);
        assert_eq!(escapes.position(other, at + 6, read + 2, read + 1), at);
        let mut lists = [list, other, NONE];
        escapes.collect(expected[100], lists.iter_mut());
        assert_eq!((escapes.list.len(), lists[2]), (152, NONE));
        check(&escapes, lists[0], 100);
        // The first bytes of the secret are still there.
        let forgotten = expected[50];
        escapes.forget(forgotten);
        for (cut, position) in expected.iter().enumerate().skip(100) {
            assert_eq!(escapes.position(lists[0], at - forgotten, read, cut), position - forgotten, "{cut}");
        }
    }
}
