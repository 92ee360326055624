//! What the engine's own grants do not cover: words by which a statement reaches the machine's files.
//!
//! Table functions, table engines and databases of other systems are refused by the engine itself, whatever their
//! disguise (`access`). Left are a few things that the engine, being made for one user of one machine, never asks
//! about. They are found in the tokens of the text, where strings and comments cannot hide or fake them.

use super::failure::{self, Failure};
use super::lexer::{Lexer, Token, TokenKind};

/// Engines of tables and databases that keep their data in the warehouse.
pub(super) const ENGINES: [&str; 26] = [
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "CoalescingMergeTree",
    "GraphiteMergeTree",
    "Memory",
    "Null",
    "Set",
    "Join",
    "Buffer",
    "Merge",
    "Log",
    "TinyLog",
    "StripeLog",
    "GenerateRandom",
    "View",
    "MaterializedView",
    "Alias",
    "Loop",
    "FuzzQuery",
    "Atomic",
    "Lazy",
    "Ordinary",
];

/// Words that follow a column in the clauses of a CREATE, and name no engine.
const AFTER_A_COLUMN: [&str; 12] = [
    "AS",
    "ASC",
    "COMMENT",
    "DESC",
    "EMPTY",
    "NULLS",
    "ORDER",
    "PARTITION",
    "PRIMARY",
    "SAMPLE",
    "SETTINGS",
    "TTL",
];

/// Functions that read files, start programs, make disks or call out, and need no grant.
const FUNCTIONS: [&str; 9] = [
    "file",
    "executable",
    "catboostEvaluate",
    "disk",
    "aiClassify",
    "aiEmbed",
    "aiExtract",
    "aiGenerate",
    "aiTranslate",
];

/// What to do about a refusal; the configuration key is the same for all of them.
pub(super) const HINT: &str = "The embedded warehouse keeps SQL away from the machine's files, programs and network; \
    engines.warehouse.allow_host_access = true allows them";

/// Refuses a statement, or the rows of `VALUES`, that reach for the machine.
pub(super) fn check(sql: &[u8]) -> Result<(), Failure> {
    let tokens: Vec<Token<'_>> = Lexer::new(sql).collect();
    let is_attach = tokens.first().is_some_and(|token| token.is("ATTACH"));
    if let Some(engine) = foreign_engine(&tokens) {
        return Err(refusal(&format!("Not enough privileges: engine {} is not allowed", lossy(engine))));
    }
    for at in 0..tokens.len() {
        let before = |distance: usize| at.checked_sub(distance).map(|at| &tokens[at]);
        let follows = |keyword: &str| before(1).is_some_and(|token| token.is(keyword));
        let token = &tokens[at];
        match token.kind {
            TokenKind::Text => {
                let names_file = |word: &str, preposition: &str| {
                    follows(word) && before(2).is_some_and(|token| token.is(preposition))
                };
                if names_file("OUTFILE", "INTO") || names_file("INFILE", "FROM") {
                    return Err(refusal("INTO OUTFILE and FROM INFILE are not allowed"));
                }
                if is_attach && follows("FROM") {
                    return Err(refusal("ATTACH … FROM a path is not allowed"));
                }
            }
            TokenKind::Word | TokenKind::Quoted => {
                let is_called =
                    tokens.get(at + 1).is_some_and(|next| next.text == b"(") && !is_table_name(&tokens, at);
                let is_applied = follows("APPLY")
                    || (before(1).is_some_and(|token| token.text == b"(")
                        && before(2).is_some_and(|token| token.is("APPLY")));
                if (is_called || is_applied) && may_be_refused(token) {
                    return Err(refusal(&format!(
                        "Not enough privileges: function {} is not allowed",
                        lossy(token)
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The engine that a CREATE names, when it is none of [`ENGINES`]: the engine's grants cover those that it counts
/// as sources and let others through (`EmbeddedRocksDB`, which takes a path, for one).
fn foreign_engine<'a, 't>(tokens: &'t [Token<'a>]) -> Option<&'t Token<'a>> {
    let first = tokens.first()?;
    if !["CREATE", "ATTACH", "REPLACE"].iter().any(|word| first.is(word)) {
        return None;
    }
    // Behind the first SELECT outside of brackets `engine` is a column.
    let clauses: Vec<&Token<'_>> = tokens
        .iter()
        .take_while(|token| token.depth > 0 || !token.is("SELECT"))
        .filter(|token| token.depth == 0)
        .collect();
    clauses.iter().enumerate().filter(|(_, token)| token.is("ENGINE")).find_map(|(at, _)| {
        let has_sign = clauses.get(at + 1)?.text == b"=";
        let name = clauses.get(at + 1 + usize::from(has_sign))?;
        let is_name = matches!(name.kind, TokenKind::Word | TokenKind::Quoted);
        // `ORDER BY engine SETTINGS …`: a column, and what follows can be no engine.
        let is_column = !has_sign && AFTER_A_COLUMN.iter().any(|word| name.is(word));
        let inner = lossy(name);
        (is_name && !is_column && !ENGINES.contains(&inner.trim_matches(['`', '"']))).then_some(*name)
    })
}

fn lossy(token: &Token<'_>) -> String {
    String::from_utf8_lossy(token.text).into_owned()
}

/// Adds what to do to the engine's own refusals.
pub(super) fn explain(mut failure: Failure) -> Failure {
    if failure.code == failure::ACCESS_DENIED.0 && !failure.text.contains(HINT) {
        let at = failure.text.rfind(" (ACCESS_DENIED)").unwrap_or(failure.text.len());
        failure.text.insert_str(at, &format!(" {HINT}."));
    }
    failure
}

/// `CREATE TABLE file (`, `INSERT INTO file (`, `IF NOT EXISTS file (`: a table of that name.
fn is_table_name(tokens: &[Token<'_>], at: usize) -> bool {
    let before = |distance: usize| at.checked_sub(distance).map(|at| &tokens[at]);
    before(1).is_some_and(|token| {
        token.is("TABLE")
            || token.is("INTO")
            || token.text == b"."
            || (token.is("EXISTS") && before(2).is_some_and(|token| token.is("NOT")))
    })
}

/// A quoted name may spell itself with escapes; one that does and is called is refused unread.
fn may_be_refused(token: &Token<'_>) -> bool {
    if token.kind == TokenKind::Quoted {
        let inner = &token.text[1..token.text.len().saturating_sub(1).max(1)];
        return inner.contains(&b'\\')
            || FUNCTIONS.iter().any(|name| inner.eq_ignore_ascii_case(name.as_bytes()));
    }
    FUNCTIONS.iter().any(|name| token.is(name))
}

fn refusal(what: &str) -> Failure {
    Failure::new(failure::ACCESS_DENIED, format!("{what}. {HINT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_programs_are_refused_in_any_disguise() {
        for sql in [
            "SELECT 1 INTO OUTFILE 'x'",
            "select 1 into/**/outfile'x'",
            "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
            "EXPLAIN AST SELECT 1 INTO -- c\n OUTFILE $$x$$",
            "SELECT file('/etc/passwd')",
            "SELECT File /* x */ ('/etc/passwd')",
            "SELECT `file`('/etc/passwd')",
            "SELECT \"f\\x69le\"('/etc/passwd')",
            "SELECT * APPLY(file) FROM t",
            "SELECT * APPLY file FROM t",
            "CREATE FUNCTION f AS x -> file(x)",
            "CREATE VIEW v AS SELECT 1, (file('x'))",
            "(file('/etc/passwd'), 2)",
            "SELECT * FROM executable('a', 'CSV', 'a Int8')",
            "ATTACH TABLE t FROM '/tmp/x' (a Int8) ENGINE = MergeTree ORDER BY a",
            "CREATE TABLE t (a Int8) ENGINE = EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY a",
            "CREATE TABLE t (a Int8) engine/**/`EmbeddedRocksDB`(0, '/tmp/x') PRIMARY KEY a",
            "CREATE DATABASE d ENGINE = DataLakeCatalog('http://127.0.0.1') SETTINGS warehouse = 'w'",
            "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = 'http://h/')",
        ] {
            assert_eq!(check(sql.as_bytes()).unwrap_err().code, 497, "{sql}");
        }
    }

    #[test]
    fn what_only_looks_like_it_passes() {
        for sql in [
            "SELECT 'INTO OUTFILE ''x''' FROM infile",
            "SELECT file FROM t WHERE file = 'file(1)' -- file('x')",
            "CREATE TABLE IF NOT EXISTS file (file String) ENGINE = MergeTree ORDER BY file",
            "INSERT INTO db.file (a) FORMAT CSV",
            "SELECT trim(BOTH 'x' FROM 'xax')",
            "SELECT `a b`, `count`(1) FROM t",
            "CREATE VIEW v AS SELECT engine FROM system.tables WHERE engine = name",
            "CREATE TABLE t (engine String) ENGINE = ReplacingMergeTree(v) ORDER BY engine AS SELECT engine, 1 AS v FROM x",
        ] {
            assert_eq!(check(sql.as_bytes()), Ok(()), "{sql}");
        }
    }

    #[test]
    fn the_engines_refusal_says_which_key_allows_it() {
        let failure =
            Failure::from_engine("Code: 497. DB::Exception: no grant READ ON FILE. (ACCESS_DENIED)");
        assert_eq!(
            explain(failure).text,
            format!("Code: 497. DB::Exception: no grant READ ON FILE. {HINT}. (ACCESS_DENIED)")
        );
    }
}
