//! A real Redis server for a test. Behind the feature `testing`; nothing here is part of the program.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot get its server fails by a panic"
)]

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_edge::ReservedPort;
use bionicpro_model::SecretUrl;

/// The password of the server; a wrong one is refused.
const PASSWORD: &str = "of-this-test";
/// Longest time that a server takes to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free loopback port; it stops when it is dropped and when the test binary ends.
#[derive(Debug)]
pub struct RedisServer {
    url: SecretUrl,
    port: ReservedPort,
    arguments: Vec<String>,
    shell: Child,
}

impl RedisServer {
    /// Starts a server. If Redis is not installed, prints a note and returns `None`.
    ///
    /// # Panics
    /// If the server is installed but does not start.
    pub fn start() -> Option<Self> {
        RedisServer::start_with(&[])
    }

    /// Like [`RedisServer::start`], with settings in the form of its command line.
    ///
    /// # Panics
    /// If the server is installed but does not start.
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let port = ReservedPort::any().unwrap();
        let arguments: Vec<_> = ["--port", &port.port().to_string()]
            .iter()
            .chain(settings)
            .map(|part| (*part).to_owned())
            .collect();
        let url = format!("redis://:{PASSWORD}@127.0.0.1:{}/0", port.port());
        Some(RedisServer::run(port, arguments, &url))
    }

    /// Starts a server that speaks TLS only, with this certificate and key in PEM form.
    ///
    /// # Panics
    /// If the server is installed but does not start.
    pub fn start_with_tls(certificate: &Path, key: &Path) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let reserved = ReservedPort::any().unwrap();
        let port = reserved.port();
        let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
        let tls =
            ["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"].map(str::to_owned);
        let files =
            ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-ca-cert-file", &certificate];
        let arguments: Vec<_> = tls.into_iter().chain(files.map(str::to_owned)).collect();
        Some(RedisServer::run(reserved, arguments, &format!("rediss://:{PASSWORD}@localhost:{port}/0")))
    }

    /// Stops the server. Its port stays reserved.
    pub fn stop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }

    /// Starts a stopped server again, on its port and without its records.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        self.shell = shell(&self.arguments);
        self.wait_until_ready();
    }

    fn run(port: ReservedPort, arguments: Vec<String>, url: &str) -> Self {
        let shell = shell(&arguments);
        let server = RedisServer { url: SecretUrl::parse(url).unwrap(), port, arguments, shell };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.port())).is_err() {
            assert!(start.elapsed() < PATIENCE, "redis-server did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The address of the server, with the password.
    pub fn url(&self) -> SecretUrl {
        self.url.clone()
    }
}

/// Returns whether `redis-server` is installed; prints a note if it is not.
fn is_installed() -> bool {
    let is_installed = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !is_installed {
        eprintln!("skipped: redis-server is not installed (Debian package redis-server)");
    }
    is_installed
}

/// Starts the server from a shell that reads a pipe. When this process ends for any reason, the pipe closes
/// and the shell kills the server.
fn shell(arguments: &[String]) -> Child {
    Command::new("/bin/sh")
        .args(["-c", "redis-server \"$@\" & read -r _; kill $!; wait $!", "sh"])
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(arguments)
        .args(["--requirepass", PASSWORD, "--dir", &std::env::temp_dir().display().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}
