//! Seals of rows: those that give access, and those that decide where secrets are sent.
//!
//! A person who can write to the database, but does not have the key ring, must not be able to gain access (an API key
//! with more scopes, a password, a login) or to change a pushed connector, which decides where its accounts' secrets go. So
//! each such row contains a seal: an envelope of the vault, bound to the row, with the hash of the columns that matter. A row
//! is used only while it has the content that this server stored. A seal does not prevent two changes: a row can be
//! deleted, and a row that this server stored before can be put back.
//!
//! Rows of an earlier version have no seal. The first start after the update trusts them as they are, seals them
//! ([`seal_older_rows`]) and records that in the key ring, which is not in the database. From then on a row without a seal is
//! refused like a changed one.

use patchbay_model::{
    ApiKey, BrowserSession, ConnectorFile, ConnectorVersion, FilesDigest, LoginToken, Member, RowId, RowKind, Sealed,
};
use patchbay_storage::Storage;
use patchbay_vault::{SealContext, Secret, Vault};

use crate::{Error, ErrorCode};

/// A row with a seal.
pub(crate) trait SealedRow {
    /// Returns what identifies the row.
    fn row_id(&self) -> RowId;
    /// Returns the columns that the seal covers. Their order and form never change.
    fn sealed_content(&self) -> Vec<Vec<u8>>;
    /// Returns the place of the seal.
    fn seal_mut(&mut self) -> &mut Option<Sealed>;
    /// Returns the seal.
    fn seal(&self) -> Option<&Sealed>;
    /// Returns the row's name for a person.
    fn shown(&self) -> String;
}

impl SealedRow for ApiKey {
    fn row_id(&self) -> RowId {
        RowId { kind: RowKind::ApiKey, key: self.id.as_str().to_owned() }
    }
    fn sealed_content(&self) -> Vec<Vec<u8>> {
        let scopes = self.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let enabled = vec![u8::from(self.enabled)];
        vec![self.project_id.as_str().into(), self.hash.0.into(), scopes.into_bytes(), enabled]
    }
    fn seal_mut(&mut self) -> &mut Option<Sealed> {
        &mut self.seal
    }
    fn seal(&self) -> Option<&Sealed> {
        self.seal.as_ref()
    }
    fn shown(&self) -> String {
        format!("the API key {}", self.id)
    }
}

impl SealedRow for LoginToken {
    fn row_id(&self) -> RowId {
        RowId { kind: RowKind::LoginToken, key: self.hash.hex() }
    }
    fn sealed_content(&self) -> Vec<Vec<u8>> {
        vec![self.project_id.as_str().into(), self.expires_at.as_micros().to_be_bytes().into()]
    }
    fn seal_mut(&mut self) -> &mut Option<Sealed> {
        &mut self.seal
    }
    fn seal(&self) -> Option<&Sealed> {
        self.seal.as_ref()
    }
    fn shown(&self) -> String {
        "a login link".to_owned()
    }
}

impl SealedRow for Member {
    fn row_id(&self) -> RowId {
        RowId { kind: RowKind::Member, key: self.id.as_str().to_owned() }
    }
    fn sealed_content(&self) -> Vec<Vec<u8>> {
        let password = self.password.as_ref().map(|hash| hash.0.clone().into_bytes());
        vec![self.organization_id.as_str().into(), password.unwrap_or_default()]
    }
    fn seal_mut(&mut self) -> &mut Option<Sealed> {
        &mut self.seal
    }
    fn seal(&self) -> Option<&Sealed> {
        self.seal.as_ref()
    }
    fn shown(&self) -> String {
        format!("the member {}", self.id)
    }
}

impl SealedRow for BrowserSession {
    fn row_id(&self) -> RowId {
        RowId { kind: RowKind::BrowserSession, key: self.hash.hex() }
    }
    fn sealed_content(&self) -> Vec<Vec<u8>> {
        vec![self.member_id.as_str().into(), self.expires_at.as_micros().to_be_bytes().into()]
    }
    fn seal_mut(&mut self) -> &mut Option<Sealed> {
        &mut self.seal
    }
    fn seal(&self) -> Option<&Sealed> {
        self.seal.as_ref()
    }
    fn shown(&self) -> String {
        "the login of a browser".to_owned()
    }
}

impl SealedRow for ConnectorVersion {
    fn row_id(&self) -> RowId {
        let key = format!("{}/{}/{}", self.project_id, self.key, self.version);
        RowId { kind: RowKind::ConnectorVersion, key }
    }
    fn sealed_content(&self) -> Vec<Vec<u8>> {
        let (project, key, version) = (self.project_id.as_str().into(), self.key.clone(), self.version.clone());
        vec![project, key.into_bytes(), version.into_bytes(), self.digest.0.into()]
    }
    fn seal_mut(&mut self) -> &mut Option<Sealed> {
        &mut self.seal
    }
    fn seal(&self) -> Option<&Sealed> {
        self.seal.as_ref()
    }
    fn shown(&self) -> String {
        format!("the pushed connector {} {}", self.key, self.version)
    }
}

/// Returns the row with a seal of its content.
pub(crate) fn sealed<R: SealedRow>(vault: &Vault, mut row: R) -> R {
    let content = Secret::new(hash(&row));
    *row.seal_mut() = Some(vault.seal(&SealContext::Row(&row.row_id()), &content));
    row
}

/// Checks that a row has the content that this server stored.
pub(crate) fn is_authentic(vault: &Vault, row: &impl SealedRow) -> bool {
    let Some(seal) = row.seal() else { return false };
    vault.open(&SealContext::Row(&row.row_id()), seal).is_ok_and(|content| content.expose() == hash(row))
}

/// Checks that a row has the content that this server stored; `remedy` says what to do otherwise, in the imperative.
///
/// # Errors
/// 500 `VaultError`, which is also logged.
pub(crate) fn check(vault: &Vault, row: &impl SealedRow, remedy: &str) -> Result<(), Error> {
    if is_authentic(vault, row) { Ok(()) } else { Err(changed(row, remedy)) }
}

/// Checks that a pushed version and its files are those that were pushed.
///
/// # Errors
/// 500 `VaultError`, which is also logged.
pub(crate) fn check_files(vault: &Vault, version: &ConnectorVersion, files: &[ConnectorFile]) -> Result<(), Error> {
    if is_authentic(vault, version) && digest(files) == version.digest {
        return Ok(());
    }
    Err(changed(version, "Push the version again, or restore the database from your backup"))
}

fn changed(row: &impl SealedRow, remedy: &str) -> Error {
    let shown = row.shown();
    tracing::error!(row = ?row.row_id(), "A STORED RECORD WAS CHANGED OUTSIDE OF PATCHBAY and is not used: {shown}");
    let message = format!("{shown} is not as it was stored: the database was changed or damaged. {remedy}");
    Error::new(ErrorCode::Vault, message)
}

/// Hashes the columns that a seal covers. Each follows its length, so that different rows have different hashes.
fn hash(row: &impl SealedRow) -> String {
    let columns = row.sealed_content();
    Vault::hash_parts(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>()).hex()
}

/// Hashes sorted files. Each text follows its length, so that different lists have different hashes.
pub(crate) fn digest(files: &[ConnectorFile]) -> FilesDigest {
    let parts = files.iter().flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()]).collect::<Vec<_>>();
    FilesDigest(Vault::hash_parts(&parts).0)
}

/// Seals the rows of an earlier version as they are. The caller does this once, while the key ring does not say that they are
/// sealed ([`patchbay_vault::KeyRing::has_sealed_rows`]); an interrupted run is resumed by the next start. A pushed version
/// whose files do not have its digest is damaged, and gets no seal.
///
/// # Errors
/// Errors of the storage.
pub async fn seal_older_rows(storage: &dyn Storage, vault: &Vault) -> Result<(), Error> {
    let mut seals = Vec::new();
    add_seals(&mut seals, vault, storage.api_keys().unsealed().await?);
    add_seals(&mut seals, vault, storage.login_tokens().unsealed().await?);
    add_seals(&mut seals, vault, storage.members().unsealed().await?);
    add_seals(&mut seals, vault, storage.browser_sessions().unsealed().await?);
    for version in storage.connectors().list_all().await?.into_iter().filter(|version| version.seal.is_none()) {
        let files = storage.connectors().files(&version.project_id, &version.key, &version.version).await?;
        if files.is_some_and(|files| digest(&files) == version.digest) {
            add_seals(&mut seals, vault, vec![version]);
        } else {
            let (project, connector, version) = (version.project_id, version.key, version.version);
            tracing::error!(%project, connector, version, "the files of a pushed connector are damaged; push it again");
        }
    }
    if seals.is_empty() {
        return Ok(());
    }
    storage.sealed_records().seal_rows(&seals).await?;
    tracing::info!(rows = seals.len(), "sealed the rows of an earlier version: they were trusted as they are");
    Ok(())
}

fn add_seals<R: SealedRow>(seals: &mut Vec<(RowId, Sealed)>, vault: &Vault, rows: Vec<R>) {
    for row in rows {
        let row = sealed(vault, row);
        seals.extend(row.seal().cloned().map(|seal| (row.row_id(), seal)));
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use patchbay_model::{
        ApiKeyId, ApiScope, KeyHash, MemberId, OrganizationId, PasswordHash, ProjectId, Timestamp,
        testing::SeededEntropy,
    };
    use patchbay_vault::KeyRing;

    use super::*;

    fn vault(seed: u64) -> Vault {
        let ring = KeyRing::generate(&SeededEntropy::new(seed), Timestamp::from_micros(0));
        Vault::new(ring, Arc::new(SeededEntropy::new(seed + 100)))
    }

    fn api_key() -> ApiKey {
        ApiKey {
            id: ApiKeyId::new("1"),
            project_id: ProjectId::new("p"),
            name: "ci".to_owned(),
            hash: KeyHash([1; 32]),
            scopes: BTreeSet::from([ApiScope::ActionsExecute]),
            enabled: true,
            created_at: Timestamp::from_micros(0),
            seal: None,
        }
    }

    fn version() -> ConnectorVersion {
        ConnectorVersion {
            project_id: ProjectId::new("p"),
            key: "acme".to_owned(),
            version: "1.0.0".to_owned(),
            digest: FilesDigest([1; 32]),
            file_count: 1,
            size_bytes: 1,
            created_at: Timestamp::from_micros(0),
            seal: None,
        }
    }

    fn member() -> Member {
        Member {
            id: MemberId::new("m"),
            organization_id: OrganizationId::new("o"),
            name: "Operator".to_owned(),
            password: Some(PasswordHash("one".to_owned())),
            created_at: Timestamp::from_micros(0),
            seal: None,
        }
    }

    fn browser() -> BrowserSession {
        let now = Timestamp::from_micros(0);
        let (hash, member_id) = (KeyHash([2; 32]), MemberId::new("m"));
        BrowserSession { hash, member_id, created_at: now, expires_at: now.plus_seconds(60), seal: None }
    }

    fn token() -> LoginToken {
        let (hash, project_id) = (KeyHash([3; 32]), ProjectId::new("p"));
        LoginToken { hash, project_id, expires_at: Timestamp::from_micros(60), seal: None }
    }

    /// Checks that a sealed row is authentic, and that none of the changes is.
    fn every_change_is_found<R: SealedRow + Clone>(row: R, changes: &[fn(&mut R)]) {
        let vault = vault(1);
        assert!(!is_authentic(&vault, &row), "a row without a seal is refused");
        let row = sealed(&vault, row);
        assert!(is_authentic(&vault, &row));
        let error = check(&vault, &sealed(&self::vault(2), row.clone()), "Restore it").unwrap_err();
        assert_eq!(error.code, ErrorCode::Vault, "another key ring made the seal");
        for (number, change) in changes.iter().enumerate() {
            let mut changed = row.clone();
            change(&mut changed);
            assert!(!is_authentic(&vault, &changed), "change {number} of {}", row.shown());
        }
    }

    #[test]
    fn every_change_of_a_row_with_a_seal_is_found() {
        every_change_is_found(
            api_key(),
            &[
                |key| key.id = ApiKeyId::new("2"),
                |key| key.project_id = ProjectId::new("q"),
                |key| key.hash = KeyHash([9; 32]),
                |key| key.scopes = ApiScope::all(),
                |key| key.scopes.clear(),
                |key| key.enabled = false,
            ],
        );
        every_change_is_found(
            version(),
            &[
                |version| version.project_id = ProjectId::new("q"),
                |version| "acme2".clone_into(&mut version.key),
                |version| "1.0.1".clone_into(&mut version.version),
                |version| version.digest = FilesDigest([2; 32]),
                |version| version.seal = None,
            ],
        );
        every_change_is_found(
            member(),
            &[
                |member| member.id = MemberId::new("n"),
                |member| member.organization_id = OrganizationId::new("x"),
                |member| member.password = Some(PasswordHash("two".to_owned())),
                |member| member.password = None,
            ],
        );
        every_change_is_found(
            browser(),
            &[
                |browser| browser.hash = KeyHash([9; 32]),
                |browser| browser.member_id = MemberId::new("n"),
                |browser| browser.expires_at = browser.expires_at.plus_seconds(1),
            ],
        );
        every_change_is_found(
            token(),
            &[
                |token| token.hash = KeyHash([9; 32]),
                |token| token.project_id = ProjectId::new("q"),
                |token| token.expires_at = token.expires_at.plus_seconds(1),
            ],
        );
    }

    #[test]
    fn a_seal_of_another_type_of_row_does_not_open() {
        let vault = vault(1);
        let mut member = Member { id: MemberId::new("1"), ..member() };
        member.seal = sealed(&vault, api_key()).seal;
        assert!(!is_authentic(&vault, &member));
    }
}
