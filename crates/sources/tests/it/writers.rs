//! Nine writers with long transactions, and concurrent readers: every form finds every row and counts none
//! twice; the obvious watermarks lose rows of the same history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bionicpro_sources::{CellRequest, ChangesConfig, Since, Telemetry};
use tokio_postgres::Client;

use crate::table::{FORMS, Place, Table, ages, range, read};

const WRITERS: u64 = 9;
const TRANSACTIONS: u64 = 30;
const ROWS: u64 = 130;
/// Fewer committed rows than this prove nothing.
const LEAST_COMMITTED: u64 = 30_000;
/// Nor do fewer incremental runs of every form: on a busy machine the writers continue until there were as
/// many.
const LEAST_TICKS: u64 = 21;
const MOST_TRANSACTIONS: u64 = 10 * TRANSACTIONS;

/// The range of the writers' event times: it is read hour by hour, so it has to be short.
fn days() -> bionicpro_model::HourRange {
    range("2024-01-15", "2024-01-17")
}

/// The mart in miniature: each cell as it was last read.
struct Mart {
    table: Table,
    baseline: bionicpro_sources::Baseline,
    cells: BTreeMap<Place, i64>,
    ticks: u64,
}

impl Mart {
    async fn new(table: &Table, config: ChangesConfig) -> Mart {
        let table = Table::at(table.database.clone(), config);
        let telemetry = table.open().await;
        let cells = read(&telemetry, &CellRequest::range(days())).await;
        let baseline = telemetry.baseline(None).unwrap();
        Mart { table, baseline, cells, ticks: 0 }
    }

    async fn tick(&mut self) {
        let telemetry: Telemetry = self.table.open().await;
        match telemetry.since(&self.baseline).await.unwrap() {
            Since::Nothing => {}
            Since::Lost(why) => panic!("{why}"),
            Since::New(new) => {
                let wanted = CellRequest { new: Some(new), ..CellRequest::nothing(ages()) };
                self.cells.extend(read(&telemetry, &wanted).await);
            }
        }
        // `None` only while a transaction is prepared and there is no previous baseline: not here.
        self.baseline = telemetry.baseline(Some(&self.baseline)).unwrap();
        self.ticks += 1;
    }
}

/// A watermark: the rows above the greatest value so far are taken as the new ones.
struct Watermark {
    column: &'static str,
    overlap: &'static str,
    last: Option<String>,
    seen: BTreeSet<i64>,
}

impl Watermark {
    fn new(column: &'static str, overlap: &'static str) -> Watermark {
        Watermark { column, overlap, last: None, seen: BTreeSet::new() }
    }

    async fn tick(&mut self, client: &Client) {
        let (column, overlap) = (self.column, self.overlap);
        let above = match &self.last {
            Some(last) if column == "id" => format!("WHERE id > {last}"),
            Some(last) => format!("WHERE {column} > timestamptz '{last}' - interval '{overlap}'"),
            None => String::new(),
        };
        let sql = format!(
            "WITH new AS (SELECT id, {column} AS mark FROM telemetry.raw_telemetry {above})
             SELECT max(mark)::text, array_agg(id) FROM new"
        );
        let row = client.query_one(&sql, &[]).await.unwrap();
        if let Some(last) = row.get::<_, Option<String>>(0) {
            self.last = Some(last);
            self.seen.extend(row.get::<_, Option<Vec<i64>>>(1).unwrap_or_default());
        }
    }
}

/// Writes transactions of all lengths: some roll back, some are prepared first, some have savepoints, a few
/// are open for longer than any overlap.
async fn write(table: &Table, writer: u64, ticks: &AtomicU64) -> u64 {
    let client = table.database.client().await;
    let mut committed = 0;
    for number in 0..MOST_TRANSACTIONS {
        if number >= TRANSACTIONS && ticks.load(Ordering::Acquire) >= LEAST_TICKS {
            break;
        }
        let dice = (writer * 7_919 + number * 104_729) % 97;
        let rows = |part: &str| {
            format!(
                "INSERT INTO telemetry.raw_telemetry (chip_id, event_time)
                 SELECT 'CHIP-' || (g * 7 + {writer}) % 40, timestamp '2024-01-15' + (g * {dice} % 70) * interval '17 minutes'
                 FROM generate_series(1, {ROWS}) AS g; SELECT pg_sleep({part})"
            )
        };
        let open_for = match (writer, number) {
            (0, 2) => "8".to_owned(),
            _ => format!("0.{}", dice % 17 + 12),
        };
        let savepoint = if dice.is_multiple_of(3) { "SAVEPOINT one;" } else { "" };
        client.batch_execute(&format!("BEGIN; {savepoint} {}", rows(&open_for))).await.unwrap();
        let name = format!("{}_{writer}_{number}", table.database.name);
        let end = match dice % 11 {
            0 => "ROLLBACK".to_owned(),
            1 => {
                client
                    .batch_execute(&format!("PREPARE TRANSACTION '{name}'; SELECT pg_sleep(0.02)"))
                    .await
                    .unwrap();
                format!("COMMIT PREPARED '{name}'")
            }
            _ => "COMMIT".to_owned(),
        };
        client.batch_execute(&end).await.unwrap();
        committed += if end == "ROLLBACK" { 0 } else { ROWS };
    }
    committed
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_writers_lose_nothing_in_any_form_and_something_by_every_watermark() {
    let table = Table::new(ChangesConfig::Auto).await;
    let client = table.database.client().await;
    let mut marts = Vec::new();
    for (config, _) in FORMS {
        marts.push(Mart::new(&table, config).await);
    }
    let mut watermarks =
        [Watermark::new("id", ""), Watermark::new("created_at", "0 s"), Watermark::new("created_at", "5 s")];
    let (is_over, ticks) = (AtomicBool::new(false), AtomicU64::new(0));
    let writing = async {
        let committed =
            futures_util::future::join_all((0..WRITERS).map(|writer| write(&table, writer, &ticks))).await;
        is_over.store(true, Ordering::Release);
        committed.into_iter().sum::<u64>()
    };
    let ticking = async {
        // Once more after the last commit.
        loop {
            let was_over = is_over.load(Ordering::Acquire);
            for watermark in &mut watermarks {
                watermark.tick(&client).await;
            }
            for mart in &mut marts {
                mart.tick().await;
            }
            ticks.fetch_add(1, Ordering::AcqRel);
            if was_over {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (committed, ()) = tokio::join!(writing, ticking);
    assert!(committed >= LEAST_COMMITTED, "{committed} rows prove nothing");
    let truth = read(&table.open().await, &CellRequest::range(days())).await;
    assert_eq!(truth.values().sum::<i64>().unsigned_abs(), committed);
    for (mart, (_, form)) in marts.iter().zip(FORMS) {
        assert!(mart.ticks >= LEAST_TICKS, "{form}: {} ticks prove nothing", mart.ticks);
        let differing = truth.iter().filter(|(place, rows)| mart.cells.get(*place) != Some(rows)).count();
        assert_eq!((differing, mart.cells.len()), (0, truth.len()), "{form}");
    }
    for watermark in &watermarks {
        let missed = committed - watermark.seen.len() as u64;
        tell(&format!(
            "{} with an overlap of {:?}: {missed} of {committed} missed",
            watermark.column, watermark.overlap
        ));
        assert!(missed > 0, "{} must lose rows, or this test proves nothing", watermark.column);
    }
}

#[expect(clippy::print_stderr, reason = "the figures are shown with --nocapture")]
fn tell(figures: &str) {
    eprintln!("{figures}");
}
