//! IP address operators, for IPv4 and IPv6.

use std::net::IpAddr;

use ipnet::IpNet;

/// Returns whether the address lies in the network; a network may be one address.
pub(super) fn within(address: &str, network: &str) -> bool {
    let Ok(address) = address.trim().parse::<IpAddr>() else { return false };
    let network = network.trim();
    let network = network.parse::<IpNet>().or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
    network.is_ok_and(|network| network.contains(&address) || network.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn both_families() {
        assert!(within("203.0.113.9", "203.0.113.0/24"));
        assert!(within("203.0.113.9", "203.0.113.77/24"));
        assert!(within("203.0.113.9", "203.0.113.9"));
        assert!(!within("203.0.114.9", "203.0.113.0/24"));
        assert!(within("2001:db8:1::9", "2001:db8:1::/48"));
        assert!(!within("2001:db8:2::9", "2001:db8:1::/48"));
        assert!(within("::ffff:203.0.113.9", "203.0.113.0/24"));
        assert!(!within("203.0.113.9", "2001:db8::/32"));
        assert!(!within("203.0.113", "0.0.0.0/0"));
        assert!(!within("203.0.113.9", "203.0.113.0/33"));
    }
}
