//! A file that a run streams because it is too large for memory.
//!
//! The step puts the open file into a slot and a placeholder into its output. The caller of the run replaces the
//! placeholder by the content.

use std::sync::{Mutex, PoisonError};

use patchbay_egress::BodyStream;

use crate::redaction::stream_redactor::StreamRedactor;

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
