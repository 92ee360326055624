//! A map for state that unauthenticated clients can create: stored under random names, for a limited time,
//! and in a limited number.
use std::collections::HashMap;

use bionicpro_model::Result;

use crate::random;

/// Largest number of entries; the one that expires first is evicted.
const MAX: usize = 4096;

/// Entries that expire a fixed time after they were put.
#[derive(Debug)]
pub(crate) struct TtlMap<T> {
    life_s: i64,
    items: HashMap<String, Item<T>>,
}

#[derive(Debug)]
struct Item<T> {
    value: T,
    expires_s: i64,
}

impl<T> TtlMap<T> {
    pub(crate) fn new(life_s: i64) -> Self {
        TtlMap { life_s, items: HashMap::new() }
    }

    /// Stores a value and returns its name.
    pub(crate) fn put(&mut self, value: T, now_s: i64) -> Result<String> {
        if self.items.len() >= MAX {
            self.items.retain(|_, item| now_s < item.expires_s);
        }
        if self.items.len() >= MAX {
            let first =
                self.items.iter().min_by_key(|(_, item)| item.expires_s).map(|(name, _)| name.clone());
            first.map(|name| self.items.remove(&name));
        }
        let name = random::name()?;
        self.items.insert(name.clone(), Item { value, expires_s: now_s + self.life_s });
        Ok(name)
    }

    /// The value with this name, unless it has expired.
    pub(crate) fn get(&mut self, name: &str, now_s: i64) -> Option<&mut T> {
        self.items.get_mut(name).filter(|item| now_s < item.expires_s).map(|item| &mut item.value)
    }

    /// Removes the value with this name and returns it, unless it has expired.
    pub(crate) fn take(&mut self, name: &str, now_s: i64) -> Option<T> {
        self.items.remove(name).filter(|item| now_s < item.expires_s).map(|item| item.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_gone_when_taken_or_expired() {
        let mut shelf = TtlMap::new(60);
        let (one, two) = (shelf.put(1, 1000).unwrap(), shelf.put(2, 1000).unwrap());
        assert_eq!(shelf.take(&one, 1059), Some(1));
        assert_eq!(shelf.take(&one, 1059), None);
        assert_eq!(shelf.get(&two, 1060), None);
        assert_eq!(shelf.take(&two, 1060), None);
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_no_more() {
        let mut shelf = TtlMap::new(60);
        let first = shelf.put(0, 999).unwrap();
        let second = shelf.put(1, 1000).unwrap();
        for thing in 2..=MAX {
            shelf.put(thing, 1000 + i64::try_from(thing % 2).unwrap()).unwrap();
        }
        assert_eq!(shelf.items.len(), MAX);
        assert_eq!(shelf.get(&first, 1001), None);
        assert_eq!(shelf.get(&second, 1001), Some(&mut 1));
    }
}
