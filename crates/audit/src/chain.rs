//! The hash chain: each line ends with its own hash and contains the hash of the line before it.
//!
//! The hash covers the exact bytes of the line up to the member `hash`, so verification needs no canonical
//! form of the JSON.

use aws_lc_rs::{digest, hmac};
use bionicpro_model::hex;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::entry::Entry;

/// The text between a line's content and its hash.
const HASH_MEMBER: &str = ",\"hash\":\"";
/// Characters of a hash.
const HASH_LENGTH: usize = 64;
/// The previous hash of line 1, which has no line before it.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash function of the lines: HMAC-SHA-256 if there is a key, SHA-256 otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Chain(Option<hmac::Key>);

/// The last line's number and hash, from which the next line continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Head { sequence: 0, hash: GENESIS.to_owned() }
    }
}

/// The members of a line that are needed to check its position in the chain.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) sequence: u64,
    pub(crate) event: String,
    pub(crate) previous: String,
    pub(crate) count: Option<u64>,
    pub(crate) hash_of: Option<String>,
    pub(crate) hash: String,
}

/// The end of a file.
#[derive(Debug)]
pub(crate) struct End<'a> {
    /// The last line, if there is one.
    pub(crate) link: Option<Link>,
    /// True if the last line has no line feed.
    pub(crate) lacks_feed: bool,
    /// The bytes after the last line: the beginning of a line that a killed process did not finish, or
    /// nothing.
    pub(crate) behind: &'a [u8],
}

#[derive(Serialize)]
struct Content<'a> {
    sequence: u64,
    at: String,
    #[serde(flatten)]
    entry: &'a Entry,
    previous: &'a str,
}

impl Chain {
    /// SHA-256: detects a change after which the hashes were not recomputed and, given an anchor, any other
    /// change.
    pub(crate) fn plain() -> Self {
        Chain(None)
    }

    /// HMAC-SHA-256: without the key, no line with a valid hash can be written.
    pub(crate) fn keyed(key: &[u8]) -> Self {
        Chain(Some(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// Appends the entry's line, with its line feed, to `text` and advances the head to it.
    pub(crate) fn seal(
        &self,
        head: &mut Head,
        at: DateTime<Utc>,
        entry: &Entry,
        text: &mut String,
    ) -> serde_json::Result<()> {
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let content = Content { sequence: head.sequence + 1, at, entry, previous: &head.hash };
        let content = serde_json::to_string(&content)?;
        let open = content.strip_suffix('}').unwrap_or(&content);
        let hash = self.hash(open.as_bytes());
        text.extend([open, HASH_MEMBER, hash.as_str(), "\"}\n"]);
        *head = Head { sequence: head.sequence + 1, hash };
        Ok(())
    }

    /// Parses a line, given without its line feed, and checks its hash.
    pub(crate) fn open(&self, line: &[u8]) -> Result<Link, &'static str> {
        let text = std::str::from_utf8(line).map_err(|_| "it is not a line of the log")?;
        let link: Link = serde_json::from_str(text).map_err(|_| "it is not a line of the log")?;
        let content = text
            .len()
            .checked_sub(HASH_MEMBER.len() + HASH_LENGTH + "\"}".len())
            .and_then(|at| text.split_at_checked(at))
            .filter(|(_, rest)| rest.starts_with(HASH_MEMBER) && rest.ends_with("\"}"))
            .ok_or("it does not end with its hash")?
            .0;
        match link.hash == self.hash(content.as_bytes()) {
            true => Ok(link),
            false => Err("its hash does not match: it was changed, or the key is different"),
        }
    }

    /// Finds the last line in the end of a file. A whole line whose hash does not match is an error, and not
    /// taken for an unfinished line.
    pub(crate) fn last<'a>(&self, bytes: &'a [u8]) -> Result<End<'a>, &'static str> {
        let mut end = bytes.len();
        loop {
            let begin = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
            let line = &bytes[begin..end];
            let behind = bytes.get(end + 1..).unwrap_or_default();
            match self.open(line) {
                Ok(link) => return Ok(End { link: Some(link), lacks_feed: end == bytes.len(), behind }),
                Err(why) if serde_json::from_slice::<Link>(line).is_ok() => return Err(why),
                Err(_) if begin == 0 => return Ok(End { link: None, lacks_feed: false, behind: bytes }),
                Err(_) => end = begin - 1,
            }
        }
    }

    fn hash(&self, bytes: &[u8]) -> String {
        match &self.0 {
            None => plain_hash(bytes),
            Some(key) => hex(hmac::sign(key, bytes).as_ref()),
        }
    }
}

/// SHA-256 of bytes that are not a line.
pub(crate) fn plain_hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use crate::{Event, Outcome};

    use super::*;

    fn line(chain: &Chain, name: &str) -> String {
        let mut text = String::new();
        let entry = Entry::new(Event::ReportRead, Outcome::Done).who(name, "s").whose(name);
        chain.seal(&mut Head::default(), DateTime::default(), &entry, &mut text).unwrap();
        text
    }

    #[test]
    fn a_line_is_one_json_object_whatever_a_name_holds() {
        for name in ["ivan.petrov", "a\"b", "a\r\nb", "\u{1b}[31m", "x\",\"hash\":\"", "\u{2028}", "}"] {
            let text = line(&Chain::plain(), name);
            assert_eq!(text.lines().count(), 1, "{text:?}");
            assert!(text.ends_with('\n') && !text.trim_end().contains('\u{1b}'), "{text:?}");
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["who"], name);
            assert_eq!(Chain::plain().open(text.trim_end().as_bytes()).unwrap().sequence, 1);
        }
    }

    #[test]
    fn a_changed_byte_anywhere_does_not_fit() {
        let chain = Chain::keyed(b"0123456789abcdef0123456789abcdef");
        let text = line(&chain, "ivan");
        let bytes = text.trim_end().as_bytes();
        assert!(chain.open(bytes).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert!(chain.open(&changed).is_err(), "byte {at}");
        }
        assert!(Chain::plain().open(bytes).is_err(), "another key");
    }
}
