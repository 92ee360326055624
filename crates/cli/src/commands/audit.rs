//! `bionicpro audit`: the access log.

use std::path::PathBuf;

use bionicpro_audit::{Anchor, verify};
use bionicpro_model::{Error, Kind, Result};
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::output;

/// What can be done with the access log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Read every line and say whether the log is what was written; status 4 and the first bad line where it is not.
    Verify(VerifyArgs),
}

/// Where the log is, and what it must still hold.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The folder with a folder for each service; `audit.folder` when absent.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A line that was seen before: service, number and hash, as the service's log tells them. May be repeated.
    #[arg(long = "anchor", value_name = "SERVICE:LINE:HASH")]
    anchors: Vec<String>,
    /// One JSON line a service instead of a table.
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
