//! The engine of this process: started on a data directory, hands out connections, cancels statements.

use std::ffi::CString;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bionicpro_model::{Error, Kind, Result};

use super::connection::Connection;
use super::data_dir::DataDir;
use super::default_database;
use super::failure::Failure;
use super::ffi::Library;
use super::fresh::Fresh;
use super::{access, threads};

/// The started engine. It stops when this and every connection are gone.
#[derive(Debug)]
pub(super) struct Engine {
    library: Library,
    arguments: Vec<CString>,
    /// Kept open, so that the engine outlives the requests; also cancels statements of other connections.
    control: Mutex<Connection>,
    /// The engine's version, `26.7.2.1`.
    pub(super) version: String,
    /// The settings of a fresh connection.
    pub(super) fresh: Fresh,
}

/// A loaded library and the arguments to start it with.
#[derive(Debug)]
pub(super) struct Prepared {
    library: Library,
    arguments: Vec<CString>,
}

impl Prepared {
    /// Loads the library and writes the engine's configuration into `dir`.
    pub(super) fn new(library: &Path, dir: &DataDir, allow_host_access: bool) -> Result<Self> {
        let library = Library::load(library)?;
        default_database::prepare(&dir.join("engine"))?;
        let users = dir.write("users.xml", &access::users_xml(allow_host_access))?;
        let config = dir.write("config.xml", &access::config_xml(&text(&users)?))?;
        let arguments = [
            "bionicpro".to_owned(),
            format!("--path={}", text(&dir.join("engine"))?),
            format!("--config-file={}", text(&config)?),
        ];
        let arguments = arguments
            .into_iter()
            .map(|argument| CString::new(argument).map_err(|error| path_error().source(error)))
            .collect::<Result<Vec<CString>>>()?;
        Ok(Prepared { library, arguments })
    }

    /// Starts the engine. Blocks for about 0.2 s, longer with many tables.
    pub(super) fn start(self) -> Result<Engine> {
        let Prepared { library, arguments } = self;
        #[expect(unsafe_code, reason = "C call")]
        // SAFETY: takes a number and is called before the first connection, as its contract asks.
        unsafe {
            (library.chdb_set_signal_handlers_enabled)(0);
        }
        let mut control = Connection::open(library, &arguments)?;
        let version = control.query("SELECT version()", "TSVRaw", &[]).map_err(|failure| {
            Error::new(Kind::Internal, "the ClickHouse engine does not answer").detail(failure.text)
        })?;
        let version = String::from_utf8_lossy(&version.bytes).trim().to_owned();
        let fresh = Fresh::read(&mut control).map_err(|failure| {
            Error::new(Kind::Internal, "the ClickHouse engine does not tell its settings")
                .detail(failure.text)
        })?;
        Ok(Engine { library, arguments, control: Mutex::new(control), version, fresh })
    }
}

impl Engine {
    /// A new connection with a session of its own.
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        Connection::open(self.library, &self.arguments)
            .map_err(|error| Failure::from_engine(&error.to_string()))
    }

    /// Cancels the statement that carries `mark`, wherever it runs. A statement that has ended is no error.
    pub(super) fn cancel(&self, mark: &str) {
        let sql = format!("KILL QUERY WHERE Settings['{}'] = {{mark:String}} ASYNC", access::MARK_SETTING);
        let mut control = self.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Err(failure) = control.query(&sql, "Null", &[("mark".to_owned(), mark.to_owned())]) {
            tracing::warn!(failure = failure.text, "a statement could not be cancelled");
        }
    }
}

/// Cancels a statement when its request is dropped: the client hung up.
#[derive(Debug)]
pub(super) struct Canceller {
    engine: Arc<Engine>,
    mark: Option<String>,
}

impl Canceller {
    /// Armed until [`Canceller::disarm`].
    pub(super) fn new(engine: &Arc<Engine>, mark: String) -> Self {
        Canceller { engine: Arc::clone(engine), mark: Some(mark) }
    }

    /// The statement has ended.
    pub(super) fn disarm(mut self) {
        self.mark = None;
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            let engine = Arc::clone(&self.engine);
            threads::spawn_blocking(move || engine.cancel(&mark));
        }
    }
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(path_error)
}

fn path_error() -> Error {
    Error::new(Kind::Config, "the data directory's path is no text")
        .hint("choose a path of ordinary letters for --data")
}
