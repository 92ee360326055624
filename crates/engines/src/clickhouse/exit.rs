//! The end of a process that holds an engine: it leaves without the engine's destructors.
//!
//! The engine's threads run until the process ends. At `exit` its C++ destructors would take objects away from under
//! them, and one process in five dies with a segmentation fault. Nothing is lost by leaving at once: what the engine
//! has acknowledged survives even `kill -9`.
//!
//! What was registered last is called first, and the engine registers more destructors while it runs, at the first
//! use of each of its parts. So the short way out is registered again with new connections.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) use self::glibc::without_destructors;

/// Elsewhere the C library does not tell the status that the process ends with.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn without_destructors() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Each of the first connections may be the first to use a part; later ones seldom are, and a registration costs
    /// 32 bytes for good.
    const EVERY_ONE_OF: u64 = 4096;
    const THEN_ONE_IN: u64 = 64;

    #[expect(unsafe_code, reason = "two functions of the C library")]
    unsafe extern "C" {
        fn on_exit(leave: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
        fn _exit(status: c_int) -> !;
    }

    /// Registers the short way out. Call with each connection to the engine.
    pub(in super::super) fn without_destructors() {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        if number >= EVERY_ONE_OF && !number.is_multiple_of(THEN_ONE_IN) {
            return;
        }
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
