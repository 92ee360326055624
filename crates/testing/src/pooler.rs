//! A real PgBouncer in front of the test server.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_model::SecretUrl;

use crate::scratch::Scratch;

/// The account that runs PgBouncer, which refuses to run as root. It owns nothing else.
const NOBODY: u32 = 65_534;
/// The longest start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The time at which a server connection returns to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// After each transaction.
    Transaction,
    /// After the client disconnects.
    Session,
}

/// A pooler on a free loopback port. It stops when it is dropped and when the test binary ends.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    shell: Child,
    _scratch: Scratch,
}

impl PgBouncer {
    /// Starts a pooler with `size` connections to each database of the server in `url`, for the account in
    /// `url`. Prints a note and returns `None` if PgBouncer is not installed.
    ///
    /// # Panics
    /// If it is installed and does not start.
    pub fn start(url: &SecretUrl, mode: PoolMode, size: u16) -> Option<Self> {
        let version =
            Command::new("pgbouncer").env("PATH", path()).arg("--version").stdout(Stdio::null()).status();
        if version.is_err() {
            eprintln!("skipped: pgbouncer is not installed (Debian package pgbouncer)");
            return None;
        }
        // Another process may take the port first.
        Some((0..5).find_map(|_| PgBouncer::try_start(url, mode, size)).expect("pgbouncer starts"))
    }

    fn try_start(url: &SecretUrl, mode: PoolMode, size: u16) -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let scratch = Scratch::new(&format!("pgbouncer-{port}"));
        let folder = scratch.path();
        let url = url.expose_secret();
        let users = folder.join("users");
        std::fs::write(&users, format!("\"{}\" \"{}\"\n", url.username(), url.password().unwrap())).unwrap();
        let mode = match mode {
            PoolMode::Transaction => "transaction",
            PoolMode::Session => "session",
        };
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\nadmin_users = {}\npool_mode = {mode}\n\
             default_pool_size = {size}\nmax_client_conn = 500\n",
            url.port().unwrap(),
            users.display(),
            url.username(),
        );
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        // The shell reads from a pipe that closes however this process ends; it then stops the pooler.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "pgbouncer \"$1\" & read -r _; kill $!; wait $!", "sh"])
            .arg(&file)
            .env("PATH", path())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        // Root owns the files made here: hand them over to the account that runs PgBouncer.
        if std::fs::metadata(folder).unwrap().uid() == 0 {
            for path in [&users, &file, folder] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let pooler = PgBouncer { port, shell: command.spawn().unwrap(), _scratch: scratch };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if start.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(pooler)
    }

    /// The URL of the same database through the pooler.
    ///
    /// # Panics
    /// If the URL cannot have a host and a port.
    pub fn way_to(&self, url: &SecretUrl) -> SecretUrl {
        let mut url = url.expose_secret().clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        SecretUrl::parse(url.as_str()).unwrap()
    }
}

/// The search path with `/usr/sbin`, where Debian installs PgBouncer and which is only in root's path.
fn path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
