//! What a request's text is: an INSERT whose rows follow, or any other statement, and where its clauses lie.

use super::failure::{self, Failure};
use super::lexer::{Lexer, Token, TokenKind};

/// A statement, cut where the endpoint needs it cut. Positions are in bytes of the text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// `INSERT INTO t (a, b) SETTINGS … FORMAT f` or `… VALUES`: rows begin at `rows`.
    InsertRows { head_end: usize, format: Option<String>, rows: usize },
    /// Everything else, `INSERT … SELECT` included.
    Other { has_format: Option<String>, is_select: bool, is_insert_from_input: bool },
}

impl Statement {
    /// A text without a statement.
    pub(super) const EMPTY: Statement =
        Statement::Other { has_format: None, is_select: false, is_insert_from_input: false };
}

/// Reads what the text is. `None`: more of the text is needed to know, and `is_whole` is false.
pub(super) fn read(sql: &[u8], is_whole: bool) -> Option<Statement> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.next();
    // A word at the very end may go on in the next piece.
    let ends_within = |token: &Token<'_>| !is_whole && token.end() == sql.len();
    match first {
        Some(token) if ends_within(&token) => None,
        Some(token) if token.is("INSERT") => read_insert(sql, lexer, is_whole),
        _ if !is_whole => None,
        Some(token) => Some(Statement::Other {
            has_format: output_format(sql),
            is_select: !NOT_SELECT.iter().any(|keyword| token.is(keyword)),
            is_insert_from_input: false,
        }),
        None => Some(Statement::EMPTY),
    }
}

/// First words of statements that read but are no SELECT: their results are small.
const NOT_SELECT: [&str; 8] = ["SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK", "KILL", "USE"];

fn read_insert(sql: &[u8], mut lexer: Lexer<'_>, is_whole: bool) -> Option<Statement> {
    let mut previous: Option<Token<'_>> = None;
    let mut settings = false;
    while let Some(token) = lexer.next() {
        // A clause's keyword needs one byte after it to be known as whole.
        if !is_whole && token.end() == sql.len() {
            return None;
        }
        let after_name = previous.is_some_and(|previous| !previous.is("INTO") && !previous.is("TABLE"));
        if token.depth == 0 && after_name {
            if token.is("VALUES") && !settings {
                let rows = token.end();
                return Some(Statement::InsertRows {
                    head_end: token.start,
                    format: Some("Values".to_owned()),
                    rows,
                });
            }
            if token.is("FORMAT") {
                let name = lexer.next()?;
                if !is_whole && name.end() == sql.len() {
                    return None;
                }
                let format = String::from_utf8_lossy(name.text).into_owned();
                // `FORMAT x SETTINGS …` puts the settings after the format; rows begin after them.
                let rows = skip_line_end(sql, name.end(), is_whole)?;
                return Some(Statement::InsertRows { head_end: token.start, format: Some(format), rows });
            }
            if token.is("SELECT") || token.is("WITH") || (token.is("FROM") && !settings) {
                return is_whole.then(|| Statement::Other {
                    has_format: None,
                    is_select: false,
                    is_insert_from_input: calls_input(sql),
                });
            }
            settings = settings || token.is("SETTINGS");
        }
        // `INSERT INTO t (SELECT …)` is legal too.
        if token.depth == 1 && token.is("SELECT") && previous.is_some_and(|p| p.kind == TokenKind::Open) {
            return is_whole.then(|| Statement::Other {
                has_format: None,
                is_select: false,
                is_insert_from_input: calls_input(sql),
            });
        }
        if token.kind == TokenKind::Semicolon && token.depth == 0 {
            break;
        }
        previous = Some(token);
    }
    is_whole.then_some(Statement::InsertRows { head_end: sql.len(), format: None, rows: sql.len() })
}

/// Rows begin after the blanks that follow the format's name, up to and including one line end.
fn skip_line_end(sql: &[u8], from: usize, is_whole: bool) -> Option<usize> {
    let mut at = from;
    while at < sql.len() {
        match sql[at] {
            b' ' | b'\t' | b'\r' | b';' => at += 1,
            b'\n' => return Some(at + 1),
            _ => return Some(at),
        }
    }
    is_whole.then_some(at)
}

fn calls_input(sql: &[u8]) -> bool {
    let mut previous_is_input = false;
    for token in Lexer::new(sql) {
        if previous_is_input && token.text == b"(" {
            return true;
        }
        previous_is_input = token.is("input");
    }
    false
}

/// The name in the statement's own `FORMAT name` clause.
fn output_format(sql: &[u8]) -> Option<String> {
    find_format(sql).map(|(_, name)| name)
}

/// Words after which `format` is somebody's column and not the clause.
const BEFORE_A_COLUMN: [&str; 18] = [
    "SELECT", "DISTINCT", "BY", "AS", "AND", "OR", "NOT", "ON", "WHERE", "PREWHERE", "HAVING", "IN", "LIKE",
    "BETWEEN", "CASE", "WHEN", "THEN", "ELSE",
];

/// Where the statement's own FORMAT clause begins, and its name: at the end, before SETTINGS at most.
fn find_format(sql: &[u8]) -> Option<(usize, String)> {
    let tokens: Vec<Token<'_>> =
        Lexer::new(sql).filter(|token| token.depth == 0 && token.kind != TokenKind::Semicolon).collect();
    let at = tokens.iter().rposition(|token| token.is("FORMAT"))?;
    let name = tokens.get(at + 1).filter(|name| matches!(name.kind, TokenKind::Word | TokenKind::Quoted))?;
    let before = tokens.get(at.checked_sub(1)?)?;
    let is_column = BEFORE_A_COLUMN.iter().any(|word| before.is(word))
        || (before.kind == TokenKind::Other && before.text != b"*");
    if is_column || tokens.get(at + 2).is_some_and(|token| !token.is("SETTINGS")) {
        return None;
    }
    let name = String::from_utf8_lossy(name.text).trim_matches(['`', '"']).to_owned();
    Some((tokens[at].start, name))
}

/// The text of a SELECT with its result sent to the file `path` instead.
pub(super) fn redirect(sql: &str, path: &str) -> String {
    let last = Lexer::new(sql.as_bytes()).filter(|token| token.kind != TokenKind::Semicolon).last();
    let end = last.map_or(0, |token| token.end());
    let at = find_format(sql.as_bytes()).map_or(end, |(at, _)| at);
    format!("{}\nINTO OUTFILE '{path}' APPEND\n{}", &sql[..at], &sql[at..end])
}

/// First words of statements that answer with rows, however few.
const HAS_RESULT: [&str; 13] = [
    "SELECT", "WITH", "FROM", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK", "KILL",
    "BACKUP", "RESTORE",
];

/// Whether the statement answers with rows. A text without a statement is refused, as by a server.
pub(super) fn has_result(sql: &[u8]) -> Result<bool, Failure> {
    let mut tokens =
        Lexer::new(sql).filter(|token| !matches!(token.kind, TokenKind::Open | TokenKind::Semicolon));
    let first =
        tokens.next().ok_or_else(|| Failure::new(failure::SYNTAX_ERROR, "Syntax error: Empty query"))?;
    Ok(HAS_RESULT.iter().any(|keyword| first.is(keyword)))
}

/// Whether the statement changes its own session and nothing else.
pub(super) fn sets_session(sql: &str) -> bool {
    Lexer::new(sql.as_bytes()).next().is_some_and(|token| token.is("SET") || token.is("USE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(sql: &str) -> (String, Option<String>, String) {
        match read(sql.as_bytes(), true) {
            Some(Statement::InsertRows { head_end, format, rows }) => {
                (sql[..head_end].to_owned(), format, sql[rows..].to_owned())
            }
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn the_rows_of_an_insert_begin_after_its_format() {
        assert_eq!(
            insert("INSERT INTO t (a, `format`) SETTINGS x = 1 FORMAT CSV\n1,2\n"),
            ("INSERT INTO t (a, `format`) SETTINGS x = 1 ".into(), Some("CSV".into()), "1,2\n".into())
        );
        assert_eq!(
            insert("insert into t values (1),(2)"),
            ("insert into t ".into(), Some("Values".into()), " (1),(2)".into())
        );
        assert_eq!(insert("INSERT INTO values VALUES (1)").2, " (1)");
        assert_eq!(
            insert("INSERT INTO t /* FORMAT X */"),
            ("INSERT INTO t /* FORMAT X */".into(), None, "".into())
        );
    }

    #[test]
    fn a_head_that_is_not_whole_asks_for_more() {
        for sql in [
            "",
            "INS",
            "INSERT",
            "INSERT INTO t FOR",
            "INSERT INTO t FORMAT",
            "INSERT INTO t FORMAT CS",
            "SELECT 1",
        ] {
            assert_eq!(read(sql.as_bytes(), false), None, "{sql}");
        }
        assert!(read(b"INSERT INTO t FORMAT CSV\n1", false).is_some());
    }

    #[test]
    fn a_select_is_redirected_before_its_format() {
        for (sql, expected) in [
            ("SELECT 1;", "SELECT 1\nINTO OUTFILE 'f' APPEND\n"),
            ("SELECT 1 FORMAT JSON -- x", "SELECT 1 \nINTO OUTFILE 'f' APPEND\nFORMAT JSON"),
            (
                "SELECT format FROM (SELECT 1 AS format FORMAT Null) FORMAT CSV SETTINGS a = 1",
                "SELECT format FROM (SELECT 1 AS format FORMAT Null) \nINTO OUTFILE 'f' APPEND\nFORMAT CSV SETTINGS a = 1",
            ),
        ] {
            assert_eq!(redirect(sql, "f"), expected);
        }
    }

    #[test]
    fn a_column_called_format_is_no_clause() {
        for sql in [
            "SELECT a FROM t ORDER BY format DESC",
            "SELECT t.format x",
            "SELECT a AS format",
            "SELECT format AS x FROM t",
        ] {
            assert_eq!(output_format(sql.as_bytes()), None, "{sql}");
        }
        assert_eq!(output_format(b"SELECT * FORMAT `CSV`;").as_deref(), Some("CSV"));
    }
}
