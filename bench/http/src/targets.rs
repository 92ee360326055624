//! What is asked: one path and, where given, one token per request, taken in turn from a file.
//!
//! A list as long as the load asks nothing twice, which is what a cold measurement needs.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::HeaderValue;

use crate::Result;

/// One request.
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) authorization: Option<HeaderValue>,
}

/// All requests of a load, handed out in order, from the beginning again after the last.
pub(crate) struct Targets {
    list: Vec<Target>,
    next: AtomicU64,
}

impl Targets {
    /// The same path each time, without a token.
    pub(crate) fn same(path: String) -> Self {
        Targets { list: vec![Target { path, authorization: None }], next: AtomicU64::new(0) }
    }

    /// A line each: `/path`, or `/path`, a tab and a bearer token.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Targets::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let list: Vec<Target> =
            text.lines().enumerate().map(|(at, line)| target(at + 1, line)).collect::<Result<_>>()?;
        if list.is_empty() {
            return Err("the list of requests is empty".into());
        }
        Ok(Targets { list, next: AtomicU64::new(0) })
    }

    /// The next request and its number, counted from 0.
    pub(crate) fn take(&self) -> (u64, &Target) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let index = usize::try_from(number % self.list.len() as u64).unwrap_or(0);
        (number, &self.list[index])
    }
}

/// A token is never repeated in an error.
fn target(number: usize, line: &str) -> Result<Target> {
    let (path, token) = match line.split_once('\t') {
        Some((path, token)) => (path, Some(token)),
        None => (line, None),
    };
    if !path.starts_with('/') {
        return Err(format!("line {number}: a path begins with /").into());
    }
    let authorization = match token {
        None => None,
        Some(token) => {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| format!("line {number}: the token is not ASCII text"))?;
            value.set_sensitive(true);
            Some(value)
        }
    };
    Ok(Target { path: path.to_owned(), authorization })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_in_turn_and_again() {
        let targets = Targets::parse("/a\tone\n/b\n").unwrap();
        let taken: Vec<_> = (0..3).map(|_| targets.take()).collect();
        assert_eq!(
            taken.iter().map(|(at, to)| (*at, to.path.as_str())).collect::<Vec<_>>(),
            [(0, "/a"), (1, "/b"), (2, "/a")]
        );
        assert_eq!(taken[0].1.authorization.as_ref().unwrap(), "Bearer one");
        assert!(taken[1].1.authorization.is_none());
    }

    #[test]
    fn a_bad_line_is_named_without_its_token() {
        let error = Targets::parse("/a\nb\tsecret\n").err().unwrap().to_string();
        assert_eq!(error, "line 2: a path begins with /");
        assert!(Targets::parse("").is_err());
    }
}
