//! Reads rows of which some have a value that the server cannot return: the others are read as they are, and
//! these without that value.

use bionicpro_model::Result;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::array;
use crate::Session;
use crate::error::{is_no_text, is_value_error};
use crate::telemetry::{MOST_UNREADABLE, in_short};

/// A column of a query, with the SQL expression that replaces it if it cannot be read.
pub(super) type Column = (&'static str, &'static str);

/// A value that could not be read.
pub(super) struct NotRead {
    pub(super) id: Uuid,
    pub(super) column: &'static str,
    /// `customers.name of ID: why`.
    pub(super) text: String,
}

/// Reads the rows of a query with a column `id`; returns them and the values that could not be read.
///
/// # Errors
/// Any error of the connection, and `Data` when there are more than `MOST_UNREADABLE` such values, more than
/// a person can correct.
pub(super) async fn read(
    session: &Session,
    table: &str,
    sql: &str,
    columns: &[Column],
) -> Result<(Vec<Row>, Vec<NotRead>)> {
    let fail = |error| session.place.error(error);
    let all = session.rows(&format!("SELECT q.id FROM ({sql}) AS q ORDER BY q.id"), &[]).await?;
    let ids: Vec<Uuid> = all.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fail)?;
    let (mut rows, mut unreadable) = (Vec::with_capacity(ids.len()), Vec::new());
    let mut waiting = vec![ids];
    while let Some(mut part) = waiting.pop() {
        let all: Vec<String> = columns.iter().map(|(name, _)| format!("q.{name}")).collect();
        if let Ok(read) = attempt(session, sql, &all, &part).await? {
            rows.extend(read);
            continue;
        }
        if let [id] = *part.as_slice() {
            let mut list = Vec::with_capacity(columns.len());
            for (name, otherwise) in columns {
                let column = format!("q.{name}");
                match attempt(session, sql, std::slice::from_ref(&column), &[id]).await? {
                    Ok(_) => list.push(column),
                    Err(why) => {
                        let text = format!("{table}.{name} of {id}: {why}");
                        if unreadable.len() == MOST_UNREADABLE {
                            let what = format!("more than {MOST_UNREADABLE} values, among them {text}");
                            return Err(session.place.unreadable(&what));
                        }
                        unreadable.push(NotRead { id, column: name, text });
                        list.push((*otherwise).to_owned());
                    }
                }
            }
            let read = attempt(session, sql, &list, &[id]).await?;
            rows.extend(read.map_err(|why| session.place.unreadable(&format!("{table} {id}: {why}")))?);
            continue;
        }
        let half = part.split_off(part.len() / 2);
        waiting.extend([half, part]);
    }
    Ok((rows, unreadable))
}

/// Reads some columns of some rows; the inner error is the server's message about a value among them.
async fn attempt(
    session: &Session,
    sql: &str,
    columns: &[String],
    ids: &[Uuid],
) -> Result<Result<Vec<Row>, String>> {
    let sql =
        format!("SELECT q.id, {} FROM ({sql}) AS q WHERE q.id = ANY ({})", columns.join(", "), array(ids));
    match session.client.query_typed(&sql, &[]).await {
        Ok(rows) => match rows.iter().try_for_each(check_texts) {
            Ok(()) => Ok(Ok(rows)),
            Err(error) if is_no_text(&error) => Ok(Err("it is not valid UTF-8".to_owned())),
            Err(error) => Err(session.place.error(error)),
        },
        Err(error) if is_value_error(&error) => {
            session.recover().await?;
            Ok(Err(in_short(&error)))
        }
        Err(error) => Err(session.place.error(error)),
    }
}

fn check_texts(row: &Row) -> Result<(), tokio_postgres::Error> {
    let mut texts = row.columns().iter().enumerate().filter(|(_, column)| <&str>::accepts(column.type_()));
    texts.try_for_each(|(index, _)| row.try_get::<_, Option<&str>>(index).map(drop))
}
