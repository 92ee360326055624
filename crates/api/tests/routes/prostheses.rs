//! `GET /api/prostheses`.

use bionicpro_warehouse::load::{Dimensions, UserProsthesisRow, UserRow, upsert_dimensions};
use bionicpro_warehouse::owners::Ownership;
use chrono::{DateTime, Utc};
use insta::assert_snapshot;

use crate::support::{App, Person, at};

fn owns(chip: &str, person: &Person, number: usize, from: &str, to: Option<&str>) -> Ownership {
    Ownership {
        chip_id: chip.to_owned(),
        valid_from: at(from),
        valid_to: to.map(at),
        user_id: person.id,
        prosthesis_id: person.prostheses[number - 1],
        prosthesis_model: person.model(number),
        updated_at: None,
    }
}

#[tokio::test]
async fn present_prostheses_come_first_and_a_former_one_shows_its_time_with_the_person() {
    let app = App::start().await;
    let (alice, bob) = (Person::new("alice", 2), Person::new("bob", 0));
    // Alice has the second; the first went to Bob in February.
    let cells = [
        alice.cell(1, at("2024-01-15T08:00:00Z")),
        alice.cell(1, at("2024-01-31T23:00:00Z")),
        crate::support::Cell { user_id: bob.id, ..alice.cell(1, at("2024-02-01T00:00:00Z")) },
        alice.cell(2, at("2024-03-01T10:00:00Z")),
    ];
    app.seed(&[], &cells).await;
    let user = |person: &Person| UserRow {
        user_id: person.id,
        ldap_username: person.name.clone(),
        customer_name: String::new(),
        customer_email: String::new(),
    };
    let has = |person: &Person, number: usize| UserProsthesisRow {
        user_id: person.id,
        prosthesis_id: alice.prostheses[number - 1],
        chip_id: alice.chip(number),
        prosthesis_model: alice.model(number),
        serial_number: "SN-2024-0042".to_owned(),
        manufactured_on: Some("2023-03-01".parse().unwrap()),
        warranty_until: Some("2026-03-01".parse().unwrap()),
    };
    let first = alice.chip(1);
    let bobs = Ownership { user_id: bob.id, ..owns(&first, &alice, 1, "2024-02-01T00:00:00Z", None) };
    let dimensions = Dimensions {
        users: vec![user(&alice), user(&bob)],
        prostheses: vec![has(&alice, 2), has(&bob, 1)],
        owners: vec![
            owns(&first, &alice, 1, "1970-01-01T00:00:00Z", Some("2024-02-01T00:00:00Z")),
            bobs,
            owns(&alice.chip(2), &alice, 2, "2024-02-20T09:30:00Z", None),
        ],
    };
    let version = u64::try_from(Utc::now().timestamp_micros()).unwrap();
    upsert_dimensions(&app.warehouse, &dimensions, version).await.unwrap();

    let answered = app.wearer("alice").get("/api/prostheses").await;
    assert_eq!(answered.checked_status(), 200);
    assert_snapshot!(serde_json::to_string_pretty(&answered.json()["prostheses"]).unwrap(), @r#"
    [
      {
        "chip_id": "CHIP-alice-2",
        "first_data_at": "2024-03-01T10:00:00Z",
        "is_current": true,
        "last_data_at": "2024-03-01T10:00:00Z",
        "manufactured_on": "2023-03-01",
        "owned_since": "2024-02-20T09:30:00Z",
        "owned_until": null,
        "prosthesis_id": "68616e64-3261-4c69-a365-68616e643261",
        "prosthesis_model": "Hand 2 of alice",
        "serial_last_four": "0042",
        "warranty_until": "2026-03-01"
      },
      {
        "chip_id": "CHIP-alice-1",
        "first_data_at": "2024-01-15T08:00:00Z",
        "is_current": false,
        "last_data_at": "2024-01-31T23:00:00Z",
        "manufactured_on": null,
        "owned_since": null,
        "owned_until": "2024-02-01T00:00:00Z",
        "prosthesis_id": "68616e64-3161-4c69-a365-68616e643161",
        "prosthesis_model": "Hand 1 of alice",
        "serial_last_four": null,
        "warranty_until": null
      }
    ]
    "#);
    let bobs = app.wearer("bob").get("/api/prostheses").await.json();
    let bobs = bobs["prostheses"].as_array().unwrap();
    assert_eq!(bobs.len(), 1);
    assert_eq!(bobs[0]["first_data_at"], "2024-02-01T00:00:00Z", "nothing of Alice's time");
    assert_eq!(bobs[0]["owned_since"], "2024-02-01T00:00:00Z");
    let nobody: DateTime<Utc> = Utc::now();
    assert!(
        app.wearer("nobody").get("/api/prostheses").await.json()["prostheses"].as_array().unwrap().is_empty(),
        "{nobody}"
    );
}
