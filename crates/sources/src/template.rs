//! Replaces placeholders in {braces} in a `.sql` file. Values are not scanned again: a chip may be called
//! `{table}`.

/// Returns the file without the comment above its statement, with each `{word}` replaced by its value.
///
/// # Panics
/// When a word has no value; never in a query that its tests have run.
pub(crate) fn fill(file: &str, values: &[(&str, &str)]) -> String {
    let comment: usize =
        file.lines().take_while(|line| line.starts_with("--")).map(|line| line.len() + 1).sum();
    let mut rest = file[comment..].trim_end();
    let mut sql =
        String::with_capacity(rest.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    while let Some((before, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(name, _)| *name == word);
        sql.push_str(before);
        sql.push_str(value.unwrap_or_else(|| panic!("{word} has no value")).1);
        rest = after;
    }
    sql + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_word_stays_as_it_is() {
        let file = "-- With {a} comment.\nSELECT {a}, {b}, {a}\n";
        assert_eq!(fill(file, &[("a", "'{b}'"), ("b", "2")]), "SELECT '{b}', 2, '{b}'");
    }
}
