//! A file that a run streams because it is too large for memory.
//!
//! The step puts the open file into a slot and a placeholder into its output. The caller of the run replaces the
//! placeholder by the content.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, header};
use patchbay_egress::{BodyStream, disposition_file_name, header_text};

use crate::redaction::stream_redactor::StreamRedactor;

/// The maximum duration of a streamed download.
pub const MAX_STREAM_DURATION: Duration = Duration::from_hours(1);

/// The metadata of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMetadata {
    /// The media type, as the provider reports it.
    pub content_type: Option<String>,
    /// The file name, without directories.
    pub file_name: Option<String>,
    /// The length in bytes, if it is known before the content arrives.
    pub length: Option<u64>,
    /// The time of the last change, as the provider reports it.
    pub last_modified: Option<String>,
    /// The entity tag.
    pub etag: Option<String>,
}

impl FileMetadata {
    /// Returns the metadata in the headers of a response.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).map(|value| header_text(value).into_owned());
        // The length of a compressed body is not that of the file.
        let length = text(header::CONTENT_LENGTH).filter(|_| !headers.contains_key(header::CONTENT_ENCODING));
        Self {
            content_type: text(header::CONTENT_TYPE),
            file_name: disposition_file_name(headers).map(|name| base_name(&name)),
            length: length.and_then(|length| length.parse().ok()),
            last_modified: text(header::LAST_MODIFIED),
            etag: text(header::ETAG),
        }
    }
}

/// Returns the last part of a path.
pub(crate) fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// A file whose content has not arrived yet.
pub struct StreamedFile {
    /// The content.
    pub content: BodyStream,
    /// Redacts the account's secrets in the content.
    pub redactor: StreamRedactor,
    /// The metadata.
    pub metadata: FileMetadata,
    /// True if the content is text; otherwise it becomes base64 in JSON.
    pub is_text: bool,
    /// The placeholder in the result.
    pub placeholder: String,
}

/// Receives the streamed file of a run.
#[derive(Default)]
pub struct StreamSlot(Mutex<Option<StreamedFile>>);

impl StreamSlot {
    /// Puts a file into the slot and replaces an earlier one.
    pub fn put(&self, file: StreamedFile) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    /// Takes the file out of the slot.
    pub fn take(&self) -> Option<StreamedFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_their_directories() {
        for (path, name) in
            [("a b.pdf", "a b.pdf"), ("../../etc/passwd", "passwd"), ("C:\\temp\\new.pdf", "new.pdf"), ("a/", "")]
        {
            assert_eq!(base_name(path), name);
        }
    }

    #[test]
    fn the_length_of_a_compressed_body_is_not_that_of_the_file() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, "7".parse().unwrap());
        headers.insert(header::CONTENT_DISPOSITION, "attachment; filename*=UTF-8''%2Ftmp%2Fa.pdf".parse().unwrap());
        let metadata = FileMetadata::from_headers(&headers);
        assert_eq!((metadata.length, metadata.file_name.as_deref()), (Some(7), Some("a.pdf")));
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(FileMetadata::from_headers(&headers).length, None);
    }
}
