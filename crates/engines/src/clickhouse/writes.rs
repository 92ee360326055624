//! Ends the engine's process when it cannot write one of its files.
//!
//! The library (chDB 26.7) ignores the error of a failed write: on a full disk an INSERT is acknowledged
//! although its rows are lost, and an ALTER empties the table's definition. The library calls `write` of the
//! C library, which the program replaces with its own: an engine that ends acknowledges nothing, and keeps
//! the files that it had.

use std::ffi::{c_int, c_void};
use std::io::{Error, ErrorKind};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::FileType;

use super::process::leave;

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Makes every failed write to a file end this process from now on.
pub(super) fn watch() {
    IS_WATCHED.store(true, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "a function of the C library, in its place")]
mod interposed {
    use super::{Error, c_int, c_void, leave_if_lost};

    unsafe extern "C" {
        fn __write(descriptor: c_int, bytes: *const c_void, length: usize) -> isize;
    }

    // SAFETY: does what the C library's function does, by its other name.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn write(descriptor: c_int, bytes: *const c_void, length: usize) -> isize {
        // SAFETY: the caller's arguments are those of the same function.
        let written = unsafe { __write(descriptor, bytes, length) };
        if written < 0 {
            leave_if_lost(descriptor, &Error::last_os_error());
        }
        written
    }
}

/// Ends the process if the descriptor is a file's. If the process continues, the caller sees the error:
/// nothing here changes it.
fn leave_if_lost(descriptor: c_int, error: &Error) {
    if !IS_WATCHED.load(Ordering::Relaxed) || error.kind() == ErrorKind::Interrupted || descriptor < 0 {
        return;
    }
    #[expect(unsafe_code, reason = "a descriptor that came as a number")]
    // SAFETY: it is not -1, and the caller of `write` holds it open.
    let file = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let is_file = rustix::fs::fstat(file)
        .is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::RegularFile);
    if is_file {
        #[expect(clippy::print_stderr, reason = "the supervisor reads it there")]
        {
            eprintln!("the engine cannot write its files: {error}");
        }
        leave(1);
    }
}
