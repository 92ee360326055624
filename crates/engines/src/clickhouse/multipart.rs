//! Forms: parameters as fields, and tables that come along with a statement as files.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::decode::Pieces;
use super::failure::{self, Failure};

/// The largest form: it is read whole.
const MAX_FORM_BYTES: usize = 16 << 20;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    /// A part with a file name is a table, one without is a parameter.
    pub(super) is_file: bool,
    pub(super) data: Bytes,
}

/// The boundary of a request that is a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (kind, attributes) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    attribute(attributes, "boundary")
}

/// Reads the whole form.
pub(super) async fn read(mut pieces: Pieces, boundary: &str) -> Result<Vec<Part>, Failure> {
    let mut form = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        form.extend_from_slice(&piece.map_err(|error| Failure::from_io(&error))?);
        if form.len() > MAX_FORM_BYTES {
            return Err(Failure::new(
                failure::BAD_ARGUMENTS,
                format!(
                    "The form is larger than {MAX_FORM_BYTES} bytes: insert the rows into a table instead"
                ),
            ));
        }
    }
    parts(&form.freeze(), boundary).ok_or_else(|| Failure::new(failure::BAD_ARGUMENTS, "The form is broken"))
}

/// Cuts the form; `None` when it is not whole.
fn parts(form: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let mark = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut at = find(form, &mark)? + mark.len();
    while !form[at..].starts_with(b"--") {
        let head = at + 2;
        let data = head + find(form.get(head..)?, b"\r\n\r\n")? + 4;
        let end = data + find(&form[data..], &[b"\r\n", &mark[..]].concat())?;
        let disposition = String::from_utf8_lossy(&form[head..data]).lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then(|| value.to_owned())
        })?;
        parts.push(Part {
            name: attribute(&disposition, "name")?,
            is_file: attribute(&disposition, "filename").is_some(),
            data: form.slice(data..end),
        });
        at = end + 2 + mark.len();
    }
    Some(parts)
}

/// `name="value"` or `name=value` in a header.
fn attribute(header: &str, name: &str) -> Option<String> {
    header.split(';').find_map(|item| {
        let (given, value) = item.trim().split_once('=')?;
        given.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT 1\r\n--x\r\n\
        content-disposition: form-data; name=\"t\"; filename=\"a.tsv\"\r\nContent-Type: text/plain\r\n\r\n1\r\n2\r\n\r\n--x--\r\n";

    #[test]
    fn fields_and_files_are_told_apart() {
        let parts = parts(&Bytes::from(FORM), "x").unwrap();
        let seen: Vec<_> =
            parts.iter().map(|part| (part.name.as_str(), part.is_file, &part.data[..])).collect();
        assert_eq!(seen, [("query", false, &b"SELECT 1"[..]), ("t", true, &b"1\r\n2\r\n"[..])]);
    }

    #[test]
    fn a_cut_form_is_refused_wherever_it_is_cut() {
        for length in 0..FORM.len() - 4 {
            assert_eq!(parts(&Bytes::from(&FORM[..length]), "x"), None, "{length}");
        }
    }
}
