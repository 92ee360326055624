//! The identity of a server and its position: a baseline of another server says nothing about this one.

use bionicpro_model::Result;
use serde::{Deserialize, Serialize};

use crate::connect::Session;

/// A server and its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// The system identifier that the cluster got when it was created; `None` if the account may not read it.
    pub(crate) system: Option<String>,
    /// The number of times that a standby or a restored backup began to write.
    pub(crate) timeline: u32,
    /// The database's OID.
    pub(crate) database: u32,
    /// The start time of the server, in microseconds since 1970; `None` for a standby, which may be one of
    /// several.
    pub(crate) started: Option<i64>,
    /// The position in the write-ahead log.
    pub(crate) wal: u64,
}

/// A server at this moment, for this account.
pub(crate) struct ServerNow {
    pub(crate) server: Server,
    pub(crate) is_standby: bool,
    /// True if the account sees when the transactions of others began.
    pub(crate) sees_all_transactions: bool,
}

impl Server {
    /// Queries the server.
    pub(crate) async fn read(session: &Session) -> Result<ServerNow> {
        let fail = |error| session.place.error(error);
        let row = session.row(include_str!("server.sql"), &[]).await?;
        let is_standby: bool = row.try_get(0).map_err(fail)?;
        let wal: Option<i64> = row.try_get(1).map_err(fail)?;
        let log_file: Option<&str> = row.try_get(2).map_err(fail)?;
        let may_read_control: bool = row.try_get(3).map_err(fail)?;
        let timeline = log_file.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let sees_all_transactions: bool = row.try_get(4).map_err(fail)?;
        let mut server = Server {
            system: None,
            timeline: timeline.unwrap_or(0),
            database: row.try_get(5).map_err(fail)?,
            started: row.try_get(6).map_err(fail)?,
            wal: wal.unwrap_or(0).cast_unsigned(),
        };
        if may_read_control {
            let row = session.row(include_str!("control.sql"), &[]).await?;
            let system: i64 = row.try_get(0).map_err(fail)?;
            let noted: Option<i32> = row.try_get(1).map_err(fail)?;
            server.system = Some(system.to_string());
            server.timeline = timeline.unwrap_or(noted.unwrap_or(0).cast_unsigned());
        }
        Ok(ServerNow { server, is_standby, sees_all_transactions })
    }
}
