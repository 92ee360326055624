//! Text of the ledger: accepts any stored bytes, and holds no more than a given number of characters.

use std::fmt;

use bionicpro_model::line::cut;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// Text of at most `MOST` characters and a note of how many more there were. Invalid UTF-8 becomes
/// `\u{fffd}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Text<const MOST: usize>(String);

impl<const MOST: usize> Text<MOST> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MOST: usize> From<&str> for Text<MOST> {
    fn from(text: &str) -> Self {
        Text(cut(text, MOST).into_owned())
    }
}

impl<const MOST: usize> From<Text<MOST>> for String {
    fn from(text: Text<MOST>) -> Self {
        text.0
    }
}

impl<'de, const MOST: usize> Deserialize<'de> for Text<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes<const MOST: usize>;

impl<const MOST: usize> Visitor<'_> for Bytes<MOST> {
    type Value = Text<MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text<MOST>, E> {
        Ok(Text::from(&*String::from_utf8_lossy(bytes)))
    }
}
