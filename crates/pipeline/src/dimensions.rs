//! The dimensions according to a CRM snapshot: customers, their prostheses, and the ownership intervals.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_model::{Snapshot, hex};
use bionicpro_sources::Crm;
use bionicpro_sources::crm::Customer;
use bionicpro_warehouse::load::{Dimensions, UserProsthesisRow, UserRow};
use bionicpro_warehouse::owners::Ownership;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::files::crm::CrmRow;
use crate::owners::{Holding, Present, Seen};

/// The customers and prostheses of one CRM snapshot.
pub(crate) struct People {
    /// The rows of `crm.parquet`.
    pub(crate) rows: Vec<CrmRow>,
    /// Counts by name.
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) snapshot: Snapshot,
    /// Identifies this state of the CRM.
    pub(crate) fingerprint: String,
    /// Values that cannot be read, by name.
    pub(crate) unreadable: Vec<String>,
}

/// Joins customers and prostheses. A prosthesis whose customer does not exist has no owner.
pub(crate) fn people(crm: &Crm) -> People {
    let customers: HashMap<Uuid, &Customer> = crm.customers.iter().map(|row| (row.id, row)).collect();
    let person = |customer: &Customer| CrmRow {
        user_id: customer.id,
        ldap_username: customer.ldap_username.clone(),
        customer_name: customer.name.clone(),
        customer_email: customer.email.clone(),
        prosthesis_id: None,
        chip_id: None,
        serial_number: None,
        prosthesis_model: None,
        manufactured_on: None,
        warranty_until: None,
    };
    let (mut rows, mut with_prosthesis) = (Vec::with_capacity(crm.prostheses.len()), HashSet::new());
    let (mut without_customer, mut without_model) = (0_u64, 0_u64);
    for prosthesis in &crm.prostheses {
        without_model += u64::from(prosthesis.model.is_none());
        let Some(customer) = prosthesis.customer_id.and_then(|id| customers.get(&id)) else {
            without_customer += 1;
            continue;
        };
        with_prosthesis.insert(customer.id);
        rows.push(CrmRow {
            prosthesis_id: Some(prosthesis.id),
            chip_id: prosthesis.chip_id.clone(),
            serial_number: Some(prosthesis.serial_number.clone()),
            prosthesis_model: prosthesis.model.clone(),
            manufactured_on: prosthesis.manufactured_on,
            warranty_until: prosthesis.warranty_until,
            ..person(customer)
        });
    }
    rows.extend(crm.customers.iter().filter(|row| !with_prosthesis.contains(&row.id)).map(person));
    // If only a part of the CRM was read, the other rows are unknown.
    let is_whole = crm.is_whole();
    if is_whole && without_customer + without_model > 0 {
        tracing::warn!(
            without_customer,
            without_model,
            "prostheses of the CRM reference rows that do not exist"
        );
    }
    let mut counts = vec![("customers", crm.all_customers), ("prostheses", crm.all_prostheses)];
    if is_whole {
        counts.push(("prostheses_without_customer", without_customer));
        counts.push(("prostheses_without_model", without_model));
    }
    counts.push(("unreadable_values", crm.unreadable.len() as u64));
    People {
        rows,
        counts: counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        snapshot: crm.snapshot.clone(),
        fingerprint: crm.fingerprint.clone(),
        unreadable: crm.unreadable.clone(),
    }
}

/// Returns the ownership in the snapshot. `previous` is the time at which the stored state was seen.
pub(crate) fn seen(crm: &Crm, people: &[CrmRow], previous: Option<DateTime<Utc>>) -> Seen {
    let present = people.iter().filter_map(|row| {
        Some(Present {
            chip_id: row.chip_id.clone()?,
            holding: Holding { user_id: row.user_id, prosthesis_id: row.prosthesis_id? },
            prosthesis_model: row.prosthesis_model.clone().unwrap_or_default(),
        })
    });
    let updated_at = crm.prostheses.iter().filter_map(|row| Some((row.id, row.updated_at?)));
    Seen {
        present: present.collect(),
        updated_at: updated_at.collect(),
        unknown: crm.unknown_owners.clone(),
        at: crm.snapshot.taken_at,
        previous,
    }
}

/// Returns the dimensions, ordered like those that are read from the warehouse.
pub(crate) fn dimensions(people: &[CrmRow], mut owners: Vec<Ownership>) -> Dimensions {
    let users: BTreeMap<Uuid, UserRow> = people
        .iter()
        .map(|row| {
            let user = UserRow {
                user_id: row.user_id,
                ldap_username: row.ldap_username.clone(),
                customer_name: row.customer_name.clone(),
                customer_email: row.customer_email.clone(),
            };
            (row.user_id, user)
        })
        .collect();
    let mut prostheses: Vec<UserProsthesisRow> = people
        .iter()
        .filter_map(|row| {
            Some(UserProsthesisRow {
                user_id: row.user_id,
                prosthesis_id: row.prosthesis_id?,
                chip_id: row.chip_id.clone().unwrap_or_default(),
                prosthesis_model: row.prosthesis_model.clone().unwrap_or_default(),
                serial_number: row.serial_number.clone().unwrap_or_default(),
                manufactured_on: row.manufactured_on,
                warranty_until: row.warranty_until,
            })
        })
        .collect();
    prostheses.sort_by_key(|row| (row.user_id, row.prosthesis_id));
    owners.sort_by(|one, two| (&one.chip_id, one.valid_from).cmp(&(&two.chip_id, two.valid_from)));
    Dimensions { users: users.into_values().collect(), prostheses, owners }
}

/// Returns the SHA-256 checksums of users, prostheses and owners, to tell two states apart without keeping
/// either.
pub(crate) fn checksum(dimensions: &Dimensions) -> [String; 3] {
    let Dimensions { users, prostheses, owners } = dimensions;
    [format!("{users:?}"), format!("{prostheses:?}"), format!("{owners:?}")]
        .map(|text| hex(digest(&SHA256, text.as_bytes()).as_ref()))
}
