//! Warehouses for these tests, and requests to them.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bionicpro_engines::clickhouse::Endpoint;
use bionicpro_engines::config::WarehouseServeConfig;
use bionicpro_warehouse::access::{LOADER, embedded_accounts};
use reqwest::{RequestBuilder, Response};

/// A warehouse that serves until its process or its test ends.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) dir: tempfile::TempDir,
    /// Without a connection pool: the runtime of each test ends with the test.
    client: reqwest::Client,
    pub(crate) stop: Option<tokio::sync::oneshot::Sender<()>>,
    pub(crate) thread: Option<std::thread::JoinHandle<bionicpro_model::Result<()>>>,
}

impl Served {
    /// Serves a folder on a runtime of its own, which outlives that of the test.
    pub(crate) fn on(dir: tempfile::TempDir, config: WarehouseServeConfig) -> bionicpro_model::Result<Self> {
        let data = dir.path().join("data");
        let config = WarehouseServeConfig { data, listen: ([127, 0, 0, 1], 0).into(), ..config };
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stops) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let packages = bionicpro_testing::packages();
                let accounts = embedded_accounts(&bionicpro_warehouse::Config::default()).unwrap();
                let opened = Endpoint::open(&packages, config, accounts).await;
                let endpoint = opened.inspect_err(|_| tell.send(None).unwrap())?;
                tell.send(Some(format!("http://{}/", endpoint.local_addr()))).unwrap();
                endpoint.run(async { stops.await.unwrap_or(()) }).await
            })
        });
        match told.recv().unwrap() {
            Some(url) => Ok(Served { url, dir, client: client(), stop: Some(stop), thread: Some(thread) }),
            None => Err(thread.join().unwrap().unwrap_err()),
        }
    }

    pub(crate) fn fresh(config: WarehouseServeConfig) -> Self {
        Served::on(tempfile::tempdir().unwrap(), config).unwrap()
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn password(&self, account: &str) -> String {
        password(&self.data(), account)
    }

    /// A POST as an account, with parameters in the URL.
    pub(crate) fn post_as(&self, account: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        let mut url = reqwest::Url::parse(&self.url).unwrap();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        self.client
            .post(url)
            .header("x-clickhouse-user", account)
            .header("x-clickhouse-key", self.password(account))
    }

    pub(crate) fn post(&self, parameters: &[(&str, &str)]) -> RequestBuilder {
        self.post_as(LOADER, parameters)
    }

    /// Runs a statement as the loader; a failure fails the test.
    pub(crate) async fn run(&self, sql: &str) -> String {
        let response = self.post(&[]).body(sql.to_owned()).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{sql}: {text}");
        text
    }

    /// Repeats `statement` until it returns `expected`.
    pub(crate) async fn wait_for(&self, statement: &str, expected: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.post(&[]).body(statement.to_owned()).send().await;
            let answer = match answer {
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if answer.trim() == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{statement}: still {answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The engine's processes: children that were started on this folder.
    pub(crate) fn engines(&self) -> Vec<u32> {
        let folder = self.dir.path().display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
        let ours = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains("warehouse\0engine\0") && line.contains(&folder)
        };
        processes.filter_map(number).filter(ours).collect()
    }

    /// Stops in order; returns the folder and the result.
    pub(crate) fn end(mut self) -> (tempfile::TempDir, bionicpro_model::Result<()>) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join().unwrap();
        (self.dir, ended)
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

fn password(data: &Path, account: &str) -> String {
    let passwords = bionicpro_engines::clickhouse::Passwords::of(data);
    passwords.read(account).unwrap().unwrap().expose_secret().to_owned()
}

/// The warehouse that most tests share.
pub(crate) fn shared() -> &'static Served {
    static SHARED: OnceLock<Served> = OnceLock::new();
    SHARED.get_or_init(|| {
        Served::fresh(WarehouseServeConfig { queue_timeout_s: 120, ..WarehouseServeConfig::default() })
    })
}

/// The status, the code and the text of a refusal.
pub(crate) async fn refusal(response: Response) -> (u16, i32, String) {
    let status = response.status().as_u16();
    let code = header(&response, "x-clickhouse-exception-code").parse().unwrap_or(0);
    (status, code, response.text().await.unwrap())
}

/// A header of a response, or an empty string.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Writes raw bytes to the edge and returns its response until it closes, or a second has passed.
pub(crate) async fn raw(served: &Served, bytes: &[u8]) -> Vec<u8> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = served.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    // The other side may close before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut answer)).await;
    answer
}
