//! Finds what looks like a secret of anybody: private keys, tokens, card and account numbers. For texts that are kept, such as
//! those of logs.
//!
//! Found by form: PEM private keys, JWTs (RFC 7519), tokens with a well-known prefix, credentials after `Bearer` or `Basic`
//! (RFC 9110 section 11.6.2), card numbers (ISO/IEC 7812: 13 to 19 digits with a correct check digit, in groups or not), and IBANs
//! (ISO 13616, check digits). A number that only looks like a card is redacted too: one in ten numbers of that length.
//!
//! A text is searched as it is, and in each meaning of its percent-encoding and of its Unicode spaces, dashes and digits
//! ([`meanings`]): `4111%2D1111…` is a card as `4111-1111…` is.

use std::{borrow::Cow, ops::Range};

use memchr::memmem;
use serde_json::Value;

/// A well-known beginning of tokens, and the number of characters that follow at least.
const PREFIXES: [(&str, usize); 47] = [
    ("AIza", 30),
    ("AKIA", 12),
    ("ASIA", 12),
    ("EAAC", 20),
    ("GOCSPX-", 16),
    ("PMAK-", 20),
    ("SG.", 20),
    ("SK", 32),
    ("dapi", 30),
    ("doo_v1_", 20),
    ("dop_v1_", 20),
    ("dp.pt.", 20),
    ("figd_", 20),
    ("ghe_", 20),
    ("gho_", 20),
    ("ghp_", 20),
    ("ghr_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("glsa_", 20),
    ("hf_", 20),
    ("hvs.", 20),
    ("key-", 32),
    ("lin_api_", 20),
    ("npm_", 20),
    ("ntn_", 20),
    ("pat-na1-", 20),
    ("patch_v1_", 16),
    ("pypi-", 20),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("secret_", 30),
    ("shpat_", 20),
    ("shpca_", 20),
    ("shpss_", 20),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("sq0atp-", 16),
    ("sq0csp-", 16),
    ("v1.local.", 16),
    ("whsec_", 16),
    ("xapp-", 16),
    ("xox", 12),
    ("ya29.", 16),
];

/// The shortest text that contains anything of this.
const MIN_BYTES: usize = 12;
/// The shortest credentials after `Bearer` or `Basic`.
const MIN_CREDENTIALS: usize = 8;
/// The numbers of digits of cards.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// The numbers of characters of IBANs.
const IBAN_CHARACTERS: std::ops::RangeInclusive<usize> = 15..=34;
/// Parts of the names of headers and members whose values are secret.
const SECRET_WORDS: [&str; 5] = ["key", "token", "secret", "signature", "password"];
/// Other names of headers whose values are secret.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Returns whether the value of a header or a member with this name is secret, in any case.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_HEADERS.contains(&name.as_str()) || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Returns the text with everything redacted that looks like a secret.
pub fn redact_secrets(text: &str) -> Cow<'_, str> {
    if text.len() < MIN_BYTES {
        return Cow::Borrowed(text);
    }
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut redacted, mut at) = (String::with_capacity(text.len()), 0);
    for (range, kind) in found {
        redacted.push_str(&text[at..range.start]);
        redacted.push_str("[redacted:");
        redacted.push_str(kind);
        redacted.push(']');
        at = range.end;
    }
    redacted.push_str(&text[at..]);
    Cow::Owned(redacted)
}

/// Redacts a JSON value: members with secret names, and what looks like a secret in texts, keys and numbers.
pub fn redact_secrets_in(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redact_secrets(text) {
                *text = redacted;
            }
        }
        Value::Number(number) => {
            if let Cow::Owned(redacted) = redact_secrets(&number.to_string()) {
                *value = Value::String(redacted);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_secrets_in),
        Value::Object(members) => {
            if members.keys().any(|key| matches!(redact_secrets(key), Cow::Owned(_))) {
                let renamed = std::mem::take(members).into_iter();
                *members = renamed.map(|(key, member)| (redact_secrets(&key).into_owned(), member)).collect();
            }
            for (name, member) in members {
                let is_empty = member.is_null() || member.is_boolean() || member.as_str().is_some_and(str::is_empty);
                if is_secret_name(name) && !is_empty {
                    *member = Value::String("[redacted:name]".to_owned());
                } else {
                    redact_secrets_in(member);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Returns the last place at or before `end` at which a cut leaves no part of what looks like a secret.
pub(super) fn before_secret(text: &str, end: usize) -> usize {
    let is_cut = |range: &Range<usize>| range.start < end && end < range.end;
    find(text).into_iter().map(|(range, _)| range).find(is_cut).map_or(end, |range| range.start)
}

/// Returns what was found in all meanings of a text, in order, without overlaps.
fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = find_in(text.as_bytes());
    for Meaning { bytes, places } in meanings(text) {
        found.extend(find_in(&bytes).into_iter().filter_map(|(range, kind)| {
            let (first, last) = (places.get(range.start)?, places.get(range.end.checked_sub(1)?)?);
            Some((first.start..last.end, kind))
        }));
    }
    found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    found.dedup_by(|(next, _), (kept, _)| {
        let overlaps = next.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
    found
}

/// How often a text is decoded: `%252D` is a hyphen after two times.
const MAX_DECODED: usize = 3;

/// A meaning of a text.
struct Meaning {
    bytes: Vec<u8>,
    /// The place of each byte in the text.
    places: Vec<Range<usize>>,
}

/// Returns what a text means once its percent-encoding is decoded, once, twice and so on, with ASCII in place of other spaces,
/// dashes and digits. Nothing for a text that means only itself.
fn meanings(text: &str) -> Vec<Meaning> {
    let mut found = Vec::new();
    if text.is_ascii() && !text.contains('%') {
        return found;
    }
    let mut before =
        Meaning { bytes: text.as_bytes().to_vec(), places: (0..text.len()).map(|at| at..at + 1).collect() };
    for _ in 0..MAX_DECODED {
        let decoded = rewritten(&rewritten(&before, percent), plain);
        if decoded.bytes == before.bytes {
            break;
        }
        found.push(std::mem::replace(&mut before, decoded));
    }
    found.push(before);
    // The first one is the text itself.
    found.remove(0);
    found
}

/// The length of an escape, and the byte that it stands for.
type Escape = (usize, Option<u8>);

/// Rewrites a meaning. `rewrite` returns how many of the bytes stand for another byte or for nothing.
fn rewritten(meaning: &Meaning, rewrite: fn(&[u8]) -> Option<Escape>) -> Meaning {
    let Meaning { bytes, places } = meaning;
    let mut rewritten = Meaning { bytes: Vec::with_capacity(bytes.len()), places: Vec::with_capacity(bytes.len()) };
    let mut at = 0;
    while at < bytes.len() {
        let (length, byte) = rewrite(&bytes[at..]).unwrap_or((1, Some(bytes[at])));
        if let Some(byte) = byte {
            rewritten.bytes.push(byte);
            rewritten.places.push(places[at].start..places[at + length - 1].end);
        }
        at += length;
    }
    rewritten
}

/// Returns the byte that `%XX` stands for.
fn percent(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((3, Some(digit(high)? << 4 | digit(low)?)))
}

/// Returns the ASCII character that a space, dash or digit of Unicode stands for in UTF-8; none for an invisible one.
const fn plain(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text {
        [0xc2, 0xa0, ..] => Some((2, Some(b' '))),
        [0xc2, 0xad, ..] => Some((2, None)),
        [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] | [0xe3, 0x80, 0x80, ..] => {
            Some((3, Some(b' ')))
        }
        [0xe2, 0x80, 0x8b..=0x8d, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => Some((3, None)),
        [0xe2, 0x80, 0x90..=0x95, ..] | [0xe2, 0x88, 0x92, ..] => Some((3, Some(b'-'))),
        [0xef, 0xbc, digit @ 0x90..=0x99, ..] => Some((3, Some(*digit - 0x90 + b'0'))),
        _ => None,
    }
}

/// Returns what was found in a text, in order, without overlaps. Every range begins and ends with an ASCII character.
fn find_in(text: &[u8]) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let range =
            if text[at] == b'-' { private_key(&text[at..]).map(|length| (length, "private_key")) } else { None };
        let range = range.or_else(|| {
            begins_word(text, at)
                .then(|| at_word(&text[at..], at == 0 || !text[at - 1].is_ascii_alphanumeric()))
                .flatten()
        });
        match range {
            Some((length, kind)) => {
                found.push((at..at + length, kind));
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// Returns whether a token or a number can begin here.
fn begins_word(text: &[u8], at: usize) -> bool {
    if !text[at].is_ascii_alphanumeric() {
        return false;
    }
    let Some(before) = at.checked_sub(1).map(|before| text[before]) else { return true };
    // Digits can begin after a letter, letters after a digit or an underscore do not.
    if text[at].is_ascii_digit() { !before.is_ascii_digit() } else { !before.is_ascii_alphanumeric() }
}

/// Returns the length and the kind of what begins here.
fn at_word(text: &[u8], is_start: bool) -> Option<(usize, &'static str)> {
    if text[0].is_ascii_digit() {
        return card(text).map(|length| (length, "card"));
    }
    if !is_start {
        return None;
    }
    if let Some(length) = credentials(text) {
        return Some((length, "bearer"));
    }
    if let Some(length) = jwt(text) {
        return Some((length, "jwt"));
    }
    let token = token_length(text);
    if PREFIXES.iter().any(|(prefix, least)| {
        token >= prefix.len() + least
            && text.starts_with(prefix.as_bytes())
            && has_digit_or_case(&text[prefix.len()..token])
    }) {
        return Some((token, "token"));
    }
    iban(text).map(|length| (length, "iban"))
}

/// Returns whether a text is not a plain word, as the rest of `SKIPPED…` would be.
fn has_digit_or_case(text: &[u8]) -> bool {
    let (upper, lower) = (text.iter().any(u8::is_ascii_uppercase), text.iter().any(u8::is_ascii_lowercase));
    text.iter().any(u8::is_ascii_digit) || (upper && lower)
}

/// Returns the length of the token that begins here (RFC 6750 section 2.1: `b64token`).
fn token_length(text: &[u8]) -> usize {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let length = text.iter().position(|byte| !is_token(byte)).unwrap_or(text.len());
    // A point at the end belongs to the sentence.
    text[..length].iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1)
}

/// Returns the length of `Bearer TOKEN` or `Basic CREDENTIALS`, in any case.
fn credentials(text: &[u8]) -> Option<usize> {
    let scheme = ["bearer", "basic"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())))?;
    let rest = &text[scheme.len()..];
    // A plus is a space of a form.
    let spaces = rest.iter().position(|byte| !b" \t+".contains(byte)).filter(|spaces| *spaces > 0)?;
    let token = token_length(&rest[spaces..]);
    let credentials = &rest[spaces..spaces + token];
    let is_word = credentials.iter().all(u8::is_ascii_lowercase);
    (token >= MIN_CREDENTIALS && !is_word).then_some(scheme.len() + spaces + token)
}

/// Returns the length of the JWT that begins here: three parts in base64url (RFC 7515), or five (RFC 7516), of which the first
/// begins with `{"`. What follows, such as `/` or `.json`, does not belong to it.
fn jwt(text: &[u8]) -> Option<usize> {
    if !text.starts_with(b"eyJ") {
        return None;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=".contains(byte);
    let (mut ends, mut lengths, mut at) = ([0; 5], [0; 5], 0);
    let mut parts = 0;
    while parts < ends.len() {
        lengths[parts] = text[at..].iter().position(|byte| !is_part(byte)).unwrap_or(text.len() - at);
        ends[parts] = at + lengths[parts];
        parts += 1;
        if text.get(ends[parts - 1]) != Some(&b'.') {
            break;
        }
        at = ends[parts - 1] + 1;
    }
    // The key of five parts may be missing.
    let is_encrypted = parts == 5 && lengths[2..].iter().all(|length| *length > 0);
    match parts {
        _ if is_encrypted => Some(ends[4]),
        3.. if lengths[1] >= 2 => Some(ends[2]),
        _ => None,
    }
}

/// Returns the length of a private key in PEM (RFC 7468), which may lack its end.
fn private_key(text: &[u8]) -> Option<usize> {
    if !text.starts_with(b"-----BEGIN ") {
        return None;
    }
    let label = &text[11..text.len().min(80)];
    let label_end = memmem::find(label, b"-----")?;
    memmem::find(&label[..label_end], b"PRIVATE KEY")?;
    let body = 11 + label_end + 5;
    let Some(end) = memmem::find(&text[body..], b"-----END ") else { return Some(text.len()) };
    let end = body + end + 9;
    Some(memmem::find(&text[end..], b"-----").map_or(text.len(), |rest| end + rest + 5))
}

/// Returns the length of the card number that begins here: digits in one group, or in several with one separator between. Points,
/// underscores and pluses separate only groups as cards have them: a decimal number is not a card.
fn card(text: &[u8]) -> Option<usize> {
    let (mut digits, mut at, mut longest) = (Vec::with_capacity(20), 0, None);
    let (mut groups, mut begin, mut is_weak) = (Vec::with_capacity(5), 0, false);
    while at < text.len() && digits.len() <= *CARD_DIGITS.end() {
        let byte = text[at];
        if byte.is_ascii_digit() {
            digits.push(byte - b'0');
            at += 1;
            if text.get(at).is_some_and(u8::is_ascii_digit) {
                continue;
            }
            groups.push(digits.len() - begin);
            begin = digits.len();
            if CARD_DIGITS.contains(&digits.len()) && has_check_digit(&digits) && (!is_weak || is_grouped(&groups)) {
                longest = Some(at);
            }
        } else if b" -._+".contains(&byte) && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
            is_weak |= b"._+".contains(&byte);
            at += 1;
        } else {
            break;
        }
    }
    longest
}

/// Returns whether groups of digits are those of cards, such as 4-4-4-4 and 4-6-5.
fn is_grouped(groups: &[usize]) -> bool {
    groups.len() >= 3 && groups[0] == 4 && groups.iter().all(|digits| (1..=7).contains(digits))
}

/// Returns whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B). A number of zeros is not a card.
fn has_check_digit(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let values = digits.iter().rev().enumerate();
    let sum =
        values.map(|(place, digit)| u32::from(if place % 2 == 1 { doubled(*digit) } else { *digit })).sum::<u32>();
    sum % 10 == 0 && digits.iter().any(|digit| *digit != digits[0])
}

/// Returns the length of the IBAN that begins here, in one group or in groups with one separator between.
fn iban(text: &[u8]) -> Option<usize> {
    let is_start = text.len() >= *IBAN_CHARACTERS.start()
        && text[..2].iter().all(u8::is_ascii_uppercase)
        && text[2..4].iter().all(u8::is_ascii_digit);
    if !is_start {
        return None;
    }
    let (mut characters, mut at, mut longest) = (Vec::with_capacity(34), 0, None);
    while at < text.len() && characters.len() < *IBAN_CHARACTERS.end() {
        let byte = text[at];
        let is_part = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        if is_part(&byte) {
            characters.push(byte);
            at += 1;
            let is_group_end = !text.get(at).is_some_and(u8::is_ascii_alphanumeric);
            if is_group_end && IBAN_CHARACTERS.contains(&characters.len()) && has_check_digits(&characters) {
                longest = Some(at);
            }
        } else if b" -._+".contains(&byte) && text.get(at + 1).is_some_and(is_part) {
            at += 1;
        } else {
            break;
        }
    }
    longest
}

/// Returns whether the check digits of an IBAN are correct (ISO/IEC 7064, MOD 97-10).
fn has_check_digits(characters: &[u8]) -> bool {
    let rearranged = characters[4..].iter().chain(&characters[..4]);
    let remainder = rearranged.fold(0_u32, |remainder, character| match character {
        b'0'..=b'9' => (remainder * 10 + u32::from(character - b'0')) % 97,
        _ => (remainder * 100 + u32::from(character - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz";

    #[test]
    fn secrets_are_found_by_their_form() {
        for (text, expected) in [
            ("card 4111111111111111.", "card [redacted:card]."),
            ("card 4111 1111 1111 1111 123", "card [redacted:card] 123"),
            ("card=4111-1111-1111-1111&x=1", "card=[redacted:card]&x=1"),
            ("/cards/5555555555554444/charge", "/cards/[redacted:card]/charge"),
            ("x378282246310005", "x[redacted:card]"),
            ("2 6011000990139424 3", "2 [redacted:card] 3"),
            ("6304000000000000 and 4222222222222", "[redacted:card] and [redacted:card]"),
            ("IBAN DE89 3704 0044 0532 0130 00, please", "IBAN [redacted:iban], please"),
            ("GB29NWBK60161331926819", "[redacted:iban]"),
            ("Authorization: Bearer abc.DEF-123_x", "Authorization: [redacted:bearer]"),
            ("basic dXNlcjpwYXNzd29yZA==;", "[redacted:bearer];"),
            ("key is sk_live_4eC39HqLyjWDarjtT1zdp7dc.", "key is [redacted:token]."),
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[redacted:token]"),
            ("\"xoxb-123456789012-abcdefGHIJ\"", "\"[redacted:token]\""),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted:token]"),
            ("a -----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY----- b", "a [redacted:private_key] b"),
            ("-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANB", "[redacted:private_key]"),
        ] {
            assert_eq!(redact_secrets(text), expected, "{text}");
        }
        for (before, after) in
            [("token=", "&x=1"), ("/t/", "/members"), ("", ".json"), ("(", ")."), ("%20", "%2Fx"), ("", ".tar.gz!")]
        {
            let redacted = redact_secrets(&format!("{before}{JWT}{after}")).into_owned();
            assert!(redacted.starts_with(&format!("{before}[redacted:jwt]")), "{redacted}");
        }
        assert_eq!(redact_secrets(&format!("{JWT}/x.json")), "[redacted:jwt]/x.json");
        assert_eq!(redact_secrets(&format!("{JWT}.json")), "[redacted:jwt].json");
        assert_eq!(redact_secrets("eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn/"), "[redacted:jwt]/");
    }

    #[test]
    fn secrets_are_found_in_percent_encoding_and_other_separators() {
        for (text, expected) in [
            ("/x/4111%2D1111%2d1111-1111/y", "/x/[redacted:card]/y"),
            ("%34111111111111111", "[redacted:card]"),
            ("a%204111111111111111", "a%20[redacted:card]"),
            ("50%4111111111111111", "50%[redacted:card]"),
            ("4111.1111.1111.1111", "[redacted:card]"),
            ("4111_1111_1111_1111", "[redacted:card]"),
            ("4111+1111+1111+1111", "[redacted:card]"),
            ("3782.822463.10005", "[redacted:card]"),
            ("4111\u{a0}1111\u{a0}1111\u{a0}1111 ü", "[redacted:card] ü"),
            ("4111%C2%A01111%c2%a01111%C2%A01111", "[redacted:card]"),
            ("4111\u{2009}1111\u{2013}1111\u{200b}1111", "[redacted:card]"),
            ("ü ４１１１111111111111 ü", "ü [redacted:card] ü"),
            ("4111%252D1111%252D1111%252D1111", "[redacted:card]"),
            ("h=Bearer%20abc.DEF-123_x&y", "h=[redacted:bearer]&y"),
            ("h=Bearer+abc.DEF-123_x&y", "h=[redacted:bearer]&y"),
            ("h=Basic%20dXNlcjpwYXNzd29yZA%3D%3D&y", "h=[redacted:bearer]&y"),
            ("DE89%203704%200044%200532%200130%2000", "[redacted:iban]"),
            ("DE89-3704-0044-0532-0130-00", "[redacted:iban]"),
            ("DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00", "[redacted:iban]"),
            ("key=s%6b_live_4eC39HqLyjWDarjtT1zdp7dc", "key=[redacted:token]"),
            ("key%3Dsk_live_4eC39HqLyjWDarjtT1zdp7dc", "key%3D[redacted:token]"),
            ("%2D----BEGIN%20PRIVATE%20KEY-----MIIB", "[redacted:private_key]"),
        ] {
            assert_eq!(redact_secrets(text), expected, "{text}");
        }
    }

    #[test]
    fn a_cut_leaves_no_part_of_a_secret() {
        let text = format!("{} 4111 1111 1111 1111 and {JWT}/x", "ü".repeat(5));
        for end in 0..text.len() {
            let cut = &text[..before_secret(&text, text.floor_char_boundary(end))];
            assert!(!redact_secrets(cut).contains("eyJ") && !redact_secrets(cut).contains('4'), "{cut}");
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in [
            "https://api.example.com/v2/contracts/018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f",
            "the bearer of this letter is welcome, basic knowledge suffices",
            "4111111111111112 has a wrong check digit",
            "12345678901234567890123 is too long",
            "0000000000000000",
            "2026-01-15T10:30:00.000Z",
            "DE00370400440532013000 has wrong check digits",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "SKIPPEDBECAUSETHECONDITIONISNOTMETATALLHERE",
            "übergröße – 漢字 text without anything",
            "short",
            "3.141592653589793 and 1234.567890123456",
            "100% of 4111 %zz %4",
        ] {
            assert!(matches!(redact_secrets(text), Cow::Borrowed(_)), "{text}: {}", redact_secrets(text));
        }
    }

    #[test]
    fn members_with_secret_names_and_numbers_are_redacted() {
        let mut value = json!({
            "name": "Ada", "apiKey": "x", "nested": [{"Client_Secret": {"a": 1}, "card": 4_111_111_111_111_111_u64}],
            "password": "", "signature_required": true, "4111111111111111": 1, "note": JWT,
        });
        redact_secrets_in(&mut value);
        let expected = json!({
            "name": "Ada", "apiKey": "[redacted:name]",
            "nested": [{"Client_Secret": "[redacted:name]", "card": "[redacted:card]"}],
            "password": "", "signature_required": true, "[redacted:card]": 1, "note": "[redacted:jwt]",
        });
        assert_eq!(value, expected);
        for name in ["Authorization", "x-api-key", "X-Hub-Signature-256", "Set-Cookie", "accessToken"] {
            assert!(is_secret_name(name), "{name}");
        }
        assert!(!is_secret_name("content-type"));
    }

    proptest! {
        #[test]
        fn any_text_is_redacted_once(text in "\\PC{0,200}") {
            let once = redact_secrets(&text).into_owned();
            prop_assert_eq!(redact_secrets(&once).into_owned(), once.clone());
        }

        #[test]
        fn a_secret_is_found_in_any_spelling(
            secret in prop::sample::select(vec![
                "4012 8888 8888 1881", "4012-8888-8888-1881", "4012.8888.8888.1881", "4012_8888_8888_1881", "4012888888881881",
                "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
                "Bearer abc.DEF-123_x", JWT,
            ]),
            encoded in prop::collection::vec(0..3_u8, 90),
            before in prop::sample::select(vec!["", "/", "a=", "%20", "%2F", "ü ", "\u{a0}"]),
            after in prop::sample::select(vec!["", "/", "&x", "%2F", " ü", "\u{a0}", ".", "%22"]),
        ) {
            let spelled = secret.bytes().zip(&encoded).map(|(byte, spelling)| match (byte, spelling) {
                (b' ', 0) => "\u{a0}".to_owned(),
                (_, 1) => format!("%{byte:02x}"),
                (_, 2) if byte.is_ascii_punctuation() => format!("%25{byte:02X}"),
                _ => char::from(byte).to_string(),
            });
            let text = format!("{before}{}{after}", spelled.collect::<String>());
            let redacted = redact_secrets(&text).into_owned();
            prop_assert!(redacted.starts_with(&format!("{before}[redacted:")), "{} {}", text, redacted);
            prop_assert!(redacted.len() <= before.len() + "[redacted:private_key]".len() + after.len(), "{} {}", text, redacted);
        }

        #[test]
        fn a_card_is_found_in_any_surroundings(before in "[a-z ]{0,20}", after in "[a-z .]{0,20}", groups in prop::bool::ANY) {
            let card = if groups { "4012 8888 8888 1881" } else { "4012888888881881" };
            let text = format!("{before}{card}{after}");
            prop_assert!(!redact_secrets(&text).contains("8888"), "{}", text);
        }
    }
}
