//! `bionicpro etl verify`: compares the mart with a recomputation from the source.

use bionicpro_model::{Error, Kind, Result, RunId};
use bionicpro_pipeline::verify::{Verify, verify};
use chrono::Utc;
use clap::Args;

use crate::context::Context;
use crate::output;

/// Recompute a range from the source and compare it with the mart, cell by cell.
///
/// Prints the differing cells, normally none, with the numbers of both sides as one JSON line; exits with
/// status 4 if there are any. Cells in which rows arrived since the last incremental run count as waiting,
/// not as differing. Writes nothing without --repair.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The first hour to compare: 2024-01-15 or 2024-01-15T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// The end of the range, not included.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Replace the days in which a cell differs.
    #[arg(long)]
    repair: bool,
}

impl VerifyArgs {
    pub(crate) async fn run(self, context: &Context) -> Result<()> {
        let range = super::range(&self.from, &self.to)?;
        let pipeline = super::pipeline(context)?;
        let run: RunId = format!("verify-{}", RunId::generate(Utc::now())).parse()?;
        let spec = Verify { run: run.clone(), range, repair: self.repair };
        let verified = match verify(&pipeline, &spec, super::bars::progress().as_ref()).await {
            Ok(verified) => verified,
            Err(error) => {
                output::json(&bionicpro_pipeline::run::failed(&run, &error))?;
                return Err(error);
            }
        };
        output::json(&verified)?;
        if verified.differing == 0 || verified.repaired {
            return Ok(());
        }
        Err(Error::new(Kind::Data, "the mart differs from the source")
            .detail(format!("{} cells differ", verified.differing))
            .hint("`--repair` replaces the days that contain them"))
    }
}
