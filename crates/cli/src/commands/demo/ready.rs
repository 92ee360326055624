//! The output of a demo that is ready: a JSON line for scripts, a page for people, and the same JSON in the
//! data folder, so that `bionicpro demo token` finds the issuer.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result, SecretUrl};
use serde::{Deserialize, Serialize};

/// The addresses of all parts. The file and the line contain the demo's passwords; only the owner may read
/// the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) pid: u32,
    pub(super) data: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) web: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api: Option<Address>,
    pub(super) warehouse: WarehouseAddress,
    pub(super) crm: Address,
    pub(super) telemetry: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<Address>,
}

/// One part's address.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) url: String,
    pub(super) port: u16,
}

/// The warehouse's address and account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WarehouseAddress {
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: String,
}

impl Address {
    pub(super) fn new(url: &SecretUrl) -> Self {
        let url = url.expose_secret();
        Address {
            url: url.as_str().trim_end_matches('/').to_owned(),
            port: url.port_or_known_default().unwrap_or(0),
        }
    }

    pub(super) fn http(port: u16, path: &str) -> Self {
        Address { url: format!("http://127.0.0.1:{port}{path}"), port }
    }
}

impl WarehouseAddress {
    pub(super) fn new(url: &SecretUrl, database: &str) -> Self {
        let Address { url: text, port } = Address::new(url);
        let url = url.expose_secret();
        WarehouseAddress {
            url: text,
            port,
            user: url.username().to_owned(),
            password: url.password().unwrap_or_default().to_owned(),
            database: database.to_owned(),
        }
    }
}

fn file(data: &Path) -> PathBuf {
    data.join("demo.json")
}

impl Ready {
    /// Writes the addresses to the data folder.
    pub(super) fn save(&self) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|error| Error::new(Kind::Internal, "the addresses cannot be written").source(error))?;
        let path = file(&self.data);
        let written = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
            Error::new(Kind::Storage, "the demo's folder cannot be written")
                .detail(path.display().to_string())
                .source(error)
        })
    }

    /// Reads the addresses of the demo that runs on this folder.
    pub(super) fn read(data: &Path) -> Result<Self> {
        let not_running = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(Kind::Config, "no demo is running on this folder")
                .detail(data.display().to_string())
                .hint("start it with `make demo`, or name its folder with --data DIR")
                .source(error)
        };
        let text = fs::read_to_string(file(data)).map_err(|error| not_running(error.into()))?;
        serde_json::from_str(&text).map_err(|error| not_running(error.into()))
    }

    /// Removes the addresses when the demo ends.
    pub(super) fn remove(data: &Path) {
        // The file may already be gone.
        let _ = fs::remove_file(file(data));
    }

    /// The page for people.
    pub(super) fn page(&self, program: &str) -> String {
        let data = self.data.display().to_string();
        let program = shell_word(program);
        let token_flags = if data == super::DEFAULT_DATA {
            String::new()
        } else {
            format!(" --data {}", shell_word(&data))
        };
        let mut page = String::from("\nReady.\n\n");
        let mut row = |name: &str, value: &str| page.push_str(&format!("  {name:<12}{value}\n"));
        if let Some(web) = &self.web {
            row("web app", &web.url);
        }
        if let Some(api) = &self.api {
            row("reports", &api.url);
            row("reference", &format!("{}/docs", api.url));
        }
        row(
            "warehouse",
            &format!(
                "http://127.0.0.1:{}  user {}, password in {data}/warehouse/password",
                self.warehouse.port, self.warehouse.user
            ),
        );
        row("for ML", &format!("the same address, user ml, password in {data}/warehouse/password-ml"));
        row(
            "databases",
            &format!("crm_db and telemetry_db on 127.0.0.1:{}, URLs in {data}/demo.json", self.crm.port),
        );
        if let Some(metrics) = &self.metrics {
            row("metrics", &metrics.url);
        }
        row("log", &format!("{data}/demo.log"));
        if let Some(api) = &self.api {
            page.push_str(
                "\n  accounts (password password123): ivan.petrov and john.mueller wear a prosthesis,\n  \
                 maria.sidorova and anna.schmidt do not, alexey.kozlov is an administrator\n\n",
            );
            match &self.issuer {
                Some(_) => page.push_str(&format!(
                    "Open the web app in a browser, or try it in another terminal:\n\n  curl -H \"Authorization: Bearer $({program} demo token ivan.petrov{token_flags})\" {}/api/reports\n",
                    api.url
                )),
                None => page.push_str("Open the web app in a browser.\n"),
            }
        }
        page.push_str("\nCtrl-C stops everything; the next start continues with the same data.\n");
        page
    }
}

/// Quotes a word for a shell if needed.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_command_survives_odd_folders() {
        assert_eq!(shell_word("target/release/bionicpro"), "target/release/bionicpro");
        assert_eq!(shell_word("/a b/bionicpro"), "'/a b/bionicpro'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
