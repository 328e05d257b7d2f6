//! Whom we trust and who we are in TLS: the public web's authorities, the operator's own, a client certificate.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::{certificate::ClientCertificate, config::ConfigError};

/// The authorities that providers' certificates lead to.
#[derive(Clone, Debug)]
pub(crate) struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Those of the public web, and those in the operator's PEM text.
    pub(crate) fn new(own: Option<&str>) -> Result<Self, ConfigError> {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = own {
            let mut count = 0;
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let place = count + 1;
                let certificate = certificate.map_err(|error| {
                    ConfigError::InvalidCa(format!("cannot be read at certificate {place} ({error})"))
                })?;
                store.add(certificate).map_err(|error| {
                    ConfigError::InvalidCa(format!("holds no authority at certificate {place} ({error})"))
                })?;
                count += 1;
            }
            if count == 0 {
                return Err(ConfigError::InvalidCa("holds no certificate".to_owned()));
            }
        }
        Ok(Self(Arc::new(store)))
    }

    /// The settings of connections, with a certificate of ours or without.
    pub(super) fn client_config(&self, certificate: Option<Arc<ClientCertificate>>) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3")
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
    fn a_file_without_authorities_is_refused() {
        for pem in ["", "# nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = Roots::new(Some(pem)).unwrap_err();
            assert!(matches!(error, ConfigError::InvalidCa(_)), "{error:?}");
            assert!(error.to_string().contains("egress.caFile"), "{error}");
        }
        let rcgen::CertifiedKey { cert, .. } = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
        assert!(Roots::new(Some(&cert.pem())).is_ok());
    }
}
