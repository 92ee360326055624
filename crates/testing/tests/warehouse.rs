//! The shared ClickHouse gives every test a separate database, on any runtime.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use bionicpro_testing::warehouse;
use bionicpro_warehouse::Warehouse;

#[tokio::test]
async fn every_call_gives_a_database_of_its_own() {
    let (first, second) = (warehouse().await, warehouse().await);
    assert_eq!(first.url, second.url);
    assert_ne!(first.database, second.database);
    Warehouse::new(&first.config()).unwrap().ping().await.unwrap();
}

#[test]
fn the_warehouse_outlives_the_runtime_that_started_it() {
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let warehouse = warehouse().await;
            Warehouse::new(&warehouse.config()).unwrap().ping().await.unwrap();
        });
    }
}
