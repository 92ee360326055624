//! Removes files that runs staged long ago. A run of single steps cannot remove its own files: any of its
//! steps may be repeated.

use std::collections::BTreeMap;

use bionicpro_model::{Result, RunId};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::{MANIFEST, Stage, StagedName, store_error};

/// The files of one folder.
#[derive(Default)]
struct Folder {
    files: Vec<Path>,
    newest: DateTime<Utc>,
    /// Set if it contains a file that no run writes.
    is_strange: bool,
}

impl Stage {
    /// Removes the folders of runs whose newest file is older than `stage.keep_days`; never that of `run`,
    /// and nothing that does not belong to a run. Returns the number of removed folders.
    ///
    /// # Errors
    /// `Storage` or `Config` from the store. Files that were not removed are removed the next time.
    pub(crate) async fn prune(&self, run: &RunId, now: DateTime<Utc>) -> Result<usize> {
        if self.keep_days == 0 {
            return Ok(0);
        }
        let before = now - TimeDelta::days(self.keep_days.into());
        let listed: Vec<ObjectMeta> = self
            .store
            .list(Some(&self.prefix))
            .try_collect()
            .await
            .map_err(|error| store_error(error, &self.prefix))?;
        let mut folders = BTreeMap::<RunId, Folder>::new();
        for file in listed {
            let Some((of, name)) = self.run_of(&file.location) else { continue };
            let folder = folders.entry(of).or_default();
            folder.is_strange |= !is_staged(&name);
            folder.newest = folder.newest.max(file.last_modified);
            folder.files.push(file.location);
        }
        let is_old =
            |(of, folder): &(RunId, Folder)| of != run && !folder.is_strange && folder.newest < before;
        let old: Vec<Folder> = folders.into_iter().filter(is_old).map(|(_, folder)| folder).collect();
        let count = old.len();
        let files = old.into_iter().flat_map(|folder| folder.files).map(Ok);
        let removed = self.store.delete_stream(futures_util::stream::iter(files).boxed());
        removed.try_for_each(async |_| Ok(())).await.map_err(|error| store_error(error, &self.prefix))?;
        Ok(count)
    }

    /// Returns the run and the rest of the path below the stage; `None` if the path is not in a run's folder.
    fn run_of(&self, path: &Path) -> Option<(RunId, String)> {
        let mut parts = path.prefix_match(&self.prefix)?;
        let run = parts.next()?.as_ref().parse().ok()?;
        let rest: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        (!rest.is_empty()).then(|| (run, rest.join("/")))
    }
}

fn is_staged(name: &str) -> bool {
    let file = name.strip_suffix(MANIFEST).unwrap_or(name);
    StagedName::ALL.iter().any(|staged| staged.file() == file)
}
