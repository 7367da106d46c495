//! Which TLS servers are trusted: by the system's certificates and those given.
//!
//! The system's are read with the first server that shows one. That takes longer than many a whole run, and
//! registries on this machine show none.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// Verifies servers as the system does, ready when it is first needed.
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    given: Vec<CertificateDer<'static>>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("given", &self.given.len()).finish_non_exhaustive()
    }
}

impl Trust {
    /// Returns the trust in the system's certificates and these; reads nothing yet.
    pub(crate) fn new(provider: Arc<CryptoProvider>, given: Vec<CertificateDer<'static>>) -> Self {
        Self { provider, given, verifier: OnceLock::new() }
    }

    /// Returns the verifier, or why there is none: then no server is trusted.
    fn verifier(&self) -> Result<&Verifier, Error> {
        let make = || Verifier::new_with_extra_roots(self.given.clone(), self.provider.clone());
        self.verifier.get_or_init(make).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_when_a_server_shows_one() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = Trust::new(provider, Vec::new());
        assert!(trust.verifier.get().is_none());
        assert!(!trust.supported_verify_schemes().is_empty());
        let nobody = CertificateDer::from(vec![0u8; 4]);
        let name = ServerName::try_from("registry.example").unwrap();
        assert!(trust.verify_server_cert(&nobody, &[], &name, &[], UnixTime::now()).is_err());
        assert!(trust.verifier.get().is_some());
    }
}
