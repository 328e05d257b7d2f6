//! The spellings of one character: literal, or escaped as in JSON and programming languages (`\u0053`, `\/`, `\x2f`),
//! percent-encoded (`%2F`, `%u002F`), or as a character reference of HTML and XML (`&#47;`, `&#x2F;`, `&sol;`).
//!
//! An escape may itself be escaped, as `%252F` or `\u0026#47;`. The bytes at one position therefore have several readings,
//! and a search follows all of them: a literal `%2F` can be a part of a secret too.

use super::{entities::named, steps::count};

/// The maximum length of one character's spelling, in bytes.
const MAX_SPELLING_BYTES: usize = 128;
/// The maximum number of readings at one position: 15 backslashes before a quote are JSON four times in JSON.
const MAX_READINGS: usize = 17;
/// How often the parts of an escape, such as its digits, may be escaped themselves.
const MAX_NESTING: u8 = 3;
/// The maximum number of digits of a character reference, with leading zeros.
const MAX_DIGITS: usize = 40;
/// The maximum length of the name of a character reference, in bytes.
const MAX_NAME_BYTES: usize = 32;

/// Returns true if escapes begin with this byte.
pub(super) fn is_introducer(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&')
}

/// Returns true if this byte names an escape after a backslash.
fn is_escape_letter(byte: u8) -> bool {
    matches!(byte, b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'u' | b'U' | b'x')
}

/// The input ended within an escape, and more input may follow.
pub(super) struct Incomplete;

/// The bytes that the input means from one position to `end`.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    bytes: [u8; 4],
    length: u8,
    /// The position after the spelling.
    pub(super) end: usize,
}

impl Reading {
    /// Creates the reading of one byte.
    pub(super) fn byte(byte: u8, end: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, end }
    }

    fn character(character: char, end: usize) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length: u8::try_from(length).unwrap_or(0), end }
    }

    /// Returns the meant bytes in UTF-8, at least one.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Puts all readings of the bytes at `start` into `readings`, the literal one first.
///
/// # Errors
///
/// [`Incomplete`] if an escape is cut off and this is not the last input.
pub(super) fn read_all(
    input: &[u8],
    start: usize,
    is_last: bool,
    readings: &mut Vec<Reading>,
) -> Result<(), Incomplete> {
    let window = Window { input, limit: start + MAX_SPELLING_BYTES, is_last };
    readings.clear();
    readings.push(Reading::byte(input[start], start + 1));
    let mut at = 0;
    // The readings that are introducers are read on.
    while let Some(Reading { bytes: [byte, ..], length: 1, end }) = readings.get(at).copied() {
        for decoded in window.decode_all(byte, end)?.into_iter().flatten() {
            if decoded.is_byte && decoded.code > 0x7F {
                // The byte is a part of UTF-8, or a character of Latin-1.
                let byte = u8::try_from(decoded.code).unwrap_or(0);
                readings.push(Reading::byte(byte, decoded.end));
            }
            if let Some(decoded) = window.join_surrogates(decoded)?
                && let Some(character) = char::from_u32(decoded.code)
            {
                readings.push(Reading::character(character, decoded.end));
            }
        }
        at += 1;
        if readings.len() >= MAX_READINGS {
            break;
        }
    }
    Ok(())
}

/// The result of an escape.
#[derive(Clone, Copy)]
struct Decoded {
    /// The character, a half of a surrogate pair, or a number that is not a character.
    code: u32,
    /// True if the escape names a byte rather than a character.
    is_byte: bool,
    end: usize,
}

impl Decoded {
    fn character(code: u32, end: usize) -> Self {
        Self { code, is_byte: false, end }
    }

    /// Returns the byte of an ASCII character.
    fn ascii(self) -> Option<u8> {
        u8::try_from(self.code).ok().filter(u8::is_ascii)
    }
}

/// The input as far as one spelling may extend.
struct Window<'a> {
    input: &'a [u8],
    limit: usize,
    is_last: bool,
}

impl Window<'_> {
    /// Returns the byte at a position; none at the end.
    fn byte(&self, at: usize) -> Result<Option<u8>, Incomplete> {
        count(1);
        match self.input.get(at) {
            _ if at >= self.limit => Ok(None),
            None if !self.is_last => Err(Incomplete),
            byte => Ok(byte.copied()),
        }
    }

    /// Reads a byte that `is_wanted`, literal or escaped. Returns it and its end.
    fn read(&self, at: usize, nesting: u8, is_wanted: impl Fn(u8) -> bool) -> Result<Option<(u8, usize)>, Incomplete> {
        let Some(mut byte) = self.byte(at)? else { return Ok(None) };
        let mut end = at + 1;
        for _ in 0..MAX_READINGS {
            if is_wanted(byte) {
                return Ok(Some((byte, end)));
            }
            if nesting == 0 || !is_introducer(byte) {
                break;
            }
            let Some(decoded) = self.decode(byte, end, nesting - 1)? else { break };
            let Some(next) = decoded.ascii() else { break };
            (byte, end) = (next, decoded.end);
        }
        Ok(None)
    }

    /// Decodes the escape of an introducer that ends at `at`, in both ways if the letter of the escape may be escaped.
    fn decode_all(&self, introducer: u8, at: usize) -> Result<[Option<Decoded>; 2], Incomplete> {
        Ok([self.decode(introducer, at, MAX_NESTING)?, self.escaped_letter(introducer, at)?])
    }

    /// Joins the first half of a surrogate pair with the second half that must follow.
    fn join_surrogates(&self, first: Decoded) -> Result<Option<Decoded>, Incomplete> {
        if !(0xD800..0xDC00).contains(&first.code) {
            return Ok(Some(first));
        }
        let Some(byte) = self.byte(first.end)? else { return Ok(None) };
        let mut introducers = vec![(byte, first.end + 1)];
        let mut at = 0;
        while let Some((byte, end)) = introducers.get(at).copied()
            && at < MAX_READINGS
        {
            for decoded in self.decode_all(byte, end)?.into_iter().flatten() {
                if (0xDC00..0xE000).contains(&decoded.code) {
                    let code = 0x10000 + ((first.code - 0xD800) << 10) + (decoded.code - 0xDC00);
                    return Ok(Some(Decoded::character(code, decoded.end)));
                }
                introducers.extend(decoded.ascii().map(|byte| (byte, decoded.end)));
            }
            at += 1;
        }
        Ok(None)
    }

    /// Decodes the escape of an introducer that ends at `at`.
    fn decode(&self, introducer: u8, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        match introducer {
            b'\\' => self.backslash(at, nesting),
            b'%' => self.percent(at, nesting),
            b'&' => self.reference(at, nesting),
            _ => Ok(None),
        }
    }

    /// Reads an escape after `\` (RFC 8259, section 7, and those of programming languages).
    fn backslash(&self, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        // After a backslash, another backslash is the escaped character.
        let is_literal_backslash = self.byte(at)? == Some(b'\\');
        let letter = if is_literal_backslash { None } else { self.read(at, nesting, is_escape_letter)? };
        if let Some((letter, end)) = letter {
            return self.letter(letter, end, nesting);
        }
        let punctuation = self.read(at, nesting, |byte| byte.is_ascii_punctuation())?;
        Ok(punctuation.map(|(byte, end)| Decoded::character(byte.into(), end)))
    }

    /// Reads the escape of a backslash whose letter is escaped itself by a backslash, as `\u0075`.
    fn escaped_letter(&self, introducer: u8, at: usize) -> Result<Option<Decoded>, Incomplete> {
        if introducer != b'\\' || self.byte(at)? != Some(b'\\') || !self.byte(at + 1)?.is_some_and(is_escape_letter) {
            return Ok(None);
        }
        match self.read(at, MAX_NESTING, is_escape_letter)? {
            Some((letter, end)) => self.letter(letter, end, MAX_NESTING),
            None => Ok(None),
        }
    }

    /// Reads the rest of an escape after its backslash and its letter.
    fn letter(&self, letter: u8, end: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        let control = match letter {
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'v' => 11,
            b'u' => return self.unicode(end, nesting),
            b'U' => {
                let code = self.hexadecimal(end, 8, nesting)?;
                return Ok(code.map(|(code, end)| Decoded::character(code, end)));
            }
            _ => return self.hexadecimal_byte(end, nesting),
        };
        Ok(Some(Decoded::character(control, end)))
    }

    /// Reads `0053` or `{53}` after `\u` or `%u`.
    fn unicode(&self, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        if let Some((_, mut end)) = self.read(at, nesting, |byte| byte == b'{')? {
            let mut code = 0_u32;
            for _ in 0..=MAX_DIGITS {
                match self.read(end, nesting, |byte| byte == b'}' || byte.is_ascii_hexdigit())? {
                    Some((b'}', end)) => return Ok(Some(Decoded::character(code, end))),
                    Some((digit, next)) => {
                        (code, end) = (code.saturating_mul(16).saturating_add(hexadecimal(digit)), next);
                    }
                    None => return Ok(None),
                }
            }
            return Ok(None);
        }
        let code = self.hexadecimal(at, 4, nesting)?;
        Ok(code.map(|(code, end)| Decoded::character(code, end)))
    }

    /// Reads an escape after `%` (RFC 3986, section 2.1).
    fn percent(&self, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        match self.read(at, nesting, |byte| byte == b'u' || byte.is_ascii_hexdigit())? {
            Some((b'u', end)) => self.unicode(end, nesting),
            Some(_) => self.hexadecimal_byte(at, nesting),
            None => Ok(None),
        }
    }

    /// Reads a character reference after `&`. Its `;` is optional after digits, as browsers read it.
    fn reference(&self, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        let is_semicolon = |byte| byte == b';';
        let Some((_, mut end)) = self.read(at, nesting, |byte| byte == b'#')? else {
            let (mut name, mut end) = ([0; MAX_NAME_BYTES], at);
            for length in 0..MAX_NAME_BYTES {
                match self.read(end, nesting, |byte| byte == b';' || byte.is_ascii_alphanumeric())? {
                    Some((b';', end)) => {
                        let character = named(&name[..length]);
                        return Ok(character.map(|character| Decoded::character(character.into(), end)));
                    }
                    Some((letter, next)) => (name[length], end) = (letter, next),
                    None => break,
                }
            }
            return Ok(None);
        };
        let radix = match self.read(end, nesting, |byte| byte.eq_ignore_ascii_case(&b'x'))? {
            Some((_, next)) => {
                end = next;
                16
            }
            None => 10,
        };
        let (mut code, mut digits) = (0_u32, 0);
        while digits < MAX_DIGITS
            && let Some((digit, next)) = self.read(end, nesting, |byte| char::from(byte).is_digit(radix))?
        {
            (code, end) = (code.saturating_mul(radix).saturating_add(hexadecimal(digit)), next);
            digits += 1;
        }
        if digits == 0 {
            return Ok(None);
        }
        let end = self.read(end, nesting, is_semicolon)?.map_or(end, |(_, end)| end);
        Ok(Some(Decoded::character(code, end)))
    }

    /// Reads two digits that name a byte.
    fn hexadecimal_byte(&self, at: usize, nesting: u8) -> Result<Option<Decoded>, Incomplete> {
        let byte = self.hexadecimal(at, 2, nesting)?;
        Ok(byte.map(|(code, end)| Decoded { code, is_byte: true, end }))
    }

    /// Reads a number with exactly `digits` hexadecimal digits.
    fn hexadecimal(&self, at: usize, digits: usize, nesting: u8) -> Result<Option<(u32, usize)>, Incomplete> {
        let (mut code, mut end) = (0_u32, at);
        for _ in 0..digits {
            let Some((digit, next)) = self.read(end, nesting, |byte| byte.is_ascii_hexdigit())? else {
                return Ok(None);
            };
            (code, end) = (code.wrapping_mul(16).wrapping_add(hexadecimal(digit)), next);
        }
        Ok(Some((code, end)))
    }
}

/// Returns the value of a digit.
fn hexadecimal(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the last reading of the whole text.
    fn meant(text: &str) -> Option<String> {
        let mut readings = Vec::new();
        assert!(read_all(text.as_bytes(), 0, true, &mut readings).is_ok());
        let whole = readings.iter().rev().find(|reading| reading.end == text.len())?;
        Some(String::from_utf8_lossy(whole.bytes()).into_owned())
    }

    #[test]
    fn each_spelling_of_a_character_is_read() {
        for (character, spellings) in [
            ("/", &["/", "\\/", "\\u002f", "\\u002F", "\\x2f", "\\u{2f}", "\\U0000002F", "%2F", "%2f", "%u002F"][..]),
            ("/", &["&#47;", "&#47", "&#0047;", "&#x2f;", "&#X02F;", "&sol;", "&#00000000000000000000047;"]),
            ("/", &["%252F", "%25252f", "%25%32%46", "&amp;#47;", "\\u0026#47;", "%26%2347%3B", "%5C%2F", "%5Cu002F"]),
            (
                "/",
                &[
                    "\\\\u002f",
                    "\\\\\\\\u002f",
                    "\\\\\\\\\\\\\\\\u002f",
                    "\\u00252F",
                    "&#37;2F",
                    "%5C%75%30%30%32%66",
                    "\\u005c\\u0075\\u0030\\u0030\\u0032\\u0066",
                ],
            ),
            ("\"", &["\\\"", "\\\\\\\"", "\\\\\\\\\\\\\\\"", "&quot;", "&amp;quot;", "\\u0022", "%22", "%5C%22"]),
            ("\n", &["\\n", "\\\\n", "%0A", "&#10;", "\\u000a"]),
            ("ü", &["\\u00fc", "\\u00FC", "&#252;", "&#xFC;", "&uuml;", "\\xfc", "%FC", "%u00fc"]),
            (
                "😀",
                &["\\ud83d\\ude00", "\\uD83D\\uDE00", "\\\\ud83d\\\\ude00", "&#128512;", "\\u{1f600}", "\\U0001F600"],
            ),
        ] {
            for spelling in spellings {
                assert_eq!(meant(spelling).as_deref(), Some(character), "{spelling}");
            }
        }
        for nothing in ["\\ud83d", "%zz", "&none;", "&#;", "\\u12", "&#x110000;", "\\u{}x"] {
            assert_eq!(meant(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_cut_escape_waits_for_more_input() {
        let mut readings = Vec::new();
        for cut in ["\\", "\\u00", "\\ud83d", "%", "%2", "%25", "&", "&am", "&#4", "&#47"] {
            assert!(read_all(cut.as_bytes(), 0, false, &mut readings).is_err(), "{cut}");
        }
        for whole in ["\\n", "%2F", "%25z", "&lt;x", "&#47;", "% "] {
            assert!(read_all(whole.as_bytes(), 0, false, &mut readings).is_ok(), "{whole}");
        }
        assert!(read_all("%".repeat(200).as_bytes(), 0, false, &mut readings).is_ok());
    }
}
