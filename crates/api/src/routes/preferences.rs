//! `GET` and `PUT /api/preferences`: a person's settings for the pages. They are stored under the account,
//! not under its login name.

use axum::body::Bytes;
use axum::extract::State;
use bionicpro_store::{Expiry, Key};
use chrono::{TimeDelta, Utc};
use http::{HeaderMap, header};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::access::Change;
use crate::answer::Answer;
use crate::extractors::Person;
use crate::openapi::{BodyRefusals, DataRefusals};
use crate::parameters::{NoParameters, Strict, Zone, local_today};
use crate::problem::{Problem, ProblemKind};
use crate::state::AppState;

/// The maximum size of a body in bytes; preferences take less than 200.
pub(crate) const MAX_BODY_BYTES: u64 = 2048;

/// Key space: account to preferences.
const PREFERENCES_OF: &str = "preferences-of-account";
/// The period in which a zone must have whole-hour offsets. Reports reach back as far: a year of retention,
/// and a month until old data are dropped.
const REPORTS_REACH: TimeDelta = TimeDelta::days(400);

/// The choices of a person; null if they have not chosen yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preferences {
    /// The time zone whose midnights split days: an IANA region whose offset is whole hours, or UTC.
    #[serde(deserialize_with = "given")]
    #[schema(required, example = "Europe/Moscow", max_length = 64)]
    timezone: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    language: Option<Language>,
    theme: Theme,
    text_size: TextSize,
    /// The hand near which the pages place actions.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    hand: Option<Hand>,
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Language {
    Ru,
    En,
}

/// The colours of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Theme {
    /// As set on the device.
    #[default]
    System,
    Light,
    Dark,
}

/// The size of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TextSize {
    #[default]
    Normal,
    Large,
    Larger,
}

/// A hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Hand {
    Left,
    Right,
}

/// Reads a member that may be null but must be present, because PUT replaces everything.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

impl Preferences {
    /// Parses a body with exactly these members, once each. The parser's message about an invalid body is not
    /// repeated.
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let preferences: Preferences = serde_json::from_slice(body).map_err(|_| {
            Problem::new(ProblemKind::BadRequest).detail(
                "The body must be a JSON object with timezone, language, theme, text_size and hand, once each, with \
                 the values that the document lists",
            )
        })?;
        if let Some(name) = &preferences.timezone {
            let (now, refuse) = (Utc::now(), |problem: Problem| problem.at("timezone"));
            let zone = Zone::parse(name).map_err(refuse)?;
            let today = local_today(zone, now);
            zone.check_whole_hours(today - REPORTS_REACH, today + TimeDelta::days(1)).map_err(refuse)?;
        }
        Ok(preferences)
    }
}

fn key(person: &Person) -> Key {
    Key::new(PREFERENCES_OF, &person.subject)
}

/// The caller's settings for the pages.
///
/// For any signed-in account. Before the first choice, the values are those of a new account.
#[utoipa::path(
    get, path = "/api/preferences", operation_id = "getPreferences", tag = "Preferences", security(("bearer" = [])),
    responses((status = 200, description = "The preferences.", body = Preferences), DataRefusals)
)]
pub(crate) async fn get(
    person: Person,
    _: Strict<NoParameters>,
    State(app): State<AppState>,
) -> Result<Answer<Preferences>, Problem> {
    let kept = app.store.get(&key(&person)).await?;
    // Preferences stored by a newer version may have members that this one does not know; the defaults are
    // used then.
    let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    Ok(Answer(kept.unwrap_or_default()))
}

/// Replaces the caller's preferences.
#[utoipa::path(
    put, path = "/api/preferences", operation_id = "putPreferences", tag = "Preferences", security(("bearer" = [])),
    request_body = Preferences,
    responses((status = 200, description = "The preferences as they are now.", body = Preferences), BodyRefusals, DataRefusals)
)]
pub(crate) async fn put(
    person: Person,
    _: Strict<NoParameters>,
    State(app): State<AppState>,
    change: Change,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer<Preferences>, Problem> {
    check_media_type(&headers)?;
    let preferences = Preferences::read(&body)?;
    // A structure of these five members always serializes.
    let value = serde_json::to_vec(&preferences).unwrap_or_default();
    change.write_down().await?;
    app.store.put(&key(&person), &value, Expiry::Never).await?;
    Ok(Answer(preferences))
}

/// Checks that the media type is JSON in UTF-8, and is given once.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let given = types.next().and_then(|given| given.to_str().ok()).unwrap_or_default();
    let plain: String = given.chars().filter(|char| *char != ' ').collect::<String>().to_ascii_lowercase();
    match ["application/json", "application/json;charset=utf-8"].contains(&plain.as_str())
        && types.next().is_none()
    {
        true => Ok(()),
        false => {
            Err(Problem::new(ProblemKind::UnsupportedMediaType).detail("The body must be application/json"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"timezone":"Europe/Moscow","language":"ru","theme":"dark","text_size":"large","hand":"left"}"#;

    #[test]
    fn exactly_the_five_members_are_read() {
        let read = Preferences::read(GOOD.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), GOOD);
        let nothing =
            r#"{"timezone":null,"language":null,"theme":"system","text_size":"normal","hand":null}"#;
        assert_eq!(Preferences::read(nothing.as_bytes()).unwrap(), Preferences::default());
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for bad in [
            "",
            "null",
            "[]",
            "{}",
            &deep,
            &GOOD.replace("{\"timezone\"", "{\"role\":\"administrator\",\"timezone\""),
            &GOOD.replace("{\"timezone\"", "{\"theme\":\"light\",\"timezone\""),
            &GOOD.replace(",\"hand\":\"left\"", ""),
            &GOOD.replace("\"dark\"", "\"Dark\""),
            &GOOD.replace("\"dark\"", "null"),
            &GOOD.replace("\"large\"", "2"),
            &GOOD.replace("Europe/Moscow", "Etc/GMT+3"),
            &GOOD.replace("Europe/Moscow", "Asia/Kolkata"),
            &GOOD.replace("Europe/Moscow", ""),
            &GOOD.replace('"', "'"),
            &format!("{GOOD}{GOOD}"),
        ] {
            assert!(Preferences::read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Preferences::read(b"\xff").is_err());
    }

    #[test]
    fn the_media_type_is_json_once() {
        let check = |given: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(header::CONTENT_TYPE, http::HeaderValue::from_static(value));
            }
            check_media_type(&headers).is_ok()
        };
        for good in ["application/json", "Application/JSON; charset=UTF-8"] {
            assert!(check(&[good]), "{good}");
        }
        for bad in [
            "text/plain",
            "application/json, text/plain",
            "application/jsonx",
            "application/json; charset=utf-16",
        ] {
            assert!(!check(&[bad]), "{bad}");
        }
        assert!(!check(&[]) && !check(&["application/json", "application/json"]));
    }
}
