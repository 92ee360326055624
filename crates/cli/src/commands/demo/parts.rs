//! The parts of the demo: started in the order of their dependencies, stopped in reverse order.

use std::time::Duration;

use bionicpro_api::{Server, Services};
use bionicpro_audit::Log;
use bionicpro_auth::Verifier;
use bionicpro_edge::ReservedPort;
use bionicpro_engines::Packages;
use bionicpro_engines::postgres::{Postgres, PostgresOptions};
use bionicpro_issuer::{DemoMode, Issuer, IssuerOptions};
use bionicpro_model::{Error, Kind, Result, SecretUrl};
use bionicpro_pipeline::progress::Quiet;
use bionicpro_pipeline::{PipelineContext, RunRequest, RunSpec};
use bionicpro_store::Store;
use bionicpro_warehouse::{MartReader, Warehouse, access};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::DemoArgs;
use super::browsers;
use super::fleet;
use super::folder::Folder;
use super::keep::{keep, short};
use super::ports::{Ports, loopback};
use super::ready::{Address, Ready, WarehouseAddress};
use super::startup::Startup;
use super::warehouse::{self, Served};
use crate::config::Config;
use crate::context::Context;

/// The timeout for the parts that serve or write to finish their work in progress.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// The running parts. Dropping them without [`Running::stop`] ends everything too, but not in order.
#[derive(Default)]
pub(super) struct Running {
    folder: Option<Folder>,
    ports: Option<Ports>,
    reserved: Vec<ReservedPort>,
    postgres: Option<Postgres>,
    warehouse: Option<Served>,
    issuer: Option<Issuer>,
    /// The API, the web app, the scheduler and the live simulator: they depend on the engines and not on each
    /// other.
    users: Vec<Task>,
}

/// A part that runs in this process until `stop` is cancelled.
struct Task {
    name: &'static str,
    stop: CancellationToken,
    /// `None` once it has ended.
    handle: Option<JoinHandle<Result<()>>>,
}

impl Task {
    fn start<F>(name: &'static str, work: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let handle = tokio::spawn(work(stop.clone()));
        Task { name, stop, handle: Some(handle) }
    }

    async fn stop(self) -> Result<()> {
        self.stop.cancel();
        let Some(handle) = self.handle else { return Ok(()) };
        let abort = handle.abort_handle();
        match tokio::time::timeout(STOP_TIMEOUT, handle).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                Err(Error::new(Kind::Internal, "a part of the demo panicked").detail(self.name).source(error))
            }
            Err(_) => {
                abort.abort();
                tracing::warn!(part = self.name, "did not stop in time");
                Ok(())
            }
        }
    }
}

/// The demo's configuration: the user's, with every address replaced by that of a part that the demo starts.
fn configure(context: &Context, folder: &Folder, ports: Ports) -> Result<Config> {
    let mut config = context.config.clone();
    config.api.listen = loopback(ports.api);
    config.api.metrics_listen = Some(loopback(ports.metrics));
    config.bff = browsers::config(folder, ports)?;
    config.store = browsers::store(folder)?;
    let stage = url::Url::from_directory_path(folder.join("stage"))
        .map_err(|()| Error::new(Kind::Config, "the demo's folder has no absolute path"))?;
    config.stage.url = Some(SecretUrl::parse(stage.as_str())?);
    // The user's settings for production must not apply to the parts that the demo starts.
    config.warehouse = bionicpro_warehouse::Config::default();
    config.crm = bionicpro_sources::CrmConfig::default();
    config.telemetry = bionicpro_sources::TelemetryConfig::default();
    config.audit = bionicpro_audit::Config { folder: Some(folder.join("audit")), ..Default::default() };
    config.check()?;
    Ok(config)
}

impl Running {
    /// Starts the parts that the flags select, and returns their addresses.
    pub(super) async fn start(
        &mut self,
        flags: &DemoArgs,
        context: &Context,
        startup: &Startup,
    ) -> Result<Ready> {
        let demo_mode = match &flags.issuer {
            Some(_) => None,
            #[expect(clippy::disallowed_methods, reason = "this is the demo")]
            None => Some(DemoMode::enter(&context.config.oidc)?),
        };
        let packages = Packages::find(context.config.engines.dir.as_deref())?;
        let (ports, reserved) = flags.ports.choose(demo_mode.is_some())?;
        (self.ports, self.reserved) = (Some(ports), reserved);
        let folder = &*self.folder.insert(Folder::take(&flags.data, flags.fresh)?);
        context.start_logging_to(&folder.join("demo.log"))?;
        startup.say(&format!("BionicPRO Reports, demo in {}\n", folder.path().display()))?;
        folder.close()?;
        let mut config = configure(context, folder, ports)?;
        let options = warehouse::Options::new(folder, ports.warehouse, context.file.clone())?;

        // The two engines are independent of each other.
        let (postgres, warehouse) = tokio::join!(
            startup
                .part("PostgreSQL 18: CRM and telemetry databases", start_postgres(&packages, folder, ports)),
            startup.part("ClickHouse: the warehouse", Served::start(&packages, &options)),
        );
        let postgres = &*self.postgres.insert(postgres?);
        self.warehouse = Some(warehouse?);
        let account = |name| warehouse::url(&folder.join("warehouse"), ports.warehouse, name);
        let warehouse_url = account(access::LOADER)?;
        config.crm.url = Some(postgres.url("crm_db"));
        config.telemetry.url = Some(postgres.url("telemetry_db"));
        config.warehouse.url = Some(warehouse_url.clone());
        config.warehouse.reader_url = Some(account(access::READER)?);
        let mut ready = Ready {
            pid: std::process::id(),
            data: flags.data.clone(),
            web: None,
            api: None,
            warehouse: WarehouseAddress::new(&warehouse_url, &config.warehouse.database()?),
            crm: Address::new(&postgres.url("crm_db")),
            telemetry: Address::new(&postgres.url("telemetry_db")),
            issuer: None,
            metrics: None,
        };

        startup.part("tables of the sources and of the warehouse", prepare_tables(&config)).await?;
        if flags.engines_only {
            return Ok(ready);
        }
        self.start_users(flags, &mut config, demo_mode, ports, startup).await?;
        ready.web = Some(Address::http(ports.bff, ""));
        ready.api = Some(Address::http(ports.api, ""));
        ready.metrics = Some(Address::http(ports.metrics, "/metrics"));
        ready.issuer =
            self.issuer.as_ref().map(|issuer| Address { url: issuer.url().to_owned(), port: ports.issuer });
        Ok(ready)
    }

    async fn start_users(
        &mut self,
        flags: &DemoArgs,
        config: &mut Config,
        demo_mode: Option<DemoMode>,
        ports: Ports,
        startup: &Startup,
    ) -> Result<()> {
        let folder =
            self.folder.as_ref().ok_or_else(|| Error::new(Kind::Internal, "the demo has no folder"))?;
        startup.part("a simulated fleet", fleet::seed(flags, folder, config)).await?;
        // All simulated days, also at a later start, which catches up on the days missed meanwhile.
        config.pipeline.lookback_days = config.pipeline.lookback_days.max(flags.days);
        let pipeline = PipelineContext::new(
            &config.crm,
            &config.telemetry,
            &config.warehouse,
            &config.stage,
            &config.pipeline,
        )?;
        startup.part("a full run of the pipeline", first_run(&pipeline)).await?;

        if let Some(demo_mode) = demo_mode {
            let mut issuer_options = IssuerOptions::new(loopback(ports.issuer));
            issuer_options.key_file = Some(folder.join("issuer.pem"));
            issuer_options.client = Some(browsers::client(folder, ports)?);
            let issuer = startup.part("issuer of tokens", Issuer::start(demo_mode, issuer_options)).await?;
            config.oidc.issuer = Some(issuer.url().to_owned());
            self.issuer = Some(issuer);
        } else {
            config.oidc.issuer = flags.issuer.clone();
            config.bff.client_secret_file = flags.client_secret_file.clone();
        }

        let store = Store::open(&config.store).await?;
        let server = async {
            let audit = Log::open(&config.audit, "api")?;
            let (reports, verifier) = (MartReader::new(&config.warehouse)?, Verifier::new(&config.oidc)?);
            let services = Services { reports, verifier, audit, store: store.clone() };
            Server::bind(&config.api, services).await
        };
        let server = startup.part("Reports API", server).await?;
        self.users.push(Task::start("Reports API", |stop| async move {
            server.run(stop.cancelled_owned()).await;
            Ok(())
        }));
        let bff =
            bionicpro_bff::Server::bind(&config.bff, &config.oidc, store, Log::open(&config.audit, "bff")?);
        let bff = startup.part("web app and sign-in", bff).await?;
        self.users.push(Task::start("web app", |stop| async move {
            bff.run(stop.cancelled_owned()).await;
            Ok(())
        }));
        if !flags.once {
            if !flags.no_schedule {
                self.users.push(Task::start("scheduler", |stop| async move {
                    bionicpro_pipeline::schedule(&pipeline, stop.cancelled_owned()).await
                }));
            }
            if flags.rate > 0.0 {
                let (rate, config) = (flags.rate, config.clone());
                self.users.push(Task::start("live simulator", |stop| fleet::live(rate, config, stop)));
            }
        }
        Ok(())
    }

    /// Keeps the parts running until it is dropped: an engine that ends is restarted, another part that ends
    /// is reported.
    pub(super) async fn keep(&mut self, context: &Context, startup: &Startup) -> Result<()> {
        let missing = || Error::new(Kind::Internal, "the demo has not started");
        let (folder, ports) = self.folder.as_ref().zip(self.ports).ok_or_else(missing)?;
        let packages = Packages::find(context.config.engines.dir.as_deref())?;
        let options = warehouse::Options::new(folder, ports.warehouse, context.file.clone())?;
        let postgres = keep("PostgreSQL", &mut self.postgres, startup, Postgres::failed, async || {
            start_postgres(&packages, folder, ports).await
        });
        let warehouse = keep("the warehouse", &mut self.warehouse, startup, Served::ended, async || {
            Served::start(&packages, &options).await
        });
        let users = futures_util::future::join_all(self.users.iter_mut().map(|task| async {
            let error = ended(task).await;
            tracing::error!(part = task.name, error = error.report(), "a part of the demo ended");
            let text = format!("{}: stopped, the other parts keep running: {}", task.name, short(&error));
            startup.tell(&text);
        }));
        tokio::join!(postgres, warehouse, users);
        std::future::pending().await
    }

    /// Stops the running parts: first those that use the engines, then the engines.
    pub(super) async fn stop(mut self) -> Result<()> {
        if let Some(folder) = &self.folder {
            Ready::remove(folder.path());
        }
        let mut outcome = Ok(());
        for stopped in futures_util::future::join_all(self.users.drain(..).map(Task::stop)).await {
            outcome = outcome.and(stopped);
        }
        if let Some(issuer) = self.issuer.take() {
            issuer.stop().await;
        }
        if let Some(warehouse) = self.warehouse.take() {
            warehouse.stop().await;
        }
        if let Some(postgres) = self.postgres.take() {
            outcome = outcome.and(postgres.stop().await);
        }
        outcome
    }
}

async fn ended(task: &mut Task) -> Error {
    let Some(handle) = &mut task.handle else { return std::future::pending().await };
    let (name, outcome) = (task.name, handle.await);
    task.handle = None;
    match outcome {
        Ok(Err(error)) => error,
        Ok(Ok(())) => Error::new(Kind::Internal, "a part of the demo stopped unexpectedly").detail(name),
        Err(error) => Error::new(Kind::Internal, "a part of the demo panicked").detail(name).source(error),
    }
}

async fn start_postgres(packages: &Packages, folder: &Folder, ports: Ports) -> Result<Postgres> {
    let options =
        PostgresOptions { port: Some(ports.postgres), ..PostgresOptions::new(folder.join("postgres")) };
    let postgres = Postgres::start(packages, options).await?;
    postgres.create_database("crm_db").await?;
    postgres.create_database("telemetry_db").await?;
    Ok(postgres)
}

async fn prepare_tables(config: &Config) -> Result<()> {
    let missing = || Error::new(Kind::Internal, "the demo's databases have no address");
    let (crm, telemetry) = config.crm.url.as_ref().zip(config.telemetry.url.as_ref()).ok_or_else(missing)?;
    bionicpro_simulator::schema::apply(crm, telemetry, bionicpro_simulator::schema::Layout::Plain).await?;
    Warehouse::new(&config.warehouse)?.migrate(false).await.map(|_| ())
}

/// Does a full run, which stores a baseline, so that the next run is incremental.
async fn first_run(pipeline: &PipelineContext) -> Result<()> {
    bionicpro_pipeline::run(pipeline, RunSpec { run: None, ask: RunRequest::Full }, &Quiet).await.map(|_| ())
}
