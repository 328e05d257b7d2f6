//! DNS resolution under the egress policy. The addresses that the policy checked are the ones that are dialed, so a
//! name whose address changes between the check and the connection (DNS rebinding) bypasses nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::egress_policy::{Destination, EgressPolicy, EgressRefused};

/// A source of addresses: the operating system, or a table in tests.
#[async_trait]
pub(crate) trait AddressLookup: Send + Sync {
    /// Returns all addresses of a host name.
    ///
    /// # Errors
    ///
    /// The error of the lookup, for example if the name does not exist.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
pub(crate) struct SystemLookup;

#[async_trait]
impl AddressLookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A resolver that returns only addresses that the egress policy allows.
#[derive(Clone)]
pub(crate) struct PolicyResolver {
    pub(crate) policy: Arc<EgressPolicy>,
    pub(crate) lookup: Arc<dyn AddressLookup>,
    pub(crate) destination: Destination,
}

impl PolicyResolver {
    /// Checks a host that a proxy will connect to: every address of it must be allowed, because the proxy chooses one.
    ///
    /// # Errors
    ///
    /// [`EgressRefused`] if an address is not allowed, or if the host cannot be resolved, unless the proxy resolves names
    /// (`proxy_resolves`). Plain http always needs an address, because it only reaches the networks of `egress.allow`.
    pub(crate) async fn check_for_proxy(&self, host: &str, proxy_resolves: bool) -> Result<(), EgressRefused> {
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let addresses = match literal {
            Ok(address) => vec![address],
            // A final dot only says that the name is complete. Local names are looked up without it.
            Err(_) => self.lookup.lookup(host.strip_suffix('.').unwrap_or(host)).await.unwrap_or_default(),
        };
        if addresses.is_empty() && !(proxy_resolves && self.destination == Destination::Public) {
            let message = format!("`{host}` cannot be resolved, so its address cannot be checked");
            let advice = "an operator can leave the check to the outbound proxy with `egress.proxyResolvesNames` \
                          (PATCHBAY_EGRESS_PROXY_RESOLVES_NAMES)";
            return Err(EgressRefused::new(message).with_advice(advice.to_owned()));
        }
        addresses.into_iter().try_for_each(|address| self.policy.check_address(address, host, self.destination))
    }

    /// Returns the allowed addresses of a host. Fails with `EgressRefused` if it has addresses and none is allowed.
    async fn resolve(
        self,
        host: String,
    ) -> Result<vec::IntoIter<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let (mut allowed, mut refusal) = (Vec::new(), None);
        for address in self.lookup.lookup(&host).await? {
            match self.policy.check_address(address, &host, self.destination) {
                // The connector sets the port.
                Ok(()) => allowed.push(SocketAddr::new(address, 0)),
                Err(refused) => refusal = Some(refused),
            }
        }
        match refusal {
            Some(refused) if allowed.is_empty() => Err(Box::new(refused)),
            _ => Ok(allowed.into_iter()),
        }
    }
}

impl Service<Name> for PolicyResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Returns the next list of addresses for each lookup, as a rebinding DNS server does.
    struct Rebinding(Mutex<Vec<Vec<IpAddr>>>);

    #[async_trait]
    impl AddressLookup for Rebinding {
        async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.lock().unwrap().remove(0))
        }
    }

    fn resolver(lists: &[&[&str]], destination: Destination) -> PolicyResolver {
        let lists = lists.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        PolicyResolver { policy: Arc::default(), lookup: Arc::new(Rebinding(Mutex::new(lists))), destination }
    }

    #[tokio::test]
    async fn a_rebinding_name_is_checked_at_each_lookup() {
        let resolver = resolver(&[&["93.184.216.34"], &["127.0.0.1"]], Destination::Public);
        let first = resolver.clone().resolve("rebind.example".into()).await.unwrap().collect::<Vec<_>>();
        assert_eq!(first, ["93.184.216.34:0".parse().unwrap()]);
        let refused = resolver.resolve("rebind.example".into()).await.unwrap_err().to_string();
        assert!(
            refused.contains("`rebind.example` is a loopback address") && refused.contains("is 127.0.0.1;"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn only_allowed_addresses_are_returned() {
        let resolver = resolver(&[&["10.0.0.1", "93.184.216.34", "::1"]], Destination::Public);
        let allowed = resolver.resolve("mixed.example".into()).await.unwrap().collect::<Vec<_>>();
        assert_eq!(allowed, ["93.184.216.34:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn plain_http_reaches_only_allowed_networks() {
        let refused =
            resolver(&[&["93.184.216.34"]], Destination::AllowedNetworks).resolve("public.example".into()).await;
        assert!(refused.unwrap_err().to_string().contains("plain http"));
    }
}
