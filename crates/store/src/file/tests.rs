//! Tests of the file back end alone: its permissions, and the removal of expired bytes.

use std::os::unix::fs::PermissionsExt;

use super::*;

async fn open(folder: &std::path::Path) -> FileStore {
    let url = url::Url::from_directory_path(folder).unwrap();
    FileStore::open(&SecretUrl::parse(url.as_str()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("made/here")).await;
    store.put(&Key::new("test", "a"), b"value", Expiry::Never).await.unwrap();
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("made/here")).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn expired_records_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (short, long) = (Expiry::In(Duration::from_millis(5)), Expiry::In(Duration::from_secs(60)));
    store.put(&Key::new("test", "short"), b"recognizable", short).await.unwrap();
    store.put(&Key::new("test", "long"), b"value", long).await.unwrap();
    store.add_member(&Key::new("test", "set"), "short", Duration::from_millis(5)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.0.swept_at_ms.store(0, Ordering::Relaxed);
    store.put(&Key::new("test", "other"), b"value", Expiry::Never).await.unwrap();

    let count = |table: &'static str| {
        store.read(move |store, _| {
            store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
        })
    };
    assert_eq!((count("records").await.unwrap(), count("members").await.unwrap()), (2, 0));
}
