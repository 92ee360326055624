//! Requests: one that reaches an endpoint names one of our hosts and a plain path, and has the correct client
//! address.
#![no_main]

use std::net::IpAddr;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use bionicpro_edge::fuzzing::{AllowedHosts, TrustedProxies};
use bionicpro_edge::{Connection, DefaultDetails, Edge, Options, Peer};
use bionicpro_fuzz::{request, with_body};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime::Runtime;

const BODY_BYTES: u64 = 64;
/// Names in lower case, each with the port that it must have, if any.
const HOSTS: [(&str, Option<&str>); 3] =
    [("reports.example.com", None), ("other.example.com", Some("8443")), ("[2001:db8::1]", None)];
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

struct World {
    runtime: Runtime,
    edge: Edge,
    hosts: AllowedHosts,
    proxies: TrustedProxies,
}

/// The client and the body length of the last request that reached the endpoint.
static SEEN: Mutex<Option<(Peer, usize)>> = Mutex::new(None);

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let endpoint = async |axum::Extension(peer): axum::Extension<Peer>, body: axum::body::Bytes| {
        *SEEN.lock().unwrap() = Some((peer, body.len()));
        StatusCode::NO_CONTENT
    };
    let options = Options {
        deadline: Duration::from_secs(5),
        body_bytes: BODY_BYTES,
        methods: None,
        texts: DefaultDetails::default(),
    };
    let edge = Edge::new(Router::new().fallback(endpoint), options);
    let configured = HOSTS.map(|(name, port)| port.map_or(name.to_owned(), |port| format!("{name}:{port}")));
    let hosts = AllowedHosts::new(&configured, "127.0.0.1:8001".parse().unwrap()).unwrap();
    let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()]).unwrap();
    World { runtime, edge, hosts, proxies }
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(request) = request(data) else { return Corpus::Reject };
    for host in request.headers().get_all(header::HOST) {
        check_host(host.as_bytes());
    }
    check_client(request.headers());
    check_edge(request);
    Corpus::Keep
});

/// Checks that an allowed host is one of the names, with an optional port in its one spelling.
fn check_host(host: &[u8]) {
    if !WORLD.hosts.allow(host) {
        return;
    }
    let text = std::str::from_utf8(host).expect("ASCII").to_ascii_lowercase();
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    let fits = |(name, port): (&str, Option<&str>)| match (text.strip_prefix(name), port) {
        (Some(""), None) => true,
        (Some(rest), None) => rest.strip_prefix(':').is_some_and(is_port),
        (Some(rest), Some(port)) => rest.strip_prefix(':') == Some(port),
        (None, _) => false,
    };
    assert!(HOSTS.into_iter().any(fits), "{text:?}");
}

/// Checks that only trusted proxies are believed, and nothing to the left of an untrusted address.
fn check_client(headers: &HeaderMap) {
    let stranger: IpAddr = [192, 0, 2, 1].into();
    assert_eq!(WORLD.proxies.client(stranger, headers), stranger);
    let client = WORLD.proxies.client(PEER, headers);
    if WORLD.proxies.trust(client) {
        return;
    }
    let lines: Vec<HeaderValue> = headers.get_all("x-forwarded-for").iter().cloned().collect();
    let mut further = HeaderMap::new();
    further.insert("x-forwarded-for", HeaderValue::from_static("198.51.100.9, 10.0.0.9, 203.0.113.5"));
    for line in lines {
        further.append("x-forwarded-for", line);
    }
    assert_eq!(WORLD.proxies.client(PEER, &further), client, "what the client wrote is read");
}

fn check_edge(request: Request<Vec<u8>>) {
    *SEEN.lock().unwrap() = None;
    let (uri, hosts) = (request.uri().clone(), request.headers().get_all(header::HOST).iter().count());
    let (lines, sent) = (request.headers().len(), request.body().len());
    let host = request.headers().get(header::HOST).cloned();
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let connection = Connection::from_loopback((PEER, 9).into());
    let answer = WORLD.runtime.block_on(WORLD.edge.clone().answer(&connection, with_body(request)));
    assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "a panic");
    for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
        assert_eq!(answer.headers()[name], value);
    }
    assert!(answer.headers().contains_key("x-request-id"));
    let Some((peer, body)) = SEEN.lock().unwrap().take() else {
        assert!(answer.status().is_client_error(), "{}", answer.status());
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        return;
    };
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(peer, Peer(PEER), "a connection without proxies");
    assert!(body == sent && sent as u64 <= BODY_BYTES && !is_chunked);
    assert!(lines <= 64 && hosts == 1 && uri.authority().is_none());
    let host = host.unwrap();
    let host = host.to_str().unwrap().to_ascii_lowercase();
    let after = ["localhost", "127.0.0.1", "[::1]"].into_iter().find_map(|name| host.strip_prefix(name));
    assert!(after.is_some_and(|port| port.is_empty() || port.starts_with(':')), "{host}");
    assert!(uri.path_and_query().is_none_or(|target| target.as_str().len() <= 2048));
    let is_step = |segment: &str| segment.trim_matches('.').is_empty();
    assert!(uri.path() == "/" || !uri.path()[1..].split('/').any(is_step), "{uri}");
    assert!(!uri.path().contains(['%', '\\', ';', ':', '@']), "{uri}");
}
