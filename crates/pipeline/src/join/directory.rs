//! Who owned a chip when, ready to be asked once per cell.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use parquet::data_type::{ByteArray, FixedLenByteArray};
use uuid::Uuid;

use crate::files::crm::{CrmRow, uuid_bytes};

/// What the mart says of an owner, as the file's column values.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) user: Uuid,
    pub(crate) prosthesis: Uuid,
    pub(crate) user_id: FixedLenByteArray,
    pub(crate) prosthesis_id: FixedLenByteArray,
    pub(crate) ldap_username: ByteArray,
    pub(crate) customer_name: ByteArray,
    pub(crate) customer_email: ByteArray,
    pub(crate) prosthesis_model: ByteArray,
    /// Whether another chip belongs or belonged to the same person's prosthesis.
    pub(crate) has_several_chips: bool,
}

/// An interval in microseconds since 1970, the end not included.
struct Interval {
    from: i64,
    to: i64,
    owner: Rc<Owner>,
}

/// The owners by chip.
pub(crate) struct Directory {
    chips: HashMap<Vec<u8>, Vec<Interval>>,
}

impl Directory {
    /// Reads the rows of `crm.parquet`. A former owner who is no customer any more owns nothing.
    pub(crate) fn new(rows: &[CrmRow]) -> Directory {
        let mut first_chip: HashMap<(Uuid, Uuid), &str> = HashMap::new();
        let mut several = HashSet::new();
        for row in rows {
            let (Some(prosthesis), Some(chip)) = (row.prosthesis_id, row.chip_id.as_deref()) else {
                continue;
            };
            let key = (row.user_id, prosthesis);
            if *first_chip.entry(key).or_insert(chip) != chip {
                several.insert(key);
            }
        }
        let mut chips: HashMap<Vec<u8>, Vec<Interval>> = HashMap::new();
        for row in rows {
            let (Some(prosthesis), Some(chip), Some(name)) =
                (row.prosthesis_id, &row.chip_id, &row.customer_name)
            else {
                continue;
            };
            let text = |text: &Option<String>| ByteArray::from(text.as_deref().unwrap_or_default());
            let owner = Rc::new(Owner {
                user: row.user_id,
                prosthesis,
                user_id: uuid_bytes(row.user_id),
                prosthesis_id: uuid_bytes(prosthesis),
                ldap_username: text(&row.ldap_username),
                customer_name: ByteArray::from(name.as_str()),
                customer_email: text(&row.customer_email),
                prosthesis_model: text(&row.prosthesis_model),
                has_several_chips: several.contains(&(row.user_id, prosthesis)),
            });
            chips.entry(chip.as_bytes().to_vec()).or_default().push(Interval {
                from: row.valid_from.map_or(0, |at| at.timestamp_micros()),
                to: row.valid_to.map_or(i64::MAX, |at| at.timestamp_micros()),
                owner,
            });
        }
        Directory { chips }
    }

    /// Who owned the chip in the hour that begins then.
    pub(crate) fn owner(&self, chip: &[u8], hour: i64) -> Option<&Rc<Owner>> {
        let intervals = self.chips.get(chip)?;
        intervals
            .iter()
            .find(|interval| interval.from <= hour && hour < interval.to)
            .map(|interval| &interval.owner)
    }
}
