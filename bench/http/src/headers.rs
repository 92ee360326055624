//! Headers of every request of a load, such as a cookie. They come from a file, since other accounts can read
//! a command line.

use std::path::Path;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::Result;

/// Reads `name: value`, one per line. An error never repeats a value.
pub(crate) fn read(file: &Path) -> Result<HeaderMap> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<HeaderMap> {
    let header = |(at, line): (usize, &str)| -> Result<(HeaderName, HeaderValue)> {
        let wrong = || format!("line {}: write a header as name: value", at + 1);
        let (name, value) = line.split_once(": ").ok_or_else(wrong)?;
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        Ok((HeaderName::try_from(name).map_err(|_| wrong())?, value))
    };
    text.lines().enumerate().map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_header_and_a_bad_one_is_named_without_its_value() {
        let headers = parse("cookie: sid=a; b=c\nx-csrf: 1\n").unwrap();
        assert_eq!(
            (&headers["cookie"], &headers["x-csrf"]),
            (&"sid=a; b=c".parse().unwrap(), &"1".parse().unwrap())
        );
        for bad in ["x-csrf: 1\nsecret", "x-csrf: 1\nse cret: secret", "x-csrf: 1\na: sec\u{1}ret"] {
            assert_eq!(parse(bad).unwrap_err().to_string(), "line 2: write a header as name: value");
        }
    }
}
