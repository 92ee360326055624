//! One connection to the engine: a session of its own that runs one statement at a time.
//!
//! Every call blocks and belongs on a thread that may block. `SET`, `USE` and temporary tables live exactly as
//! long as the connection does.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use bionicpro_model::{Error, Kind, Result};

use super::exit;
use super::failure::Failure;
use super::ffi::{Analysis, ConnectionSlot, InsertPtr, Library, ResultPtr, SUCCESS, StatementCall};

/// What a statement has read and written, as the engine counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Progress {
    pub(super) read_rows: u64,
    pub(super) read_bytes: u64,
    pub(super) written_rows: u64,
    pub(super) written_bytes: u64,
    pub(super) result_rows: u64,
    pub(super) result_bytes: u64,
    pub(super) elapsed_s: f64,
}

/// What a finished statement leaves: its counters and what it did not write elsewhere.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) progress: Progress,
    pub(super) bytes: Vec<u8>,
}

/// What the engine's own parser says of a text, without running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    /// Statements in the text; 0 when it does not parse.
    pub(super) statements: u32,
    /// SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS or CHECK: leaves no trace.
    pub(super) reads_only: bool,
}

/// The size of [`Analysis`], by which the engine knows its version: four numbers of four bytes.
const ANALYSIS_BYTES: u32 = 16;
const _: () = assert!(size_of::<Analysis>() == 16);

/// Named values for `{name:Type}` in a statement.
pub(super) type Parameters = [(String, String)];

/// An open connection. Dropping it ends its session.
#[derive(Debug)]
pub(super) struct Connection {
    library: Library,
    slot: ConnectionSlot,
}

#[expect(
    unsafe_code,
    reason = "the engine locks each connection; calls may come from any thread, one at a time"
)]
// SAFETY: libchdb guards a client by its own mutex and binds no state to the calling thread between calls.
// `&mut self` on every statement keeps two calls from overlapping.
unsafe impl Send for Connection {}

impl Connection {
    /// Connects; the first connection of the process starts the engine with these arguments.
    pub(super) fn open(library: Library, arguments: &[CString]) -> Result<Self> {
        let pointers: Vec<*const c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        let count = i32::try_from(pointers.len()).unwrap_or(0);
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: `pointers` holds `count` NUL-terminated strings that outlive the call.
        let slot = unsafe { (library.chdb_connect)(count, pointers.as_ptr()) };
        if slot.is_null() {
            return Err(Error::new(Kind::Internal, "the ClickHouse engine did not start")
                .hint("its reason is on standard error above"));
        }
        exit::without_destructors();
        Ok(Connection { library, slot })
    }

    /// Runs one statement to its end and returns what it wrote to its result.
    pub(super) fn query(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<Answer, Failure> {
        let result = self.send(self.library.chdb_query_with_params_n, sql, format, parameters);
        finish(self.library, result)
    }

    /// Begins an INSERT whose rows are appended as bytes of `format`. `sql` has no FORMAT clause and no rows.
    pub(super) fn insert(
        &mut self,
        sql: &str,
        format: &str,
        parameters: &Parameters,
    ) -> Result<Insert<'_>, Failure> {
        let stream = self.send(self.library.chdb_stream_insert_with_params_n, sql, format, parameters);
        let insert = Insert { library: self.library, stream, _connection: self };
        match insert.error() {
            Some(text) => Err(Failure::from_engine(&text)),
            None => Ok(insert),
        }
    }

    /// Hands a statement to one of the two calls that take one.
    fn send<T>(&mut self, call: StatementCall<T>, sql: &str, format: &str, parameters: &Parameters) -> T {
        let list = ParameterList::new(parameters);
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the connection is open; every pointer comes with its length and outlives the call.
        unsafe {
            call(
                *self.slot,
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                list.names.as_ptr(),
                list.name_lengths.as_ptr(),
                list.values.as_ptr(),
                list.value_lengths.as_ptr(),
                list.names.len(),
            )
        }
    }

    /// Asks the engine's parser what a text is; nothing runs.
    pub(super) fn classify(&mut self, sql: &str) -> Class {
        let mut analysis = Analysis { struct_size: ANALYSIS_BYTES, ..Analysis::default() };
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the connection is open, `sql` comes with its length, and the report has the size that it states.
        let state = unsafe {
            (self.library.chdb_classify_query_n)(
                *self.slot,
                sql.as_ptr().cast(),
                sql.len(),
                ptr::null(),
                0,
                &raw mut analysis,
            )
        };
        let parsed = state == SUCCESS && analysis.statement_count > 0;
        Class {
            statements: if parsed { analysis.statement_count } else { 0 },
            reads_only: parsed && analysis.query_class == 0,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the slot came from `chdb_connect` and is closed once; an `Insert` cannot outlive its connection.
        unsafe {
            (self.library.chdb_close_conn)(self.slot)
        }
    }
}

/// An INSERT that takes bytes. Dropping it before [`Insert::done`] cancels it.
#[derive(Debug)]
pub(super) struct Insert<'a> {
    library: Library,
    stream: InsertPtr,
    _connection: &'a mut Connection,
}

impl Insert<'_> {
    /// Hands over one chunk, waiting while the engine is behind. `false`: the insert has failed, `done` says why.
    pub(super) fn append(&mut self, chunk: &[u8]) -> bool {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the stream is open and the engine copies the bytes before it returns.
        let state =
            unsafe { (self.library.chdb_stream_append)(self.stream, chunk.as_ptr().cast(), chunk.len()) };
        state == SUCCESS
    }

    /// Ends the input and commits.
    pub(super) fn done(self) -> Result<Answer, Failure> {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the stream is open; it is destroyed by `drop` afterwards.
        let result = unsafe { (self.library.chdb_stream_done)(self.stream) };
        finish(self.library, result)
    }

    fn error(&self) -> Option<String> {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: the handle is never null, and the text lives as long as the handle.
        unsafe {
            text((self.library.chdb_stream_insert_error)(self.stream))
        }
    }
}

impl Drop for Insert<'_> {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: destroyed once; the engine cancels an insert that was not finished.
        unsafe {
            (self.library.chdb_destroy_insert_stream)(self.stream)
        }
    }
}

/// Copies a result out and destroys it.
fn finish(library: Library, result: ResultPtr) -> Result<Answer, Failure> {
    #[expect(unsafe_code, reason = "C calls")]
    // SAFETY: the result is alive until `chdb_destroy_query_result`, which is called once, last.
    unsafe {
        let outcome = match text((library.chdb_result_error)(result)) {
            Some(text) => Err(Failure::from_engine(&text)),
            None => {
                let (data, length) =
                    ((library.chdb_result_buffer)(result), (library.chdb_result_length)(result));
                let bytes = if data.is_null() || length == 0 {
                    Vec::new()
                } else {
                    std::slice::from_raw_parts(data.cast::<u8>(), length).to_vec()
                };
                Ok(Answer {
                    progress: Progress {
                        read_rows: (library.chdb_result_storage_rows_read)(result),
                        read_bytes: (library.chdb_result_storage_bytes_read)(result),
                        written_rows: (library.chdb_result_rows_written)(result),
                        written_bytes: (library.chdb_result_bytes_written)(result),
                        result_rows: (library.chdb_result_rows_read)(result),
                        result_bytes: (library.chdb_result_bytes_read)(result),
                        elapsed_s: (library.chdb_result_elapsed)(result),
                    },
                    bytes,
                })
            }
        };
        (library.chdb_destroy_query_result)(result);
        outcome
    }
}

#[expect(unsafe_code, reason = "reads a C string")]
/// SAFETY: `pointer` is null or a NUL-terminated string that is alive during the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: see above.
    let text = unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned();
    (!text.is_empty()).then_some(text)
}

/// Parameters as the arrays of pointers and lengths that the C interface takes.
struct ParameterList {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl ParameterList {
    fn new(parameters: &Parameters) -> Self {
        ParameterList {
            names: parameters.iter().map(|(name, _)| name.as_ptr().cast()).collect(),
            name_lengths: parameters.iter().map(|(name, _)| name.len()).collect(),
            values: parameters.iter().map(|(_, value)| value.as_ptr().cast()).collect(),
            value_lengths: parameters.iter().map(|(_, value)| value.len()).collect(),
        }
    }
}
