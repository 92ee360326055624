//! The requests of a load: one path and, if given, one token per request, taken in turn from a file.
//!
//! A list as long as the load repeats no request, which a cold measurement needs. Lines in groups of one
//! length are requests that a person sends one after another: a connection takes a whole group and requests
//! its lines in order.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::HeaderValue;

use crate::Result;

/// One request.
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) authorization: Option<HeaderValue>,
}

/// All requests of a load, handed out in order, and from the beginning again after the last.
pub(crate) struct Targets {
    list: Vec<Target>,
    group: u64,
    next: AtomicU64,
}

impl Targets {
    /// The same path each time, without a token.
    pub(crate) fn same(path: String) -> Self {
        Targets { list: vec![Target { path, authorization: None }], group: 1, next: AtomicU64::new(0) }
    }

    /// Reads one request per line: `/path`, or `/path`, a tab and a bearer token. `group` consecutive lines
    /// are a group.
    pub(crate) fn read(file: &Path, group: u32) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Targets::parse(&text, group)
    }

    fn parse(text: &str, group: u32) -> Result<Self> {
        let list: Vec<Target> =
            text.lines().enumerate().map(|(at, line)| target(at + 1, line)).collect::<Result<_>>()?;
        if list.is_empty() {
            return Err("the list of requests is empty".into());
        }
        let group = u64::from(group);
        if !(list.len() as u64).is_multiple_of(group) {
            return Err(format!("{} requests cannot be split into groups of {group}", list.len()).into());
        }
        Ok(Targets { list, group, next: AtomicU64::new(0) })
    }

    /// The next request and its number, counted from 0. `rest` is the rest of the connection's group.
    pub(crate) fn take(&self, rest: &mut Range<u64>) -> (u64, &Target) {
        let number = rest.next().unwrap_or_else(|| {
            let first = self.next.fetch_add(self.group, Ordering::Relaxed);
            *rest = first + 1..first + self.group;
            first
        });
        let index = usize::try_from(number % self.list.len() as u64).unwrap_or(0);
        (number, &self.list[index])
    }
}

/// Parses a line. An error never repeats a token.
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
        let targets = Targets::parse("/a\tone\n/b\n", 1).unwrap();
        let mut rest = 0..0;
        let taken: Vec<_> = (0..3).map(|_| targets.take(&mut rest)).collect();
        assert_eq!(
            taken.iter().map(|(at, to)| (*at, to.path.as_str())).collect::<Vec<_>>(),
            [(0, "/a"), (1, "/b"), (2, "/a")]
        );
        assert_eq!(taken[0].1.authorization.as_ref().unwrap(), "Bearer one");
        assert!(taken[1].1.authorization.is_none());
    }

    #[test]
    fn a_group_stays_with_the_connection_that_began_it() {
        let targets = Targets::parse("/a\n/b\n/c\n/d\n", 2).unwrap();
        let mut rests = [0..0, 0..0];
        let taken: Vec<_> = [0, 1, 1, 0, 1].map(|at| targets.take(&mut rests[at]).1.path.as_str()).into();
        assert_eq!(taken, ["/a", "/c", "/d", "/b", "/a"]);
        let error = Targets::parse("/a\n/b\n/c\n", 2).err().unwrap().to_string();
        assert_eq!(error, "3 requests cannot be split into groups of 2");
    }

    #[test]
    fn a_bad_line_is_named_without_its_token() {
        let error = Targets::parse("/a\nb\tsecret\n", 1).err().unwrap().to_string();
        assert_eq!(error, "line 2: a path begins with /");
        assert!(Targets::parse("", 1).is_err());
    }
}
