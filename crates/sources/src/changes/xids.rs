//! The transactions that a snapshot saw, from PostgreSQL's text form `xmin:xmax:xip,…`.

use std::fmt;
use std::str::FromStr;

/// Transactions below this number are PostgreSQL's own and never inserted a row that is compared.
const FIRST_NORMAL: u64 = 3;

/// A snapshot: everything below `xmin` has ended, nothing from `xmax` on was seen, `xip` was open between
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Xids {
    pub(crate) xmin: u64,
    pub(crate) xmax: u64,
    pub(crate) xip: Vec<u64>,
}

impl Xids {
    /// The same without the open transactions: everything from `xmin` on counts as unseen.
    ///
    /// A standby lists no open transactions, and no server lists open subtransactions, which the system
    /// column `xmin` may refer to: in both cases only this form of a snapshot is safe to compare with.
    pub(crate) fn without_open(&self) -> Xids {
        Xids { xmin: self.xmin, xmax: self.xmin, xip: Vec::new() }
    }

    /// `xmin` as the 32 bits that a row's header holds.
    pub(crate) fn xmin_in_row(&self) -> u64 {
        (self.xmin & u64::from(u32::MAX)).max(FIRST_NORMAL)
    }
}

/// Not a snapshot.
#[derive(Debug, thiserror::Error)]
#[error("not a snapshot")]
pub(crate) struct NoSnapshot;

impl FromStr for Xids {
    type Err = NoSnapshot;

    fn from_str(text: &str) -> Result<Self, NoSnapshot> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| NoSnapshot);
        let mut parts = text.split(':');
        let (Some(xmin), Some(xmax), Some(xip), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoSnapshot);
        };
        let open = xip.split(',').filter(|xid| !xid.is_empty()).map(number).collect::<Result<_, _>>()?;
        let xids = Xids { xmin: number(xmin)?, xmax: number(xmax)?, xip: open };
        if xids.xmin > xids.xmax { Err(NoSnapshot) } else { Ok(xids) }
    }
}

impl fmt::Display for Xids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.xmin, self.xmax, list(&self.xip))
    }
}

/// Comma-separated numbers.
pub(crate) fn list(xids: &[u64]) -> String {
    xids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_and_written_as_postgresql_does() {
        for text in ["10:20:11,14", "10:10:", "4294967296:4294967299:4294967297"] {
            assert_eq!(text.parse::<Xids>().unwrap().to_string(), text);
        }
        for bad in ["", "10:20", "20:10:", "a:b:c", "1:2:3:4", "1:2:x"] {
            assert!(bad.parse::<Xids>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_row_holds_the_lower_half_of_a_transaction() {
        let of = |xmin| Xids { xmin, xmax: xmin, xip: Vec::new() }.xmin_in_row();
        assert_eq!((of(100), of((7 << 32) + 100), of(7 << 32)), (100, 100, 3));
    }
}
