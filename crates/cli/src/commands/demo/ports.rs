//! The ports of the demo: fixed ones that are easy to remember, or free ones.

use std::net::{Ipv4Addr, SocketAddr};

use bionicpro_edge::ReservedPort;
use bionicpro_model::{Error, Kind, Result};
use clap::{Args, ValueEnum};

/// The choice between fixed and free ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PortChoice {
    /// The ports below.
    Fixed,
    /// Any free ports; the start-up prints them.
    Auto,
}

/// The ports of the demo.
#[derive(Debug, Clone, Args)]
pub(super) struct PortArgs {
    /// Take the ports below, or any free ones.
    #[arg(long, value_enum, default_value = "fixed", overrides_with = "ports")]
    ports: PortChoice,
    /// The web app.
    #[arg(long, default_value_t = 8000, value_name = "PORT")]
    bff_port: u16,
    /// The Reports API.
    #[arg(long, default_value_t = 8001, value_name = "PORT")]
    api_port: u16,
    /// The embedded ClickHouse.
    #[arg(long, default_value_t = 8123, value_name = "PORT")]
    warehouse_port: u16,
    /// The embedded PostgreSQL with both source databases.
    #[arg(long, default_value_t = 15432, value_name = "PORT")]
    postgres_port: u16,
    /// The issuer of tokens.
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    issuer_port: u16,
    /// Prometheus metrics.
    #[arg(long, default_value_t = 9464, value_name = "PORT")]
    metrics_port: u16,
}

/// The ports in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) bff: u16,
    pub(super) api: u16,
    pub(super) warehouse: u16,
    pub(super) postgres: u16,
    pub(super) issuer: u16,
    pub(super) metrics: u16,
}

impl PortArgs {
    /// Reserves all ports before anything starts, so that a port in use fails fast and leaves nothing behind.
    /// The ports are reserved as long as the reservations live, also during the restart of a part. With an
    /// external issuer no port is reserved for one.
    pub(super) fn choose(&self, has_issuer: bool) -> Result<(Ports, Vec<ReservedPort>)> {
        let mut reserved = Vec::new();
        let mut choose = |port: u16, flag: &str| -> Result<u16> {
            let wanted = if self.ports == PortChoice::Auto { 0 } else { port };
            reserved.push(ReservedPort::new(wanted).map_err(|error| taken(port, flag, error))?);
            Ok(reserved.last().map_or(port, ReservedPort::port))
        };
        let ports = Ports {
            bff: choose(self.bff_port, "--bff-port")?,
            api: choose(self.api_port, "--api-port")?,
            warehouse: choose(self.warehouse_port, "--warehouse-port")?,
            postgres: choose(self.postgres_port, "--postgres-port")?,
            issuer: if has_issuer { choose(self.issuer_port, "--issuer-port")? } else { 0 },
            metrics: choose(self.metrics_port, "--metrics-port")?,
        };
        Ok((ports, reserved))
    }
}

fn taken(port: u16, flag: &str, error: std::io::Error) -> Error {
    Error::new(Kind::Config, "a port of the demo cannot be used")
        .detail(format!("127.0.0.1:{port}"))
        .hint(format!("choose another with {flag} PORT, or let the demo choose with --ports auto"))
        .source(error)
}

/// A loopback address.
pub(super) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn args(ports: PortChoice, api_port: u16) -> PortArgs {
        PortArgs {
            ports,
            bff_port: 0,
            api_port,
            warehouse_port: 0,
            postgres_port: 0,
            issuer_port: 0,
            metrics_port: 0,
        }
    }

    #[test]
    fn a_taken_port_is_named_with_its_flag() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let report = args(PortChoice::Fixed, port).choose(true).unwrap_err().report();
        assert!(report.contains(&format!("127.0.0.1:{port}")) && report.contains("--api-port"), "{report}");
        assert!(args(PortChoice::Auto, port).choose(true).is_ok());
    }

    #[test]
    fn free_ports_are_all_different() {
        let (ports, _reserved) = args(PortChoice::Auto, 1).choose(true).unwrap();
        let mut all = [ports.bff, ports.api, ports.warehouse, ports.postgres, ports.issuer, ports.metrics];
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
