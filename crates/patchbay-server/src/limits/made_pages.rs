//! Places of pages of the documentation that are made for a request: anyone can ask for any number of different ones.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::ClientAddress;

/// The largest number of such pages that are being made or sent.
const MAX_PAGES: usize = 256;
/// The largest number of those for one address.
const MAX_OF_ADDRESS: usize = 16;

/// Counts pages that are being made or sent, by the address of who asked for them.
#[derive(Default)]
pub(crate) struct MadePages(Mutex<HashMap<ClientAddress, usize>>);

/// The place of a page. Dropping it frees the place.
pub(crate) struct PagePlace {
    pages: Arc<MadePages>,
    address: ClientAddress,
}

impl MadePages {
    /// Takes a place for a page; `None` if the address has too many, or all are taken.
    pub(crate) fn take(self: &Arc<Self>, address: ClientAddress) -> Option<PagePlace> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = pages.get(&address).copied().unwrap_or_default();
        // At most as many addresses as places are in the table.
        if of_address >= MAX_OF_ADDRESS || pages.values().sum::<usize>() >= MAX_PAGES {
            return None;
        }
        pages.insert(address, of_address + 1);
        Some(PagePlace { pages: self.clone(), address })
    }
}

impl Drop for PagePlace {
    fn drop(&mut self) {
        let mut pages = self.pages.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pages.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(pages.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(number: usize) -> ClientAddress {
        ClientAddress(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()))
    }

    #[test]
    fn an_address_has_some_of_the_places_and_leaves_nothing_behind() {
        let pages = Arc::<MadePages>::default();
        let mut places = (0..MAX_OF_ADDRESS).map(|_| pages.take(address(0)).unwrap()).collect::<Vec<_>>();
        assert!(pages.take(address(0)).is_none(), "the address has too many");
        places.extend((MAX_OF_ADDRESS..MAX_PAGES).map(|number| pages.take(address(number)).unwrap()));
        assert!(pages.take(address(1)).is_none(), "all are taken");
        places.swap_remove(0);
        places.push(pages.take(address(0)).unwrap());
        assert!(pages.take(address(0)).is_none());
        places.clear();
        assert!(pages.0.lock().unwrap().is_empty());
    }
}
