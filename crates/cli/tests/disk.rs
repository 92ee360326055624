//! The permissions of the program's files: another account tries to read all of them while everything runs.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]
#![allow(clippy::print_stdout, reason = "the output lists what was checked")]

mod running;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};

use crate::running::{BINARY, Running, demo, eventually, postgres_pid, signal, warehouse_pid};

/// An account that owns none of the files.
const STRANGER: u32 = 60_003;

/// A folder that every account may list, like the system's own.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    chmod(folder.path(), 0o755);
    folder
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Every folder and file with its metadata, including the root; without links, and without what vanishes
/// meanwhile.
fn walk(root: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let (mut found, mut waiting) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(path) = waiting.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        if !metadata.is_symlink() {
            found.push((path, metadata));
        }
    }
    found
}

/// Returns those of the paths that an account can list or read. Needs root.
fn read_by(uid: u32, paths: &[PathBuf]) -> Vec<String> {
    // A folder that can be opened can be listed.
    let script = r#"while IFS= read -r path; do { true <"$path"; } 2>/dev/null && echo "$path"; done; true"#;
    let mut child = Command::new("sh")
        .args(["-c", script])
        .uid(uid)
        .gid(uid)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Asserts that no other account can read anything below these folders: checks every mode, and as root also
/// tries it.
fn is_closed(when: &str, roots: &[&Path]) {
    let all: Vec<(PathBuf, fs::Metadata)> = roots.iter().flat_map(|root| walk(root)).collect();
    let open: Vec<String> = all
        .iter()
        .filter(|(_, metadata)| metadata.mode() & 0o077 != 0)
        .map(|(path, metadata)| format!("{:o} {}", metadata.mode() & 0o7777, path.display()))
        .collect();
    assert!(open.is_empty(), "{when}: {open:#?}");
    if !is_root() {
        println!("{when}: {} files and folders by their modes, for want of root", all.len());
        return;
    }
    let control = roots[0].parent().unwrap().join("control");
    fs::write(&control, "for everybody").unwrap();
    chmod(&control, 0o644);
    let mut paths: Vec<PathBuf> = all.into_iter().map(|(path, _)| path).collect();
    paths.push(control.clone());
    // Files that PostgreSQL has removed meanwhile cannot be read either.
    assert_eq!(read_by(STRANGER, &paths), [control.display().to_string()], "{when}");
    println!("{when}: {} files and folders, by their modes and as another account", paths.len());
}

/// A step of the pipeline on the demo's databases, with a staging area of its own.
fn step(running: &Running, stage: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    bionicpro_testing::without_configuration(&mut command)
        .args(["-c", "umask 022; exec \"$@\"", "sh", BINARY, "etl"])
        .args(arguments)
        .current_dir(stage.parent().unwrap())
        .env("BIONICPRO_STAGE_URL", format!("file://{}", stage.display()));
    on_its_databases(running, &mut command);
    command
}

fn on_its_databases(running: &Running, command: &mut Command) {
    let address = |part: &str| running.ready[part]["url"].as_str().unwrap().to_owned();
    command
        .env("BIONICPRO_CRM_URL", address("crm"))
        .env("BIONICPRO_TELEMETRY_URL", address("telemetry"))
        .env("BIONICPRO_WAREHOUSE_URL", address("warehouse"));
}

fn succeeds(mut command: Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let arguments: Vec<_> = command.get_args().collect();
    assert!([Some(0), Some(99)].contains(&output.status.code()), "{arguments:?}\n{text}");
}

/// Ends the watch when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_other_account_reads_anything_while_a_demo_runs_is_killed_and_comes_back() {
    let top = open_folder();
    let (data, stage) = (top.path().join("data"), top.path().join("stage"));
    let mut running = Running::start(&data, &["--rate", "50"]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Short-lived files too: those that are being written.
        let watch = scope.spawn(|| {
            let mut open = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let all = [&data, &stage].into_iter().flat_map(|root| walk(root));
                let all = all.filter(|(_, metadata)| metadata.mode() & 0o077 != 0);
                open.extend(all.map(|(path, metadata)| (path, format!("{:o}", metadata.mode()))));
                std::thread::sleep(Duration::from_millis(100));
            }
            open
        });
        // A failed test ends the watch too.
        let ends = Ends(&over);
        is_closed("started", &[&data]);
        let day = |ago| (Utc::now() - TimeDelta::days(ago)).format("%Y-%m-%d").to_string();
        let (from, to) = (day(2), day(1));
        for arguments in [
            &["run"][..],
            &["run", "--full"],
            &["run", "--from", &from, "--to", &to],
            &["extract-crm", "--run", "steps"],
            &["extract-telemetry", "--run", "steps"],
            &["transform", "--run", "steps"],
        ] {
            succeeds(step(&running, &stage, arguments));
        }
        assert!(stage.join("steps/mart.parquet").exists());
        is_closed("after runs", &[&data, &stage]);

        let mut killed: Child =
            step(&running, &stage, &["run", "--full", "--run", "killed"]).spawn().unwrap();
        eventually("a run is under way", || {
            stage.join("killed").exists() || killed.try_wait().unwrap().is_some()
        });
        killed.kill().unwrap();
        killed.wait().unwrap();
        signal(warehouse_pid(&data), "KILL");
        signal(postgres_pid(&data), "KILL");
        let back = |part: &str| running.said().contains(&format!("{part}: is back"));
        eventually("both engines are back", || back("the warehouse") && back("PostgreSQL"));
        succeeds(step(&running, &stage, &["run", "--full"]));
        is_closed("after kills", &[&data, &stage]);

        running.signal("KILL");
        running.child.wait().unwrap();
        is_closed("after its own end", &[&data, &stage]);
        running = Running::start(&data, &["--rate", "50"]);
        succeeds(step(&running, &stage, &["load", "--run", "steps"]));
        is_closed("started again", &[&data, &stage]);
        drop(ends);
        assert_eq!(watch.join().unwrap(), []);
    });
}

#[test]
fn what_an_older_program_left_open_is_closed_at_the_start_and_links_are_left() {
    let top = open_folder();
    let (data, outside) = (top.path().join("data"), top.path().join("outside"));
    succeeds(demo(&data, &["--once"]));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "not the demo's").unwrap();
    chmod(&outside, 0o755);
    chmod(&outside.join("file"), 0o644);
    let all = walk(&data);
    for (path, metadata) in &all {
        // As created under the umask 022; PostgreSQL has always closed its cluster to other accounts.
        if !path.starts_with(data.join("postgres")) {
            chmod(path, if metadata.is_dir() { 0o755 } else { 0o644 });
        }
    }
    let opened = walk(&data).iter().filter(|(_, metadata)| metadata.mode() & 0o077 != 0).count();
    assert!(opened > 50, "{opened}");
    symlink(&outside, data.join("stage/link")).unwrap();
    symlink(outside.join("file"), data.join("warehouse/engine/link")).unwrap();

    let _running = Running::start(&data, &["--engines-only"]);
    is_closed("closed at the start", &[&data]);
    assert_eq!([mode(&outside), mode(&outside.join("file"))], [0o755, 0o644]);
    let log = fs::read_to_string(data.join("demo.log")).unwrap();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains("closed files and folders that were open")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    // The lock file existed before, and the warehouse creates and removes some files at any time.
    let corrected: usize = told[0].rsplit_once("corrected=").unwrap().1.trim().parse().unwrap();
    assert!(corrected.abs_diff(opened) < 10, "{corrected} of {opened}");
}

#[test]
fn accounts_of_one_group_share_a_stage_and_nobody_else_reads_it() {
    const GROUP: u32 = 60_010;
    let top = open_folder();
    let (data, stage) = (top.path().join("data"), top.path().join("shared/stage"));
    let running = Running::start(&data, &["--no-schedule", "--rate", "0"]);
    let group = if is_root() { GROUP } else { fs::metadata(top.path()).unwrap().gid() };
    // A path from which another account can run it.
    let program = top.path().join("bionicpro");
    fs::hard_link(BINARY, &program).or_else(|_| fs::copy(BINARY, &program).map(drop)).unwrap();
    let step = |account: u32, name: &str, arguments: &[&str]| {
        let mut command = Command::new(&program);
        bionicpro_testing::without_configuration(&mut command)
            .args(["etl", name, "--run", "shared"])
            .args(arguments)
            .current_dir("/")
            .env("BIONICPRO_STAGE_URL", format!("file://{}", stage.display()))
            .env("BIONICPRO_STAGE_GROUP", group.to_string());
        on_its_databases(&running, &mut command);
        if is_root() {
            command.uid(account).gid(GROUP);
        } else {
            println!("{name} by one account, for want of root");
        }
        command
    };
    if is_root() {
        fs::create_dir(top.path().join("shared")).unwrap();
        std::os::unix::fs::chown(top.path().join("shared"), Some(60_001), Some(60_001)).unwrap();
        chmod(&top.path().join("shared"), 0o711);
    }
    // Both extractions at once, as Airflow calls them: each may be the first to create a folder.
    let mut crm = step(60_001, "extract-crm", &[]);
    succeeds(step(60_001, "extract-crm", &[]));
    let extractions = [crm.spawn().unwrap(), step(60_002, "extract-telemetry", &["--full"]).spawn().unwrap()];
    for mut extraction in extractions {
        assert!(extraction.wait().unwrap().success());
    }
    succeeds(step(60_001, "transform", &[]));
    for (path, metadata) in walk(&stage) {
        let wanted = if metadata.is_dir() { 0o2770 } else { 0o660 };
        assert_eq!((metadata.mode() & 0o7777, metadata.gid()), (wanted, group), "{}", path.display());
    }
    let staged: Vec<PathBuf> = walk(&stage).into_iter().map(|(path, _)| path).collect();
    assert!(staged.len() > 8, "{staged:?}");
    if is_root() {
        assert_eq!(read_by(STRANGER, &staged), Vec::<String>::new());
    }
    succeeds(step(60_002, "load", &[]));
}
