//! The load: a fixed number of kept-alive connections, each sending its next request as soon as it may, until
//! a count or a time is reached.
//!
//! Without `--rate` the loop is closed: a slow response delays the next request, so the tail is that of the
//! connections and not of people who arrive independently. With `--rate` requests are due at fixed moments,
//! and a latency is measured from the moment when its request was due, including the wait.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;

use crate::targets::{Target, Targets};
use crate::{Result, answer, headers, loopback};

/// The timeout of one request, which then counts as an error.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The greatest recorded latency, an hour; a longer one is recorded as this.
const MAX_LATENCY_US: u64 = 3_600_000_000;

/// Flags of `load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The URL to load: `http://127.0.0.1:PORT/path`. The path is not used if `--targets` is given.
    url: String,
    /// A file of requests, taken in turn: `/path`, or `/path`, a tab and a bearer token, per line.
    #[arg(long)]
    targets: Option<PathBuf>,
    /// The number of consecutive lines of the file that form a group: one connection requests them, in order.
    #[arg(long, default_value_t = 1, requires = "targets", value_parser = clap::value_parser!(u32).range(1..=1000))]
    group: u32,
    /// The status that counts as success: 304 if the headers contain the entity tag of a known response.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(100..=599))]
    status: u16,
    /// A file of headers that every request carries, `name: value` per line.
    #[arg(long)]
    headers: Option<PathBuf>,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// Stop after this many requests.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    requests: u64,
    /// Stop after this many seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// The loopback address to connect from, such as `127.0.0.2`; the system's choice when not given.
    #[arg(long)]
    from: Option<Ipv4Addr>,
    /// Requests per second, due at fixed moments; as fast as the responses arrive when not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
}

/// The parameters that all connections share.
struct Plan {
    address: SocketAddr,
    from: Option<SocketAddr>,
    targets: Targets,
    headers: HeaderMap,
    requests: u64,
    begin: Instant,
    end: Instant,
    between: Option<Duration>,
}

/// The measurements of one connection.
struct Seen {
    /// In microseconds.
    latencies: Histogram<u64>,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
    body_bytes: u64,
}

/// Runs the load, then prints the figures. A response with another status is counted as an error, for the
/// caller to judge.
pub(crate) async fn run(options: Options) -> Result<()> {
    let (address, path) = loopback::parse_url(&options.url)?;
    let from = options.from.map(|from| loopback::only((IpAddr::V4(from), 0).into())).transpose()?;
    let targets = match &options.targets {
        Some(file) => Targets::read(file, options.group)?,
        None => Targets::same(path),
    };
    let begin = Instant::now();
    let plan = Arc::new(Plan {
        address,
        from,
        targets,
        headers: options.headers.as_deref().map(headers::read).transpose()?.unwrap_or_default(),
        requests: options.requests,
        begin,
        end: begin + Duration::from_secs(options.seconds),
        between: options.rate.map(|rate| Duration::from_secs(1) / rate),
    });
    let connections: Vec<_> = (0..options.connections).map(|_| tokio::spawn(ask(plan.clone()))).collect();
    let mut all = Seen::new();
    for connection in connections {
        all.add(connection.await?);
    }
    answer(&all.figures(options.status, begin.elapsed()));
    Ok(())
}

impl Plan {
    /// The next request and the moment from which its latency is measured; `None` when the load is over.
    async fn next(&self, rest: &mut Range<u64>) -> Option<(&Target, Instant)> {
        let (number, target) = self.targets.take(rest);
        if number >= self.requests || Instant::now() >= self.end {
            return None;
        }
        let Some(between) = self.between else { return Some((target, Instant::now())) };
        let due = self.begin + between.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
        if due >= self.end {
            return None;
        }
        tokio::time::sleep_until(due.into()).await;
        Some((target, due))
    }
}

/// Runs one connection's loop. A broken connection is counted and reopened, within the load's count and time.
async fn ask(plan: Arc<Plan>) -> Seen {
    let mut seen = Seen::new();
    let mut connection = None;
    let mut rest = 0..0;
    while let Some((target, from)) = plan.next(&mut rest).await {
        let answered =
            match tokio::time::timeout(REQUEST_TIMEOUT, exchange(&plan, &mut connection, target)).await {
                Ok(answered) => answered,
                Err(_) => Err("no response in time".into()),
            };
        match answered {
            Ok((status, bytes)) => {
                seen.latencies.saturating_record(micros(from.elapsed()));
                *seen.statuses.entry(status.as_u16()).or_default() += 1;
                seen.body_bytes += bytes;
            }
            Err(error) => {
                connection = None;
                *seen.failures.entry(error.to_string()).or_default() += 1;
            }
        }
    }
    seen
}

/// Sends one request and reads its response to the last byte.
async fn exchange(
    plan: &Plan,
    connection: &mut Option<SendRequest<Empty<Bytes>>>,
    target: &Target,
) -> Result<(StatusCode, u64)> {
    let sender = match connection.as_mut() {
        Some(sender) if !sender.is_closed() => sender,
        _ => connection.insert(connect(plan).await?),
    };
    sender.ready().await?;
    let mut request = Request::get(&target.path).header(HOST, plan.address.to_string());
    if let Some(authorization) = &target.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let mut request = request.body(Empty::new())?;
    request.headers_mut().extend(plan.headers.clone());
    let mut response = sender.send_request(request).await?;
    let mut bytes = 0;
    while let Some(frame) = response.frame().await {
        bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok((response.status(), bytes))
}

async fn connect(plan: &Plan) -> Result<SendRequest<Empty<Bytes>>> {
    let socket = if plan.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = plan.from {
        socket.bind(from)?;
    }
    let stream = socket.connect(plan.address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its error reaches the request in flight.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

impl Seen {
    fn new() -> Self {
        Seen {
            latencies: Histogram::new_with_max(MAX_LATENCY_US, 3).expect("the bounds are valid"),
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            body_bytes: 0,
        }
    }

    fn add(&mut self, other: Seen) {
        self.latencies.add(&other.latencies).expect("both have the same bounds");
        self.body_bytes += other.body_bytes;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (failure, count) in other.failures {
            *self.failures.entry(failure).or_default() += count;
        }
    }

    fn figures(&self, expected: u16, elapsed: Duration) -> serde_json::Value {
        let answered = self.latencies.len();
        let ok = self.statuses.get(&expected).copied().unwrap_or(0);
        let failed: u64 = self.failures.values().sum();
        serde_json::json!({
            "requests": answered + failed,
            "ok": ok,
            "errors": answered - ok + failed,
            "statuses": self.statuses,
            "failures": self.failures,
            "seconds": elapsed.as_secs_f64(),
            "requests_per_second": answered as f64 / elapsed.as_secs_f64(),
            "body_bytes": self.body_bytes,
            "latency_us": {
                "mean": self.latencies.mean(),
                "p50": self.latencies.value_at_quantile(0.5),
                "p90": self.latencies.value_at_quantile(0.9),
                "p99": self.latencies.value_at_quantile(0.99),
                "p99_9": self.latencies.value_at_quantile(0.999),
                "max": self.latencies.max(),
            },
        })
    }
}
