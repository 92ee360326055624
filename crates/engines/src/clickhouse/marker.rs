//! How a client learns that a statement failed after its result had begun: the exception block at the body's end.
//!
//! `\r\n__exception__\r\n<tag>\r\n<text>\n<length> <tag>\r\n__exception__\r\n`, as servers write it since 25.11. The
//! tag is random and stands in the response's headers, so that no data can pass for an error.

use bytes::Bytes;
use rand::RngExt;

/// The longest block that clients look for.
const MAX_BLOCK: usize = 16 * 1024;
/// Letters of a tag.
const TAG_LENGTH: usize = 16;

/// A new random tag of 16 lower-case letters.
pub(super) fn new_tag() -> String {
    let mut random = rand::rng();
    (0..TAG_LENGTH).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}

/// The block for an error text.
pub(super) fn block(tag: &str, text: &str) -> Bytes {
    let longest = MAX_BLOCK - 2 * TAG_LENGTH - 64;
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = format!("{}\n", &text[..end]);
    Bytes::from(format!("\r\n__exception__\r\n{tag}\r\n{text}{} {tag}\r\n__exception__\r\n", text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_counts_the_text_with_its_line_end() {
        assert_eq!(
            block("abcdefghijklmnop", "Code: 1. é"),
            "\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 1. é\n12 abcdefghijklmnop\r\n__exception__\r\n"
        );
        assert!(block(&new_tag(), &"é".repeat(20_000)).len() <= MAX_BLOCK);
    }
}
