//! TLS with real handshakes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bionicpro_edge::{Listen, Listener};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Answers, PATIENCE, Service, get_once};

/// Writes a certificate for localhost and its key.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()
}

fn configure(listen: &mut Listen, folder: &Path) {
    listen.tls.certificate_file = Some(folder.join("certificate.pem"));
    listen.tls.key_file = Some(folder.join("key.pem"));
    listen.limits.header_timeout = Duration::from_secs(2);
}

async fn secure(folder: &Path) -> Service {
    Service::with(|listen| configure(listen, folder)).await
}

fn client(
    trusted: &CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn connect(
    service: &Service,
    config: ClientConfig,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(service.address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

#[tokio::test]
async fn h21_versions_1_3_and_1_2_are_spoken_and_the_answer_asks_for_tls_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let service = secure(folder.path()).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut stream = connect(&service, client(&certificate, &[version]), "localhost").await.unwrap();
        stream.write_all(get_once("/fine").as_bytes()).await.unwrap();
        let answers = Answers::read(&mut stream).await;
        assert_eq!(answers.statuses(), [200]);
        assert_eq!(answers.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    }
}

/// Builds the client hello of a client of that version, with suites that were strong then.
fn hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = vec![version[0], version[1]];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0xc0, 0x13, 0xc0, 0x14, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    record
}

#[tokio::test]
async fn h21_old_versions_plain_http_and_other_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let service = secure(folder.path()).await;
    for sent in [hello([3, 1]), hello([3, 2]), get_once("/fine").into_bytes(), b"\x80\x2e\x01\0\x02".to_vec()]
    {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(&sent).await.unwrap();
        let mut answer = Vec::new();
        let read =
            tokio::time::timeout(PATIENCE, tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer))
                .await;
        assert!(read.is_ok(), "still open");
        // An alert (type 21) at most: no redirect and no response.
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    }
    let both = [&rustls::version::TLS13, &rustls::version::TLS12];
    assert!(connect(&service, client(&certificate, &both), "evil.example").await.is_err());
    let mut only_h2 = client(&certificate, &both);
    only_h2.alpn_protocols = vec![b"h2".to_vec()];
    assert!(connect(&service, only_h2, "localhost").await.is_err(), "HTTP/2 is not spoken");
    assert!(connect(&service, client(&certificate, &both), "localhost").await.is_ok());
}

#[tokio::test]
async fn handshake_and_first_head_have_one_time_together() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let service = Service::with(|listen| {
        configure(listen, folder.path());
        listen.limits.first_header_timeout = Duration::from_secs(1);
    })
    .await;
    let started = Instant::now();
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    silent.write_all(&hello([3, 3])[..10]).await.unwrap();
    let slow = TcpStream::connect(service.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let connector = TlsConnector::from(Arc::new(client(&certificate, &[&rustls::version::TLS13])));
    let mut slow = connector.connect(ServerName::try_from("localhost").unwrap(), slow).await.unwrap();
    slow.write_all(b"GET /fine HTTP/1.1\r\n").await.unwrap();
    for answers in [Answers::read(&mut silent).await, Answers::read(&mut slow).await] {
        assert_eq!(answers.0, "");
        assert!((900..1500).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn half_handshakes_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let service = Service::with(|listen| {
        configure(listen, folder.path());
        listen.limits.connections = 4;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(&hello([3, 3])[..10]).await.unwrap();
        held.push(stream);
    }
    let started = Instant::now();
    let mut stream =
        connect(&service, client(&certificate, &[&rustls::version::TLS13]), "localhost").await.unwrap();
    stream.write_all(get_once("/fine").as_bytes()).await.unwrap();
    assert_eq!(Answers::read(&mut stream).await.statuses(), [200]);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_handshake_under_way_does_not_hold_a_listener_that_stops() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let service = Service::with(|listen| {
        configure(listen, folder.path());
        listen.limits.header_timeout = PATIENCE;
    })
    .await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    silent.write_all(&hello([3, 3])[..10]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    service.stop().await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_replaced_certificate_is_shown_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let old = write_certificate(folder.path());
    let service = secure(folder.path()).await;
    let both = [&rustls::version::TLS13, &rustls::version::TLS12];
    assert!(connect(&service, client(&old, &both), "localhost").await.is_ok());

    std::fs::write(folder.path().join("key.pem"), "half a file").unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(connect(&service, client(&old, &both), "localhost").await.is_ok(), "the old one stays");

    let new = write_certificate(folder.path());
    let started = Instant::now();
    while connect(&service, client(&new, &both), "localhost").await.is_err() {
        assert!(started.elapsed() < PATIENCE, "the new one is not shown");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(connect(&service, client(&old, &both), "localhost").await.is_err());
}

#[tokio::test]
async fn what_is_no_certificate_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let other = KeyPair::generate().unwrap();
    for (file, text) in [
        ("certificate.pem", "nothing"),
        ("key.pem", ""),
        ("key.pem", &other.serialize_pem()),
        ("key.pem", "-"),
    ] {
        write_certificate(folder.path());
        std::fs::write(folder.path().join(file), text).unwrap();
        let mut listen = Listen::new("api", "listen", "--listen", ([127, 0, 0, 1], 0).into());
        configure(&mut listen, folder.path());
        let error = Listener::bind(listen).await.err().unwrap();
        assert_eq!(error.kind(), bionicpro_model::Kind::Config, "{error:?}");
        assert!(!error.report().contains("PRIVATE KEY"), "{error:?}");
    }
    let mut listen = Listen::new("api", "listen", "--listen", ([127, 0, 0, 1], 0).into());
    listen.tls.key_file = Some(folder.path().join("key.pem"));
    assert!(Listener::bind(listen).await.err().unwrap().report().contains("api.tls"));
}
