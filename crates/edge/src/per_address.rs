//! The number of open connections per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts open connections by address and limits them.
#[derive(Debug, Clone)]
pub(crate) struct PerAddressLimit {
    most: u32,
    open: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl PerAddressLimit {
    pub(crate) fn new(most: u32) -> Self {
        PerAddressLimit { most, open: Arc::default() }
    }

    /// Takes a permit for one more connection from the address, which is returned on drop. `None` if the
    /// address has too many already.
    pub(crate) fn take(&self, address: IpAddr) -> Option<AddressPermit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(AddressPermit { address, open: Arc::clone(&self.open) })
    }
}

/// The permit of one connection.
#[derive(Debug)]
pub(crate) struct AddressPermit {
    address: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_places_and_gets_them_back() {
        let places = PerAddressLimit::new(2);
        let (here, there) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let held = [places.take(here), places.take(here)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(here).is_none());
        assert!(places.take(there).is_some());
        drop(held);
        assert!(places.take(here).is_some());
        assert!(places.open.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
