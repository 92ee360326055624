//! ClickHouse SQL cut into tokens: enough to find clauses outside of strings, comments and brackets.
//!
//! The engine's own parser decides what a statement means; this only says where its clauses begin and end.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A bare word: a keyword or an identifier.
    Word,
    /// A quoted identifier, `"x"` or `` `x` ``.
    Quoted,
    /// A string, `'x'` or a here-document.
    Text,
    /// A number.
    Number,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// `;`.
    Semicolon,
    /// Any other single byte.
    Other,
}

/// A token and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a [u8],
    pub(super) start: usize,
    /// Brackets that are open before this token.
    pub(super) depth: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether this is the bare word `keyword`, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword.as_bytes())
    }
}

/// Walks over the tokens of a text; blanks and comments are skipped.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    sql: &'a [u8],
    position: usize,
    depth: usize,
    /// The text ended inside a string or a comment.
    pub(super) is_cut: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(sql: &'a [u8]) -> Self {
        Lexer { sql, position: 0, depth: 0, is_cut: false }
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = &self.sql[self.position..];
            let blanks = blank_length(rest);
            let comment = match &rest[blanks..] {
                [b'-', b'-', ..] => line_length(&rest[blanks..]),
                [b'#', b' ' | b'!', ..] => line_length(&rest[blanks..]),
                [b'/', b'*', inner @ ..] => match find(inner, b"*/") {
                    Some(at) => at + 4,
                    None => {
                        self.is_cut = true;
                        rest.len() - blanks
                    }
                },
                _ => 0,
            };
            if blanks + comment == 0 {
                return;
            }
            self.position += blanks + comment;
        }
    }

    /// The length of the quoted piece at the beginning of `rest`.
    fn quoted(&mut self, rest: &[u8], quote: u8) -> usize {
        let mut at = 1;
        while at < rest.len() {
            match rest[at] {
                b'\\' => at += 2,
                byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => return at + 1,
                _ => at += 1,
            }
        }
        self.is_cut = true;
        rest.len()
    }

    /// The length of the here-document `$tag$ … $tag$` at the beginning of `rest`, if one begins there.
    fn here_document(&mut self, rest: &[u8]) -> Option<usize> {
        let tag = 1 + rest[1..].iter().take_while(|byte| is_word(**byte)).count();
        if rest.get(tag) != Some(&b'$') {
            return None;
        }
        let mark = &rest[..=tag];
        Some(match find(&rest[mark.len()..], mark) {
            Some(at) => at + 2 * mark.len(),
            None => {
                self.is_cut = true;
                rest.len()
            }
        })
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks_and_comments();
        let start = self.position;
        let rest = &self.sql[start..];
        let depth = self.depth;
        let (kind, length) = match *rest.first()? {
            b'\'' => (TokenKind::Text, self.quoted(rest, b'\'')),
            quote @ (b'"' | b'`') => (TokenKind::Quoted, self.quoted(rest, quote)),
            b'$' => match self.here_document(rest) {
                Some(length) => (TokenKind::Text, length),
                None => (TokenKind::Other, 1),
            },
            byte if byte.is_ascii_digit() => {
                (TokenKind::Number, rest.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count())
            }
            byte if is_word(byte) => {
                (TokenKind::Word, rest.iter().take_while(|byte| is_word(**byte)).count())
            }
            b'(' | b'[' | b'{' => {
                self.depth += 1;
                (TokenKind::Open, 1)
            }
            b')' | b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                (TokenKind::Close, 1)
            }
            b';' => (TokenKind::Semicolon, 1),
            _ => (TokenKind::Other, 1),
        };
        let length = length.min(rest.len());
        self.position = start + length;
        Some(Token { kind, text: &rest[..length], start, depth })
    }
}

/// The length of the blanks at the beginning: ASCII ones and those that people paste from documents.
fn blank_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &bytes[at..] {
            [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, ..] => at += 1,
            [0xc2, 0xa0, ..] => at += 2,
            [0xe2, 0x80, 0x80..=0x8d | 0xa8 | 0xa9 | 0xaf, ..] | [0xef, 0xbb, 0xbf, ..] => at += 3,
            _ => return at,
        }
    }
}

fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Vec<String> {
        Lexer::new(sql.as_bytes()).map(|token| String::from_utf8_lossy(token.text).into_owned()).collect()
    }

    #[test]
    fn comments_are_skipped_and_strings_stay_whole() {
        assert_eq!(
            words("SELECT /* FORMAT */ 'a''b\\'c' -- x\n, \"q\"\"r\", `s\\`t` # y\n, $x$ it's $x$"),
            ["SELECT", "'a''b\\'c'", ",", "\"q\"\"r\"", ",", "`s\\`t`", ",", "$x$ it's $x$"]
        );
    }

    #[test]
    fn depth_counts_open_brackets() {
        let depths: Vec<usize> = Lexer::new(b"a (b [c]) d").map(|token| token.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 2, 1, 0]);
    }

    #[test]
    fn a_cut_string_is_told_apart_from_a_whole_one() {
        for (sql, is_cut) in
            [("SELECT 'a", true), ("SELECT /* a", true), ("SELECT 'a\\'", true), ("SELECT 'a'", false)]
        {
            let mut lexer = Lexer::new(sql.as_bytes());
            lexer.by_ref().for_each(drop);
            assert_eq!(lexer.is_cut, is_cut, "{sql}");
        }
    }
}
