//! How TLS is set up: whom to trust, and what to show.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::endpoint::{ClientCertificate, Endpoint};
use crate::error::Error;
use crate::fingerprint::Fingerprint;

/// TLS 1.2 and 1.3. The server is known by its certificate's fingerprint, by a file's authorities alone, or by the
/// system's.
pub(crate) fn config(endpoint: &Endpoint) -> Result<Arc<ClientConfig>, Error> {
    let failed = |error: rustls::Error| {
        let reason = format!("TLS cannot be set up: {error}");
        Error::Security { host: endpoint.host.clone(), reason }
    };
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(failed)?;
    let builder = match (endpoint.fingerprint, &endpoint.cafile) {
        (Some(fingerprint), _) => {
            let algorithms = provider.signature_verification_algorithms;
            let pinned = Arc::new(Pinned { fingerprint, algorithms });
            builder.dangerous().with_custom_certificate_verifier(pinned)
        }
        (None, Some(file)) => builder.with_root_certificates(roots(file)?),
        (None, None) => builder.with_platform_verifier().map_err(failed)?,
    };
    let mut config = match &endpoint.certificate {
        Some(files) => {
            let (chain, key) = identity(files)?;
            builder.with_client_auth_cert(chain, key).map_err(failed)?
        }
        None => builder.with_no_client_auth(),
    };
    // A server of another protocol that minds ALPN is not talked to.
    config.alpn_protocols = vec![b"imap".to_vec()];
    Ok(Arc::new(config))
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What can be done where rustls and an old server have nothing in common.
pub(crate) fn advise(error: &std::io::Error, host: &str) -> String {
    let reason = error.to_string();
    let old = ["ProtocolVersion", "HandshakeFailure", "InsufficientSecurity", "peer is incompatible"];
    if old.iter().any(|word| reason.contains(word)) {
        return format!(
            "{reason}. The server seems to know only what is broken since: TLS before 1.2, or ciphers such as RC4 and 3DES. \
             Put stunnel before it, or go by SSH: `ssh -L 1143:localhost:143 {host}`, then imap://USER@localhost:1143 \
             in plain text"
        );
    }
    if reason.contains("InvalidContentType") {
        return format!("{reason}. What answers there speaks no TLS: for STARTTLS say imap:// and its port");
    }
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return format!(
            "{reason}. The server hung up amid the handshake: perhaps it knows no TLS 1.2, or wants a certificate"
        );
    }
    reason
}

/// Knows a server by its certificate alone: authorities, names and dates are not asked. That the server holds the
/// certificate's key is verified as ever.
#[derive(Debug)]
struct Pinned {
    fingerprint: Fingerprint,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = Fingerprint::of(end_entity);
        if found == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let (expected, found) = (self.fingerprint.to_string(), found.to_string());
        let reason = format!("it has the fingerprint {found}, and {expected} was expected");
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(
            Mismatch(reason),
        )))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Mismatch(String);

fn roots(file: &Path) -> Result<RootCertStore, Error> {
    let wrong = |reason: String| Error::Input { what: format!("the CA file {}", file.display()), reason };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file).map_err(wrong)? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(roots)
}

fn identity(
    files: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let ClientCertificate { certificate, key } = files;
    let wrong = |what: &str, file: &Path, reason: String| Error::Input {
        what: format!("{what} {}", file.display()),
        reason,
    };
    let chain =
        certificates(certificate).map_err(|reason| wrong("the client certificate", certificate, reason))?;
    let parsed = PrivateKeyDer::from_pem_file(key);
    let parsed = parsed.map_err(|error| wrong("the client certificate's key", key, error.to_string()))?;
    Ok((chain, parsed))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if all.is_empty() { Err("it holds no certificate".into()) } else { Ok(all) }
}
