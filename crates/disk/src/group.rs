//! Lookup of a group's number.

/// The number of a group given by its number or its name; `list` is the text of `/etc/group`.
pub(crate) fn number(group: &str, list: &str) -> Option<u32> {
    if let Ok(number) = group.parse() {
        return Some(number);
    }
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_name_or_its_number() {
        let list = "root:x:0:\nbionic:x:4242:ivan,maria\nbionicpro:x:4243:\n";
        assert_eq!(number("bionicpro", list), Some(4243));
        assert_eq!(number("77", list), Some(77));
        assert_eq!(number("bio", list), None);
        assert_eq!(number("", list), None);
    }
}
