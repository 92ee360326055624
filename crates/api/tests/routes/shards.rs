//! The mart on two shards gives the same answers as on one engine.

use bionicpro_testing::Shards;

use crate::support::{App, Cell, Person, at};

#[tokio::test(flavor = "multi_thread")]
async fn two_shards_answer_as_one_engine() {
    let shards = tokio::task::spawn_blocking(|| Shards::start(2)).await.unwrap();
    let (one, two) = (App::start().await, App::builder().on(shards.warehouse()).start().await);
    let people: Vec<Person> = (1..=12).map(|number| Person::new(&format!("{number}.person"), 2)).collect();
    let cells: Vec<Cell> = people
        .iter()
        .enumerate()
        .flat_map(|(index, person)| {
            let hours = [
                "2024-01-14T23:00:00Z",
                "2024-01-15T08:00:00Z",
                "2024-01-16T09:00:00Z",
                "2024-01-17T10:00:00Z",
            ];
            hours.into_iter().enumerate().map(move |(turn, hour)| {
                let number = u32::try_from(10 * index + turn).unwrap();
                Cell { movements: 100 + number, errors: number, ..person.cell(1 + turn % 2, at(hour)) }
            })
        })
        .collect();
    for app in [&one, &two] {
        app.seed(&people.iter().collect::<Vec<_>>(), &cells).await;
        app.loaded_up_to(at("2024-01-18T00:30:00Z")).await;
    }
    for shard in [0, 1] {
        let rows = format!("SELECT count() FROM {}.user_prosthesis_stats_local", two.database);
        let rows = crate::support::ask(&shards.url(shard), &rows).await;
        assert_ne!(&rows[..], b"0\n", "shard {shard} has some");
    }
    for person in &people {
        let (of_one, of_two) = (one.wearer(&person.name), two.wearer(&person.name));
        for path in [
            "/api/prostheses",
            "/api/reports/summary?from=2024-01-14&to=2024-01-18&tz=Europe/Berlin",
            "/api/reports/days?from=2024-01-14&to=2024-01-18",
            "/api/reports/compare?a_from=2024-01-14&a_to=2024-01-16&b_from=2024-01-16&b_to=2024-01-18",
            "/api/reports/typical?from=2024-01-14&to=2024-01-18",
            "/api/reports/usual?date=2024-01-17",
            "/api/reports/export?from=2024-01-14&to=2024-01-18",
        ] {
            let (expected, answered) = (of_one.get(path).await, of_two.get(path).await);
            assert_eq!(expected.checked_status(), 200, "{path}");
            assert_eq!(answered.body, expected.body, "{}: {path}", person.name);
        }
    }
}
