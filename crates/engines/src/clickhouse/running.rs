//! The statements that run now, by the ids that clients gave them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::{self, Failure};
use super::lexer::{Lexer, TokenKind};

/// Query ids of clients and the marks under which the engine runs their statements.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<String, String>>>);

impl Running {
    /// Notes that a statement begins; refuses an id that is in use.
    pub(super) fn begin(&self, query_id: &str, mark: &str) -> Result<Entry, Failure> {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.contains_key(query_id) {
            return Err(Failure::new(
                failure::QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                format!("Query with id = {query_id} is already running"),
            ));
        }
        ids.insert(query_id.to_owned(), mark.to_owned());
        Ok(Entry { running: self.clone(), query_id: query_id.to_owned() })
    }

    /// The text of a KILL QUERY with `query_id` read as the id that the client gave.
    ///
    /// The engine names statements by itself; the endpoint's mark, which the engine lists, leads back.
    pub(super) fn translate_kill(&self, sql: &str, mark_setting: &str) -> String {
        if !Lexer::new(sql.as_bytes()).next().is_some_and(|token| token.is("KILL")) {
            return sql.to_owned();
        }
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list =
            |items: Vec<&String>| items.into_iter().map(|item| quote(item)).collect::<Vec<_>>().join(", ");
        let given = if ids.is_empty() {
            "query_id".to_owned()
        } else {
            format!(
                "transform(Settings['{mark_setting}'], [{}], [{}], query_id)",
                list(ids.values().collect()),
                list(ids.keys().collect())
            )
        };
        let mut translated = String::with_capacity(sql.len());
        let mut copied = 0;
        for token in Lexer::new(sql.as_bytes()) {
            let is_name = match token.kind {
                TokenKind::Word => token.is("query_id"),
                TokenKind::Quoted => matches!(token.text, b"`query_id`" | b"\"query_id\""),
                _ => false,
            };
            if is_name {
                translated.push_str(&sql[copied..token.start]);
                translated.push_str(&given);
                copied = token.end();
            }
        }
        translated + &sql[copied..]
    }
}

/// A statement that runs; dropped when it has ended.
#[derive(Debug)]
pub(super) struct Entry {
    running: Running,
    query_id: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.query_id);
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_free_again_when_its_statement_has_ended() {
        let running = Running::default();
        let first = running.begin("a", "m1").unwrap();
        assert_eq!(running.begin("a", "m2").unwrap_err().code, 216);
        drop(first);
        running.begin("a", "m3").unwrap();
    }

    #[test]
    fn a_kill_finds_the_id_that_the_client_gave() {
        let running = Running::default();
        let _entry = running.begin("it's", "m1").unwrap();
        assert_eq!(
            running.translate_kill("KILL QUERY WHERE query_id = 'query_id' SYNC", "log_comment"),
            "KILL QUERY WHERE transform(Settings['log_comment'], ['m1'], ['it\\'s'], query_id) = 'query_id' SYNC"
        );
        assert_eq!(running.translate_kill("SELECT query_id", "log_comment"), "SELECT query_id");
    }
}
