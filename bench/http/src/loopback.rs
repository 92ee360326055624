//! The allowed addresses: loopback ones, written as numbers, so that no name service is involved.

use std::net::SocketAddr;

use hyper::Uri;

use crate::Result;

/// The address and the path of `http://127.0.0.1:PORT/path`.
pub(crate) fn parse_url(url: &str) -> Result<(SocketAddr, String)> {
    let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("{url}: only http:// is supported").into());
    }
    let authority = uri.authority().ok_or_else(|| format!("{url}: no address"))?;
    if authority.as_str().contains('@') {
        return Err("the address must not contain credentials".into());
    }
    let address: SocketAddr = authority
        .as_str()
        .parse()
        .map_err(|_| format!("{authority}: write an address with a port, such as 127.0.0.1:8001"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((only(address)?, path.to_owned()))
}

/// Refuses an address that is not loopback.
pub(crate) fn only(address: SocketAddr) -> Result<SocketAddr> {
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("{address} is not loopback: this tool loads only this machine").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_accepted_in_both_families() {
        let (address, path) = parse_url("http://127.0.0.1:8001/api/reports?limit=1").unwrap();
        assert_eq!((address.to_string().as_str(), path.as_str()), ("127.0.0.1:8001", "/api/reports?limit=1"));
        assert_eq!(parse_url("http://[::1]:80").unwrap().0.to_string(), "[::1]:80");
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "http://192.168.1.1:80/",
            "http://0.0.0.0:80/",
            "http://[::]:80/",
            "http://localhost:80/",
            "http://example.com/",
            "http://127.0.0.1/",
            "http://a:b@127.0.0.1:80/",
            "https://127.0.0.1:443/",
            "127.0.0.1:80",
        ] {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }
}
