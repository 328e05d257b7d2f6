//! Encodes multipart forms (RFC 7578).

/// A multipart form. Its boundary is random, so that no content can contain it.
pub(crate) struct MultipartForm {
    boundary: String,
    body: Vec<u8>,
}

impl MultipartForm {
    /// Returns an empty form.
    pub(crate) fn new(boundary: String) -> Self {
        Self { boundary, body: Vec::new() }
    }

    /// Adds a field.
    pub(crate) fn field(&mut self, name: &str, content_type: Option<&str>, value: &str) {
        let head = format!("Content-Disposition: form-data; name=\"{}\"", escaped(name));
        self.part(&head, content_type, value.as_bytes());
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, field: &str, name: &str, content_type: &str, content: &[u8]) {
        let (field, name) = (escaped(field), escaped(name));
        let head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"");
        self.part(&head, Some(content_type), content);
    }

    fn part(&mut self, head: &str, content_type: Option<&str>, content: &[u8]) {
        let content_type =
            content_type.map(|content_type| format!("Content-Type: {content_type}\r\n")).unwrap_or_default();
        self.body.extend_from_slice(format!("--{}\r\n{head}\r\n{content_type}\r\n", self.boundary).as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// Returns the content type and the body.
    pub(crate) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

/// Escapes a name for a quoted parameter, as the HTML standard's multipart/form-data encoding does: a name cannot end
/// its quotes or its line.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded_as_browsers_encode_it() {
        let mut form = MultipartForm::new("b".to_owned());
        form.field("note", None, "hi");
        form.file("file", "a\"\r\nX: y.txt", "text/plain", b"one\ntwo");
        let (content_type, body) = form.finish();
        assert_eq!(content_type, "multipart/form-data; boundary=b");
        let expected = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22%0D%0AX: y.txt\"\r\n\
                        Content-Type: text/plain\r\n\r\none\ntwo\r\n--b--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
