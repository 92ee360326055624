//! Names of records: a key space, which denotes the kind of record, and an id within it.

use std::fmt;

/// The name of a record or a set. Spaces separate the records of different components.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    space: &'static str,
    text: String,
}

impl Key {
    /// A key; `space` is a constant without a colon, `id` is any text.
    pub fn new(space: &'static str, id: &str) -> Self {
        Key { space, text: format!("{space}:{id}") }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Shows only the space, since an id may be a login name.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.space)
    }
}
