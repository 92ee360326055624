//! Many people send many kinds of requests concurrently over reused connections; each answer contains only
//! the caller's data.

use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::support::{Answered, App, Cell, Client, Person, at};

const PEOPLE: usize = 200;
/// The number of concurrent requests, unless `BIONICPRO_CROWD_AT_ONCE` sets another one.
const AT_ONCE: usize = 16;
/// The number of requests, unless `BIONICPRO_CROWD_REQUESTS` sets another one.
const REQUESTS: usize = 2_000;
/// The maximum number of requests before all tokens are replaced, because a long test outlives the first
/// ones.
const REQUESTS_OF_A_ROUND: usize = 2_000;
const DAY: &str = "2024-01-15";

/// The requests of a person; `{target}` is any person's prosthesis. The caller's own is found, another
/// person's is not.
const PATHS: [&str; 12] = [
    "/api/reports",
    "/api/reports/2024-01-15",
    "/api/reports/summary?from=2024-01-01&to=2024-02-01",
    "/api/reports/days?from=2024-01-10&to=2024-01-20&tz=Europe/Moscow",
    "/api/reports/typical?from=2024-01-01&to=2024-02-01",
    "/api/reports/usual?date=2024-01-20",
    "/api/reports/compare?a_from=2024-01-15&a_to=2024-01-16&b_from=2024-01-15&b_to=2024-01-16",
    "/api/reports/export?from=2024-01-01&to=2024-02-01",
    "/api/calendar/2024-01-15",
    "/api/prostheses",
    "/api/reports/2024-01-15?prosthesis_id={target}",
    "/api/reports/export?from=2024-01-01&to=2024-02-01&prosthesis_id={target}",
];

/// The number that only this person has.
fn canary(number: usize) -> u32 {
    700_000 + u32::try_from(number).unwrap()
}

/// I07 and I08: one pool of connections, used with the tokens of 200 people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i07_i08_a_crowd_never_reads_across() {
    let number = |name: &str, usual: usize| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let requests = number("BIONICPRO_CROWD_REQUESTS", REQUESTS);
    let at_once = number("BIONICPRO_CROWD_AT_ONCE", AT_ONCE);
    // On a busy machine, requests wait for each other, and this test is not about timing.
    let app = App::builder().configure(|config| {
        config.request_timeout_s = 60;
        config.cache_mb = 64;
    });
    let app = app.start().await;
    let people: Vec<Person> = (0..PEOPLE).map(|number| Person::new(&format!("canary{number}x"), 1)).collect();
    let hour = at(&format!("{DAY}T08:00:00Z"));
    let cells = people
        .iter()
        .enumerate()
        .map(|(number, person)| Cell { movements: canary(number), ..person.cell(1, hour) });
    app.seed(&people.iter().collect::<Vec<_>>(), &cells.collect::<Vec<_>>()).await;
    app.loaded_up_to(at("2024-02-01T00:00:00Z")).await;
    let seed: u64 = rand::rng().random();
    println!("seed {seed}, {requests} requests, {at_once} at once");

    let (shared, people) = (app.anonymous(), Arc::new(people));
    let mut random = StdRng::seed_from_u64(seed);
    let (mut own_numbers, tag) = (0, Arc::new(Mutex::new(Tag::default())));
    let rounds = requests.div_ceil(REQUESTS_OF_A_ROUND);
    for _ in 0..rounds {
        let clients: Vec<Client> =
            people.iter().map(|person| shared.with_token(app.issuer.token(&person.name))).collect();
        let clients = Arc::new(clients);
        let mut tasks = JoinSet::new();
        for _ in 0..at_once {
            let requests = requests.div_ceil(rounds).div_ceil(at_once);
            tasks.spawn(ask(
                people.clone(),
                clients.clone(),
                tag.clone(),
                StdRng::from_rng(&mut random),
                requests,
            ));
        }
        while let Some(task) = tasks.join_next().await {
            own_numbers += task.unwrap();
        }
    }
    // Otherwise the test could pass with empty answers.
    assert!(own_numbers > requests / 3, "{own_numbers} of {requests} answers had the caller's number");
}

/// An entity tag, after the person and the path that it was sent for.
type Tag = ((usize, String), String);

/// Sends random requests as random people; returns the number of answers that contained the caller's number.
async fn ask(
    people: Arc<Vec<Person>>,
    clients: Arc<Vec<Client>>,
    tag: Arc<Mutex<Tag>>,
    mut random: StdRng,
    requests: usize,
) -> usize {
    let mut own_numbers = 0;
    for _ in 0..requests {
        let (asker, target) = (random.random_range(0..PEOPLE), random.random_range(0..PEOPLE));
        let path = PATHS[random.random_range(0..PATHS.len())];
        let sent = path.replace("{target}", &people[target].prostheses[0].to_string());
        // The newest tag that was sent to any person.
        let (whose, known) = tag.lock().unwrap().clone();
        let answered = clients[asker].get_with(&sent, &[("if-none-match", &known)]).await;
        let is_foreign = path.contains("{target}") && asker != target;
        let status = answered.checked_status();
        if status == 304 {
            assert_eq!(whose, (asker, sent), "{known}");
            continue;
        }
        assert_eq!(status, if is_foreign { 404 } else { 200 }, "{sent}");
        *tag.lock().unwrap() = ((asker, sent), answered.header("etag").to_owned());
        own_numbers += usize::from(check(&answered, asker, &people));
    }
    own_numbers
}

/// Checks that the answer contains no other person's name or number; returns true if it contains the caller's
/// number.
fn check(answered: &Answered, asker: usize, people: &[Person]) -> bool {
    // The random digits of the request id may look like another person's number.
    let body = answered.body.replace(answered.header("x-request-id"), "");
    for (number, person) in people.iter().enumerate().filter(|(number, _)| *number != asker) {
        let marks = [person.name.clone(), person.prostheses[0].to_string(), canary(number).to_string()];
        for mark in marks {
            assert!(!body.contains(&mark), "{} sees {mark}: {body}", people[asker].name);
        }
    }
    body.contains(&canary(asker).to_string())
}
