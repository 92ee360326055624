//! The baseline: what a run has seen of the telemetry, stored for the next run, and the reasons for which it
//! is lost.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::identity::{Difference, Identity, Tree};
use super::xids::Xids;
use super::{Form, Server};

/// The version of the JSON layout. A baseline of another version is lost.
const LAYOUT: u8 = 2;

/// Half of the numbers that a row's header can hold: beyond it, older transactions cannot be distinguished
/// from younger ones.
const MOST_TRANSACTIONS: u64 = 1 << 31;

/// The baseline that a run stores in the ledger as JSON: what it has seen of the telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    layout: u8,
    /// The form by which its run found new rows, and by which the next run finds them.
    pub form: Form,
    /// The source clock at its snapshot.
    pub taken_at: DateTime<Utc>,
    /// The moment before which no new row could appear.
    pub horizon: DateTime<Utc>,
    /// The snapshot, as far as rows can be compared with it.
    pub(super) snapshot: String,
    #[serde(flatten)]
    server: Server,
    #[serde(flatten)]
    identity: Identity,
}

/// The state of the source at this snapshot, for comparison with a baseline.
pub(crate) struct Present {
    pub(crate) form: Form,
    pub(crate) server: Server,
    pub(crate) tree: Tree,
    pub(crate) xids: Xids,
    pub(crate) is_standby: bool,
    pub(crate) taken_at: DateTime<Utc>,
    pub(crate) horizon: DateTime<Utc>,
    /// True if a transaction is prepared: its start is unknown.
    pub(crate) has_prepared: bool,
}

impl Present {
    /// The baseline that a run stores after loading all of this snapshot; `None` if there is nothing to
    /// compare with.
    pub(crate) fn baseline(&self, previous: Option<&Baseline>) -> Option<Baseline> {
        let previous = previous.filter(|previous| self.compare(previous).is_ok());
        let horizon = match self.form {
            Form::None => return None,
            // A prepared transaction began at an unknown time before it was prepared, but after the previous
            // horizon: it would have held that back while it was open.
            Form::CreationTime if self.has_prepared => previous?.horizon,
            _ => self.horizon,
        };
        let lists_all_open = self.form == Form::TransactionColumn && !self.is_standby;
        let snapshot = if lists_all_open { self.xids.clone() } else { self.xids.without_open() };
        Some(Baseline {
            layout: LAYOUT,
            form: self.form,
            taken_at: self.taken_at,
            horizon,
            snapshot: snapshot.to_string(),
            server: self.server.clone(),
            identity: self.tree.identity.clone(),
        })
    }

    /// The OIDs of the relations that joined the table since this baseline; or the reason, for display, why
    /// rows cannot be compared with it.
    pub(crate) fn compare(&self, baseline: &Baseline) -> Result<Vec<u32>, String> {
        if let Some(why) = self.lost(baseline) {
            return Err(why);
        }
        let names = &self.tree.names;
        let name =
            |part| names.get(&part).map_or_else(|| "a part of the table".to_owned(), |name| name.0.clone());
        match self.tree.identity.compare(&baseline.identity, name) {
            Difference::Joined(parts) => Ok(parts),
            Difference::Other(why) => Err(why),
        }
    }

    fn lost(&self, baseline: &Baseline) -> Option<String> {
        let (now, then) = (&self.server, &baseline.server);
        let Ok(xids) = baseline.snapshot.parse::<Xids>() else {
            return Some("its snapshot cannot be read".to_owned());
        };
        if baseline.layout != LAYOUT {
            return Some(format!("it was written by another version of this program ({})", baseline.layout));
        }
        if baseline.form != self.form {
            return Some(format!("new rows were found by {}, now by {}", baseline.form, self.form));
        }
        if now.system != then.system || now.database != then.database {
            return Some("another server or another database answers".to_owned());
        }
        if now.timeline != then.timeline {
            let (then, now) = (then.timeline, now.timeline);
            return Some(format!(
                "the server went from timeline {then} to {now}: a fail-over or a restored backup"
            ));
        }
        if self.xids.xmax < xids.xmax || now.wal < then.wal {
            return Some(
                "the server is behind the baseline: a restored backup, or a standby that lags".to_owned(),
            );
        }
        if now.started.is_some() && then.started.is_some() && now.started != then.started {
            return Some(
                "the server was restarted: it may be a copy of the server that was read before".to_owned(),
            );
        }
        if self.form == Form::CreationTime && self.taken_at < baseline.taken_at {
            return Some(format!("the server clock went back to before {}", baseline.taken_at));
        }
        let compares_rows = matches!(self.form, Form::RowXmin | Form::CreationTime);
        if compares_rows && self.xids.xmax - xids.xmin >= MOST_TRANSACTIONS {
            return Some("more than two billion transactions have passed".to_owned());
        }
        None
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.taken_at.format("%Y-%m-%dT%H:%M:%SZ");
        write!(f, "{at}, by {}, snapshot {}", self.form, self.snapshot)?;
        if self.form == Form::CreationTime {
            write!(f, ", horizon {}", self.horizon.format("%Y-%m-%dT%H:%M:%SZ"))?;
        }
        Ok(())
    }
}
