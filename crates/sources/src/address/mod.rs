//! Turns a `postgresql://` URL, interpreted as libpq does, into the driver's connection settings.
//!
//! The driver's own URL parser supports neither the verifying modes of TLS nor all parameters, so the
//! settings are built here from the decoded parts. Every parameter of libpq is applied or refused by its
//! name.

mod keywords;
mod parts;

use std::net::IpAddr;
use std::time::Duration;

use bionicpro_model::Result;
use tokio_postgres::Config;
use tokio_postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs,
};
use url::Url;

use self::parts::Parts;
use crate::tls::{self, Trust};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The time that sent bytes may remain unacknowledged before the peer counts as dead.
const DEAD_PEER_AFTER: Duration = Duration::from_secs(60);
const DEFAULT_PORT: u16 = 5432;

/// Parses the URL of a configuration section into the driver's settings and the trust in its server.
///
/// # Errors
/// `Config`, naming the section and the parameter, never a value.
pub(crate) fn parse(url: &Url, section: &str) -> Result<(Config, Trust)> {
    let parts = Parts::of(url, section)?;
    let mut config = Config::new();
    account(&parts, &mut config)?;
    let is_local = places(&parts, &mut config)?;
    patience(&parts, &mut config)?;
    session(&parts, &mut config)?;
    let trust = encryption(&parts, &mut config)?;
    if is_local {
        // Over a Unix socket there is no TLS, whatever sslmode says: libpq ignores it there too.
        config.ssl_mode(SslMode::Disable).ssl_negotiation(SslNegotiation::Postgres);
    }
    Ok((config, trust))
}

/// Hosts and ports, for messages.
pub(crate) fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let place = |(index, host): (usize, &Host)| match host {
        Host::Unix(folder) => folder.display().to_string(),
        Host::Tcp(host) => {
            let port = ports.get(index).or(ports.first()).unwrap_or(&DEFAULT_PORT);
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        }
    };
    config.get_hosts().iter().enumerate().map(place).collect::<Vec<_>>().join(", ")
}

fn account(parts: &Parts<'_>, config: &mut Config) -> Result<()> {
    if let Some(user) = parts.text("user")? {
        config.user(user);
    }
    if let Some(password) = parts.bytes("password").filter(|password| !password.is_empty()) {
        config.password(password);
    }
    if let Some(database) = parts.some_text("dbname")? {
        config.dbname(database);
    }
    Ok(())
}

/// Sets hosts and ports; returns whether all of them are Unix sockets on this machine.
fn places(parts: &Parts<'_>, config: &mut Config) -> Result<bool> {
    let (hosts, addresses) = (parts.list("host")?, parts.list("hostaddr")?);
    let needs_ip = || parts.refused("hostaddr", "use an IP address for each host, with commas between them");
    let ips = addresses.iter().map(|address| address.parse::<IpAddr>());
    let ips = ips.collect::<Result<Vec<_>, _>>().map_err(|_| needs_ip())?;
    if hosts.iter().any(|host| host.is_empty() || host.starts_with('@'))
        || (hosts.is_empty() && ips.is_empty())
    {
        return Err(
            parts.refused("host", "name a host, or the folder of a socket as in ?host=/run/postgresql")
        );
    }
    if !hosts.is_empty() && !ips.is_empty() && hosts.len() != ips.len() {
        return Err(needs_ip());
    }
    // The driver uses TLS only with a named host; an IP address counts as a name.
    for host in if hosts.is_empty() { &addresses } else { &hosts } {
        config.host(*host);
    }
    for ip in &ips {
        config.hostaddr(*ip);
    }
    let ports = parts.list("port")?;
    if ports.len() > 1 && ports.len() != config.get_hosts().len() {
        return Err(parts.refused("port", "give one port, or one for each host"));
    }
    for port in ports {
        let port = if port.is_empty() { Some(DEFAULT_PORT) } else { port.trim().parse().ok() };
        let port = port.filter(|port| *port > 0);
        config.port(port.ok_or_else(|| parts.refused("port", "use a number from 1 to 65535"))?);
    }
    Ok(ips.is_empty() && hosts.iter().all(|host| host.starts_with('/')))
}

/// Sets timeouts and keepalives. A 0 means the operating system's own behaviour.
fn patience(parts: &Parts<'_>, config: &mut Config) -> Result<()> {
    let span = |key, unit: fn(u64) -> Duration, default: Option<Duration>| {
        let given = parts.number(key)?.map(|number| unit(u64::from(number)));
        Ok::<_, bionicpro_model::Error>(given.or(default).filter(|span| !span.is_zero()))
    };
    if let Some(limit) = span("connect_timeout", Duration::from_secs, Some(CONNECT_TIMEOUT))? {
        config.connect_timeout(limit);
    }
    if let Some(limit) = span("tcp_user_timeout", Duration::from_millis, Some(DEAD_PEER_AFTER))? {
        config.tcp_user_timeout(limit);
    }
    if let Some(idle) = span("keepalives_idle", Duration::from_secs, Some(DEAD_PEER_AFTER / 2))? {
        config.keepalives_idle(idle);
    }
    if let Some(interval) = span("keepalives_interval", Duration::from_secs, None)? {
        config.keepalives_interval(interval);
    }
    if let Some(count) = parts.number("keepalives_count")?.filter(|count| *count > 0) {
        config.keepalives_retries(count);
    }
    config.keepalives(parts.number("keepalives")? != Some(0));
    Ok(())
}

/// Sets the session's name and options, the kind of server wanted and the order of hosts.
fn session(parts: &Parts<'_>, config: &mut Config) -> Result<()> {
    let fallback = parts.text("fallback_application_name")?.unwrap_or("bionicpro");
    config.application_name(parts.text("application_name")?.unwrap_or(fallback));
    if let Some(options) = parts.some_text("options")? {
        config.options(options);
    }
    // The driver always uses UTF-8. The server compares encoding names by their letters and digits only.
    if let Some(encoding) = parts.some_text("client_encoding")? {
        let name: String = encoding.chars().filter(char::is_ascii_alphanumeric).collect();
        if !["utf8", "unicode", "auto"].iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return Err(parts.refused("client_encoding", "use UTF8 or auto, or leave it out"));
        }
    }
    let wanted = [
        ("any", TargetSessionAttrs::Any),
        ("read-write", TargetSessionAttrs::ReadWrite),
        ("read-only", TargetSessionAttrs::ReadOnly),
    ];
    if let Some(wanted) = parts.word("target_session_attrs", &wanted)? {
        config.target_session_attrs(wanted);
    }
    let orders = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
    if let Some(order) = parts.word("load_balance_hosts", &orders)? {
        config.load_balance_hosts(order);
    }
    Ok(())
}

fn encryption(parts: &Parts<'_>, config: &mut Config) -> Result<Trust> {
    let root = parts.some_text("sslrootcert")?;
    // As in libpq, `sslrootcert=system` without `sslmode` implies `verify-full`.
    let mode = parts.text("sslmode")?.or(root.filter(|root| *root == "system").map(|_| "verify-full"));
    let (mode, trust) = tls::ask(mode, root)
        .map_err(|_| parts.refused("sslmode", "use disable, prefer, require or verify-full"))?;
    if root == Some("system") && trust == Trust::AnyCertificate {
        return Err(parts.refused("sslrootcert", "system needs sslmode=verify-full, or no sslmode"));
    }
    config.ssl_mode(mode);
    let begins = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
    match parts.word("sslnegotiation", &begins)? {
        Some(SslNegotiation::Direct) if mode != SslMode::Require => {
            return Err(parts.refused("sslnegotiation", "direct needs sslmode=require or verify-full"));
        }
        Some(begin) => drop(config.ssl_negotiation(begin)),
        None => {}
    }
    let bindings = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    if let Some(binding) = parts.word("channel_binding", &bindings)? {
        config.channel_binding(binding);
    }
    Ok(trust)
}

#[cfg(test)]
mod tests;
