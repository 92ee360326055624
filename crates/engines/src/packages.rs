//! Finds the engines that npm installed: PostgreSQL and ClickHouse are native files in platform packages.
//!
//! Nothing is loaded or started here. The program builds and starts without the packages; only a command that
//! needs an engine fails, and its hint says what to run.

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};

/// The folder of the lock file and `node_modules` in the project.
const NPM_FOLDER: &str = "crates/engines/npm";

/// The folder `node_modules` that holds the engines.
#[derive(Debug, Clone)]
pub struct Packages {
    node_modules: PathBuf,
}

impl Packages {
    /// Finds the engines: in `dir` when given, else in the project that the program or the current folder is
    /// part of.
    ///
    /// # Errors
    /// [`Kind::Config`] when there is no such folder; the hint says what to run.
    pub fn find(dir: Option<&Path>) -> Result<Self> {
        if let Some(dir) = dir {
            return match dir.is_dir() {
                true => Ok(Packages { node_modules: absolute(dir)? }),
                false => Err(Error::new(Kind::Config, "the folder of the engines does not exist")
                    .detail(format!("engines.dir = {}", dir.display()))
                    .hint("set engines.dir to the node_modules folder that npm made, or leave it out")),
            };
        }
        let starts = [std::env::current_exe().ok(), std::env::current_dir().ok()];
        starts
            .iter()
            .flatten()
            .flat_map(|start| start.ancestors())
            .map(|folder| folder.join(NPM_FOLDER).join("node_modules"))
            .find(|candidate| candidate.is_dir())
            .map(|node_modules| Packages { node_modules })
            .ok_or_else(|| {
                Error::new(Kind::Config, "the engines are not installed")
                    .detail(format!("no {NPM_FOLDER}/node_modules above the program or the current folder"))
                    .hint(INSTALL_HINT)
            })
    }

    /// PostgreSQL's folder with `bin`, `lib` and `share`.
    ///
    /// # Errors
    /// [`Kind::Config`] when the package is not installed.
    pub fn postgres(&self) -> Result<PathBuf> {
        let native = self.platform_package("@embedded-postgres", "").join("native");
        self.installed(native.join("bin/postgres"), "the embedded PostgreSQL is not installed")?;
        Ok(native)
    }

    /// ClickHouse as a shared library.
    ///
    /// # Errors
    /// [`Kind::Config`] when the package is not installed, or is not published for this platform.
    pub fn libchdb(&self) -> Result<PathBuf> {
        let libc = if cfg!(target_os = "linux") { "-gnu" } else { "" };
        let library = self.platform_package("@chdb", libc).join("libchdb.so");
        self.installed(library, "the embedded ClickHouse is not installed")
    }

    /// The version of the ClickHouse engine, as `26.7.3-stable.1`; `None` if the package does not state it.
    pub(crate) fn libchdb_version(&self) -> Option<String> {
        let package = self.libchdb().ok()?.with_file_name("package.json");
        let package = std::fs::read_to_string(package).ok()?;
        let package: serde_json::Value = serde_json::from_str(&package).ok()?;
        Some(package.get("version")?.as_str()?.to_owned())
    }

    fn platform_package(&self, scope: &str, suffix: &str) -> PathBuf {
        let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
        let cpu = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        let prefix = if scope == "@chdb" { "lib-" } else { "" };
        self.node_modules.join(scope).join(format!("{prefix}{os}-{cpu}{suffix}"))
    }

    fn installed(&self, file: PathBuf, message: &'static str) -> Result<PathBuf> {
        match file.is_file() {
            true => Ok(file),
            false => Err(Error::new(Kind::Config, message)
                .detail(format!("{} is missing", file.display()))
                .hint(INSTALL_HINT)),
        }
    }
}

const INSTALL_HINT: &str = "run `make build`, or `npm ci` in crates/engines/npm; ClickHouse is published for Linux \
     on x86-64 only, elsewhere use servers of your own";

fn absolute(dir: &Path) -> Result<PathBuf> {
    std::path::absolute(dir)
        .map_err(|error| Error::new(Kind::Config, "the folder of the engines cannot be read").source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_engine_is_a_configuration_error_that_says_what_to_run() {
        let empty = tempfile::tempdir().unwrap();
        let packages = Packages::find(Some(empty.path())).unwrap();
        for error in [packages.postgres().unwrap_err(), packages.libchdb().unwrap_err()] {
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.report().contains("make build"), "{}", error.report());
        }
        let error = Packages::find(Some(&empty.path().join("nowhere"))).unwrap_err();
        assert!(error.report().contains("engines.dir"), "{}", error.report());
    }
}
