//! The kernel's fence around the engine's process: of the machine's files it can access only its own folder.
//!
//! Grants limit what SQL may do; the fence also holds if a grant is wrong or the engine has a vulnerability.
//! On Linux, Landlock refuses all files and ports that are not named here, whatever the statement.

use bionicpro_model::{Error, Kind, Result};

use super::process::Process;

/// The files from which the engine reads facts of the machine: memory, processors, limits of its control
/// group, and time zones that are newer than its own table.
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

/// Returns true if this kernel can fence a process in. Tries it on a thread that ends with the trial.
#[cfg(target_os = "linux")]
pub(super) fn is_there() -> bool {
    use landlock::{ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetStatus};
    let trial = || {
        let rules = Ruleset::default().handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create);
        rules
            .and_then(landlock::RulesetCreated::restrict_self)
            .is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
    };
    std::thread::scope(|scope| scope.spawn(trial).join()).unwrap_or(false)
}

/// Other systems have no such fence.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_there() -> bool {
    false
}

/// Gives up access to all files and ports except those of `process`, for this process and all its future
/// threads.
#[cfg(target_os = "linux")]
pub(super) fn put_up(process: &Process) -> Result<()> {
    restrict(process)
        .map_err(|error| Error::new(Kind::Internal, "cannot restrict the engine's process").source(error))
}

#[cfg(target_os = "linux")]
fn restrict(process: &Process) -> std::result::Result<(), landlock::RulesetError> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, Scope,
        path_beneath_rules,
    };
    // Older kernels support fewer rules; those that they support are enforced.
    let abi = ABI::V6;
    let configuration = ["config.xml", "users.xml"].map(|name| process.data.join(name));
    let ports = |ports: &[u16], access| -> Vec<std::result::Result<NetPort, landlock::RulesetError>> {
        ports.iter().map(|port| Ok(NetPort::new(*port, access))).collect()
    };
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules([process.engine_dir()], AccessFs::from_all(abi)))?
        .add_rules(path_beneath_rules(configuration, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(READABLE, AccessFs::from_read(abi)))?
        .add_rules(ports(&process.listens, AccessNet::BindTcp))?
        .add_rules(ports(&process.connects, AccessNet::ConnectTcp))?;
    rules.restrict_self().map(drop)
}

/// Other systems have the engine's grants only.
#[cfg(not(target_os = "linux"))]
pub(super) fn put_up(_process: &Process) -> Result<()> {
    Ok(())
}
