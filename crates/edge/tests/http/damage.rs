//! Random damage to requests: the service neither falls nor hangs, and once it has refused it reads no further.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::{Answers, Service, get_once};

/// What stands between two requests that are well formed.
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

/// One thing that goes wrong on the way.
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
            // Where a line begins, so that it is one.
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
        // hyper closes after what it cannot read, and the edge after what has no meaning.
        let refused = statuses.iter().position(|status| [400, 408, 413, 414, 421, 431, 505].contains(status));
        prop_assert!(refused.is_none_or(|at| at + 1 == statuses.len()), "{:?}", answers);
        if damages.is_empty() {
            prop_assert_eq!(statuses, [200, 200, 200]);
        }
    }
}
