//! Lets a test binary run as the engine's process when it is started with the engine's arguments, like the
//! program.
//!
//! The test harness has no hook before it parses its command line, so this runs before `main`.

use std::ffi::OsStr;

use bionicpro_engines::clickhouse::{ARGUMENTS, Process};

#[expect(unsafe_code, reason = "a function that runs before main")]
// SAFETY: the loader calls it in the only thread of the binary, after the C library was initialized.
#[used]
#[unsafe(link_section = ".init_array")]
static BECOME_THE_ENGINE: extern "C" fn() = become_the_engine;

extern "C" fn become_the_engine() {
    let mut arguments = std::env::args_os().skip(1);
    if !ARGUMENTS.iter().all(|expected| arguments.next().as_deref() == Some(OsStr::new(expected))) {
        return;
    }
    let Some(description) = arguments.next().and_then(|description| description.into_string().ok()) else {
        return;
    };
    let Err(error) = Process::parse(&description).and_then(Process::run);
    eprintln!("error: {}", error.report());
    #[expect(
        clippy::disallowed_methods,
        reason = "the engine never started, and there is no main to return to"
    )]
    std::process::exit(1);
}
