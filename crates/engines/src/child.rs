//! A child process that does not outlive this one, however this one ends.
//!
//! On Linux the kernel signals the child when the *thread* that started it ends, so a dedicated thread starts
//! the child and waits for it. Elsewhere a shell waits for the end of a pipe that this process holds.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::watch;

use crate::postgres::account::Account;

/// The way in which a child ends when this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParentDeath {
    /// PostgreSQL's immediate shutdown: it ends within milliseconds and recovers from its log at the next
    /// start.
    Quit,
    /// At once.
    Kill,
}

impl ParentDeath {
    fn signal(self) -> Signal {
        match self {
            ParentDeath::Quit => Signal::QUIT,
            ParentDeath::Kill => Signal::KILL,
        }
    }
}

/// A running program. Dropping it does not end it; the end of this process does.
#[derive(Debug)]
pub struct Child {
    /// `None` once the process is reaped: its id may then belong to another process.
    pid: Arc<Mutex<Option<Pid>>>,
    exited: watch::Receiver<Option<ExitStatus>>,
    _watchdog: Option<watchdog::Watchdog>,
}

/// Starts `command` in a process group of its own, so that Ctrl-C in a terminal reaches only this process,
/// which then stops the child in order. The end of this process kills it.
///
/// # Errors
/// Those of the operating system.
pub fn spawn(command: Command) -> io::Result<Child> {
    spawn_in(command, None, None, ParentDeath::Kill)
}

/// Like [`spawn`], in the folder `cwd` and as `account` if given.
pub(crate) fn spawn_in(
    mut command: Command,
    cwd: Option<&Path>,
    account: Option<Account>,
    on_parent_death: ParentDeath,
) -> io::Result<Child> {
    command.process_group(0);
    enter::before_exec(&mut command, cwd.map(File::open).transpose()?, account, on_parent_death);
    let (started, start) = mpsc::sync_channel(1);
    let (exit, exited) = watch::channel(None);
    let pid = Arc::new(Mutex::new(None));
    let keeper_pid = Arc::clone(&pid);
    std::thread::Builder::new().name("keeper".to_owned()).spawn(move || {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return drop(started.send(Err(error))),
        };
        let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        *keeper_pid.lock().unwrap_or_else(PoisonError::into_inner) = number;
        let _ = started.send(Ok(()));
        if let Some(number) = number {
            // Waits without reaping, so that a signal can never reach a process id that is used again.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(number), options) {}
        }
        let mut number = keeper_pid.lock().unwrap_or_else(PoisonError::into_inner);
        *number = None;
        if let Ok(status) = child.wait() {
            let _ = exit.send(Some(status));
        }
    })?;
    start.recv().map_err(|_| io::Error::other("the keeper thread ended"))??;
    let watchdog = watchdog::start(*pid.lock().unwrap_or_else(PoisonError::into_inner), on_parent_death)?;
    Ok(Child { pid, exited, _watchdog: watchdog })
}

impl Child {
    /// Requests the process to end in order.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the process at once.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends a signal, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = *self.pid.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        let pid = *self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
    }

    /// Waits for the end; may be called again and returns the same status.
    pub async fn exited(&self) -> Option<ExitStatus> {
        let mut exited = self.exited.clone();
        exited.wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }
}

/// The work between `fork` and `exec`.
mod enter {
    #![expect(
        unsafe_code,
        reason = "the child changes its folder, user and death signal before the program starts"
    )]

    use super::{Account, Command, CommandExt, File, ParentDeath, io};

    pub(super) fn before_exec(
        command: &mut Command,
        cwd: Option<File>,
        account: Option<Account>,
        on_parent_death: ParentDeath,
    ) {
        let parent = rustix::process::getpid();
        let enter = move || {
            // By descriptor and before the account changes, which may not be allowed to reach the folder by
            // name.
            if let Some(cwd) = &cwd {
                rustix::process::fchdir(cwd)?;
            }
            become_account(account)?;
            end_with(parent, on_parent_death)
        };
        // SAFETY: the closure runs in the forked child, which has one thread. It makes system calls on values
        // that were made before the fork, allocates nothing and takes no lock.
        unsafe { command.pre_exec(enter) };
    }

    #[cfg(target_os = "linux")]
    fn become_account(account: Option<Account>) -> io::Result<()> {
        if let Some(Account { uid, gid }) = account {
            rustix::thread::set_thread_groups(&[])?;
            rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(gid))?;
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(uid))?;
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn become_account(account: Option<Account>) -> io::Result<()> {
        match account {
            None => Ok(()),
            Some(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Sets the signal for the parent's end. Called after the change of account, which would clear it.
    #[cfg(target_os = "linux")]
    fn end_with(parent: rustix::process::Pid, how: ParentDeath) -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(how.signal()))?;
        // The parent may have ended before the signal was set.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn end_with(_parent: rustix::process::Pid, _how: ParentDeath) -> io::Result<()> {
        Ok(())
    }
}

/// The portable form of "end with the parent", for systems whose kernel does not support it.
mod watchdog {
    use super::{Command, CommandExt, ParentDeath, Pid, io};
    use std::process::{Child, Stdio};

    /// A shell that reads from a pipe until this process ends, then stops the child.
    #[derive(Debug)]
    pub(super) struct Watchdog(Child);

    pub(super) fn start(pid: Option<Pid>, how: ParentDeath) -> io::Result<Option<Watchdog>> {
        if cfg!(target_os = "linux") { Ok(None) } else { pid.map(|pid| watch(pid, how)).transpose() }
    }

    fn watch(pid: Pid, how: ParentDeath) -> io::Result<Watchdog> {
        let signal = how.signal().as_raw().to_string();
        let pid = pid.as_raw_nonzero().to_string();
        Command::new("/bin/sh")
            .args(["-c", "read -r _; kill -\"$1\" \"$2\"", "sh", &signal, &pid])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Watchdog)
    }

    impl Drop for Watchdog {
        fn drop(&mut self) {
            // Killed while it still waits: the server's process id may belong to another process by now.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[cfg(test)]
    mod tests {
        use std::io::Read;

        use super::*;

        /// A command that reacts to SIGQUIT: a shell's background job ignores it, and so would everything
        /// that it starts.
        fn heeds_quit() -> Command {
            let line: &[&str] = match cfg!(target_os = "linux") {
                true => &["env", "--default-signal=QUIT", "sh"],
                false => &["sh"],
            };
            let mut command = Command::new(line[0]);
            command.args(&line[1..]).args(["-c", "echo; exec sleep 600"]).stdout(Stdio::piped());
            command
        }

        #[test]
        fn the_end_of_the_pipe_ends_the_watched_process() {
            let mut watched = heeds_quit().spawn().unwrap();
            // Reacts to the signal from now on: before, it would be lost.
            watched.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
            let pid = Pid::from_raw(i32::try_from(watched.id()).unwrap()).unwrap();
            let mut watchdog = watch(pid, ParentDeath::Quit).unwrap();
            drop(watchdog.0.stdin.take());
            assert!(!watched.wait().unwrap().success());
        }
    }
}
