//! What a request asks of its session before its statement runs, and how a named session gets it back afterwards.

use super::connection::Connection;
use super::failure::Failure;
use super::runner::Job;

/// Gives the connection the request's settings and database.
pub(super) fn apply(connection: &mut Connection, job: &Job) -> Result<(), Failure> {
    if !job.settings.is_empty() {
        connection.query(
            &set(job.settings.iter().map(|(name, value)| (name.as_str(), quote(value)))),
            "Null",
            &[],
        )?;
    }
    if let Some(database) = &job.database {
        connection.query(&format!("USE {}", quote_name(database)), "Null", &[])?;
    }
    Ok(())
}

/// Statements that put a session back to what it was before [`apply`].
///
/// Read before; a setting that is read-only or unknown is left to `apply`, which says what is wrong with it.
pub(super) fn undo(connection: &mut Connection, job: &Job) -> Result<Vec<String>, Failure> {
    let mut statements = Vec::new();
    if !job.settings.is_empty() {
        let names: Vec<String> = job.settings.iter().map(|(name, _)| quote(name)).collect();
        let sql = format!(
            "SELECT name, changed, hex(value) FROM system.settings WHERE name IN ({})",
            names.join(", ")
        );
        let answer = connection.query(&sql, "TSVRaw", &[])?;
        let text = String::from_utf8_lossy(&answer.bytes);
        let values: Vec<(&str, String)> = text
            .lines()
            .filter_map(|line| {
                let mut cells = line.split('\t');
                let (name, changed, value) = (cells.next()?, cells.next()?, cells.next().unwrap_or_default());
                Some((name, if changed == "1" { quote(&unhex(value)?) } else { "DEFAULT".to_owned() }))
            })
            .collect();
        if !values.is_empty() {
            statements.push(set(values.into_iter()));
        }
    }
    if job.database.is_some() {
        let answer = connection.query("SELECT currentDatabase()", "TSVRaw", &[])?;
        let database = String::from_utf8_lossy(&answer.bytes);
        statements.push(format!("USE {}", quote_name(database.trim_end_matches('\n'))));
    }
    Ok(statements)
}

fn set<'a>(values: impl Iterator<Item = (&'a str, String)>) -> String {
    let list: Vec<String> = values.map(|(name, value)| format!("{} = {value}", quote_name(name))).collect();
    format!("SET {}", list.join(", "))
}

/// A name in backticks.
pub(super) fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text in quotes.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

pub(super) fn unhex(text: &str) -> Option<String> {
    let bytes =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_leave_their_quotes() {
        let values = [("a`b\\", quote("x' , c = 'y\\"))];
        assert_eq!(set(values.into_iter()), r"SET `a\`b\\` = 'x\' , c = \'y\\'");
        assert_eq!(unhex("27C3A9").as_deref(), Some("'é"));
    }
}
