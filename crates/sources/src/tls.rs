//! TLS to PostgreSQL as `sslmode` in the URL requests it, with libpq's meaning of each mode.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The trust in a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Encrypt if requested; accept any certificate (`disable`, `prefer`, `require`).
    AnyCertificate,
    /// The certificate must be signed by a root and carry the host's name (`verify-full`).
    VerifiedHost(Roots),
}

/// The roots whose signatures are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// The roots of this machine.
    OfMachine,
    /// Those of a PEM file (`sslrootcert`).
    OfFile(PathBuf),
}

/// The mode and the trust that `sslmode` and `sslrootcert` request. With a root, libpq verifies in `require`
/// too.
pub(crate) fn ask(mode_text: Option<&str>, root: Option<&str>) -> Result<(SslMode, Trust)> {
    let (mode, trust) = mode_text.map_or(Ok((SslMode::Prefer, Trust::AnyCertificate)), mode)?;
    let roots = match root {
        None if trust == Trust::AnyCertificate => return Ok((mode, trust)),
        None | Some("system") => Roots::OfMachine,
        Some(file) => Roots::OfFile(PathBuf::from(file)),
    };
    match mode {
        SslMode::Require => Ok((mode, Trust::VerifiedHost(roots))),
        _ => Ok((mode, trust)),
    }
}

/// Parses the value of `sslmode`.
fn mode(value: &str) -> Result<(SslMode, Trust)> {
    match value {
        "disable" => Ok((SslMode::Disable, Trust::AnyCertificate)),
        "allow" | "prefer" => Ok((SslMode::Prefer, Trust::AnyCertificate)),
        "require" => Ok((SslMode::Require, Trust::AnyCertificate)),
        // `verify-ca` would accept another host's certificate; the stricter check loses nothing.
        "verify-ca" | "verify-full" => Ok((SslMode::Require, Trust::VerifiedHost(Roots::OfMachine))),
        other => Err(Error::new(Kind::Config, "not an sslmode")
            .detail(format!("{other:?}"))
            .hint("use disable, prefer, require or verify-full")),
    }
}

/// A connector that applies this trust.
pub(crate) fn connector(trust: Trust) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Internal, "no TLS version can be offered").source(error))?;
    let mut config = match trust {
        Trust::AnyCertificate => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Trust::VerifiedHost(roots) => builder.with_root_certificates(store(&roots)?).with_no_client_auth(),
    };
    // A server requires this protocol name for direct TLS (`sslnegotiation=direct`); libpq always sends it
    // too.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn store(roots: &Roots) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::OfMachine => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Roots::OfFile(path) => {
            let certificates =
                CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            store.add_parsable_certificates(certificates.map_err(|error| unreadable(path).source(error))?);
        }
    }
    match roots {
        Roots::OfFile(path) if store.is_empty() => Err(unreadable(path)),
        _ => Ok(store),
    }
}

fn unreadable(path: &Path) -> Error {
    Error::new(Kind::Config, "the certificate authority file cannot be used")
        .detail(path.display().to_string())
        .hint("sslrootcert names a file in PEM form, or `system` for the authorities of this machine")
}

/// `sslmode=require` in PostgreSQL's sense: encrypted, whichever server answers. Signatures are still
/// checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifying_modes_verify_and_unknown_ones_are_refused() {
        let of_machine = Trust::VerifiedHost(Roots::OfMachine);
        assert_eq!(ask(Some("verify-full"), None).unwrap(), (SslMode::Require, of_machine.clone()));
        assert_eq!(ask(Some("verify-full"), Some("system")).unwrap(), (SslMode::Require, of_machine));
        assert_eq!(ask(Some("require"), None).unwrap(), (SslMode::Require, Trust::AnyCertificate));
        assert_eq!(ask(None, None).unwrap(), (SslMode::Prefer, Trust::AnyCertificate));
        assert_eq!(ask(Some("yes"), None).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn a_root_is_believed_and_nobody_else() {
        let of_file = Trust::VerifiedHost(Roots::OfFile("/ca.pem".into()));
        for verifying in ["require", "verify-ca", "verify-full"] {
            assert_eq!(ask(Some(verifying), Some("/ca.pem")).unwrap(), (SslMode::Require, of_file.clone()));
        }
        assert_eq!(ask(Some("prefer"), Some("/ca.pem")).unwrap().1, Trust::AnyCertificate);
    }

    #[test]
    fn a_file_without_a_certificate_is_refused_by_its_name() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        for path in [empty.path(), Path::new("/nowhere/ca.pem")] {
            let refused = connector(Trust::VerifiedHost(Roots::OfFile(path.to_owned())));
            let error = refused.err().unwrap();
            assert_eq!(error.kind(), Kind::Config);
            assert_eq!(error.detail_text(), path.to_str());
        }
    }
}
