//! Who the client is, where proxies stand between: `X-Forwarded-For`, from those that are trusted.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use ipnet::IpNet;

use crate::domain::Invalid;

/// The proxies whose word is taken. Nobody else's is: the header is text that any client can send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Addresses and networks, separated by commas.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let address = |part: &str| part.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        let one = |part: &str| part.parse::<IpNet>().ok().or_else(|| address(part));
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks: Option<Vec<IpNet>> = parts.map(one).collect();
        networks.map(Self).ok_or(Invalid("addresses or networks like 10.0.0.0/8, separated by commas"))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the connection's, or the last one in the header that is not of a
    /// trusted proxy, if the connection is.
    pub(super) fn client(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        if !self.trusts(peer) {
            return Some(peer);
        }
        let named = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut client = peer;
        for name in named.into_iter().rev() {
            // What stands before something that is no address may be anything.
            // Some proxies tell the port, too.
            let with_port = || name.parse::<SocketAddr>().map(|address| address.ip());
            let Ok(address) = name.parse::<IpAddr>().or_else(|_| with_port()) else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut request = Request::builder().uri("/");
        for value in forwarded {
            request = request.header("X-Forwarded-For", *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        Proxies::parse(trusted).unwrap().client(&request).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_what_the_last_of_them_saw() {
        assert_eq!(client("", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["6.6.6.6, 198.51.100.7", "10.9.9.9"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["6.6.6.6, unknown, 10.9.9.9"]), "10.9.9.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("127.0.0.1, ::1", "::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert!(Proxies::parse(text).is_err(), "{text}");
        }
    }
}
