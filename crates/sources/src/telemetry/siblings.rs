//! Chips that belong together because their cells go into one row of the mart, directly or through others.

use std::collections::HashMap;

/// Families of chips; a chip that was never paired has none.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    family_of: HashMap<Box<str>, usize>,
    families: Vec<Vec<Box<str>>>,
}

impl Siblings {
    pub(super) fn new(pairs: &[(String, String)]) -> Siblings {
        let mut siblings = Siblings::default();
        for (one, other) in pairs {
            let (one, other) = (siblings.family(one), siblings.family(other));
            if one != other {
                // The smaller family joins the larger, so that a chip moves a few times at most.
                let small_first = siblings.families[one].len() < siblings.families[other].len();
                let (from, into) = if small_first { (one, other) } else { (other, one) };
                for chip in std::mem::take(&mut siblings.families[from]) {
                    siblings.family_of.insert(chip.clone(), into);
                    siblings.families[into].push(chip);
                }
            }
        }
        siblings
    }

    fn family(&mut self, chip: &str) -> usize {
        *self.family_of.entry(chip.into()).or_insert_with(|| {
            self.families.push(vec![chip.into()]);
            self.families.len() - 1
        })
    }

    /// The chip's family, including the chip; empty if it has none.
    pub(super) fn of(&self, chip: &str) -> impl Iterator<Item = &str> {
        let family = self.family_of.get(chip).and_then(|family| self.families.get(*family));
        family.into_iter().flatten().map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_grow_together_by_way_of_others() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let siblings = Siblings::new(&[pair("A", "B"), pair("C", "D"), pair("D", "B"), pair("E", "E")]);
        let family = |chip: &str| {
            let mut family: Vec<String> = siblings.of(chip).map(str::to_owned).collect();
            family.sort();
            family.concat()
        };
        for chip in ["A", "B", "C", "D"] {
            assert_eq!(family(chip), "ABCD");
        }
        assert_eq!((family("E"), family("F")), ("E".to_owned(), String::new()));
    }
}
