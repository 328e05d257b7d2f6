//! A file that a run hands on piece by piece: too large to hold, so it leaves by a way of its own.
//!
//! The step leaves the open file here and, in its output, a text that stands in its place; whoever runs the
//! action puts the pieces there.

use std::sync::{Mutex, PoisonError};

use patchbay_egress::BodyStream;

use crate::redaction::stream_redactor::StreamRedactor;

/// What is known of a file beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMetadata {
    /// Its media type, as the provider gives it.
    pub content_type: Option<String>,
    /// Its name, without directories.
    pub file_name: Option<String>,
    /// Its length in bytes, where that is known before it comes.
    pub length: Option<u64>,
    /// When it was changed last, as the provider gives it.
    pub last_modified: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
}

/// A file whose content is still to come.
pub struct StreamedFile {
    /// Its content.
    pub content: BodyStream,
    /// Takes the account's secrets out of it.
    pub redactor: StreamRedactor,
    /// What is known of it.
    pub metadata: FileMetadata,
    /// Whether the content is text, else it is base64 in JSON.
    pub is_text: bool,
    /// What stands in its place in the result.
    pub placeholder: String,
}

/// Where a run leaves its file.
#[derive(Default)]
pub struct StreamSlot(Mutex<Option<StreamedFile>>);

impl StreamSlot {
    /// Leaves a file, in place of one before.
    pub fn put(&self, file: StreamedFile) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    /// Takes the file that was left.
    pub fn take(&self) -> Option<StreamedFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
