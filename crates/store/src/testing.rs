//! A real Redis server for a test. Behind the feature `testing`; nothing here is part of the program.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot get its server fails by a panic"
)]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;

/// The password of the server; a wrong one is refused.
const PASSWORD: &str = "of-this-test";
/// Longest start of a server on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port of loopback; dropping it, and the end of the test binary, stop it.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    shell: Child,
}

impl RedisServer {
    /// Starts a server, or says that there is none to start and returns nothing.
    ///
    /// # Panics
    /// When it is installed and does not come up.
    pub fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: redis-server is not installed (Debian package redis-server)");
            return None;
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        Some(RedisServer::start_on(port))
    }

    /// Starts a server on a port, such as that of one that has stopped.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_on(port: u16) -> Self {
        // The shell holds the end of a pipe: when it closes, because this process has ended in any way, so does the server.
        let shell = Command::new("/bin/sh")
            .args(["-c", "redis-server \"$@\" & read -r _; kill $!; wait $!", "sh"])
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .args(["--requirepass", PASSWORD, "--dir", &std::env::temp_dir().display().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = RedisServer { port, shell };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(start.elapsed() < PATIENCE, "redis-server does not come up");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, with the password.
    pub fn url(&self) -> SecretUrl {
        SecretUrl::parse(&format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port)).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
