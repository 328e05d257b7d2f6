//! Name resolution under the guard: the addresses that were judged are the ones that are dialled, so a
//! name that changes its address between the check and the connection (rebinding) gains nothing.

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

use crate::guard::{Guard, Reach};

/// Where addresses come from: the system, or a table in tests.
#[async_trait]
pub(crate) trait Lookup: Send + Sync {
    /// All addresses of a name.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
pub(crate) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A resolver that gives only addresses that the guard admits.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) guard: Arc<Guard>,
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) reach: Reach,
}

impl GuardedResolver {
    async fn resolve(
        self,
        host: String,
    ) -> Result<vec::IntoIter<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let (mut admitted, mut refusal) = (Vec::new(), None);
        for address in self.lookup.lookup(&host).await? {
            match self.guard.admit_address(address, &host, self.reach) {
                // The port is the connector's to set.
                Ok(()) => admitted.push(SocketAddr::new(address, 0)),
                Err(refused) => refusal = Some(refused),
            }
        }
        match refusal {
            Some(refused) if admitted.is_empty() => Err(Box::new(refused)),
            _ => Ok(admitted.into_iter()),
        }
    }
}

impl Service<Name> for GuardedResolver {
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

    /// Answers with the next list of addresses each time it is asked, as a rebinding server does.
    struct Rebinding(Mutex<Vec<Vec<IpAddr>>>);

    #[async_trait]
    impl Lookup for Rebinding {
        async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.lock().unwrap().remove(0))
        }
    }

    fn resolver(answers: &[&[&str]], reach: Reach) -> GuardedResolver {
        let answers = answers.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        GuardedResolver { guard: Arc::default(), lookup: Arc::new(Rebinding(Mutex::new(answers))), reach }
    }

    #[tokio::test]
    async fn a_rebinding_name_is_judged_each_time() {
        let resolver = resolver(&[&["93.184.216.34"], &["127.0.0.1"]], Reach::Public);
        let first = resolver.clone().resolve("rebind.example".into()).await.unwrap().collect::<Vec<_>>();
        assert_eq!(first, ["93.184.216.34:0".parse().unwrap()]);
        let refused = resolver.resolve("rebind.example".into()).await.unwrap_err().to_string();
        assert!(refused.contains("`rebind.example` (127.0.0.1) is a loopback address"), "{refused}");
    }

    #[tokio::test]
    async fn only_judged_addresses_are_dialled() {
        let resolver = resolver(&[&["10.0.0.1", "93.184.216.34", "::1"]], Reach::Public);
        let admitted = resolver.resolve("mixed.example".into()).await.unwrap().collect::<Vec<_>>();
        assert_eq!(admitted, ["93.184.216.34:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn plain_http_reaches_the_allow_list_alone() {
        let refused = resolver(&[&["93.184.216.34"]], Reach::AllowedOnly).resolve("public.example".into()).await;
        assert!(refused.unwrap_err().to_string().contains("plain http"));
    }
}
