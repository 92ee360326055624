//! TLS to PostgreSQL as `sslmode` in the URL asks for it, with the meaning that libpq gives each mode.

use std::sync::Arc;

use bionicpro_model::{Error, Kind, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far the server is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Encrypt where asked; believe any certificate (`disable`, `prefer`, `require`).
    AnyCertificate,
    /// The certificate must be signed by a root of this machine and carry the host's name (`verify-full`).
    VerifiedHost,
}

/// Reads the value of `sslmode`.
pub(crate) fn mode(value: &str) -> Result<(SslMode, Trust)> {
    match value {
        "disable" => Ok((SslMode::Disable, Trust::AnyCertificate)),
        "allow" | "prefer" => Ok((SslMode::Prefer, Trust::AnyCertificate)),
        "require" => Ok((SslMode::Require, Trust::AnyCertificate)),
        // `verify-ca` would accept another host's certificate; the stricter reading loses nothing.
        "verify-ca" | "verify-full" => Ok((SslMode::Require, Trust::VerifiedHost)),
        other => Err(Error::new(Kind::Config, "not an sslmode")
            .detail(format!("{other:?}"))
            .hint("use disable, prefer, require or verify-full")),
    }
}

/// A connector with that trust.
pub(crate) fn connector(trust: Trust) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Internal, "no TLS version can be offered").source(error))?;
    let config = match trust {
        Trust::AnyCertificate => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Trust::VerifiedHost => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// `sslmode=require` in PostgreSQL's words: encrypted, whoever answers. Signatures are still checked.
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
        assert_eq!(mode("verify-full").unwrap(), (SslMode::Require, Trust::VerifiedHost));
        assert_eq!(mode("require").unwrap(), (SslMode::Require, Trust::AnyCertificate));
        assert_eq!(mode("yes").unwrap_err().kind(), Kind::Config);
    }
}
