//! TLS: which certificates a connection accepts.

use std::path::{Path, PathBuf};

use patchbay_storage::{
    Storage, StorageError, conformance::postgres_server::PostgresServer, postgres::PostgresStorage,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sqlx::{Connection as _, PgConnection};

use super::runtime;

/// An authority of an operator.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(directory: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = directory.join(name);
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Returns a certificate for `localhost` and its key.
    fn sign(&self) -> (String, String) {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

#[test]
fn a_certificate_is_verified_against_the_given_authority_and_the_name() {
    let directory = tempfile::tempdir().unwrap();
    let (ours, other) = (Authority::new(directory.path(), "ca.pem"), Authority::new(directory.path(), "other.pem"));
    let (certificate, key) = ours.sign();
    let (_server, port) = PostgresServer::start_with_tls(&certificate, &key);
    let url = |host: &str, mode: &str, authority: &Authority| {
        let file = authority.file.display();
        format!("postgres://patchbay@{host}:{port}/postgres?sslmode={mode}&sslrootcert={file}")
    };
    runtime().block_on(async {
        let verified = url("localhost", "verify-full", &ours);
        let storage = PostgresStorage::open(&verified, 2).await.unwrap();
        storage.meta().set("name", b"value").await.unwrap();
        let mut connection = PgConnection::connect(&verified).await.unwrap();
        let encrypted: Vec<bool> = sqlx::query_scalar(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = 'patchbay'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(!encrypted.is_empty() && encrypted.iter().all(|encrypted| *encrypted), "{encrypted:?}");
        connection.close().await.unwrap();
        storage.close().await;
        PostgresStorage::open(&url("127.0.0.1", "verify-ca", &ours), 2).await.unwrap().close().await;

        let without_authority = format!("postgres://patchbay@localhost:{port}/postgres?sslmode=verify-full");
        for refused in [
            url("localhost", "verify-full", &other),
            url("localhost", "verify-ca", &other),
            url("127.0.0.1", "verify-full", &ours),
            without_authority,
        ] {
            let error = PostgresStorage::open(&refused, 2).await.err().unwrap();
            assert!(matches!(error, StorageError::Unavailable { .. }), "{refused}: {error}");
            assert!(error.to_string().contains("check the certificate of the database server"), "{refused}: {error}");
        }
    });
}
