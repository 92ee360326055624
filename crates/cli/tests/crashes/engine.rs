//! The warehouse as a process of its own, which is killed and restarted on the same data.

use std::path::PathBuf;
use std::process::Stdio;

use bionicpro_model::SecretUrl;
use bionicpro_testing::TestWarehouse;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::BINARY;

/// A running `bionicpro warehouse serve`.
pub(crate) struct Engine {
    pub(crate) child: Child,
    pub(crate) data: TempDir,
    pub(crate) warehouse: TestWarehouse,
}

impl Engine {
    pub(crate) async fn start() -> Engine {
        let data = tempfile::tempdir().unwrap();
        let (child, warehouse) = serve(data.path().join("data"), "127.0.0.1:0").await;
        Engine { child, data, warehouse }
    }

    /// Kills it without warning, as a power cut does.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Restarts it at the same address on the same data.
    pub(crate) async fn start_again(&mut self) {
        let address = self.warehouse.url.address();
        (self.child, self.warehouse) = serve(self.data.path().join("data"), &address).await;
    }
}

async fn serve(data: PathBuf, listen: &str) -> (Child, TestWarehouse) {
    let mut command = std::process::Command::new(BINARY);
    bionicpro_testing::without_configuration(&mut command)
        .args(["warehouse", "serve", "--listen", listen, "--data"])
        .arg(&data)
        .current_dir(data.parent().unwrap())
        .env("BIONICPRO_LOG_JSON", "true")
        .env("BIONICPRO_ENGINES_WAREHOUSE_QUEUE_TIMEOUT_S", "60")
        .stderr(Stdio::piped());
    let mut child = Command::from(command).kill_on_drop(true).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = log.next_line().await.unwrap().expect("the warehouse ended before it was ready");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(address) = event["address"].as_str() {
            break address.to_owned();
        }
    };
    // Drains the log, so that the pipe does not fill up.
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    let password = std::fs::read_to_string(data.join("password")).unwrap();
    let url = SecretUrl::parse(&format!("http://bionicpro:{}@{address}", password.trim())).unwrap();
    let (reader_url, database) = (url.clone(), "reports".to_owned());
    (child, TestWarehouse { url, reader_url, database, cluster: None, hosts: Vec::new() })
}
