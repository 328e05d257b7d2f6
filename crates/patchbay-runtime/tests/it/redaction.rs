//! Secrets are redacted in every spelling.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use patchbay_runtime::Redactor;
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "../../../../fuzz/src/redaction.rs"]
mod target;

use target::{Choices, check, spell};

const SECRET: &str = "S3cr+t/\"va&lue\" ü<%>=\\x";

/// Returns the spellings that programs write: the name of the spelling and its text.
fn table() -> Vec<(&'static str, String)> {
    let each = |escape: fn(char) -> String| SECRET.chars().map(escape).collect::<String>();
    let percent = |byte: u8| format!("%{byte:02X}");
    let reserved = |kept: &str| {
        let encode = |byte: u8| match char::from(byte) {
            letter if letter.is_ascii_alphanumeric() || kept.contains(letter) => letter.to_string(),
            _ => percent(byte),
        };
        SECRET.bytes().map(encode).collect::<String>()
    };
    let json = serde_json::to_string(SECRET).unwrap().trim_matches('"').to_owned();
    let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let dotnet = SECRET.replace('\\', "\\\\").replace('+', "\\u002B").replace('"', "\\u0022").replace('&', "\\u0026");
    let go = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    vec![
        ("plain", SECRET.to_owned()),
        ("JSON", json.clone()),
        ("JSON with a slash of PHP", json.replace('/', "\\/").replace('ü', "\\u00fc")),
        ("JSON in JSON", json.replace('\\', "\\\\").replace('"', "\\\"")),
        (".NET", dotnet.replace('<', "\\u003C").replace('>', "\\u003E").replace('ü', "\\u00FC")),
        ("Gson", go.replace('=', "\\u003d").replace('\'', "\\u0027")),
        ("Go", go.clone()),
        ("Python", json.replace('ü', "\\u00fc")),
        ("JSON, all escaped", each(|c| format!("\\u{:04x}", u32::from(c)))),
        ("JSON, all escaped in JSON", each(|c| format!("\\\\u{:04X}", u32::from(c)))),
        ("percent", reserved("")),
        ("percent in lower case", SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ("percent, all", SECRET.bytes().map(percent).collect()),
        ("percent, the slash as it is", reserved("/")),
        ("percent, a form", reserved("").replace("%20", "+")),
        ("percent, encodeURI", reserved(";,/?:@&=+$-_.!~*'()#")),
        ("percent twice", reserved("").replace('%', "%25")),
        ("percent three times", reserved("").replace('%', "%2525")),
        ("percent, all twice", SECRET.bytes().map(percent).collect::<String>().bytes().map(percent).collect()),
        ("percent in JSON of Go", reserved("").replace('%', "\\u0025")),
        ("HTML", html.clone()),
        ("HTML in attributes", html.replace('"', "&quot;").replace('\'', "&#39;")),
        ("HTML of Go", html.replace('"', "&#34;").replace('\'', "&#39;")),
        ("HTML of JavaScript libraries", html.replace('"', "&quot;").replace('/', "&#x2F;").replace('=', "&#x3D;")),
        (
            "HTML, all named",
            html.replace('"', "&quot;").replace('/', "&sol;").replace('+', "&plus;").replace('ü', "&uuml;"),
        ),
        ("HTML, decimal", each(|c| format!("&#{};", u32::from(c)))),
        ("HTML, hexadecimal with zeros", each(|c| format!("&#X000{:x};", u32::from(c)))),
        ("HTML twice", html.replace('&', "&amp;")),
        ("HTML in JSON of Go", html.replace('\\', "\\\\").replace('"', "&#34;").replace('&', "\\u0026")),
        ("a string of Python", SECRET.replace('\\', "\\\\").replace('ü', "\\xfc")),
        ("bytes of Python", SECRET.replace('\\', "\\\\").replace('ü', "\\xc3\\xbc")),
        ("escape() of JavaScript", reserved("").replace("%C3%BC", "%FC")),
        ("hexadecimal", SECRET.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("hexadecimal in upper case", SECRET.bytes().map(|byte| format!("{byte:02X}")).collect()),
        ("base64", STANDARD.encode(SECRET)),
        ("base64 without padding", STANDARD_NO_PAD.encode(SECRET)),
        ("base64 for URLs", URL_SAFE.encode(SECRET)),
        ("base64 for URLs without padding", URL_SAFE_NO_PAD.encode(SECRET)),
        ("base64 in a URL", STANDARD.encode(SECRET).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
        ("base64 of .NET", STANDARD.encode(SECRET).replace('+', "\\u002B")),
    ]
}

/// Each position in such a run has very many readings.
#[test]
fn runs_of_the_characters_of_escapes_are_found() {
    let json = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let percent = |text: &str| {
        let encode = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) };
        text.chars().map(encode).collect::<String>()
    };
    for run in ["\\", "%", "&", "\\%", "\\\""] {
        for count in [1, 2, 5, 10, 15, 20] {
            let secret = format!("s3cret-x{}", run.repeat(count));
            for spelling in
                [secret.clone(), json(&secret), json(&json(&secret)), percent(&secret), percent(&percent(&secret))]
            {
                check(&secret, "before: <", &spelling, "> after", &mut Choices(&[]));
            }
        }
    }
}

#[test]
fn every_spelling_of_the_table_is_redacted() {
    for (name, spelling) in table() {
        for (before, after) in
            [("", ""), ("key=", "&next=1"), ("{\"a\":\"", "\"}"), ("<p>", "</p>"), ("\u{fc}", "\u{fc}")]
        {
            assert!(!spelling.is_empty(), "{name}");
            check(SECRET, before, &spelling, after, &mut Choices(&[0, 3, 1]));
        }
    }
}

#[test]
fn base64_is_redacted_at_each_offset() {
    for (before, after) in (0..7).flat_map(|before| (0..7).map(move |after| (before, after))) {
        let text = format!("{}{SECRET}{}", "u".repeat(before), "v".repeat(after));
        for base64 in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            let lines = base64.as_bytes().chunks(20).map(|line| String::from_utf8_lossy(line).into_owned());
            for base64 in [base64.clone(), lines.collect::<Vec<_>>().join("\r\n")] {
                let clean = Redactor::new([SECRET].into_iter()).text(&format!("a: {base64} ;")).into_owned();
                let (first, last) = clean.split_once("[redacted]").unwrap();
                // At most one digit that depends on the secret is left in front, with at most four of its bits.
                assert!(
                    first.len() <= 3 + before.div_ceil(3) * 4 && last.len() <= 4 + after.div_ceil(3) * 4 + 2,
                    "{clean}"
                );
            }
        }
    }
}

#[test]
fn the_proxied_json_of_each_spelling_is_redacted_and_valid() {
    let redactor = Redactor::new([SECRET].into_iter());
    for (name, spelling) in table() {
        let value = json!({ "n": 1.5, "list": [{ (spelling.as_str()): format!("key={spelling}!") }], "s": "kept" });
        let clean = serde_json::from_slice::<Value>(&redactor.json(Bytes::from(value.to_string())).unwrap()).unwrap();
        let expected = json!({ "n": 1.5, "list": [{ "[redacted]": "key=[redacted]!" }], "s": "kept" });
        assert_eq!(clean, expected, "{name}");
    }
    let escaped = r#"["\u0053\u0033cr\u002Bt\/\"va\u0026lue\" \u00fc\u003c%\u003e\u003d\\x"]"#;
    assert_eq!(redactor.json(Bytes::from_static(escaped.as_bytes())).unwrap(), "[\"[redacted]\"]");
}

#[test]
fn literal_escapes_in_a_secret_are_found_next_to_escapes() {
    for (secret, text, clean) in [
        ("a%41%42cd", "x a%41%42cd y", "x [redacted] y"),
        ("a%41%42cd", "x a%2541%2542cd y", "x [redacted] y"),
        ("abcd%", "abcd%41", "[redacted]41"),
        ("abcd\\", "abcd\\n", "[redacted]n"),
        ("abcd\\", "abcd\\\\\\n", "[redacted]n"),
        ("41abcd", "%41abcd", "%[redacted]"),
        ("u0041bc/d", "\\\\u0041bc\\/d", "\\\\[redacted]"),
        ("amp;abc/", "&amp;abc&#47;", "&[redacted]"),
        ("aaaaab", "aaaaaaaaab aaaab", "aaaa[redacted] aaaab"),
        ("aaaaab", "aaa%61%61a%61aab aaaab", "aaa%61[redacted] aaaab"),
        ("abcabd", "abcab%63abd", "abc[redacted]"),
        ("secret", "secretsecret-secre", "[redacted][redacted]-secre"),
        ("a b+c", "a+b%20c a%20b%2Bc", "[redacted] [redacted]"),
    ] {
        assert_eq!(Redactor::new([secret].into_iter()).text(text), clean, "{secret} in {text}");
    }
}

#[test]
fn a_long_repetitive_secret_takes_linear_time() {
    // A search that begins again at each position, or that keeps each prefix, takes minutes.
    let (secret, length) = ("a".repeat(2_000) + "b", 30_000);
    let redactor = Redactor::new([secret.as_str(), &"%61".repeat(1_000), &"\\".repeat(1_000)].into_iter());
    for piece in ["a", "%61", "%2561", "\\u0061", "&#97;", "%", "\\", "&", "%25", "\\\\", "&amp;", "=", "YWFh", "61"] {
        let text = piece.repeat(length / piece.len());
        let clean = redactor.text(&text);
        assert!(clean == text || clean.contains("[redacted]"), "{piece}");
        let mut stream = redactor.stream_redactor();
        let chunks = text.as_bytes().chunks(16_384).map(|chunk| stream.push(Bytes::copy_from_slice(chunk)).len());
        let passed = chunks.sum::<usize>();
        assert_eq!(passed + stream.finish().len(), text.len(), "{piece}");
    }
}

#[test]
fn the_redaction_target_accepts_its_seeds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/redaction");
    let seeds = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let seeds = seeds.collect::<Vec<_>>();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| target::redaction(seed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn random_spellings_are_redacted(
        secret in "[a-zA-Z0-9/+=\"&%<>\\\\ '\\-_.:;#ux{}ü€😀]{8,40}",
        before in "[a-zäö .,:\"{}<>()]{0,20}[ :\"(]",
        after in "[ \"<)][a-zäö .,:\"{}<>()]{0,20}",
        rounds in 0_u8..3,
        choices in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut choices = Choices(&choices);
        let spelling = spell(&secret, rounds, &mut choices);
        prop_assume!(!before.contains(&secret) && !after.contains(&secret));
        check(&secret, &before, &spelling, &after, &mut choices);
    }

    #[test]
    fn arbitrary_bytes_are_kept_in_every_division(data in prop::collection::vec(any::<u8>(), 0..400)) {
        target::redaction(&data);
    }

    #[test]
    fn other_text_is_not_changed(text in "[a-z0-9%&;#\\\\u/+=\" ]{0,300}") {
        let redactor = Redactor::new(["QQQQQQQQ-QQQ", "ZZZZ\u{fc}ZZZZZZ"].into_iter());
        prop_assert_eq!(redactor.text(&text), text.as_str());
    }
}
