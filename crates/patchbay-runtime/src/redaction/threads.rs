//! The threads of a search: prefixes of needles that are matched up to a position.

use super::{
    history::{Escapes, NONE},
    needles::Needles,
    steps::count,
};

/// The maximum number of threads of one needle at one position. Only a needle and an input that repeat characters of escapes
/// have more readings that match and are not borders of each other. Then the threads that spell such a character in one way
/// are kept: nobody escapes one backslash of a text and not the next one.
const MAX_THREADS: usize = 24;
/// The maximum number of matched symbols of threads whose beginnings are compared.
const MAX_COMPARED: usize = 16;
/// The number of positions ahead at which a reading may end, a power of two.
const POSITIONS: usize = 256;

/// A prefix of a needle that is matched up to a position.
#[derive(Clone, Copy)]
pub(super) struct Thread {
    pub(super) at: usize,
    pub(super) needle: usize,
    pub(super) matched: usize,
    /// The number of symbols that were read since the thread began. It began with the prefix, or with a longer one of which
    /// this prefix is a border.
    pub(super) read: usize,
    /// The escapes of the thread, a list of [`Escapes`].
    pub(super) escapes: usize,
    /// The number of line breaks at the end.
    pub(super) breaks: u8,
    pub(super) spelling: Spelling,
}

impl Thread {
    /// Creates a thread that has matched nothing.
    pub(super) fn new(needle: usize, at: usize) -> Self {
        Self { at, needle, matched: 0, read: 0, escapes: NONE, breaks: 0, spelling: Spelling::default() }
    }

    /// Returns the position at which its prefix begins.
    pub(super) fn start(&self, escapes: &Escapes) -> usize {
        escapes.position(self.escapes, self.at, self.read, self.read.saturating_sub(self.matched))
    }

    /// Returns the order of the threads at one position.
    fn key(&self) -> (usize, u8, usize) {
        (self.needle, self.breaks, self.matched)
    }
}

/// How a thread spells the characters with which escapes begin.
#[derive(Clone, Copy, Default)]
pub(super) struct Spelling {
    /// The bytes that `\`, `%` and `&` have, each; 0 for one that has not occurred.
    widths: [u8; 3],
    /// Whether one of them has had several spellings.
    is_mixed: bool,
}

impl Spelling {
    /// Adds a symbol that is spelled with `width` bytes.
    pub(super) fn add(&mut self, symbol: &[u8], width: usize) {
        let known = match symbol {
            [b'\\'] => &mut self.widths[0],
            [b'%'] => &mut self.widths[1],
            [b'&'] => &mut self.widths[2],
            _ => return,
        };
        let width = u8::try_from(width).unwrap_or(u8::MAX);
        self.is_mixed |= *known != 0 && *known != width;
        *known = width;
    }
}

/// All threads of a search, by position. Those at one position are in the order of needles, line breaks and matched symbols.
#[derive(Default)]
pub(super) struct Threads {
    /// A ring of [`POSITIONS`]; empty until there is a thread.
    slots: Vec<Vec<Thread>>,
    /// The number of bytes that were forgotten.
    forgotten: usize,
    count: usize,
}

impl Threads {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn slot(&self, at: usize) -> usize {
        at.wrapping_add(self.forgotten) % POSITIONS
    }

    /// Moves the threads at a position into `threads`.
    pub(super) fn take(&mut self, at: usize, threads: &mut Vec<Thread>) {
        threads.clear();
        let slot = self.slot(at);
        if let Some(found) = self.slots.get_mut(slot) {
            std::mem::swap(found, threads);
            self.count -= threads.len();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.slots.iter().flatten()
    }

    /// Returns the position of the first byte of all threads.
    pub(super) fn first_start(&self, escapes: &Escapes) -> Option<usize> {
        self.iter().map(|thread| thread.start(escapes)).min()
    }

    /// Adds a thread, unless an equal one begins earlier. If there are too many, and the new one does not mix spellings, one goes
    /// that is a border of the new one or that mixes spellings.
    pub(super) fn add(&mut self, needles: &Needles, escapes: &Escapes, thread: Thread) {
        if self.slots.is_empty() {
            self.slots.resize_with(POSITIONS, Vec::new);
        }
        let slot = self.slot(thread.at);
        let threads = &mut self.slots[slot];
        count(1);
        let place = match threads.binary_search_by_key(&thread.key(), Thread::key) {
            Ok(known) => {
                let other = &mut threads[known];
                // An escape of the first character is a part of the secret.
                if thread.matched <= MAX_COMPARED && thread.start(escapes) < other.start(escapes) {
                    *other = thread;
                } else if other.spelling.is_mixed {
                    // The next symbols decide, wherever the threads began.
                    other.spelling = thread.spelling;
                }
                return;
            }
            Err(place) => place,
        };
        let of_thread = (thread.needle, thread.breaks);
        let first = threads.partition_point(|other| (other.needle, other.breaks) < of_thread);
        let end = first + threads[first..].partition_point(|other| (other.needle, other.breaks) == of_thread);
        if end - first < MAX_THREADS {
            threads.insert(place, thread);
            self.count += 1;
            return;
        }
        // Nobody looks for it among many others if it mixes spellings.
        if thread.spelling.is_mixed {
            return;
        }
        count(end - first);
        let needle = &needles.list()[thread.needle];
        let is_border = |other: &Thread| needles.is_border(needle, other.matched, thread.matched);
        let is_mixed = |other: &Thread| other.spelling.is_mixed;
        let same = &threads[first..end];
        if let Some(index) = same.iter().position(is_border).or_else(|| same.iter().position(is_mixed)) {
            let index = first + index;
            threads.remove(index);
            threads.insert(if index < place { place - 1 } else { place }, thread);
        }
    }

    /// Removes the escapes that no thread needs, if that is worth while.
    pub(super) fn collect(&mut self, escapes: &mut Escapes) {
        if self.is_empty() {
            return escapes.clear();
        }
        if !escapes.are_many() {
            return;
        }
        let after = self.first_start(escapes).unwrap_or(usize::MAX);
        escapes.collect(after, self.slots.iter_mut().flatten().map(|thread| &mut thread.escapes));
    }

    /// Makes all positions offsets into the input without its first `end` bytes.
    pub(super) fn forget(&mut self, end: usize) {
        self.forgotten = self.forgotten.wrapping_add(end) % POSITIONS;
        for thread in self.slots.iter_mut().flatten() {
            thread.at = thread.at.saturating_sub(end);
        }
    }
}
