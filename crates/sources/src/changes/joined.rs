//! The hours of relations that joined the table: their rows may be of any age, and no transaction identifies
//! them as new.

use std::collections::BTreeSet;

use bionicpro_model::Result;
use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};

use super::identity::Tree;
use super::since::Target;
use crate::connect::Session;
use crate::ident::instant_literal;
use crate::template::fill;

/// The hours in which these relations have rows, counted from 1970.
pub(crate) async fn hours_of(
    session: &Session,
    parts: &[u32],
    tree: &Tree,
    target: &Target<'_>,
) -> Result<BTreeSet<i64>> {
    let fail = |error| session.place.error(error);
    let mut hours = BTreeSet::new();
    for part in parts {
        // Directly if the account may, which reads nothing else; otherwise through the table.
        let (table, condition) = match tree.names.get(part) {
            Some((name, true)) => (format!("ONLY {name}"), String::new()),
            _ => (target.table.to_owned(), format!(" AND t.tableoid = {part}")),
        };
        let sql = fill(
            include_str!("joined.sql"),
            &[
                ("table", &*table),
                ("first", &instant_literal(FIRST_HOUR, target.time_has_zone)),
                ("end", &instant_literal(END_OF_HOURS, target.time_has_zone)),
                ("condition", &condition),
            ],
        );
        for row in session.rows(&sql, &[]).await? {
            hours.insert(row.try_get(0).map_err(fail)?);
        }
    }
    Ok(hours)
}
