//! Tests the staging area, for `bionicpro doctor`.

use bionicpro_model::{Error, Kind, Result};
use object_store::ObjectStoreExt;

use super::{Stage, store_error};

/// The prefix of the name of such a file.
pub(super) const PREFIX: &str = ".probe-";
const CONTENT: &[u8] = b"bionicpro doctor";

impl Stage {
    /// Writes a small file, reads it back and removes it.
    ///
    /// # Errors
    /// `Config` if the store refuses the account, `Storage` if it does not keep the file.
    pub async fn probe(&self) -> Result<()> {
        let path = self.prefix.clone().join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        let failed = |error| store_error(error, &path);
        self.store.put(&path, CONTENT.into()).await.map_err(failed)?;
        let read = async { self.store.get(&path).await?.bytes().await }.await;
        self.store.delete(&path).await.map_err(failed)?;
        if read.map_err(failed)? == CONTENT {
            return Ok(());
        }
        Err(Error::new(Kind::Storage, "the staging area returned other bytes than were written")
            .detail(path.to_string()))
    }
}
