//! Random damage to requests: the service neither crashes nor hangs, and reads no further after a refusal.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::Runtime;

use axum::Router;
use bionicpro_edge::{Connection, DefaultDetails, Edge, Options};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};

use crate::support::{Answers, Service, get_once};

/// The request that is damaged, between two well-formed ones.
const MIDDLE: &str =
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello";

struct World {
    runtime: Runtime,
    service: Service,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let service =
        runtime.block_on(Service::with(|listen| listen.limits.header_timeout = Duration::from_millis(300)));
    World { runtime, service }
});

/// One corruption of the bytes in transit.
#[derive(Debug, Clone)]
enum Damage {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index, prop::sample::Index),
    Line(prop::sample::Index, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let lines = [
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 60\r\n",
        "Host: evil.example\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "Upgrade: h2c\r\n",
        " folded\r\n",
        "\r\n",
        "\n",
        "\0",
        "GET /fine HTTP/1.1\r\n",
    ];
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(from, to)| Damage::Cut(from, to)),
        (any::<prop::sample::Index>(), prop::sample::select(lines.to_vec()))
            .prop_map(|(at, line)| Damage::Line(at, line)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::Cut(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            bytes.drain(from.min(to)..from.max(to));
        }
        Damage::Line(at, line) => {
            // Inserted at the start of a line, so that it becomes a line.
            let starts: Vec<_> = bytes.windows(2).enumerate().filter(|(_, pair)| pair == b"\r\n").collect();
            let at = if starts.is_empty() { 0 } else { starts[at.index(starts.len())].0 + 2 };
            bytes.splice(at..at, line.bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_requests_are_refused_once_or_answered_in_order(damages in prop::collection::vec(damage(), 0..4)) {
        let mut middle = MIDDLE.as_bytes().to_vec();
        for damage in &damages {
            apply(&mut middle, damage);
        }
        let first = "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let bytes = [first.as_bytes(), &middle, get_once("/peer").as_bytes()].concat();
        let World { runtime, service } = &*WORLD;
        let answers: Answers = runtime.block_on(service.send(&bytes));
        let statuses: Vec<_> = answers.statuses().into_iter().filter(|status| *status != 100).collect();

        prop_assert_eq!(statuses.first(), Some(&200), "{:?}", answers);
        prop_assert!(statuses.iter().all(|status| *status != 500 && *status != 503), "{:?}", answers);
        // hyper closes after bytes that it cannot parse, and the edge after requests that it rejects.
        let refused = statuses.iter().position(|status| [400, 408, 413, 414, 421, 431, 505].contains(status));
        prop_assert!(refused.is_none_or(|at| at + 1 == statuses.len()), "{:?}", answers);
        if damages.is_empty() {
            prop_assert_eq!(statuses, [200, 200, 200]);
        }
    }

    #[test]
    fn an_endpoint_sees_a_plain_path_under_one_host_of_ours_only(
        target in "(/|[a-z]{1,5}://|//)?[a-z%./:@?*#-]{0,30}",
        hosts in prop::collection::vec("(localhost|127[.]0[.]0[.]1|\\[::1\\]|evil[.]example)?[@:,.a-z0-9]{0,6}", 0..3),
        forwarded in "[0-9a-f:., x]{0,30}",
        method in prop::sample::select(vec!["GET", "POST", "TRACE", "CONNECT", "FOO"]),
        body in "[a-z]{0,80}",
    ) {
        let Ok(uri) = Uri::try_from(target.as_str()) else { return Ok(()) };
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = uri.clone();
        for host in &hosts {
            request.headers_mut().append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(&forwarded).unwrap());

        let router = Router::new().fallback(|| async { StatusCode::NO_CONTENT });
        let options = Options { deadline: Duration::from_secs(5), body_bytes: 64, methods: None, texts: DefaultDetails::default() };
        let connection = Connection::from_loopback(([127, 0, 0, 1], 9).into());
        let response = WORLD.runtime.block_on(Edge::new(router, options).answer(&connection, request));
        prop_assert_ne!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        if response.status() == StatusCode::NO_CONTENT {
            prop_assert_eq!(hosts.len(), 1);
            let name = |name: &str| {
                let port = hosts[0].strip_prefix(name).map(|port| port.strip_prefix(':').unwrap_or(port));
                port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
            };
            prop_assert!(["localhost", "127.0.0.1", "[::1]"].into_iter().any(name), "{:?}", hosts);
            prop_assert!(uri.authority().is_none(), "{}", uri);
            let part = |part: &str| !part.contains('%') && !part.is_empty() && !part.trim_matches('.').is_empty();
            prop_assert!(uri.path() == "/" || uri.path().split('/').skip(1).all(part), "{}", uri);
        }
    }
}
