//! TLS settings, both ways, from the environment as kdb+ names its variables.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};

/// Which protocols the listening port takes: `-E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TlsMode {
    #[default]
    Plain,
    /// Told apart by the first byte of the client.
    PlainAndTls,
    TlsOnly,
}

impl TlsMode {
    pub(crate) fn from_number(number: i64) -> Option<TlsMode> {
        Some(match number {
            0 => TlsMode::Plain,
            1 => TlsMode::PlainAndTls,
            2 => TlsMode::TlsOnly,
            _ => return None,
        })
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The server's settings: the certificate chain of `SSL_CERT_FILE` and the key of `SSL_KEY_FILE`, or a certificate made
/// for this process when neither is set. Errors name the file that cannot be used.
pub(crate) fn server_config() -> io::Result<Arc<ServerConfig>> {
    let (certificates, key) = match (variable("SSL_CERT_FILE"), variable("SSL_KEY_FILE")) {
        (Some(certificate), Some(key)) => {
            let named = |file: &str, error: &dyn std::fmt::Display| {
                io::Error::other(format!("{file}: {error}"))
            };
            let chain = CertificateDer::pem_file_iter(&certificate)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| named(&certificate, &error))?;
            let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| named(&key, &error))?;
            (chain, key)
        }
        _ => self_made()?,
    };
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(other)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(other)?;
    Ok(Arc::new(config))
}

fn self_made() -> io::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let host = crate::os::host_name();
    let names = vec![host, "localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).map_err(other)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((vec![made.cert.der().clone()], key.into()))
}

/// Where certificate authorities are found when `SSL_CA_CERT_FILE` does not say.
const AUTHORITY_FILES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// The client's settings: servers are verified against `SSL_CA_CERT_FILE` (or the system's authorities) unless
/// `SSL_VERIFY_SERVER=NO`.
pub(crate) fn client_config() -> io::Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(other)?;
    if variable("SSL_VERIFY_SERVER").is_some_and(|value| value.eq_ignore_ascii_case("no")) {
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified))
            .with_no_client_auth();
        return Ok(Arc::new(config));
    }
    let mut roots = RootCertStore::empty();
    let files = match variable("SSL_CA_CERT_FILE") {
        Some(file) => vec![file],
        None => AUTHORITY_FILES.map(str::to_owned).to_vec(),
    };
    for file in files {
        let Ok(certificates) = CertificateDer::pem_file_iter(&file) else {
            continue;
        };
        roots.add_parsable_certificates(certificates.filter_map(Result::ok));
        if !roots.is_empty() {
            break;
        }
    }
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// Accepts any certificate: what `SSL_VERIFY_SERVER=NO` asks for.
#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
