//! The engine's process: it loads the library, fences itself in, and becomes the engine.
//!
//! The library exports the command line of clickhouse-local. Its start-up query opens the HTTP port and then
//! counts the lines of its standard input: the process serves until the supervisor closes that pipe or ends.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::PathBuf;

use bionicpro_model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use super::fence;

/// The arguments with which the program becomes the engine's process. A description of the process follows,
/// as JSON.
pub const ARGUMENTS: [&str; 2] = ["warehouse", "engine"];

/// The stack of the engine's first thread, as large as that of a main thread.
const STACK_BYTES: usize = 8 << 20;

/// A description of the engine's process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Process {
    /// The engine's library.
    pub(super) library: PathBuf,
    /// The data directory.
    pub(super) data: PathBuf,
    /// Ports that the engine listens on.
    pub(super) listens: Vec<u16>,
    /// Ports of other engines that it may connect to.
    pub(super) connects: Vec<u16>,
    /// True if the engine also serves the native protocol.
    pub(super) is_native: bool,
    /// Disables the fence around the machine's files and network.
    pub(super) allow_host_access: bool,
}

impl Process {
    /// Parses a description from the argument after [`ARGUMENTS`].
    ///
    /// # Errors
    /// `Config` when the text is not a description.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(Kind::Config, "the engine's process is started by `bionicpro warehouse serve` only")
                .source(error)
        })
    }

    /// The folder of the engine's own files.
    pub(super) fn engine_dir(&self) -> PathBuf {
        self.data.join("engine")
    }

    /// Becomes the engine, and ends this process with it. Returns only if an error occurs before the engine
    /// starts.
    ///
    /// # Errors
    /// `Config` when the library cannot be loaded, `Internal` when the fence cannot be put up.
    pub fn run(self) -> Result<std::convert::Infallible> {
        let main = load(&self.library)?;
        if !self.allow_host_access {
            fence::put_up(&self)?;
        }
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        super::writes::watch();
        let native = if self.is_native { "SYSTEM START LISTEN TCP; " } else { "" };
        let arguments = [
            "clickhouse".to_owned(),
            format!("--config-file={}", self.data.join("config.xml").display()),
            format!("--path={}", self.engine_dir().display()),
            "--query".to_owned(),
            format!(
                "{native}SYSTEM START LISTEN HTTP; \
                 SELECT count() FROM file('-', 'LineAsString', 'line String') FORMAT Null"
            ),
        ];
        let arguments = arguments.map(CString::new).into_iter().collect::<std::result::Result<Vec<_>, _>>();
        let arguments = arguments.map_err(|error| {
            Error::new(Kind::Config, "the data directory's path contains a zero byte").source(error)
        })?;
        // The stack of a thread is known without /proc/self/maps, which the fence hides.
        let serving =
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || main.serve(&arguments));
        let failure = match serving.map(std::thread::JoinHandle::join) {
            Ok(Ok(failure)) => failure,
            Ok(Err(_)) => Some("the engine's thread panicked".to_owned()),
            Err(error) => Some(format!("the engine's thread cannot be started: {error}")),
        };
        if let Some(text) = &failure {
            #[expect(clippy::print_stderr, reason = "the supervisor reads it there")]
            {
                eprintln!("{text}");
            }
        }
        // Without the engine's destructors, which would destroy objects that its threads still use.
        leave(i32::from(failure.is_some()))
    }
}

#[expect(unsafe_code, reason = "a function of the C library")]
pub(super) fn leave(status: c_int) -> ! {
    unsafe extern "C" {
        fn _exit(status: c_int) -> !;
    }
    // SAFETY: ends the process, with nothing of it left to clean up.
    unsafe { _exit(status) }
}

/// The library's functions: the engine's command line, and the error of its result.
struct Main {
    cmdline: unsafe extern "C" fn(c_int, *const *const c_char) -> *mut c_void,
    error: unsafe extern "C" fn(*mut c_void) -> *const c_char,
}

fn load(path: &std::path::Path) -> Result<Main> {
    let refuse = |error: libloading::Error| {
        Error::new(Kind::Config, "the ClickHouse engine cannot be loaded")
            .detail(path.display().to_string())
            .hint("run `make build`, which installs the pinned engine")
            .source(error)
    };
    #[expect(unsafe_code, reason = "loading a library runs its initialisers")]
    // SAFETY: the path names libchdb, whose initialisers are made for being loaded into another program. It
    // is never unloaded: the engine's threads live until the process ends. The signatures are those of its
    // public header.
    unsafe {
        let library: &'static libloading::Library =
            Box::leak(Box::new(libloading::Library::new(path).map_err(refuse)?));
        Ok(Main {
            cmdline: *library.get(b"chdb_query_cmdline\0").map_err(refuse)?,
            error: *library.get(b"chdb_result_error\0").map_err(refuse)?,
        })
    }
}

impl Main {
    /// Serves until standard input ends; returns the text of a failure.
    fn serve(&self, arguments: &[CString]) -> Option<String> {
        let pointers: Vec<*const c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        let count = c_int::try_from(pointers.len()).unwrap_or(c_int::MAX);
        #[expect(unsafe_code, reason = "C calls")]
        // SAFETY: the arguments are C strings that outlive the call; the result is read before the process
        // ends.
        unsafe {
            let result = (self.cmdline)(count, pointers.as_ptr());
            if result.is_null() {
                return Some("the engine returned no result".to_owned());
            }
            let error = (self.error)(result);
            (!error.is_null()).then(|| CStr::from_ptr(error).to_string_lossy().into_owned())
        }
    }
}
