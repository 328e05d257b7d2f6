//! Recognizes pages for people among the responses of APIs.

/// Checks whether a body is a page for people: it is from a server in between, not from the provider's API.
pub fn is_page(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_recognized() {
        for page in ["<html>", " \r\n<!DOCTYPE html>", "\u{feff}<html>", "<?xml version=\"1.0\"?>"] {
            assert!(is_page(page.as_bytes()), "{page}");
        }
        for other in ["", "{}", "error=invalid_grant", "blocked"] {
            assert!(!is_page(other.as_bytes()), "{other}");
        }
    }
}
