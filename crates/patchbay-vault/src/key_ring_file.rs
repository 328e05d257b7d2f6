//! The key ring file. It has mode 0600, and is replaced atomically when its keys change.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{KeyRing, KeyRingError};

impl KeyRing {
    /// Reads a key ring file.
    ///
    /// # Errors
    /// [`KeyRingError::Io`] if the file cannot be read, [`KeyRingError::ReadableByOthers`] if its mode lets other users read
    /// it, [`KeyRingError::Malformed`] if it is not a key ring.
    pub fn load(path: &Path) -> Result<Self, KeyRingError> {
        let io = |source| KeyRingError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyRingError::ReadableByOthers { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(io)?;
        Self::parse(&text).map_err(|error| match error {
            KeyRingError::Malformed(what) => KeyRingError::Malformed(format!("{}: {what}", path.display())),
            other => other,
        })
    }

    /// Creates a key ring file and syncs it to the disk. A file that cannot be written completely is removed.
    ///
    /// # Errors
    /// [`KeyRingError::Exists`] if the file exists, [`KeyRingError::Io`] if it cannot be written.
    pub fn create(path: &Path, ring: &Self) -> Result<(), KeyRingError> {
        let io = |source| KeyRingError::Io { path: path.to_owned(), source };
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyRingError::Exists(path.to_owned()),
            _ => io(source),
        })?;
        let written = file.write_all(ring.to_text().as_bytes()).and_then(|()| file.sync_all());
        let synced = written.and_then(|()| sync_directory(path));
        synced.map_err(|source| {
            let _ = std::fs::remove_file(path);
            io(source)
        })
    }
}

impl KeyRing {
    /// Replaces a key ring file atomically. The new file is synced to the disk before it is renamed, so that after a crash
    /// either the old or the new file exists. A temporary file of an earlier crash is removed. If `path` is a symbolic link,
    /// the file that it names is replaced, so that the keys stay on the disk that the operator chose.
    ///
    /// # Errors
    /// [`KeyRingError::Io`] if the file cannot be written or renamed.
    pub fn replace(path: &Path, ring: &Self) -> Result<(), KeyRingError> {
        let resolved = std::fs::canonicalize(path);
        let path = resolved.as_deref().unwrap_or(path);
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let new = PathBuf::from(name);
        let io = |source| KeyRingError::Io { path: path.to_owned(), source };
        match std::fs::remove_file(&new) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(io(source)),
            _ => {}
        }
        Self::create(&new, ring)?;
        std::fs::rename(&new, path).and_then(|()| sync_directory(path)).map_err(io)
    }
}

/// Syncs the directory, so that the file's name survives a power failure.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use patchbay_model::{Timestamp, testing::SeededEntropy};

    use super::*;

    #[test]
    fn the_file_is_private_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyring.json");
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        KeyRing::create(&path, &ring).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*KeyRing::load(&path).unwrap().to_text(), *ring.to_text());
        assert!(matches!(KeyRing::create(&path, &ring), Err(KeyRingError::Exists(_))));
    }

    #[test]
    fn the_file_is_replaced_atomically_after_a_crash() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyring.json");
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        KeyRing::create(&path, &ring).unwrap();
        fs::write(directory.path().join("keyring.json.new"), "{\"format\": \"patch").unwrap();
        assert_eq!(*KeyRing::load(&path).unwrap().to_text(), *ring.to_text());
        let rotated = ring.with_new_key(&SeededEntropy::new(2), Timestamp::from_micros(1));
        KeyRing::replace(&path, &rotated).unwrap();
        assert_eq!(*KeyRing::load(&path).unwrap().to_text(), *rotated.to_text());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_to_the_file_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("elsewhere.json"), directory.path().join("keyring.json"));
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        KeyRing::create(&target, &ring).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        KeyRing::replace(&link, &ring.marked_in_use()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(KeyRing::load(&target).unwrap().is_in_use());
    }

    #[test]
    fn a_file_that_others_can_read_is_rejected_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyring.json");
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        KeyRing::create(&path, &ring).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let message = KeyRing::load(&path).unwrap_err().to_string();
        assert!(message.contains("chmod 600") && message.contains("0640"), "{message}");
    }

    #[test]
    fn a_truncated_file_is_named_and_not_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyring.json");
        let ring = KeyRing::generate(&SeededEntropy::new(1), Timestamp::from_micros(0));
        KeyRing::create(&path, &ring).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let key = text.split('"').find(|part| part.len() == 44).unwrap().to_owned();
        for length in 0..text.trim_end().len() {
            fs::write(&path, &text[..length]).unwrap();
            let message = KeyRing::load(&path).unwrap_err().to_string();
            assert!(message.contains("keyring.json: line "), "{message}");
            assert!(message.ends_with("restore the file from a backup"), "{message}");
            assert!(!message.contains(&key[..8]), "{message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = KeyRing::load(Path::new("/nowhere/keyring.json")).unwrap_err().to_string();
        assert!(message.starts_with("/nowhere/keyring.json: "), "{message}");
    }
}
