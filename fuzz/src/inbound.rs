//! The target of inbound signatures: any header is read within bounds, or refused, and what is written is read again.

use patchbay_connector::definition::{SignatureEncoding, SignatureSource, ValueSource};
use patchbay_runtime::inbound::signature_values;

/// Reads the text of the input, whose first bytes choose the rule.
pub fn inbound(data: &[u8]) {
    let [choice, rest @ ..] = data else { return };
    let text = String::from_utf8_lossy(rest);
    let rule = SignatureSource {
        source: ValueSource::Header("x-signature".to_owned()),
        prefix: [None, Some("v0="), Some("v1,"), Some("sha256=")][usize::from(choice & 3)].map(str::to_owned),
        separator: [None, Some(","), Some(" "), Some(", ")][usize::from(choice >> 2 & 3)].map(str::to_owned),
        key: [None, Some("v1"), Some("sha256"), Some("t")][usize::from(choice >> 4 & 3)].map(str::to_owned),
        many: choice & 128 != 0,
        encoding: [SignatureEncoding::Hex, SignatureEncoding::Base64][usize::from(choice >> 6 & 1)],
    };
    if let Ok(found) = signature_values(&text, &rule) {
        assert!((1..=if rule.many { 16 } else { 1 }).contains(&found.len()));
        assert!(found.iter().map(Vec::len).sum::<usize>() <= text.len());
    }
    let digits = rest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let stripe = SignatureSource {
        prefix: None,
        separator: Some(",".to_owned()),
        key: Some("v1".to_owned()),
        encoding: SignatureEncoding::Hex,
        ..rule
    };
    // A header of more than 8 KiB is refused.
    if digits.len() < 8000 {
        assert_eq!(signature_values(&format!("t=1,v1={digits}"), &stripe), Ok(vec![rest.to_vec()]));
    }
}
