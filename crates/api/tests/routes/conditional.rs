//! Entity tags and 304: a client that has an answer does not get it again, and another person's tag reveals
//! nothing.

use std::io::Read as _;
use std::time::Duration;

use bionicpro_audit::Config;
use bionicpro_auth::testing::TestKey;
use flate2::read::GzDecoder;
use futures_util::future::join_all;
use reqwest::Method;

use crate::access::lines;
use crate::people::EVERYWHERE;
use crate::support::{Answered, App, Cell, Client, Person, at};

const DAY: &str = "/api/reports/2024-01-15";
const EIGHT: &str = "2024-01-15T08:00:00Z";

fn tagged() -> impl Iterator<Item = &'static str> {
    EVERYWHERE.into_iter().filter(|path| !path.contains("export"))
}

/// Two people with the same numbers, up to the end of January.
async fn twins(app: &App) -> [Person; 2] {
    let twins = ["anna", "ivan"].map(|name| Person::new(name, 1));
    let hours: Vec<_> = (14..31).map(|day| at(&format!("2024-01-{day}T08:00:00Z"))).collect();
    let cells = twins.iter().flat_map(|person| hours.iter().map(|hour| person.cell(1, *hour)));
    app.seed(&[&twins[0], &twins[1]], &cells.collect::<Vec<_>>()).await;
    app.loaded_up_to(at("2024-02-01T00:00:00Z")).await;
    twins
}

/// Returns the answer, once it says that the data reflect everything up to this moment.
async fn reflects(client: &Client, moment: &str) -> Answered {
    for _ in 0..200 {
        let answered = client.get(DAY).await;
        if answered.header("data-as-of") == moment {
            return answered;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{moment} is not reached");
}

#[tokio::test]
async fn i13_who_has_an_answer_is_told_that_it_is_still_right() {
    let app = App::start().await;
    twins(&app).await;
    let (anna, ivan) = (app.wearer("anna"), app.wearer("ivan"));
    for path in tagged() {
        let whole = anna.get(path).await;
        let tag = whole.header("etag").to_owned();
        assert_eq!(
            (whole.checked_status(), whole.header("data-as-of")),
            (200, "2024-02-01T00:00:00Z"),
            "{path}"
        );
        let known = anna.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!((known.checked_status(), known.header("etag")), (304, &*tag), "{path}");
        assert_eq!(known.header("data-as-of"), "2024-02-01T00:00:00Z", "{path}");
        let strong = tag.strip_prefix("W/").unwrap();
        for same in ["*", strong, &format!("\"x\", {tag} , W/\"y\"")] {
            assert_eq!(
                anna.get_with(path, &[("if-none-match", same)]).await.checked_status(),
                304,
                "{path} {same}"
            );
        }
        let several = [("if-none-match", "\"x\""), ("if-none-match", &*tag)];
        assert_eq!(anna.get_with(path, &several).await.checked_status(), 304, "{path}");
        let head = anna.send(Method::HEAD, path, &[("if-none-match", &tag)], None).await;
        assert_eq!((head.status, head.header("etag")), (304, &*tag), "{path}");
        for other in ["", "W/", "\"\"", "\u{fc}", strong.trim_matches('"'), "*, *", &tag.replace('W', "w")] {
            let answered = anna.get_with(path, &[("if-none-match", other)]).await;
            assert_eq!((answered.checked_status(), answered.header("etag")), (200, &*tag), "{path} {other}");
        }
        // Another person with the same numbers gets the whole answer, under another tag.
        let ivans = ivan.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!(ivans.checked_status(), 200, "{path}");
        assert_ne!(ivans.header("etag"), tag, "{path}");
    }
}

#[tokio::test]
async fn i13_a_tag_opens_nothing_and_its_answer_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { folder: Some(folder.path().to_owned()), ..Config::default() };
    let app = App::builder().audited(&config).start().await;
    twins(&app).await;
    let anna = app.wearer("anna");
    for path in tagged() {
        let tag = anna.get(path).await.header("etag").to_owned();
        let known = [("if-none-match", &*tag)];
        assert_eq!(anna.get_with(path, &known).await.checked_status(), 304, "{path}");
        let line = lines(folder.path()).pop().unwrap();
        assert_eq!(
            (&line["who"], &line["status"], &line["outcome"]),
            (&"anna".into(), &304.into(), &"done".into())
        );
        for known in [known, [("if-none-match", "*")]] {
            assert_eq!(app.anonymous().get_with(path, &known).await.checked_status(), 401, "{path}");
            assert_eq!(app.not_a_wearer("anna").get_with(path, &known).await.checked_status(), 403, "{path}");
            // Another account with the same login name.
            let other = app.issuer.builder().user("anna").claim("sub", "other").sign(TestKey::trusted());
            assert_eq!(app.with_token(other).get_with(path, &known).await.checked_status(), 403, "{path}");
        }
    }
    for missing in [
        "/api/reports/2024-01-02",
        "/api/reports/2024-01-15?prosthesis_id=6f1e2a30-0000-4000-8000-000000000001",
    ] {
        assert_eq!(
            anna.get_with(missing, &[("if-none-match", "*")]).await.checked_status(),
            404,
            "{missing}"
        );
    }
}

#[tokio::test]
async fn a_tag_changes_with_what_the_answer_shows_and_with_nothing_else() {
    let warehouse = bionicpro_testing::warehouse().await;
    let (app, replica) =
        (App::builder().on(warehouse.clone()).start().await, App::builder().on(warehouse).start().await);
    let [anna, ivan] = twins(&app).await;
    let (client, other) = (app.wearer("anna"), replica.wearer("anna"));
    let tags = async || {
        let answers = join_all(tagged().map(|path| client.get(path))).await;
        answers.iter().map(|answered| answered.header("etag").to_owned()).collect::<Vec<_>>()
    };
    let before = tags().await;
    let of_replica = join_all(tagged().map(|path| other.get(path))).await;
    assert!(before.iter().zip(&of_replica).all(|(tag, answered)| tag == answered.header("etag")));

    // The data reflect a later moment, and another person's numbers change.
    app.loaded_up_to(at("2024-02-01T03:00:00Z")).await;
    app.write(&[Cell { movements: 7, ..ivan.cell(1, at(EIGHT)) }]).await;
    reflects(&client, "2024-02-01T03:00:00Z").await;
    assert_eq!(tags().await, before);
    let known = client.get_with(DAY, &[("if-none-match", &before[1])]).await;
    assert_eq!((known.checked_status(), known.header("data-as-of")), (304, "2024-02-01T03:00:00Z"));

    // A number of the day changes. The tags of the list of days and of answers without numbers do not.
    app.write(&[Cell { movements: 7, ..anna.cell(1, at(EIGHT)) }]).await;
    let after = tags().await;
    for (place, path) in tagged().enumerate() {
        let has_numbers = !["/api/reports", "/api/calendar/2024-01-14", "/api/prostheses"].contains(&path);
        assert_eq!(before[place] != after[place], has_numbers, "{path}");
    }
    // A prosthesis is added.
    let mut renamed = anna.clone();
    renamed.prostheses.push("6f1e2a30-0000-4000-8000-000000000009".parse().unwrap());
    app.seed(&[&renamed, &ivan], &[]).await;
    assert!(tags().await.iter().zip(&after).all(|(now, then)| now != then));
}

/// The hours of a day in progress become complete one by one.
#[tokio::test]
async fn the_tag_of_a_running_day_changes_once_an_hour() {
    let app = App::builder().configure(|config| config.cache_mb = 8).start().await;
    let anna = Person::new("anna", 1);
    app.seed(&[&anna], &[anna.cell(1, at(EIGHT))]).await;
    let client = app.wearer("anna");
    let mut tags = Vec::new();
    let moments = ["08:20:00", "08:50:00", "09:00:00", "09:00:01", "09:59:59", "10:00:00"];
    for moment in moments {
        app.loaded_up_to(at(&format!("2024-01-15T{moment}Z"))).await;
        tags.push(reflects(&client, &format!("2024-01-15T{moment}Z")).await.header("etag").to_owned());
    }
    let changes: Vec<bool> = tags.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changes, [false, true, true, false, true]);
}

/// A compressed answer has the tag of the plain one, with the cache and without.
#[tokio::test]
async fn an_answer_is_compressed_for_who_takes_gzip() {
    for cache_mb in [0, 8] {
        let app = App::builder().configure(|config| config.cache_mb = cache_mb).start().await;
        twins(&app).await;
        let client = app.wearer("anna");
        for path in tagged() {
            let plain = client.get(path).await;
            for _ in 0..2 {
                let packed = client.get_bytes(path, &[("accept-encoding", "br, gzip")]).await;
                assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
                assert_eq!(packed.headers()["etag"], plain.header("etag"), "{path}");
                let mut body = String::new();
                GzDecoder::new(&packed.bytes().await.unwrap()[..]).read_to_string(&mut body).unwrap();
                assert_eq!(body, plain.body, "{path}");
            }
            let missing = client.get_with("/api/reports/2024-01-02", &[("accept-encoding", "gzip")]).await;
            assert_eq!((missing.checked_status(), missing.header("content-encoding")), (404, ""));
        }
    }
}
