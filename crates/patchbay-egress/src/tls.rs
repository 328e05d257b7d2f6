//! TLS settings: the trusted certificate authorities, and the client certificate.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::{certificate::ClientCertificate, config_error::ConfigError};

/// The certificate authorities that the providers' certificates are verified against.
#[derive(Clone, Debug)]
pub(crate) struct TrustedRoots(Arc<RootCertStore>);

impl TrustedRoots {
    /// Returns the public authorities plus those in `extra_pem`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidCa`] if `extra_pem` contains no certificate or an invalid one.
    pub(crate) fn new(extra_pem: Option<&str>) -> Result<Self, ConfigError> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = extra_pem {
            let mut count = 0;
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let number = count + 1;
                let invalid = |error: &dyn std::fmt::Display| {
                    ConfigError::InvalidCa(format!("contains an invalid certificate, number {number} ({error})"))
                };
                let certificate = certificate.map_err(|error| invalid(&error))?;
                store.add(certificate).map_err(|error| invalid(&error))?;
                count += 1;
            }
            if count == 0 {
                return Err(ConfigError::InvalidCa("contains no certificate".to_owned()));
            }
        }
        Ok(Self(Arc::new(store)))
    }

    /// Returns the TLS settings of connections, with a client certificate or without one.
    pub(crate) fn client_config(&self, certificate: Option<Arc<ClientCertificate>>) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider supports TLS 1.2 and 1.3")
            .with_root_certificates(self.0.clone());
        match certificate {
            Some(certificate) => builder.with_client_cert_resolver(certificate),
            None => builder.with_no_client_auth(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_authorities_is_rejected() {
        for pem in ["", "# nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = TrustedRoots::new(Some(pem)).unwrap_err();
            assert!(matches!(error, ConfigError::InvalidCa(_)), "{error:?}");
            assert!(error.to_string().contains("egress.caFile"), "{error}");
        }
        let rcgen::CertifiedKey { cert, .. } = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
        assert!(TrustedRoots::new(Some(&cert.pem())).is_ok());
    }
}
