//! The places for connections: how many there are, who has them, and whose connection is closed for a new one.
//!
//! While places are free, everybody gets one. When all are taken, a new connection takes the place of the one that has
//! waited for its client longest; a connection whose client waits for the server keeps its place. Connections of an
//! address that has more than a quarter of the places go first. Nobody is turned away for having many connections: a
//! reverse proxy brings everybody's from one address.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::occupant::Occupant;

/// The places of a server.
pub(crate) struct Places {
    limit: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    last: u64,
    occupants: HashMap<u64, Arc<Occupant>>,
    by_address: HashMap<IpAddr, usize>,
    /// Whose connection is closed next, and since when it has waited. Finding them reads every connection.
    next: VecDeque<(u64, u64)>,
}

/// A place that a connection has. Dropping it frees the place.
pub(in crate::serve) struct Place {
    places: Arc<Places>,
    number: u64,
    occupant: Arc<Occupant>,
}

impl Place {
    pub(super) fn occupant(&self) -> Arc<Occupant> {
        self.occupant.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.places.lock().remove(self.number).is_some() {
            self.places.freed.notify_one();
        }
    }
}

impl Places {
    /// Creates `limit` places.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: Mutex::default(), freed: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a place for a new connection; `None` if every client that has one waits for the server.
    pub(in crate::serve) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        if taken.occupants.len() >= self.limit {
            taken.evict_one(self.limit)?;
        }
        let occupant = Arc::new(Occupant::new(address, owner(address)));
        taken.last += 1;
        let number = taken.last;
        taken.occupants.insert(number, occupant.clone());
        *taken.by_address.entry(occupant.address).or_default() += 1;
        Some(Place { places: self.clone(), number, occupant })
    }

    /// Waits until a place is freed.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Returns the number of connections.
    #[cfg(test)]
    pub(in crate::serve) fn open(&self) -> usize {
        self.lock().occupants.len()
    }
}

impl Taken {
    fn remove(&mut self, number: u64) -> Option<Arc<Occupant>> {
        let occupant = self.occupants.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&occupant.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&occupant.address);
            }
        }
        Some(occupant)
    }

    /// Closes the connection that has waited for its client longest.
    fn evict_one(&mut self, limit: usize) -> Option<()> {
        loop {
            if self.next.is_empty() {
                self.find_next(limit);
            }
            let (number, since) = self.next.pop_front()?;
            let still_waits = self
                .occupants
                .get(&number)
                .is_some_and(|occupant| occupant.client.activity.waits_since() == Some(since));
            if still_waits {
                self.remove(number)?.evict();
                return Some(());
            }
        }
    }

    /// Finds the connections that are closed next. Finding several at once keeps a flood of connections cheap.
    fn find_next(&mut self, limit: usize) {
        let share = limit.div_ceil(4);
        let mut waiting = self
            .occupants
            .iter()
            .filter_map(|(number, occupant)| {
                let has_more = self.by_address.get(&occupant.address).is_some_and(|count| *count > share);
                occupant.client.activity.waits_since().map(|since| (!has_more, since, *number))
            })
            .collect::<Vec<_>>();
        waiting.sort_unstable();
        self.next.extend(waiting.into_iter().take(limit.div_ceil(64)).map(|(_, since, number)| (number, since)));
    }
}

/// Returns what counts as one address: for IPv6 the network of a customer (a /64), of which one machine can use every
/// address.
fn owner(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.take(address.parse().unwrap())
    }

    fn is_evicted(place: &Place) -> bool {
        place.occupant.is_evicted()
    }

    #[test]
    fn the_connection_that_waits_longest_makes_room() {
        let places = Places::new(3);
        let taken = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|address| take(&places, address).unwrap());
        taken[0].occupant.client.activity.begin();
        let new = take(&places, "10.0.0.4").unwrap();
        assert_eq!(
            [0, 1, 2].map(|at| is_evicted(&taken[at])),
            [false, true, false],
            "the first one's client waits for us"
        );
        assert_eq!(places.open(), 3);
        drop(taken);
        assert_eq!(places.open(), 1);
        drop(new);
        assert_eq!(places.open(), 0);
    }

    #[test]
    fn clients_that_wait_for_the_server_keep_their_places() {
        let places = Places::new(2);
        let taken = ["10.0.0.1", "10.0.0.1"].map(|address| take(&places, address).unwrap());
        taken.iter().for_each(|place| place.occupant.client.activity.begin());
        assert!(take(&places, "10.0.0.2").is_none());
        taken[1].occupant.client.activity.end();
        assert!(take(&places, "10.0.0.2").is_some());
        assert_eq!([is_evicted(&taken[0]), is_evicted(&taken[1])], [false, true]);
    }

    #[test]
    fn an_address_with_more_than_a_quarter_makes_room_first() {
        let places = Places::new(8);
        let few = [take(&places, "2001:db8::1").unwrap(), take(&places, "2001:db8::1").unwrap()];
        // Two addresses of one network: together they have more than a quarter.
        let many = ["2001:db8:0:1::1", "2001:db8:0:1::2"].repeat(3);
        let many = many.iter().map(|address| take(&places, address).unwrap()).collect::<Vec<_>>();
        let new = (0..2).map(|_| take(&places, "10.0.0.1").unwrap()).collect::<Vec<_>>();
        assert!(few.iter().chain(&new).all(|place| !is_evicted(place)));
        assert_eq!(many.iter().filter(|place| is_evicted(place)).count(), 2);
    }

    #[test]
    fn one_address_may_have_every_place() {
        let places = Places::new(4);
        let proxy = (0..4).map(|_| take(&places, "127.0.0.1").unwrap()).collect::<Vec<_>>();
        assert!(proxy.iter().all(|place| !is_evicted(place)));
    }
}
