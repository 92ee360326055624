//! Names in a token: the texts that are safe to compare, to bind, and to show to an operator.
//!
//! Every script is allowed, and so are apostrophes. Different names must look different, so invisible
//! characters, white space other than the space, and unnormalized spellings are refused. So are characters
//! that reorder text, and the path segments `.` and `..`.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, WhiteSpace};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Longest `sub` and `preferred_username`, in characters; OpenID Connect's own limit for `sub`.
const MAX_CHARS: usize = 255;

/// Control, format, private-use, surrogate and unassigned code points; line and paragraph separators.
const NO_TEXT: GeneralCategoryGroup = GeneralCategoryGroup::Other
    .union(GeneralCategoryGroup::LineSeparator)
    .union(GeneralCategoryGroup::ParagraphSeparator);

/// Characters without visible ink that Unicode classifies neither as white space nor as ignorable: the
/// Braille pattern without dots, the musical null notehead, the filler of Khitan.
const WITHOUT_INK: [char; 3] = ['\u{2800}', '\u{1D159}', '\u{16FE4}'];

/// Checks that the text has 1 to 255 visible characters and single inner spaces, in Unicode normalization
/// form C.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_CHARS
        && !text.chars().any(is_invisible)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

/// Returns true if the text is plain and has no relative path segment: no segment between slashes or
/// backslashes is `.` or `..`.
pub(super) fn is_name(text: &str) -> bool {
    is_plain(text) && !text.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

/// Source: Unicode Standard Annex 44, properties General_Category, Default_Ignorable_Code_Point and
/// White_Space.
fn is_invisible(c: char) -> bool {
    NO_TEXT.contains(CodePointMapData::<GeneralCategory>::new().get(c))
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || (c != ' ' && CodePointSetData::new::<WhiteSpace>().contains(c))
        || WITHOUT_INK.contains(&c)
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
            "ivan petrov",
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
            // Lookalikes: selectors, joiners, fillers, white space, and another spelling of the same letter.
            "ivan\u{fe0f}",
            "iv\u{fe00}an",
            "ivan\u{e0100}",
            "iv\u{180b}an",
            "iv\u{34f}an",
            "iv\u{200c}an",
            "iv\u{200d}an",
            "ivan\u{115f}",
            "ivan\u{1160}",
            "ivan\u{3164}",
            "ivan\u{ffa0}",
            "ivan\u{17b4}",
            "ivan\u{2800}",
            "ivan\u{1d159}",
            "ivan\u{16fe4}",
            "ivan\u{2064}",
            "ivan\u{2065}",
            "iv\u{ad}an",
            "ivan\u{a0}petrov",
            "ivan\u{3000}petrov",
            "ivan\u{2009}petrov",
            "ivan\u{202f}petrov",
            "ivan\u{1680}petrov",
            " ivan",
            "ivan ",
            "ivan  petrov",
            "jose\u{301}",
            "\u{212b}ngstrom",
            "ivan\u{e000}",
            "ivan\u{378}",
            &long,
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
