//! `bionicpro audit`: the access log.

use std::path::PathBuf;

use bionicpro_audit::{Anchor, verify};
use bionicpro_model::{Error, Kind, Result};
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::output;

/// Commands on the access log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Read every line and verify that the log is unchanged; if not, name the first bad line and exit with
    /// status 4.
    Verify(VerifyArgs),
}

/// The location of the log, and the lines that it must still contain.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The folder that contains a folder for each service; `audit.folder` when not given.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A line that the log must still contain: service, number and hash, as the service logged them. May be
    /// repeated.
    #[arg(long = "anchor", value_name = "SERVICE:LINE:HASH")]
    anchors: Vec<String>,
    /// One JSON line per service instead of a table.
    #[arg(long)]
    json: bool,
}

impl AuditCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let AuditCommand::Verify(VerifyArgs { folder, anchors, json }) = self;
        let mut config = context.config.audit.clone();
        config.folder = folder.or(config.folder);
        let anchors = anchors.iter().map(|text| text.parse()).collect::<Result<Vec<Anchor>>>()?;
        let logs = tokio::task::spawn_blocking(move || verify(&config, &anchors))
            .await
            .map_err(|error| Error::new(Kind::Internal, "the audit log was not read").source(error))??;
        if json {
            return logs.iter().try_for_each(output::json);
        }
        let rows = logs.iter().map(|log| {
            let lines = format!("{} to {}", log.first, log.last);
            vec![log.service.clone(), log.files.to_string(), lines, log.torn.to_string(), log.hash.clone()]
        });
        output::table(&["SERVICE", "FILES", "LINES", "TORN", "LAST HASH"], rows)
    }
}
