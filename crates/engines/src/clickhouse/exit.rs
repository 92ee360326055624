//! The end of a process that holds an engine: it leaves without the engine's destructors.
//!
//! The engine's threads run until the process ends. At `exit` its C++ destructors would take objects away from under
//! them, and one process in five dies with a segmentation fault. Nothing is lost by leaving at once: what the engine
//! has acknowledged survives even `kill -9`.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) use self::glibc::without_destructors;

/// Elsewhere the C library does not tell the status that the process ends with.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn without_destructors() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::{c_int, c_void};

    #[expect(unsafe_code, reason = "two functions of the C library")]
    unsafe extern "C" {
        fn on_exit(leave: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
        fn _exit(status: c_int) -> !;
    }

    /// Registers the short way out. Call when the engine runs: what is registered last is called first.
    pub(in super::super) fn without_destructors() {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: `leave` has the type that `on_exit` asks for, lives as long as the program, and ignores its argument.
        let refused = unsafe { on_exit(leave, std::ptr::null_mut()) };
        if refused != 0 {
            tracing::warn!("the engine's destructors will run at exit");
        }
    }

    extern "C" fn leave(status: c_int, _: *mut c_void) {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: ends the process with the status that it was ending with.
        unsafe {
            _exit(status)
        }
    }
}
