//! Untrusted text (a server's message, a stored row) as one line of bounded length without terminal control
//! sequences.

use std::borrow::Cow;

/// The text as one line of at most `most` characters.
///
/// Line breaks and tabs become blanks; other control characters and those that change the writing direction
/// become visible escapes (`\u{1b}`). A text that is cut ends with the number of characters left out: `…
/// (129000 more characters)`.
pub fn one_line(text: &str, most: usize) -> Cow<'_, str> {
    let mut line = String::new();
    let mut length = 0;
    let mut characters = text.chars();
    let is_plain = text.len() <= most && text.chars().all(is_harmless);
    if is_plain {
        return Cow::Borrowed(text);
    }
    loop {
        let rest = characters.as_str();
        let Some(character) = characters.next() else { return Cow::Owned(line) };
        let before = line.len();
        match character {
            _ if is_harmless(character) => line.push(character),
            '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => line.push(' '),
            _ => line.extend(character.escape_unicode()),
        }
        length += line[before..].chars().count();
        if length > most {
            line.truncate(before);
            line.push_str(&more(rest));
            return Cow::Owned(line);
        }
    }
}

/// The text unchanged, or its first `most` characters followed by the number of characters left out.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}{}", &text[..end], more(&text[end..]))),
    }
}

fn more(left_out: &str) -> String {
    format!("… ({} more characters)", left_out.chars().count())
}

/// Returns true if a terminal only displays the character. Control characters, line breaks and changes of the
/// writing direction are harmful.
pub fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_plain_text_stays_as_it_is() {
        for text in ["", "value out of range", "Прядение 🦾", &"x".repeat(1000)] {
            assert!(matches!(one_line(text, 1000), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(one_line(&"ж".repeat(1000), 1000), "ж".repeat(1000), "bytes are not counted");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_much_is_missing() {
        let line = one_line(&"🦾".repeat(130_000), 1000).into_owned();
        assert_eq!(line, format!("{}… (129000 more characters)", "🦾".repeat(1000)));
        assert_eq!(one_line("abc", 0), "… (3 more characters)");
        assert_eq!(one_line("a\u{1b}b", 3), "a… (2 more characters)", "an escape is not cut in two");
    }

    #[test]
    fn a_text_that_is_only_cut_keeps_its_lines() {
        assert!(matches!(cut("a\nb", 3), Cow::Borrowed("a\nb")));
        assert_eq!(cut("ж\nбв", 2), "ж\n… (2 more characters)");
    }

    #[test]
    fn nothing_breaks_the_line_or_drives_a_terminal() {
        assert_eq!(one_line("a\nb\r\n\tc\u{2028}d", 99), "a b   c d");
        assert_eq!(one_line("\0\u{1b}[2J\u{9b}31m\u{202e}", 99), "\\u{0}\\u{1b}[2J\\u{9b}31m\\u{202e}");
    }
}
