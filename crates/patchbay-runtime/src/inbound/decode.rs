//! Reads bytes that are written as text.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Reads padded and unpadded text; writes none.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Reads base64 (RFC 4648, section 4), with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads base64 for URLs (RFC 4648, section 5), with or without padding.
pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// Reads hexadecimal digits in any case.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_texts_are_read() {
        assert_eq!(hex("00fFa9"), Some(vec![0, 255, 169]));
        assert_eq!(hex(""), Some(Vec::new()));
        for wrong in ["0", "0g", "+1", " 00", "0é"] {
            assert_eq!(hex(wrong), None, "{wrong}");
        }
        assert_eq!((base64("+/8="), base64("+/8")), (Some(vec![251, 255]), Some(vec![251, 255])));
        assert_eq!((base64url("-_8"), base64url("+/8"), base64("-_8")), (Some(vec![251, 255]), None, None));
    }
}
