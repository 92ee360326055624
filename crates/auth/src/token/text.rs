//! Text in a token that names somebody: what is safe to compare, bind, and show to an operator.
//!
//! Every script is welcome and so are apostrophes; what is invisible, reorders text or walks a path is not.

/// Longest `sub` and `preferred_username`, in characters; OpenID Connect's own limit for `sub`.
const MAX_CHARS: usize = 255;

/// Whether the text is 1 to 255 characters without control, format (zero width, direction) and separator characters.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(is_invisible)
}

/// Whether a plain text is also no step on a path: no segment between slashes is `.` or `..`.
pub(super) fn is_name(text: &str) -> bool {
    is_plain(text) && !text.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

/// Unicode's categories Cc, Cf, Zl and Zp, and the code points that are no characters.
fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(
            code,
            0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x180E
                | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFDD0..=0xFDEF | 0xFEFF
                | 0xFFF0..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3
                | 0x1D173..=0x1D17A | 0xE0000..=0xE007F
        )
        || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_names() {
        let long = "я".repeat(255);
        for good in [
            "ivan.petrov",
            "иван",
            "o'neil",
            "ישראל",
            "محمد",
            "张伟",
            "José María",
            "😀",
            "a@b.example",
            "' OR 1=1 --",
            &long,
        ] {
            assert!(is_name(good), "{good}");
        }
    }

    #[test]
    fn invisible_text_and_paths_are_no_names() {
        let long = "a".repeat(256);
        for bad in [
            "",
            "a\0",
            "a\n",
            "a\r\nb",
            "\u{1b}[31m",
            "../etc",
            "a/../b",
            "..",
            ".",
            "..\\x",
            "\u{200f}ivan",
            "iv\u{202e}an",
            "iv\u{200b}an",
            "\u{feff}ivan",
            "a\u{2028}b",
            "a\u{85}b",
            "a\u{e0041}",
            "\u{ffff}",
            &long,
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
