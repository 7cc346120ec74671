//! Socket addresses.

use std::fmt;

/// An IPv4 address and a TCP port. Displayed as `10.0.0.1:102`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketAddress {
    /// IPv4 address in host byte order: `10.0.0.1` is `0x0A00_0001`. Zero is not a host.
    pub host: u32,
    /// TCP port, 1 to 65535. Zero is not a port.
    pub port: u16,
}

impl SocketAddress {
    /// The address of `port` on `host`.
    #[must_use]
    pub const fn new(host: u32, port: u16) -> Self {
        Self { host, port }
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.host.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_displayed_in_dotted_form() {
        let address = SocketAddress::new(0x0A00_0001, 102);
        assert_eq!(address.to_string(), "10.0.0.1:102");
    }
}
