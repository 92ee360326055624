//! TLS 1.3 and 1.2 by rustls with HTTP/1.1 inside. Certificates can be replaced while the listener runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use bionicpro_model::{Error, Kind, Result};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use crate::hosts::Hosts;
use crate::metrics;

/// Interval at which the files are checked for changes.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The certificate of a listener. Set both files or neither: with them the listener speaks TLS only, without
/// them plain HTTP only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file with the certificate, followed by the intermediate certificates. Read again when it
    /// changes.
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key. Read again when it changes.
    pub key_file: Option<PathBuf>,
}

/// TLS of one listener.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    shown: Arc<Shown>,
}

/// The certificate in use, and the files it is read from.
#[derive(Debug)]
struct Shown {
    section: &'static str,
    certificate_file: PathBuf,
    key_file: PathBuf,
    hosts: Hosts,
    current: RwLock<Arc<CertifiedKey>>,
}

/// The modification time and length of a file, by which a replacement is detected.
type Stamp = Option<(SystemTime, u64)>;

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("certificate_file", &self.shown.certificate_file).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files, if any are configured.
    ///
    /// # Errors
    /// `Config` if only one file is set, or if they do not contain a certificate and its key.
    pub(crate) fn new(section: &'static str, config: &TlsConfig, hosts: &Hosts) -> Result<Option<Self>> {
        let (certificate_file, key_file) = match (&config.certificate_file, &config.key_file) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            _ => {
                return Err(Error::new(Kind::Config, "TLS needs a certificate and a key")
                    .detail(format!("{section}.tls"))
                    .hint(
                        "set both certificate_file and key_file, or neither for plain HTTP behind a proxy",
                    ));
            }
        };
        let current = RwLock::new(Arc::new(load(&certificate_file, &key_file)?));
        let shown = Arc::new(Shown { section, certificate_file, key_file, hosts: hosts.clone(), current });
        let mut server = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(Kind::Internal, "cannot set up TLS").source(error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Tls { acceptor: TlsAcceptor::from(Arc::new(server)), shown }))
    }

    /// Reloads the files whenever they change; runs forever. Invalid files leave the current certificate in
    /// use.
    pub(crate) fn watch(&self) -> impl Future<Output = ()> + Send + 'static {
        let shown = Arc::clone(&self.shown);
        let mut seen = shown.stamps();
        async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let now = shown.stamps();
                if now != seen {
                    seen = now;
                    shown.reload();
                }
            }
        }
    }
}

impl Shown {
    fn stamps(&self) -> (Stamp, Stamp) {
        let stamp = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        (stamp(&self.certificate_file), stamp(&self.key_file))
    }

    fn reload(&self) {
        let loaded = load(&self.certificate_file, &self.key_file);
        metrics::count_certificate(self.section, loaded.is_ok());
        match loaded {
            Ok(certificate) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
                tracing::info!(listener = self.section, "the certificate was replaced");
            }
            Err(error) => {
                let error = error.report();
                tracing::error!(
                    listener = self.section,
                    error,
                    "cannot use the new certificate, the old one stays in use"
                );
            }
        }
    }
}

impl ResolvesServerCert for Shown {
    /// A client that names a host that is not ours gets no certificate, and so no connection.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name().is_some_and(|name| !self.hosts.allow_name(name)) {
            return None;
        }
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn load(certificate_file: &Path, key_file: &Path) -> Result<CertifiedKey> {
    let unusable = |path: &Path, error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Config, "cannot use a TLS file")
            .detail(path.display().to_string())
            .hint("the certificate file must contain PEM certificates, the leaf first; the key file its unencrypted PEM key")
            .source(error)
    };
    let chain = CertificateDer::pem_file_iter(certificate_file)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| unusable(certificate_file, error.into()))?;
    if chain.is_empty() {
        return Err(unusable(certificate_file, "it contains no certificate".into()));
    }
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|error| unusable(key_file, error.into()))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|error| unusable(certificate_file, error.into()))
}
