//! The data directory: `lock`, `password`, `postgres.log` and the cluster itself in `cluster/`.
//!
//! One process owns it, by a lock that the kernel releases however that process ends. The cluster is created
//! under a temporary name and renamed, so that an interrupted first start leaves nothing incomplete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bionicpro_disk::Readers;
use bionicpro_model::{Error, Kind, Result, Secret};
use rand::distr::{Alphanumeric, SampleString};
use rustix::fs::FlockOperation;

use super::USER;
use super::account::{self, Account};
use crate::child::{self, ParentDeath};

/// The time that a server whose program was killed may take to end.
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(15);

/// A process id that no process has.
const NO_PROCESS: &str = "2147483647";

/// The files and folders of a data directory.
const OURS: [&str; 7] =
    ["lock", "password", "password.new", "postgres.log", "postgres.log.1", "cluster", "cluster.new"];

/// A data directory that this process owns.
#[derive(Debug)]
pub(super) struct Cluster {
    root: PathBuf,
    pub(super) account: Option<Account>,
    _lock: File,
}

impl Cluster {
    /// Creates the folder if it is missing, closes it to other accounts, and locks it.
    pub(super) fn open(data: &Path) -> Result<Self> {
        let root = std::path::absolute(data).map_err(|error| cannot_use(data, error))?;
        // The server's account enters by a descriptor (`child`), so that no other account needs access here.
        bionicpro_disk::keep(&root, Readers::Owner, |name| OURS.contains(&name))
            .map_err(|error| cannot_use(&root, error))?;
        let account = account::choose(&root)?;
        let lock = lock(&root.join("lock"))?;
        let cluster = Cluster { root, account, _lock: lock };
        cluster.leave_to_owner("lock")?;
        Ok(cluster)
    }

    /// Gives a file to the owner of the folder: root may have started in a user's folder, and that user can
    /// then continue without root. In a folder of root's own the file remains root's; the account that runs
    /// PostgreSQL needs neither the password nor the lock.
    fn leave_to_owner(&self, file: &str) -> Result<()> {
        match self.account {
            Some(account) if account.owns(&self.root) => account.own(&self.root.join(file)),
            _ => Ok(()),
        }
    }

    /// The folder that PostgreSQL calls its data directory.
    pub(super) fn folder(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// The server's log, for error messages.
    pub(super) fn log_path(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The path of the data for the server's command line. The server is started inside of that folder; as
    /// root the path is resolved by the kernel, because the account may not be allowed to reach the folder
    /// from `/`.
    pub(super) fn data_argument(&self, folder: &Path) -> PathBuf {
        if self.account.is_some() { PathBuf::from("/proc/self/cwd") } else { folder.to_path_buf() }
    }

    /// The superuser's password: generated at the first start, read at every later one.
    pub(super) fn password(&self) -> Result<Secret> {
        let path = self.root.join("password");
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Secret::new(text.trim_end())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.folder().exists() => {}
            Err(error) => {
                return Err(Error::new(
                    Kind::Config,
                    "the password of the embedded PostgreSQL cannot be read",
                )
                .detail(path.display().to_string())
                .hint("restore the file, or start with an empty data directory")
                .source(error));
            }
        }
        let password = Alphanumeric.sample_string(&mut rand::rng(), 32);
        let write = |path: &Path| {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            writeln!(file, "{password}")?;
            file.sync_all()
        };
        let aside = path.with_extension("new");
        write(&aside).and_then(|()| fs::rename(&aside, &path)).map_err(|error| cannot_use(&path, error))?;
        self.leave_to_owner("password")?;
        Ok(Secret::new(password))
    }

    /// Creates the cluster on the first start; on every other checks its version. Then waits until no former
    /// server uses it.
    pub(super) async fn prepare(&self, binaries: &Path, password: &Secret, durable: bool) -> Result<()> {
        let folder = self.folder();
        if folder.exists() {
            self.check_version(binaries)?
        } else {
            self.initialise(binaries, password, durable).await?
        }
        if let Some(account) = self.account {
            account.own_tree(&folder)?;
        }
        self.wait_for_leftovers().await
    }

    /// Checks that the installed server can use the cluster.
    fn check_version(&self, binaries: &Path) -> Result<()> {
        let folder = self.folder();
        let of_data = fs::read_to_string(folder.join("PG_VERSION"));
        let of_data = of_data.map_err(|error| cannot_use(&folder, error))?;
        let said = Command::new(binaries.join("bin/postgres")).arg("--version").env_clear().output();
        let said = said.map_err(|error| self.cannot_start(error))?.stdout;
        let said = String::from_utf8_lossy(&said);
        // `postgres (PostgreSQL) 18.4`
        let installed = said.split(' ').nth(2).map_or("", |version| {
            version.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default()
        });
        if of_data.trim() == installed {
            return Ok(());
        }
        Err(Error::new(Kind::Data, "the data directory belongs to another version of PostgreSQL")
            .detail(format!("{}: version {}, not {installed}", folder.display(), of_data.trim()))
            .hint("dump it with the version that wrote it and load it again, or use an empty data directory"))
    }

    async fn initialise(&self, binaries: &Path, password: &Secret, durable: bool) -> Result<()> {
        let made = self.root.join("cluster.new");
        let failed = |error: io::Error| cannot_use(&made, error);
        if made.exists() {
            fs::remove_dir_all(&made).map_err(failed)?;
        }
        fs::DirBuilder::new().mode(0o700).create(&made).map_err(failed)?;
        // An unnamed file: no other process can find it, and the account may open it again by descriptor.
        let mut password_file = tempfile::tempfile().map_err(failed)?;
        writeln!(password_file, "{}", password.expose_secret()).map_err(failed)?;
        password_file.rewind().map_err(failed)?;
        if let Some(Account { uid, gid }) = self.account {
            std::os::unix::fs::fchown(&password_file, Some(uid), Some(gid)).map_err(failed)?;
            std::os::unix::fs::chown(&made, Some(uid), Some(gid)).map_err(failed)?;
        }
        let mut command = self.command(binaries, "initdb")?;
        command.arg("-D").arg(self.data_argument(&made)).args(["-U", USER, "--auth=scram-sha-256"]);
        command.args(["--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C"]);
        command.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        if !durable {
            command.arg("--no-sync");
            // Iterations protect a guessable password; this one is random. An unoptimised client takes a
            // third of a second for the usual 4096, on each connection. Some drivers require them, so durable
            // servers keep them.
            command.args(["--set", "scram_iterations=1"]);
        }
        command.stdin(password_file);
        let initdb = child::spawn_in(command, Some(&made), self.account, ParentDeath::Quit)
            .map_err(|error| self.cannot_start(error))?;
        if !initdb.exited().await.is_some_and(|status| status.success()) {
            return Err(Error::new(Kind::Config, "PostgreSQL cannot initialise its data directory")
                .detail(self.log_tail())
                .hint(format!("read {}", self.log_path().display())));
        }
        fs::rename(&made, self.folder()).map_err(failed)
    }

    /// A program of PostgreSQL that does not inherit this process's environment and writes to the log file.
    pub(super) fn command(&self, binaries: &Path, program: &str) -> Result<Command> {
        let log = OpenOptions::new().append(true).create(true).mode(0o600).open(self.log_path());
        let log = log.map_err(|error| cannot_use(&self.log_path(), error))?;
        self.leave_to_owner("postgres.log")?;
        let mut command = Command::new(binaries.join("bin").join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(|error| cannot_use(&self.log_path(), error))?);
        command.stderr(log);
        Ok(command)
    }

    /// Begins a new log, so that it contains only messages of this start.
    pub(super) fn begin_log(&self) -> Result<()> {
        match fs::rename(self.log_path(), self.root.join("postgres.log.1")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_use(&self.log_path(), error)),
            _ => Ok(()),
        }
    }

    /// The server's last errors, or its last lines if there are none. The log contains no statements and no
    /// values.
    pub(super) fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log_path()).unwrap_or_default();
        let is_error =
            |line: &&str| ["FATAL", "PANIC", "ERROR", "error:"].iter().any(|word| line.contains(word));
        let errors: Vec<&str> = text.lines().filter(is_error).collect();
        let lines = if errors.is_empty() { text.lines().collect() } else { errors };
        lines[lines.len().saturating_sub(3)..].join(" | ")
    }

    pub(super) fn cannot_start(&self, error: io::Error) -> Error {
        Error::new(Kind::Config, "PostgreSQL cannot be started")
            .hint("check that its files can be run: run `npm ci` in crates/engines/npm again, or set TMPDIR to a \
                   folder where programs may run")
            .source(error)
    }

    /// Waits for a former server to end. One whose program was killed ends by itself; one that was started
    /// otherwise does not.
    async fn wait_for_leftovers(&self) -> Result<()> {
        let pid_file = self.folder().join("postmaster.pid");
        let deadline = Instant::now() + LEFTOVER_TIMEOUT;
        loop {
            let Ok(text) = fs::read_to_string(&pid_file) else { return Ok(()) };
            let Some(pid) = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()) else {
                return fs::remove_file(&pid_file).map_err(|error| cannot_use(&pid_file, error));
            };
            match user_of_pid(pid, &self.folder()) {
                PidUser::Nobody => return Ok(()),
                PidUser::AnotherProgram => return release(&pid_file, &text),
                PidUser::Server if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                PidUser::Server => return Err(held_by(&self.root, &pid.to_string())),
            }
        }
    }
}

/// The process that has the id in a pid file.
#[derive(Debug, PartialEq, Eq)]
enum PidUser {
    Nobody,
    AnotherProgram,
    Server,
}

fn user_of_pid(pid: i32, folder: &Path) -> PidUser {
    let Some(number) = rustix::process::Pid::from_raw(pid) else { return PidUser::Nobody };
    match rustix::process::test_kill_process(number) {
        Err(rustix::io::Errno::SRCH) => return PidUser::Nobody,
        _ if !cfg!(target_os = "linux") => return PidUser::Server,
        _ => {}
    }
    // A server's working directory is its data directory; another process has only got the id of one that
    // ended.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) if folder.canonicalize().is_ok_and(|folder| folder == cwd) => PidUser::Server,
        Ok(_) => PidUser::AnotherProgram,
        Err(error) if error.kind() == io::ErrorKind::NotFound => PidUser::Nobody,
        Err(_) => PidUser::AnotherProgram,
    }
}

/// Frees a pid file whose process id another program has got. The rest of the file is kept: it names the
/// shared memory that PostgreSQL checks, and PostgreSQL refuses to start while a process of the former server
/// still uses it.
fn release(pid_file: &Path, text: &str) -> Result<()> {
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    fs::write(pid_file, format!("{NO_PROCESS}\n{rest}")).map_err(|error| cannot_use(pid_file, error))
}

/// Takes the lock; the error names the process that has it.
fn lock(path: &Path) -> Result<File> {
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let mut file = open.map_err(|error| cannot_use(path, error))?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        return Err(held_by(path.parent().unwrap_or(path), holder.trim()));
    }
    let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    write.map_err(|error| cannot_use(path, error))?;
    Ok(file)
}

fn held_by(root: &Path, pid: &str) -> Error {
    Error::new(Kind::Config, "another process uses this data directory")
        .detail(format!("{} is held by process {pid}", root.display()))
        .hint("stop that process, or choose another data directory")
}

fn cannot_use(path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::Storage,
        _ => Kind::Config,
    };
    Error::new(kind, "the data directory cannot be used")
        .detail(path.display().to_string())
        .hint("check that the folder exists and is writable, and that its disk has free space")
        .source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_whose_number_another_program_has_got_is_freed_but_keeps_its_memory_key() {
        let folder = tempfile::tempdir().unwrap();
        let me = std::process::id();
        let pid_file = folder.path().join("postmaster.pid");
        let text = format!("{me}\n/data\n1700000000\n5432\n\n127.0.0.1\n 12345 6\nready\n");
        fs::write(&pid_file, &text).unwrap();
        let me = i32::try_from(me).unwrap();
        assert_eq!(user_of_pid(me, folder.path()), PidUser::AnotherProgram);
        assert_eq!(user_of_pid(me, &std::env::current_dir().unwrap()), PidUser::Server);
        release(&pid_file, &text).unwrap();
        let freed = fs::read_to_string(&pid_file).unwrap();
        assert!(freed.starts_with(NO_PROCESS) && freed.contains("12345 6"), "{freed}");
        assert_eq!(user_of_pid(NO_PROCESS.parse().unwrap(), folder.path()), PidUser::Nobody);
    }
}
