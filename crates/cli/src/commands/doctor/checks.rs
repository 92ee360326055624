//! The checks, one function per part. A part that is not configured is skipped, and the key that configures
//! it is named.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bionicpro_edge::Listen;
use bionicpro_engines::Packages;
use bionicpro_model::{Error, Kind, Result};

use super::sources::clock;
use super::{Finding, pipeline, sources, warehouse};
use crate::config::Config;

/// The timeout of a part's checks: a part may accept a connection and never respond.
const PATIENCE: Duration = Duration::from_secs(60);

type Checks<'a> = Pin<Box<dyn Future<Output = Vec<Finding>> + Send + 'a>>;

/// The checks of all parts, ready to run concurrently.
pub(super) fn all(config: &Config) -> Vec<Checks<'_>> {
    vec![
        in_time("crm", sources::crm(&config.crm)),
        in_time("telemetry", sources::telemetry(&config.telemetry)),
        in_time("warehouse", warehouse::all(&config.warehouse)),
        in_time("stage", stage(config)),
        in_time("pipeline", pipeline::pipeline(config)),
        in_time("oidc", tokens(config)),
        in_time("store", store(config)),
        in_time("bff", browsers(config)),
        Box::pin(async { listeners("api", config.api.listeners()) }),
        Box::pin(async { listeners("bff", config.bff.listeners()) }),
        Box::pin(async { together(config) }),
        Box::pin(async { vec![audit(config)] }),
        Box::pin(engines(config)),
    ]
}

fn in_time<'a>(part: &'static str, checks: impl Future<Output = Vec<Finding>> + Send + 'a) -> Checks<'a> {
    Box::pin(async move {
        tokio::time::timeout(PATIENCE, checks).await.unwrap_or_else(|_| {
            let error = Error::new(Kind::Unreachable, "no answer in time")
                .detail(format!("{} s", PATIENCE.as_secs()))
                .hint("it accepts connections but does not respond: check its load and the network to it");
            vec![Finding::failed(part, "answers", &error)]
        })
    })
}

async fn engines(config: &Config) -> Vec<Finding> {
    const PART: &str = "engines";
    // Only a site with embedded engines needs them, so their absence is not a failure.
    let soft = |check, result: Result<std::path::PathBuf>| match result {
        Ok(path) => Finding::ok(PART, check, path.display().to_string()),
        Err(error) => Finding::warning(PART, check, error.to_string(), error.hint_text().unwrap_or_default()),
    };
    match Packages::find(config.engines.dir.as_deref()) {
        Ok(packages) => vec![soft("PostgreSQL", packages.postgres()), soft("ClickHouse", packages.libchdb())],
        Err(error) => vec![soft("packages", Err(error))],
    }
}

async fn tokens(config: &Config) -> Vec<Finding> {
    const PART: &str = "oidc";
    if config.oidc.issuer.is_none() {
        return vec![not_configured(PART, "oidc.issuer")];
    }
    let verifier = match bionicpro_auth::Verifier::new(&config.oidc) {
        Ok(verifier) => verifier,
        Err(error) => return vec![Finding::failed(PART, "configuration", &error)],
    };
    let state = verifier.ready().await;
    if state.is_ready() {
        return vec![Finding::ok(PART, "discovery and keys", state.as_str())];
    }
    let error = Error::new(Kind::Unreachable, "cannot fetch the issuer's key set")
        .detail(format!("{}: {}", config.oidc.issuer.as_deref().unwrap_or_default(), state.as_str()))
        .hint("check oidc.issuer: its path + /.well-known/openid-configuration must return this same issuer");
    vec![Finding::failed(PART, "discovery and keys", &error)]
}

async fn store(config: &Config) -> Vec<Finding> {
    const PART: &str = "store";
    let Some(url) = &config.store.url else { return vec![not_configured(PART, "store.url")] };
    let probe = async {
        let store = bionicpro_store::Store::open(&config.store).await?;
        store.ping().await?;
        store.eviction().await
    };
    match probe.await {
        Ok(policy) => vec![Finding::ok(PART, "reach", url.to_string()), keeping(PART, policy.as_deref())],
        Err(error) => vec![Finding::failed(PART, "reach", &error)],
    }
}

/// Checks that the store evicts no records: a login name whose binding is evicted could be bound to another
/// account.
fn keeping(part: &'static str, policy: Option<&str>) -> Finding {
    match policy {
        None => Finding::ok(part, "keeps records", "until they are removed or expire"),
        Some(policy) => Finding::warning(
            part,
            "keeps records",
            format!("it may evict them to make room: maxmemory-policy is {policy}"),
            "set maxmemory-policy noeviction in the Redis server, and give it enough memory",
        ),
    }
}

/// Reports the host names that each listener of a service accepts.
fn listeners(part: &'static str, listeners: Result<Vec<Listen>>) -> Vec<Finding> {
    let listeners = match listeners {
        Ok(listeners) => listeners,
        Err(error) => return vec![Finding::failed(part, "configuration", &error)],
    };
    listeners.iter().map(|listen| names(part, listen)).collect()
}

fn names(part: &'static str, listen: &Listen) -> Finding {
    if let Err(error) = listen.check() {
        return Finding::failed(part, listen.hosts_key, &error);
    }
    let found = match listen.hosts.as_slice() {
        [] => "the loopback names and its address".to_owned(),
        hosts => hosts.join(", "),
    };
    match listen.answers_nobody_else() {
        false => Finding::ok(part, listen.hosts_key, found),
        true => Finding::warning(
            part,
            listen.hosts_key,
            format!("{} is open to other machines, but accepts loopback names only", listen.address),
            format!("list the host names that clients use in {part}.{}", listen.hosts_key),
        ),
    }
}

/// Reports settings of two sections that contradict each other.
fn together(config: &Config) -> Vec<Finding> {
    let error = config.check().err();
    error.iter().map(|error| Finding::failed("bff", "configuration", error)).collect()
}

fn audit(config: &Config) -> Finding {
    const PART: &str = "audit";
    match config.audit.check() {
        Ok(Some(folder)) => Finding::ok(PART, "may write", folder.display().to_string()),
        Ok(None) => not_configured(PART, "audit.folder"),
        Err(error) => Finding::failed(PART, "may write", &error),
    }
}

/// Checks the issuer's features for sign-in with a browser.
async fn browsers(config: &Config) -> Vec<Finding> {
    const PART: &str = "bff";
    if config.bff.client_secret_file.is_none() {
        return vec![not_configured(PART, "bff.client_secret_file")];
    }
    if config.oidc.issuer.is_none() {
        return vec![not_configured(PART, "oidc.issuer")];
    }
    match bionicpro_bff::doctor(&config.bff, &config.oidc).await {
        Err(error) => vec![Finding::failed(PART, "sign-in", &error)],
        Ok(facts) => vec![sign_in(PART, &facts), clock(PART, facts.clock)],
    }
}

fn sign_in(part: &'static str, facts: &bionicpro_bff::IssuerFacts) -> Finding {
    if facts.missing.is_empty() {
        return Finding::ok(part, "sign-in", "the issuer supports all that sign-in and sign-out need");
    }
    let found = format!("the issuer does not support: {}", facts.missing.join(", "));
    Finding::warning(
        part,
        "sign-in",
        found,
        "enable it at the issuer, or upgrade the issuer: Keycloak 26 supports all of it",
    )
}

async fn stage(config: &Config) -> Vec<Finding> {
    const PART: &str = "stage";
    let Some(url) = &config.stage.url else { return vec![not_configured(PART, "stage.url")] };
    let probe = async { bionicpro_pipeline::Stage::open(&config.stage)?.probe().await };
    vec![Finding::of(PART, "write and read", probe.await.map(|()| url.to_string()))]
}

pub(super) fn not_configured(part: &'static str, key: &str) -> Finding {
    Finding::skipped(part, "configuration", format!("{key} is not set"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::State;

    #[test]
    fn a_listener_for_others_without_names_is_a_warning_and_a_wrong_name_a_failure() {
        let state = |change: fn(&mut bionicpro_api::Config)| {
            let mut api = bionicpro_api::Config::default();
            change(&mut api);
            let found = listeners("api", api.listeners());
            found.into_iter().map(|finding| (finding.check, finding.state)).collect::<Vec<_>>()
        };
        assert_eq!(state(|_| {}), [("hosts", State::Ok), ("metrics_hosts", State::Ok)]);
        let open = state(|api| api.listen = ([0, 0, 0, 0], 8001).into());
        assert_eq!(open, [("hosts", State::Warning), ("metrics_hosts", State::Ok)]);
        let named = state(|api| {
            (api.listen, api.hosts) = (([0, 0, 0, 0], 8001).into(), vec!["reports.example.com".into()]);
        });
        assert_eq!(named, [("hosts", State::Ok), ("metrics_hosts", State::Ok)]);
        let wrong = state(|api| api.listener.metrics_hosts = vec!["https://a".into()]);
        assert_eq!(wrong, [("hosts", State::Ok), ("metrics_hosts", State::Failed)]);
        assert_eq!(state(|api| api.request_timeout_s = 0), [("configuration", State::Failed)]);
    }

    #[test]
    fn a_store_that_may_evict_records_is_a_warning() {
        assert_eq!(keeping("store", None).state, State::Ok);
        assert_eq!(keeping("store", Some("allkeys-lru")).state, State::Warning);
    }
}
