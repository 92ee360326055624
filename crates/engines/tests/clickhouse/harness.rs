//! One endpoint for all tests of this binary, and requests to it.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bionicpro_engines::Packages;
use bionicpro_engines::clickhouse::Endpoint;
use bionicpro_engines::config::WarehouseServeConfig;
use reqwest::{RequestBuilder, Response};

/// The shared endpoint's address and password.
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) password: String,
    /// Held until the process ends.
    _dir: tempfile::TempDir,
}

/// Starts the endpoint on first use, on a runtime of its own: each test's runtime ends with the test.
pub(crate) fn shared() -> &'static Shared {
    shared_with(16, 120)
}

/// As [`shared`], with limits of its own.
pub(crate) fn shared_with(max_running_queries: u16, queue_timeout_s: u64) -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder for the data");
        let config = WarehouseServeConfig {
            data: dir.path().join("data"),
            listen: ([127, 0, 0, 1], 0).into(),
            max_running_queries,
            queue_timeout_s,
            ..WarehouseServeConfig::default()
        };
        let packages = std::env::var_os("BIONICPRO_ENGINES_DIR").map(std::path::PathBuf::from);
        let packages = Packages::find(packages.as_deref()).expect("the engines are installed");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let endpoint = Endpoint::open(&packages, config).await.unwrap();
                let url = format!("http://{}/", endpoint.local_addr());
                tell.send((url, endpoint.password().expose_secret().to_owned())).unwrap();
                endpoint.run(std::future::pending()).await.unwrap();
            });
        });
        let (url, password) = told.recv().expect("the endpoint starts");
        Shared { url, password, _dir: dir }
    })
}

/// A POST with `parameters` in the URL and the right password.
pub(crate) fn post(parameters: &[(&str, &str)]) -> RequestBuilder {
    request(reqwest::Method::POST, parameters)
}

/// A request with the right password.
pub(crate) fn request(method: reqwest::Method, parameters: &[(&str, &str)]) -> RequestBuilder {
    let shared = shared();
    let mut url = reqwest::Url::parse(&shared.url).unwrap();
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    reqwest::Client::new()
        .request(method, url)
        .header("x-clickhouse-user", "bionicpro")
        .header("x-clickhouse-key", &shared.password)
}

/// Runs a statement; a failure fails the test.
pub(crate) async fn run(sql: &str) -> String {
    let response = post(&[]).body(sql.to_owned()).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{sql}: {text}");
    text
}

/// The code and the text of a refusal.
pub(crate) async fn refusal(response: Response) -> (u16, i32, String) {
    let status = response.status().as_u16();
    let code = header(&response, "x-clickhouse-exception-code").parse().unwrap_or(0);
    (status, code, response.text().await.unwrap())
}

/// A header of a response, or nothing.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Polls until `statement` answers `expected`.
pub(crate) async fn wait_for(statement: &str, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = run(statement).await;
        if answer.trim() == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{statement}: still {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
