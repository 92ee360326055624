//! Stores loads in the mart: as the program does, and as a naive program would, without regard to readers.

use bionicpro_model::{HourRange, Result, SecretUrl};
use bionicpro_warehouse::load::{self, LoadSpec, Tombstones};
use bionicpro_warehouse::{Warehouse, changes, schema, state};
use futures_util::stream;

use super::mart::{HOURS, Key, Load, Mart, State};
use super::readers::Readers;
use crate::support::{self, App, Cell, Person, ask, execute};

pub(super) struct Loader {
    warehouse: Warehouse,
    url: SecretUrl,
    database: String,
}

impl Loader {
    pub(super) fn new(app: &App) -> Loader {
        Loader { warehouse: app.loading(), url: app.warehouse_url.clone(), database: app.database.clone() }
    }

    /// Stores a load as the program does, with active readers before it makes the gathered rows visible.
    pub(super) async fn store(&self, people: &[Person], load: &Load, readers: &Readers) {
        let days = load.rows.keys().map(|key| Mart::hour(key.2).date_naive());
        let spec = LoadSpec {
            run: format!("load-{}", load.version).parse().unwrap(),
            range: load.is_range.then(|| HourRange::new(Mart::hour(0), Mart::hour(HOURS)).unwrap()),
            version: load.version,
            days: days.collect(),
            rows: load.rows.len() as u64,
            tombstones: 0,
        };
        let mut file = Vec::new();
        if !load.rows.is_empty() {
            let table = table_of(people, &load.rows, load.version);
            file.push(Ok(ask(&self.url, &format!("SELECT * FROM {table} FORMAT Parquet")).await));
        }
        let may_show = async {
            readers.some_answers().await;
            Result::Ok(())
        };
        let standing = state::standing(&self.warehouse).await.unwrap();
        let file = stream::iter(file);
        load::store(&self.warehouse, file, &spec, &standing, &load.hides, may_show).await.unwrap();
        changes::settle(&self.warehouse, &standing).await.unwrap();
    }

    /// Stores a load in blocks with arbitrary ends, then its tombstones.
    pub(super) async fn store_naively(
        &self,
        people: &[Person],
        load: &Load,
        before: &State,
        readers: &Readers,
    ) {
        let rows: Vec<(Key, Option<u32>)> = load.rows.iter().map(|(key, row)| (*key, *row)).collect();
        for block in rows.chunks(rows.len().div_ceil(3).max(1)) {
            self.insert(people, block, load.version).await;
            readers.some_answers().await;
        }
        let is_hidden = |key: &Key| {
            let names = |hides: &Tombstones| {
                let of = people[key.0].id;
                hides.gone.contains(&of)
                    || hides.former.iter().any(|former| {
                        former.user_id == of
                            && former.prosthesis_id == people[key.1].prostheses[0]
                            && former.range.from() <= Mart::hour(key.2)
                    })
            };
            !load.rows.contains_key(key) && (load.is_range || names(&load.hides))
        };
        let hidden = before.keys().filter(|key| is_hidden(key));
        let hidden: Vec<(Key, Option<u32>)> = hidden.map(|key| (*key, None)).collect();
        self.insert(people, &hidden, load.version).await;
        readers.some_answers().await;
    }

    async fn insert(&self, people: &[Person], rows: &[(Key, Option<u32>)], version: u64) {
        if rows.is_empty() {
            return;
        }
        let table = table_of(people, rows.iter().map(|(key, row)| (key, row)), version);
        let columns: Vec<&str> = schema::MART.iter().map(|(name, _)| *name).collect();
        let columns = columns.join(", ");
        let mart = format!("{}.user_prosthesis_stats", self.database);
        let statement = format!("INSERT INTO {mart} ({columns}) SELECT {columns} FROM {table}");
        execute(&self.url, "", statement).await;
    }
}

/// Returns the rows as a table function.
fn table_of<'a>(
    people: &[Person],
    rows: impl IntoIterator<Item = (&'a Key, &'a Option<u32>)>,
    version: u64,
) -> String {
    let rows = rows.into_iter().map(|((owner, prosthesis, hour), number)| {
        let cell = Cell {
            user_id: people[*owner].id,
            movements: number.unwrap_or(0),
            ..people[*prosthesis].cell(1, Mart::hour(*hour))
        };
        let mut row = cell.row();
        row["version"] = version.into();
        row["is_deleted"] = u8::from(number.is_none()).into();
        row
    });
    support::table_of(rows)
}
