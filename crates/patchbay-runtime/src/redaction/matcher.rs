//! Finds secrets in all their spellings, in one pass over the input.
//!
//! At each position the input has one reading, or several if an escape begins there ([`escapes`](super::escapes)). A thread
//! is a prefix of a needle that one sequence of readings has matched; it stands for all its borders, so a few threads for each
//! needle are enough, and a symbol takes a bounded number of steps. A filter of the first two bytes passes over
//! input in which no needle begins.

use std::ops::Range;

use super::{
    escapes::{Incomplete, Reading, is_introducer, read_all},
    history::Escapes,
    needles::{Form, Needles},
    steps::count,
    threads::{Thread, Threads},
};

/// The maximum number of line breaks between two digits of base64: CR and LF.
const MAX_BREAKS: u8 = 2;
/// A byte with which escapes begin.
const INTRODUCER: u8 = 1;
/// A byte with which a needle begins.
const BEGINNING: u8 = 2;
/// A byte that can break the lines of base64.
const LINE_BREAK: u8 = 4;

/// Finds a set of needles.
pub(super) struct Matcher {
    needles: Needles,
    /// For each byte, its flags.
    flags: [u8; 256],
    /// The hashes of the first two bytes of needles.
    pairs: [u64; 64],
}

/// The end of base64 after a match: the last digit, whose first bits are the secret's, and the padding.
#[derive(Clone, Copy)]
struct Tail {
    start: usize,
    at: usize,
    has_digit: bool,
    padding: u8,
}

/// The state of a search. All positions are offsets into the input.
#[derive(Default)]
pub(super) struct Scan {
    threads: Threads,
    tails: Vec<Tail>,
    escapes: Escapes,
    found: Vec<Range<usize>>,
    /// The needle of the last found range.
    last_needle: usize,
    readings: Vec<Reading>,
    current: Vec<Thread>,
}

impl Matcher {
    /// Creates a matcher of secrets. Needles with fewer than `min_symbols`, at least two, are left out.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str> + Clone, min_symbols: usize) -> Self {
        let needles = Needles::new(secrets, min_symbols.max(2));
        let (mut flags, mut pairs) = ([0; 256], [0; 64]);
        for needle in needles.list() {
            for (first, second) in needles.beginnings(needle) {
                flags[usize::from(first)] |= BEGINNING;
                let (word, bit) = pair(first, second);
                pairs[word] |= bit;
            }
        }
        for byte in *b"\\%&" {
            flags[usize::from(byte)] |= INTRODUCER;
        }
        for byte in *b"\r\n" {
            flags[usize::from(byte)] |= LINE_BREAK;
        }
        Self { needles, flags, pairs }
    }

    /// Returns true if there is nothing to find.
    pub(super) fn is_empty(&self) -> bool {
        self.needles.list().is_empty()
    }

    /// Returns true if the input contains a secret.
    pub(super) fn is_match(&self, input: &[u8]) -> bool {
        let mut scan = Scan::default();
        let mut at = 0;
        while at < input.len() && scan.found.is_empty() {
            at = self.next(&scan, input, at);
            if at < input.len() && self.step(&mut scan, input, at, true).is_ok() {
                at += 1;
            }
        }
        !scan.found.is_empty()
    }

    /// Returns the ranges of the input that spell secrets, in order and without overlaps.
    pub(super) fn find_all(&self, input: &[u8]) -> Vec<Range<usize>> {
        let mut scan = Scan::default();
        self.scan(&mut scan, input, 0, true);
        scan.merge_found();
        scan.found
    }

    /// Searches the input from an offset on. Returns the offset at which the search continues when more input follows.
    pub(super) fn scan(&self, scan: &mut Scan, input: &[u8], from: usize, is_last: bool) -> usize {
        let mut at = from;
        loop {
            at = self.next(scan, input, at);
            if at >= input.len() || self.step(scan, input, at, is_last).is_err() {
                return at;
            }
            at += 1;
        }
    }

    /// Returns the next position at which something can change.
    fn next(&self, scan: &Scan, input: &[u8], from: usize) -> usize {
        if !scan.threads.is_empty() || !scan.tails.is_empty() {
            return from;
        }
        let rest = input.get(from..).unwrap_or_default();
        let found = rest.iter().enumerate().position(|(offset, byte)| {
            let flags = self.flags[usize::from(*byte)];
            flags & INTRODUCER != 0 || flags & BEGINNING != 0 && self.can_begin(*byte, rest.get(offset + 1))
        });
        from + found.unwrap_or(rest.len())
    }

    /// Returns true if a needle can begin with these literal bytes.
    fn can_begin(&self, first: u8, second: Option<&u8>) -> bool {
        let Some(second) = second else { return true };
        let (word, bit) = pair(first, *second);
        self.flags[usize::from(*second)] & (INTRODUCER | LINE_BREAK) != 0 || self.pairs[word] & bit != 0
    }

    /// Follows all readings at a position.
    fn step(&self, scan: &mut Scan, input: &[u8], at: usize, is_last: bool) -> Result<(), Incomplete> {
        let mut readings = std::mem::take(&mut scan.readings);
        let outcome = self.follow(scan, input, at, is_last, &mut readings);
        scan.readings = readings;
        outcome
    }

    fn follow(
        &self,
        scan: &mut Scan,
        input: &[u8],
        at: usize,
        is_last: bool,
        readings: &mut Vec<Reading>,
    ) -> Result<(), Incomplete> {
        let byte = input[at];
        let is_escape = is_introducer(byte);
        if is_escape {
            read_all(input, at, is_last, readings)?;
        } else {
            readings.clear();
            readings.push(Reading::byte(byte, at + 1));
        }
        let mut current = std::mem::take(&mut scan.current);
        scan.threads.take(at, &mut current);
        count(1 + current.len());
        let tails = scan.tails.extract_if(.., |tail| tail.at == at).collect::<Vec<_>>();
        let can_begin = is_escape || self.can_begin(byte, input.get(at + 1));
        for reading in readings.iter() {
            for thread in &current {
                self.advance(scan, *thread, reading);
            }
            if can_begin && self.flags[usize::from(reading.bytes()[0])] & BEGINNING != 0 {
                count(self.needles.list().len());
                for (index, needle) in self.needles.list().iter().enumerate() {
                    let is_first = self.needles.first(needle) == needle.form.symbol(reading.bytes()[0]);
                    // A thread of this needle also stands for its borders.
                    if is_first && current.binary_search_by_key(&index, |thread| thread.needle).is_err() {
                        self.advance(scan, Thread::new(index, at), reading);
                    }
                }
            }
            for tail in &tails {
                scan.extend(*tail, reading);
            }
        }
        scan.current = current;
        scan.threads.collect(&mut scan.escapes);
        Ok(())
    }

    /// Continues a thread with a reading.
    fn advance(&self, scan: &mut Scan, mut thread: Thread, reading: &Reading) {
        let needle = &self.needles.list()[thread.needle];
        let (start, length) = (thread.at, reading.bytes().len());
        thread.at = reading.end;
        if needle.form == Form::Base64 && matches!(reading.bytes(), [b'\r' | b'\n']) {
            if thread.matched > 0 && thread.breaks < MAX_BREAKS {
                thread.breaks += 1;
                thread.escapes = scan.escapes.add(thread.escapes, start, reading.end, thread.read, 0);
                scan.threads.add(&self.needles, &scan.escapes, thread);
            }
            return;
        }
        count(1);
        thread.breaks = 0;
        thread.spelling.add(reading.bytes(), reading.end - start);
        let mut is_found = false;
        for byte in reading.bytes() {
            thread.matched = self.needles.advance(needle, thread.matched, needle.form.symbol(*byte));
            if thread.matched == needle.length {
                is_found = true;
                thread.matched = self.needles.border(needle, needle.length);
            }
        }
        if thread.matched == 0 && !is_found {
            return;
        }
        if reading.end - start > length || length > 1 {
            thread.escapes = scan.escapes.add(thread.escapes, start, reading.end, thread.read, length);
        }
        thread.read += length;
        if is_found {
            let start = scan.match_start(&Thread { matched: needle.length, ..thread });
            scan.add_found(start..reading.end);
            scan.last_needle = thread.needle;
            if needle.form == Form::Base64 {
                let tail = Tail { start, at: reading.end, has_digit: needle.has_last_digit, padding: 2 };
                scan.tails.push(tail);
            }
        }
        if thread.matched > 0 {
            scan.threads.add(&self.needles, &scan.escapes, thread);
        }
    }
}

impl Scan {
    /// Returns the offset of the first byte that may belong to a secret, if the search continues at `next`.
    pub(super) fn first_open(&self, next: usize) -> usize {
        self.threads.first_start(&self.escapes).unwrap_or(next).min(next)
    }

    /// Masks the found secrets in `released`, the first bytes of the input, and forgets these bytes.
    pub(super) fn release(&mut self, released: &mut [u8], mask: u8) {
        let end = released.len();
        for range in &self.found {
            released[range.start.min(end)..range.end.min(end)].fill(mask);
        }
        self.forget(end);
    }

    /// Makes all positions offsets into the input without its first `end` bytes.
    pub(super) fn forget(&mut self, end: usize) {
        self.threads.collect(&mut self.escapes);
        self.threads.forget(end);
        self.escapes.forget(end);
        let back = |position: &mut usize| *position = position.saturating_sub(end);
        self.tails.iter_mut().for_each(|tail| [&mut tail.start, &mut tail.at].into_iter().for_each(back));
        self.found.iter_mut().for_each(|range| [&mut range.start, &mut range.end].into_iter().for_each(back));
        self.found.retain(|range| !range.is_empty());
    }

    /// Returns true if a secret was found in the input that is not released.
    pub(super) fn has_found(&self) -> bool {
        !self.found.is_empty()
    }

    /// Returns the position at which a match begins. If it overlaps the match of its needle before it, any position in that
    /// match is enough.
    fn match_start(&self, thread: &Thread) -> usize {
        let start = thread.start(&self.escapes);
        match self.found.last() {
            Some(last) if self.last_needle == thread.needle && start < last.end => start.max(last.start),
            _ => start,
        }
    }

    /// Adds a found range.
    fn add_found(&mut self, range: Range<usize>) {
        match self.found.last_mut() {
            Some(last) if last.start <= range.start && range.start < last.end => last.end = last.end.max(range.end),
            _ => self.found.push(range),
        }
    }

    /// Sorts the found ranges and joins those that overlap.
    fn merge_found(&mut self) {
        self.found.sort_unstable_by_key(|range| range.start);
        for range in std::mem::take(&mut self.found) {
            self.add_found(range);
        }
    }

    /// Extends a match by the last digit of base64 and its padding.
    fn extend(&mut self, tail: Tail, reading: &Reading) {
        let rest = match reading.bytes() {
            [digit] if tail.has_digit && (digit.is_ascii_alphanumeric() || b"+/-_".contains(digit)) => tail.padding,
            [b'='] if tail.padding > 0 => tail.padding - 1,
            _ => return,
        };
        self.add_found(tail.start..reading.end);
        self.tails.push(Tail { at: reading.end, has_digit: false, padding: rest, ..tail });
    }
}

/// Returns the word and the bit of the hash of two bytes.
fn pair(first: u8, second: u8) -> (usize, u64) {
    let hash = ((usize::from(first) << 5) ^ usize::from(second)) & 4095;
    (hash >> 6, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::steps::steps_of;

    /// The most steps that a byte takes, for each secret: each of the readings of an escape continues each thread.
    const MAX_STEPS: usize = 5_000;

    fn steps_per_byte(secrets: &[String], text: &str) -> usize {
        let matcher = Matcher::new(secrets.iter().map(String::as_str), 4);
        let whole = steps_of(|| drop(matcher.find_all(text.as_bytes())));
        // A stream that comes byte by byte.
        let stream = steps_of(|| {
            let mut scan = Scan::default();
            let (mut from, mut next) = (0, 0);
            for end in 1..=text.len() {
                next = matcher.scan(&mut scan, &text.as_bytes()[from..end], next, end == text.len());
                let open = scan.first_open(next);
                scan.forget(open);
                (from, next) = (from + open, next - open);
            }
        });
        // Looking for the first open byte looks at each thread.
        assert!(stream <= (2 * MAX_STEPS + 10_000) * secrets.len() * text.len(), "{} {}", stream / text.len(), text);
        whole / text.len()
    }

    #[test]
    fn each_byte_takes_a_bounded_number_of_steps() {
        let pieces = [
            "\\", "%", "&", "%25", "\\u005c", "&amp;", "&#38;", "\\%", "%&", "25", "amp;", "a", "\\\"", "&#", "\\u{0",
            "%u{", "%5C%75", "&&amp;",
        ];
        for secret in pieces {
            for body in pieces {
                let steps = steps_per_byte(&[secret.repeat(60)], &body.repeat(300 / body.len()));
                assert!(steps <= MAX_STEPS, "{secret} {body}: {steps}");
            }
        }
    }

    /// A secret that is as long as the input matches all of it, in very many ways.
    #[test]
    fn long_runs_of_the_characters_of_escapes_take_linear_time() {
        for prefix in ["", "x", "s3cret-x"] {
            for run in ["\\", "%25", "&amp;", "\\%", "&#38;"] {
                for length in [500, 4_000] {
                    let text = format!("{prefix}{}", run.repeat(length / run.len()));
                    let steps = steps_per_byte(std::slice::from_ref(&text), &text);
                    assert!(steps <= MAX_STEPS, "{prefix} {run} {length}: {steps}");
                }
            }
        }
        let secrets = (300..305).map(|length| format!("x{}", "\\".repeat(length))).collect::<Vec<_>>();
        let steps = steps_per_byte(&secrets, &format!("x{}", "\\".repeat(1_000)));
        assert!(steps <= secrets.len() * MAX_STEPS, "{steps}");
    }
}
