//! The target of redaction: a secret is found in every spelling, at every place and in every division into chunks.

use patchbay_runtime::Redactor;

/// The digits of base64 (RFC 4648, sections 4 and 5).
const BASE64_DIGITS: [&[u8; 64]; 2] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
];

/// Decisions that the bytes of an input make; zero after its end.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    fn next(&mut self, count: u8) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                first % count
            }
            None => 0,
        }
    }
}

/// Checks that the text of the input, which has a secret in any spelling between other bytes, does not keep it.
pub fn redaction(data: &[u8]) {
    // Arbitrary bytes never panic, and bytes without the secret stay as they are.
    let redactor = Redactor::new(["s3cret-\u{fc}/\"+%&\\"].into_iter());
    let _ = (redactor.text(&String::from_utf8_lossy(data)), streamed(&redactor, data, &mut Choices(data)));

    let mut choices = Choices(data);
    let length = 8 + choices.next(24);
    let secret = (0..length).map(|_| secret_character(&mut choices)).collect::<String>();
    let rounds = choices.next(3);
    let spelling = spell(&secret, rounds, &mut choices);
    check(&secret, "before: <", &spelling, "> after", &mut choices);
}

/// Checks that a spelling of a secret is redacted between two texts that are kept.
pub fn check(secret: &str, before: &str, spelling: &str, after: &str, choices: &mut Choices<'_>) {
    let redactor = Redactor::new([secret].into_iter());
    let text = format!("{before}{spelling}{after}");
    assert_eq!(redactor.text(&text), format!("{before}[redacted]{after}"), "{secret:?} in {text:?}");
    let masked = format!("{before}{}{after}", "*".repeat(spelling.len()));
    assert_eq!(streamed(&redactor, text.as_bytes(), choices), masked.as_bytes(), "{secret:?} in {text:?}");
}

/// Returns the bytes after a redactor of streams received them in chunks.
fn streamed(redactor: &Redactor, bytes: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let (mut redactor, mut rest, mut out) = (redactor.stream_redactor(), bytes, Vec::new());
    while !rest.is_empty() {
        let length = (1 + usize::from(choices.next(40))).min(rest.len());
        let (chunk, later) = rest.split_at(length);
        out.extend_from_slice(&redactor.push(chunk.to_vec().into()));
        rest = later;
    }
    out.extend_from_slice(&redactor.finish());
    out
}

/// Chooses a character of a secret. Letters dominate, so that no spelling occurs by chance.
fn secret_character(choices: &mut Choices<'_>) -> char {
    match choices.next(4) {
        0 => char::from(b'a' + choices.next(26)),
        1 => char::from(b'!' + choices.next(94)),
        2 => ['/', '+', '=', '"', '&', '%', '\\', '<', '>', ' ', '\'', '-', '_'][usize::from(choices.next(13))],
        _ => ['\u{fc}', '\u{df}', '\u{20ac}', '\u{1f511}', '\u{43a}', 'Z', '7', 'u'][usize::from(choices.next(8))],
    }
}

/// Returns a spelling of a secret: as text, in base64 or in hexadecimal digits, then with `rounds` of escapes.
pub fn spell(secret: &str, rounds: u8, choices: &mut Choices<'_>) -> String {
    let form = choices.next(8);
    let mut spelling = match form {
        0 => base64(secret, choices),
        1 => secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        2 => secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        _ => secret.to_owned(),
    };
    for round in 0..rounds {
        // A mixture of escapes, or one escape for all characters.
        let one = choices.next(2) == 0;
        let escape = choices.next(ESCAPES);
        spelling = spelling
            .chars()
            .map(|character| {
                let escape = if one { escape } else { choices.next(ESCAPES) };
                escaped(character, escape, round == 0 && form > 2)
            })
            .collect();
    }
    spelling
}

/// Returns base64 of a secret with nothing before it, so that each of its digits depends on the secret.
fn base64(secret: &str, choices: &mut Choices<'_>) -> String {
    let alphabet = BASE64_DIGITS[usize::from(choices.next(2))];
    let mut text = String::new();
    for group in secret.as_bytes().chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| (bits << 8) | usize::from(*byte)) << (8 * (3 - group.len()));
        text.extend((0..=group.len()).map(|digit| char::from(alphabet[(bits >> (18 - 6 * digit)) & 63])));
    }
    let padding = (4 - text.len() % 4) % 4;
    text.extend((0..padding * usize::from(choices.next(2))).map(|_| '='));
    text
}

/// The number of escapes.
pub const ESCAPES: u8 = 15;

/// Returns a character in one escape; itself if the escape has no form for it.
fn escaped(character: char, escape: u8, is_form: bool) -> String {
    let code = u32::from(character);
    let bytes = |format: fn(u8) -> String| character.to_string().bytes().map(format).collect();
    match escape {
        0 => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        1 => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
        2 => bytes(|byte| format!("%{byte:02x}")),
        3 => bytes(|byte| format!("%{byte:02X}")),
        4 => format!("&#{code};"),
        5 => format!("&#x{code:x};"),
        6 => format!("&#X{code:04X};"),
        7 => format!("&#{code:05};"),
        8 => bytes(|byte| format!("\\x{byte:02x}")),
        9 => format!("\\u{{{code:x}}}"),
        // `encodeURI` and others leave letters and `/` as they are.
        10 if !character.is_ascii_alphanumeric() && character != '/' => bytes(|byte| format!("%{byte:02X}")),
        // JSON as most programs write it, and with `\/`.
        11 if matches!(character, '"' | '\\' | '/') => format!("\\{character}"),
        12 if matches!(character, '&' | '<' | '>' | '"' | '\'') => {
            let names = [('&', "amp"), ('<', "lt"), ('>', "gt"), ('"', "quot"), ('\'', "apos")];
            let name = names.iter().find(|(known, _)| *known == character).map_or("", |(_, name)| name);
            format!("&{name};")
        }
        // Only in the first round, a space may be `+`.
        13 if is_form && character == ' ' => "+".to_owned(),
        _ => character.to_string(),
    }
}
