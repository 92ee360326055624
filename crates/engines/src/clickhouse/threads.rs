//! The threads on which the engine runs, fenced in by the kernel: its own folder is all of the host that it sees.
//!
//! SQL reaches files and addresses in more ways than a reader of its text can find: the function `file` as a lambda,
//! in the rows of `VALUES`, in a setting's expression. On Linux, Landlock refuses all of them, whatever the text.
//! The engine's own threads inherit the fence, so nothing may call the engine from any other thread.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bionicpro_model::{Error, Kind, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// The threads of this process and the directory that they belong to.
static THREADS: OnceLock<(PathBuf, Runtime)> = OnceLock::new();

/// Makes the threads for the data directory `dir`, in which the engine's own folder is `engine`.
///
/// A process keeps its first directory, as the engine keeps its threads.
pub(super) fn open(dir: &Path, allow_host_access: bool) -> Result<()> {
    let failed =
        |text: String| Error::new(Kind::Internal, "the engine's threads cannot be made").detail(text);
    let (first, _) = match THREADS.get() {
        Some(threads) => threads,
        None => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(1).thread_name("engine");
            if !allow_host_access {
                fence(&mut builder, dir).map_err(failed)?;
            }
            let runtime = builder.build().map_err(|error| failed(error.to_string()))?;
            THREADS.get_or_init(|| (dir.to_owned(), runtime))
        }
    };
    if first == dir {
        Ok(())
    } else {
        Err(failed(format!("this process already serves {}", first.display())))
    }
}

/// Runs work that blocks on a thread of the engine. Before [`open`] it is a thread like any other.
pub(super) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    match THREADS.get() {
        Some((_, runtime)) => runtime.spawn_blocking(work),
        None => tokio::task::spawn_blocking(work),
    }
}

/// What the engine reads to know the machine: memory, processors, limits of its control group, and time zones that
/// are newer than its own table.
#[cfg(target_os = "linux")]
const READABLE: [&str; 13] = [
    "/dev/null",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/self/stat",
    "/proc/self/statm",
    "/proc/self/status",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/usr/share/zoneinfo",
];

/// Lets every thread begin by giving up all files and addresses but those of `dir`'s engine.
#[cfg(target_os = "linux")]
fn fence(builder: &mut Builder, dir: &Path) -> std::result::Result<(), String> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
        path_beneath_rules,
    };
    // Older kernels know fewer rules; those that they know are enforced.
    let abi = ABI::V6;
    let describe = |error: &dyn std::fmt::Display| error.to_string();
    std::fs::create_dir_all(dir.join("engine")).map_err(|error| describe(&error))?;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules([dir.join("engine")], AccessFs::from_all(abi))))
        .and_then(|rules| {
            let configuration = ["config.xml", "users.xml"].map(|name| dir.join(name));
            rules.add_rules(path_beneath_rules(configuration, AccessFs::ReadFile))
        })
        .and_then(|rules| rules.add_rules(path_beneath_rules(READABLE, AccessFs::from_read(abi))))
        .map_err(|error| describe(&error))?;
    let restrict = move || -> std::result::Result<RulesetStatus, String> {
        let rules = rules.try_clone().map_err(|error| error.to_string())?;
        rules.restrict_self().map(|status| status.ruleset).map_err(|error| error.to_string())
    };
    // Tried on a thread that ends with the trial.
    let trial =
        std::thread::scope(|scope| scope.spawn(&restrict).join()).map_err(|_| "a thread panicked")??;
    if trial == RulesetStatus::NotEnforced {
        tracing::warn!(
            "this kernel has no Landlock: SQL is kept from the host's files by its text and by grants alone"
        );
        return Ok(());
    }
    let outside = dir.to_owned();
    builder.on_thread_start(move || {
        // A thread that another fenced one has started has inherited the fence. The kernel nests 16 at most.
        if std::fs::read_dir(&outside).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
            return;
        }
        // A thread without its fence must not run SQL.
        if let Err(text) = restrict() {
            tracing::error!(text, "a thread of the engine could not be fenced in");
            std::process::abort();
        }
    });
    Ok(())
}

/// Elsewhere the text of SQL and the engine's grants are all that there is.
#[cfg(not(target_os = "linux"))]
fn fence(_builder: &mut Builder, _dir: &Path) -> std::result::Result<(), String> {
    tracing::warn!(
        "this system has no Landlock: SQL is kept from the host's files by its text and by grants alone"
    );
    Ok(())
}
