//! The expected contents of the mart by plain SQL in PostgreSQL: slow, obvious, and unlike the pipeline's own
//! query.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::World;

/// One row per (chip, hour) of the range, written in the most straightforward way.
const CELLS: &str = "
    WITH readings AS (
        SELECT chip_id::text AS chip, event_time::timestamp AS at, response_time_ms::text AS response_text,
               battery_level::text AS battery_text, error_code::text AS error
        FROM telemetry.raw_telemetry
        WHERE event_time::timestamp >= '2024-01-15' AND event_time::timestamp < '2024-01-17'
    ), typed AS (
        SELECT chip, at, error,
               CASE WHEN response_text NOT IN ('NaN', 'Infinity', '-Infinity') THEN response_text::numeric END AS response,
               CASE WHEN battery_text NOT IN ('NaN', 'Infinity', '-Infinity') THEN battery_text::numeric END AS battery,
               response_text IN ('NaN', 'Infinity', '-Infinity') OR battery_text IN ('NaN', 'Infinity', '-Infinity') AS odd
        FROM readings
    )
    SELECT chip, to_char(at, 'YYYY-MM-DD HH24:00:00') AS hour, count(*) AS moves,
           count(*) FILTER (WHERE error IS NOT NULL AND error <> '') AS errors,
           count(*) FILTER (WHERE coalesce(odd, false) OR coalesce(response < 0, false)
                               OR coalesce(battery < 0, false) OR coalesce(battery > 100, false)) AS anomalies,
           count(response) AS responses, coalesce(sum(response), 0)::float8 AS response_sum,
           coalesce(sum(response * response), 0)::float8 AS response_squares,
           coalesce(sum(battery * battery), 0)::float8 AS battery_squares,
           count(battery) AS levels, coalesce(sum(battery), 0)::float8 AS battery_sum, min(battery)::float8 AS battery_min,
           (array_agg(battery ORDER BY at DESC, battery DESC) FILTER (WHERE battery IS NOT NULL))[1]::float8 AS battery_last
    FROM typed GROUP BY chip, hour";

const OWNERS: &str = "
    SELECT p.chip_id, c.id::text, p.id::text, coalesce(c.ldap_username, ''), c.name, c.email, m.name
    FROM crm.prostheses p JOIN crm.customers c ON c.id = p.customer_id JOIN crm.prosthesis_models m ON m.id = p.model_id";

/// Computes the expected rows of the mart in PostgreSQL, by person, prosthesis and hour.
pub(crate) async fn expected(world: &World) -> BTreeMap<(String, String, String), Value> {
    let telemetry = world.telemetry.client().await;
    telemetry.batch_execute("SET TimeZone = 'UTC'").await.unwrap();
    let owners: BTreeMap<String, _> = world
        .crm
        .client()
        .await
        .query(OWNERS, &[])
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.get::<_, String>(0), row))
        .collect();
    let mut expected = BTreeMap::new();
    for cell in telemetry.query(CELLS, &[]).await.unwrap() {
        let chip: String = cell.get("chip");
        let Some(owner) = owners.get(&chip) else { continue };
        let hour: String = cell.get("hour");
        let number = |name: &str| cell.get::<_, i64>(name);
        let sum = |name: &str| cell.get::<_, f64>(name);
        let maybe = |name: &str| cell.get::<_, Option<f64>>(name).map(single);
        let mean = |sum: f64, count: i64| (count > 0).then(|| single(sum / to_float(count)));
        let text = |column: usize| owner.get::<_, String>(column);
        let row = json!({
            "user_id": text(1), "ldap_username": text(3), "prosthesis_id": text(2), "chip_id": chip,
            "date": hour[..10], "hour": hour, "movements_count": number("moves"),
            "avg_response_time": mean(sum("response_sum"), number("responses")),
            "avg_battery_level": mean(sum("battery_sum"), number("levels")),
            "error_count": number("errors"), "error_rate": single(to_float(number("errors")) / to_float(number("moves"))),
            "customer_name": text(4), "customer_email": text(5), "prosthesis_model": text(6),
            "response_count": number("responses"), "response_sum": sum("response_sum"),
            "response_squares": sum("response_squares"), "battery_count": number("levels"),
            "battery_sum": sum("battery_sum"), "battery_squares": sum("battery_squares"),
            "battery_min": maybe("battery_min"), "battery_last": maybe("battery_last"),
            "anomaly_count": number("anomalies"),
        });
        expected.insert((text(1), text(2), hour), row);
    }
    expected
}

/// Returns the mart's rows from ClickHouse, in the same form.
pub(crate) async fn found(world: &World) -> BTreeMap<(String, String, String), Value> {
    let rows = world.mart().await;
    let count = rows.len();
    let found: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            ((text("user_id"), text("prosthesis_id"), text("hour")), normal(row))
        })
        .collect();
    assert_eq!(found.len(), count, "FINAL gives one row for each key");
    found
}

/// Rounds numbers of single precision to it, and makes sums floating-point numbers.
fn normal(mut row: Value) -> Value {
    for (name, value) in row.as_object_mut().unwrap() {
        let is_single =
            ["avg_response_time", "avg_battery_level", "error_rate", "battery_min", "battery_last"]
                .contains(&name.as_str());
        let is_sum = name.ends_with("_sum") || name.ends_with("_squares");
        if let (true, Some(number)) = (is_single || is_sum, value.as_f64()) {
            *value = if is_single { json!(single(number)) } else { json!(number) };
        }
    }
    row
}

fn single(value: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the mart's column is of single precision")]
    let single = value as f32;
    f64::from(single)
}

fn to_float(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap())
}
