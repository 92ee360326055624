//! Names of databases and clusters: checked when they are configured, quoted for use in SQL.

use bionicpro_model::{Error, Kind, Result};

/// Refuses a name that is not plain: ASCII letters, digits and `_`, not beginning with a digit, at most 64
/// characters.
pub(crate) fn check(key: &'static str, name: &str) -> Result<()> {
    let plain = name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if plain {
        return Ok(());
    }
    Err(Error::new(Kind::Config, "not a name that the warehouse accepts")
        .detail(format!("{key} = {name:?}"))
        .hint("use up to 64 letters, digits and _, not beginning with a digit"))
}

/// Quotes the name as an identifier for SQL.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// Quotes the name as a string literal for SQL.
pub(crate) fn text(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_accepted() {
        for good in ["reports", "_r", "Reports_2"] {
            assert!(check("warehouse.database", good).is_ok(), "{good}");
        }
        for bad in ["", "2r", "a b", "a`b", "a.b", "é", "a;drop", &"x".repeat(65)] {
            assert_eq!(check("warehouse.database", bad).unwrap_err().kind(), Kind::Config, "{bad}");
        }
    }

    #[test]
    fn a_quoted_name_cannot_end_its_quotes() {
        assert_eq!(quote("a`b\\"), "`a\\`b\\\\`");
        assert_eq!(text("it's\\"), "'it\\'s\\\\'");
    }
}
