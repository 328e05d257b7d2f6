//! The forms in which a whole secret is searched: as text, in base64 at each of the three offsets, and in hexadecimal digits.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::steps::count;

/// The digits of base64 (RFC 4648, section 4).
const BASE64_DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEXADECIMAL_DIGITS: &[u8; 16] = b"0123456789abcdef";
/// The bits before the first whole digit of base64, if zero, one or two bytes precede the secret.
const BASE64_OFFSETS: [usize; 3] = [0, 4, 2];
/// The minimum length of a secret, in bytes, for a search in base64 at all offsets. The parts of a shorter one have so few
/// digits that they also occur in unrelated text.
const MIN_BYTES_AT_ALL_OFFSETS: usize = 6;

/// The maximum number of matched symbols whose borders are found by comparison, without the tables.
const MAX_COMPARED: usize = 4;

/// The form of a needle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// The bytes of the secret.
    Text,
    /// The digits of base64 that depend only on the secret.
    Base64,
    /// Two hexadecimal digits for each byte.
    Hexadecimal,
}

impl Form {
    /// Returns the symbol that stands for a byte. `+` is a space in a form (HTML Standard, section 4.10.21.8); base64 has two
    /// alphabets; hexadecimal digits have two cases.
    pub(super) fn symbol(self, byte: u8) -> u8 {
        match (self, byte) {
            (Self::Text, b' ') | (Self::Base64, b'-') => b'+',
            (Self::Base64, b'_') => b'/',
            (Self::Hexadecimal, _) => byte.to_ascii_lowercase(),
            _ => byte,
        }
    }

    /// Returns the bytes that stand for a symbol.
    fn bytes(self, symbol: u8) -> [u8; 2] {
        match (self, symbol) {
            (Self::Text, b'+') => [b'+', b' '],
            (Self::Base64, b'+') => [b'+', b'-'],
            (Self::Base64, b'/') => [b'/', b'_'],
            (Self::Hexadecimal, _) => [symbol, symbol.to_ascii_uppercase()],
            _ => [symbol, symbol],
        }
    }
}

/// A secret in one form.
#[derive(Clone, Copy)]
pub(super) struct Needle {
    pub(super) form: Form,
    /// True if one more digit of base64 depends on the secret and on what follows it.
    pub(super) has_last_digit: bool,
    start: usize,
    pub(super) length: usize,
}

/// The needles of all secrets. Their symbols are wiped on drop.
pub(super) struct Needles {
    symbols: Zeroizing<Vec<u8>>,
    list: Vec<Needle>,
    fallbacks: OnceLock<Fallbacks>,
}

/// For each prefix of each needle, where the search continues (Knuth, Morris and Pratt, SIAM J. Comput. 6, 1977).
struct Fallbacks {
    /// The length of the longest proper border of the prefix.
    border: Vec<u32>,
    /// The length of the longest border that another symbol follows, plus one; zero if there is none. With these, one
    /// symbol takes a logarithmic number of steps.
    mismatch: Vec<u32>,
    /// The place of the prefix in the tree of prefixes in which each one is below its longest border, counted from above and
    /// from the left.
    place: Vec<u32>,
    /// The number of prefixes below it, and itself.
    size: Vec<u32>,
}

impl Needles {
    /// Creates the needles of secrets; those with fewer than `min_symbols` are left out.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str> + Clone, min_symbols: usize) -> Self {
        let bytes = secrets.clone().map(str::len).sum::<usize>();
        // Room for all symbols: a growing vector would leave unwiped copies.
        let mut symbols = Zeroizing::new(Vec::with_capacity(bytes * 7 + 16));
        let mut list = Vec::with_capacity(secrets.clone().count() * 5);
        let mut push = |symbols: &mut Vec<u8>, start: usize, form: Form, has_last_digit: bool| {
            let length = symbols.len() - start;
            if length >= min_symbols {
                list.push(Needle { form, has_last_digit, start, length });
            } else {
                symbols.truncate(start);
            }
        };
        for secret in secrets.map(str::as_bytes) {
            let start = symbols.len();
            symbols.extend(secret.iter().map(|byte| Form::Text.symbol(*byte)));
            push(&mut symbols, start, Form::Text, false);
            let start = symbols.len();
            for byte in secret {
                symbols.push(HEXADECIMAL_DIGITS[usize::from(byte >> 4)]);
                symbols.push(HEXADECIMAL_DIGITS[usize::from(byte & 15)]);
            }
            push(&mut symbols, start, Form::Hexadecimal, false);
            if secret.len() < MIN_BYTES_AT_ALL_OFFSETS {
                let start = symbols.len();
                push_base64(&mut symbols, secret, 0, true);
                push(&mut symbols, start, Form::Base64, false);
                continue;
            }
            for skipped in BASE64_OFFSETS {
                let start = symbols.len();
                push_base64(&mut symbols, secret, skipped, false);
                push(&mut symbols, start, Form::Base64, !(secret.len() * 8 - skipped).is_multiple_of(6));
            }
        }
        Self { symbols, list, fallbacks: OnceLock::new() }
    }

    /// Returns the needles.
    pub(super) fn list(&self) -> &[Needle] {
        &self.list
    }

    /// Returns the symbols of a needle.
    fn symbols(&self, needle: &Needle) -> &[u8] {
        &self.symbols[needle.start..needle.start + needle.length]
    }

    /// Returns the first symbol of a needle.
    pub(super) fn first(&self, needle: &Needle) -> u8 {
        self.symbols[needle.start]
    }

    /// Returns all spellings of the first two bytes of a needle.
    pub(super) fn beginnings(&self, needle: &Needle) -> [(u8, u8); 4] {
        let symbols = self.symbols(needle);
        let (first, second) = (needle.form.bytes(symbols[0]), needle.form.bytes(symbols[1]));
        [(first[0], second[0]), (first[0], second[1]), (first[1], second[0]), (first[1], second[1])]
    }

    /// Returns the length of the longest prefix of a needle that ends with a symbol, if the `matched` symbols before it are
    /// a prefix.
    pub(super) fn advance(&self, needle: &Needle, matched: usize, symbol: u8) -> usize {
        let symbols = self.symbols(needle);
        let mut matched = matched;
        if matched <= MAX_COMPARED {
            // The tables are not created for a few symbols that match by chance.
            let continues = |length: &usize| symbols[*length] == symbol && self.is_border(needle, *length, matched);
            return (0..=matched).rev().find(continues).map_or(0, |length| length + 1);
        }
        while symbols[matched] != symbol {
            count(1);
            match self.fallbacks().mismatch[needle.start + matched] {
                0 => return 0,
                next => matched = wide(next) - 1,
            }
        }
        matched + 1
    }

    /// Returns the length of the longest proper border of a prefix of a needle: a prefix that is a suffix too.
    pub(super) fn border(&self, needle: &Needle, length: usize) -> usize {
        wide(self.fallbacks().border[needle.start + length - 1])
    }

    /// Returns true if the prefix of length `short` is a suffix of the prefix of length `long`.
    pub(super) fn is_border(&self, needle: &Needle, short: usize, long: usize) -> bool {
        if short == 0 || short >= long {
            return short <= long;
        }
        if long <= MAX_COMPARED {
            let symbols = self.symbols(needle);
            return symbols[..short] == symbols[long - short..long];
        }
        let Fallbacks { place, size, .. } = self.fallbacks();
        let (short, long) = (needle.start + short - 1, needle.start + long - 1);
        place[short] <= place[long] && place[long] - place[short] < size[short]
    }

    fn fallbacks(&self) -> &Fallbacks {
        self.fallbacks.get_or_init(|| {
            let zeros = vec![0; self.symbols.len()];
            let [border, mismatch, place, size] = [zeros.clone(), zeros.clone(), zeros.clone(), zeros];
            let mut fallbacks = Fallbacks { border, mismatch, place, size };
            for needle in &self.list {
                let range = needle.start..needle.start + needle.length;
                let border = &mut fallbacks.border[range.clone()];
                fill(self.symbols(needle), border, &mut fallbacks.mismatch[range.clone()]);
                arrange(border, &mut fallbacks.place[range.clone()], &mut fallbacks.size[range]);
            }
            fallbacks
        })
    }
}

/// Returns a length as it is stored; no needle is as long as its largest value.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Returns a stored length.
fn wide(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Fills the tables of a needle: `border[n - 1]` is that of the prefix of length `n`, `mismatch[n]` is used if symbol `n`
/// does not match.
fn fill(symbols: &[u8], border: &mut [u32], mismatch: &mut [u32]) {
    let mut length = 0;
    for at in 1..symbols.len() {
        mismatch[at] = if symbols[at] == symbols[length] { mismatch[length] } else { narrow(length + 1) };
        while length > 0 && symbols[at] != symbols[length] {
            length = wide(border[length - 1]);
        }
        if symbols[at] == symbols[length] {
            length += 1;
        }
        border[at] = narrow(length);
    }
}

/// Arranges the prefixes of a needle as a tree: `place[n - 1]` and `size[n - 1]` are those of the prefix of length `n`. A border
/// is shorter than its prefix.
fn arrange(border: &[u32], place: &mut [u32], size: &mut [u32]) {
    size.fill(1);
    for at in (0..border.len()).rev() {
        if let Some(above) = wide(border[at]).checked_sub(1) {
            size[above] += size[at];
        }
    }
    let (mut next, mut next_of_root) = (vec![0; border.len()], 0);
    for at in 0..border.len() {
        let free = match wide(border[at]).checked_sub(1) {
            Some(above) => &mut next[above],
            None => &mut next_of_root,
        };
        place[at] = *free;
        *free += size[at];
        next[at] = place[at] + 1;
    }
}

/// Appends the digits of base64 of a secret without its first bits. With `is_whole`, the last digit is filled up with zeros.
fn push_base64(symbols: &mut Vec<u8>, secret: &[u8], skipped: usize, is_whole: bool) {
    let (mut bits, mut held) = (0_u32, 0);
    for (at, byte) in secret.iter().enumerate() {
        bits = (bits << 8) | u32::from(*byte);
        held += if at == 0 { 8 - skipped } else { 8 };
        while held >= 6 {
            held -= 6;
            symbols.push(base64_digit(bits >> held));
        }
    }
    if is_whole && held > 0 {
        symbols.push(base64_digit(bits << (6 - held)));
    }
}

fn base64_digit(bits: u32) -> u8 {
    BASE64_DIGITS[(bits & 63) as usize]
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

    use super::*;

    #[test]
    fn base64_at_each_offset_contains_its_needle() {
        for secret in ["secret", "secret7", "s3cr\u{fc}t++/"] {
            let needles = Needles::new([secret].into_iter(), 4);
            let base64 = needles.list().iter().filter(|needle| needle.form == Form::Base64).collect::<Vec<_>>();
            assert_eq!(base64.len(), 3);
            for (offset, needle) in base64.into_iter().enumerate() {
                let text = STANDARD_NO_PAD.encode(format!("{}{secret}!!!", "x".repeat(offset)));
                let digits = String::from_utf8(needles.symbols(needle).to_vec()).unwrap();
                let first = [0, 2, 3][offset];
                assert!(text[first..].starts_with(&digits), "{digits} in {text}");
            }
        }
    }

    #[test]
    fn the_longest_prefix_is_followed() {
        let needles = Needles::new(["aabaaa"].into_iter(), 6);
        let needle = needles.list()[0];
        let matched = b"aabaabaaab".iter().scan(0, |matched, byte| {
            if *matched == needle.length {
                *matched = needles.border(&needle, needle.length);
            }
            *matched = needles.advance(&needle, *matched, *byte);
            Some(*matched)
        });
        assert_eq!(matched.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 3, 4, 5, 6, 3]);
    }

    #[test]
    fn the_borders_of_each_prefix_are_known() {
        let longest = "ab".repeat(12) + "aab";
        for secret in ["aabaaabaab", "abcabcabdabcabc", "aaaaaaaaaa", "abcdefghij", longest.as_str()] {
            let needles = Needles::new([secret].into_iter(), 4);
            let needle = needles.list()[0];
            for long in 0..=secret.len() {
                for short in 0..=secret.len() {
                    let expected = short <= long && secret[..long].ends_with(&secret[..short]);
                    assert_eq!(needles.is_border(&needle, short, long), expected, "{secret} {short} {long}");
                }
            }
        }
    }
}
