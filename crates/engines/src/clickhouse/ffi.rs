//! The C interface of libchdb: the symbols that the endpoint uses, loaded at run time.
//!
//! Only signatures live here; who may call what, and when, is the contract of `connection.rs`.

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;

use bionicpro_model::{Error, Kind, Result};

/// A `chdb_connection *`: what `chdb_connect` returns and `chdb_close_conn` takes.
pub(super) type ConnectionSlot = *mut ConnectionPtr;
/// A `chdb_connection`: what a statement takes.
pub(super) type ConnectionPtr = *mut c_void;
/// A `chdb_result *`.
pub(super) type ResultPtr = *mut c_void;
/// A `chdb_insert_stream`.
pub(super) type InsertPtr = *mut c_void;

/// Arrays of parameter names and values, as every `…_with_params_n` call takes them.
type Strings = *const *const c_char;
type Lengths = *const usize;

/// A call that takes a statement: session, text, format, then the parameters' names and values with their lengths.
pub(super) type StatementCall<T> = unsafe extern "C" fn(
    ConnectionPtr,
    *const c_char,
    usize,
    *const c_char,
    usize,
    Strings,
    Lengths,
    Strings,
    Lengths,
    usize,
) -> T;

/// `CHDBSuccess`.
pub(super) const SUCCESS: c_int = 0;

/// What `chdb_classify_query_n` reports; versioned by its first field.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Analysis {
    pub(super) struct_size: u32,
    pub(super) statement_count: u32,
    pub(super) flags: u32,
    pub(super) query_class: u32,
}

macro_rules! symbols {
    ($($name:ident: fn($($argument:ty),*) $(-> $output:ty)?;)*) => {
        /// The loaded library. It is never unloaded: the engine's threads live until the process ends.
        #[derive(Debug, Clone, Copy)]
        pub(super) struct Library {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $output)?,)*
        }

        impl Library {
            /// Loads the library and looks up every symbol, so that an older version fails here and not later.
            pub(super) fn load(path: &Path) -> Result<Self> {
                let refuse = |error: libloading::Error| {
                    Error::new(Kind::Config, "the ClickHouse engine cannot be loaded")
                        .detail(path.display().to_string())
                        .hint("run `make build`, which installs the pinned engine")
                        .source(error)
                };
                #[expect(unsafe_code, reason = "loading a library runs its initialisers")]
                // SAFETY: the path names libchdb, whose initialisers are made for being loaded into another program.
                let library = unsafe { libloading::Library::new(path) }.map_err(refuse)?;
                let library: &'static libloading::Library = Box::leak(Box::new(library));
                Ok(Library {
                    $($name: {
                        #[expect(unsafe_code, reason = "a symbol has the type that its header gives it")]
                        // SAFETY: the signature is the one in libchdb's public header for this name.
                        let symbol = unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) };
                        *symbol.map_err(refuse)?
                    },)*
                })
            }
        }
    };
}

symbols! {
    chdb_set_signal_handlers_enabled: fn(c_int);
    chdb_connect: fn(c_int, *const *const c_char) -> ConnectionSlot;
    chdb_close_conn: fn(ConnectionSlot);
    chdb_query_with_params_n: fn(
        ConnectionPtr, *const c_char, usize, *const c_char, usize, Strings, Lengths, Strings, Lengths, usize
    ) -> ResultPtr;
    chdb_stream_insert_with_params_n: fn(
        ConnectionPtr, *const c_char, usize, *const c_char, usize, Strings, Lengths, Strings, Lengths, usize
    ) -> InsertPtr;
    chdb_stream_append: fn(InsertPtr, *const c_void, usize) -> c_int;
    chdb_stream_done: fn(InsertPtr) -> ResultPtr;
    chdb_stream_insert_error: fn(InsertPtr) -> *const c_char;
    chdb_destroy_insert_stream: fn(InsertPtr);
    chdb_destroy_query_result: fn(ResultPtr);
    chdb_result_buffer: fn(ResultPtr) -> *const c_char;
    chdb_result_length: fn(ResultPtr) -> usize;
    chdb_result_error: fn(ResultPtr) -> *const c_char;
    chdb_result_elapsed: fn(ResultPtr) -> f64;
    chdb_result_rows_read: fn(ResultPtr) -> u64;
    chdb_result_bytes_read: fn(ResultPtr) -> u64;
    chdb_result_storage_rows_read: fn(ResultPtr) -> u64;
    chdb_result_storage_bytes_read: fn(ResultPtr) -> u64;
    chdb_result_rows_written: fn(ResultPtr) -> u64;
    chdb_result_bytes_written: fn(ResultPtr) -> u64;
    chdb_classify_query_n: fn(ConnectionPtr, *const c_char, usize, *const c_char, usize, *mut Analysis) -> c_int;
}
